/*
 * How the built-in guests (gen, sink, echo) wait: on their vif, on signals, and
 * until their time is up. They have no kernel stack and no TAP.
 */
#ifndef FRONTEND_GUEST_LOOP_H
#define FRONTEND_GUEST_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "frontend/splitvif.h"

enum { GUEST_BATCH = 64 };

struct guest_loop {
	struct splitvif *vif;
	int signal_fd;
	int64_t start_ns, end_ns; /* end 0: none */
	unsigned int rounds;
	bool stopped; /* a signal came, or the time is up */
};

int64_t guest_now_ns(void);

/* duration in seconds, 0: for ever. */
void guest_loop_init(struct guest_loop *loop, struct splitvif *vif, int signal_fd, double duration);

/* After a round that moved frames: looks at vif, signals and time now and then. */
void guest_loop_busy(struct guest_loop *loop);

/* Sleeps until the vif or a signal wants something, or until that time (0: as
 * long as it takes). Only after splitvif_arm() said so. */
void guest_loop_sleep(struct guest_loop *loop, int64_t until_ns);

#endif
