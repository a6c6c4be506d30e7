/*
 * How the guests of splitvif-front take turns and sleep: by the same machine as the
 * backend (ring/poll.h), with one source, the vif and all its queues.
 *
 * A guest says how a turn goes, how it announces that it sleeps, and, unless it is
 * one of the built-in ones (gen, sink, echo), how it waits: these wait for their vif
 * and for signals, each of which means: finish. One thread.
 */
#ifndef FRONTEND_GUEST_LOOP_H
#define FRONTEND_GUEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/splitvif.h"
#include "ring/poll.h"

enum { GUEST_BATCH = 64 };

struct guest_loop_ops {
	/* Moves frames, `weight` at most of what a queue received, and flushes. How many. */
	unsigned int (*turn)(void *guest, unsigned int weight);
	/* As splitvif_arm(): true to sleep. NULL: that, for frames alone. */
	bool (*arm)(void *guest);
	/* For so long (-1: for ever) or until there is something, which is then served:
	 * the vif's descriptor, and others. NULL: as the built-in guests. */
	void (*wait)(void *guest, int64_t timeout_ns);
};

struct guest_loop {
	struct splitvif *vif;
	const struct guest_loop_ops *ops;
	void *guest;
	struct poll_list list;
	struct timers timers;
	struct poll_item item;
	unsigned int spin_usecs; /* unless the operator says otherwise */
	struct timer alarm, end;
	int64_t start_ns;
	unsigned int turns; /* that moved frames, since it last waited, be it for no time */
	unsigned int tries; /* all turns since then */
	bool stopped;	    /* a signal came, or the time is up, or the guest says so */
	/* Of the built-in guests. */
	int signal_fd;
	unsigned int events; /* enum splitvif_event, for who looks and clears them */
};

int64_t guest_now_ns(void);

/* `spin_usecs`: how long it looks at empty rings before it sleeps, until the operator
 * has another wish. */
void guest_loop_init(struct guest_loop *loop, struct splitvif *vif,
		     const struct guest_loop_ops *ops, void *guest, unsigned int spin_usecs);

/* For those who have no wait(): what it needs. Duration in seconds, 0: for ever. */
void guest_loop_listen(struct guest_loop *loop, int signal_fd, double duration);

/* Within turn(): who takes what was received has no room. No more turns until
 * something was waited for; after splitvif_wait() said so. */
void guest_loop_await_room(struct guest_loop *loop);

/* Within arm(): sleep no longer than until then. */
void guest_loop_sleep_until(struct guest_loop *loop, int64_t until_ns);

/* Until it is stopped. */
void guest_loop_run(struct guest_loop *loop);

#endif
