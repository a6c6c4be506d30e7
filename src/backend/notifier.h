/*
 * How a guest is told of the responses on one ring: publishes them, and sends
 * the event now, later or not at all, as the edge's coalescing says, which an
 * operator sets or a controller steers.
 *
 * It belongs to one worker, whose thread attaches, tunes and detaches it and has
 * its timer. Where others publish, too, a lock that they all hold meanwhile is
 * given with it; the owner's calls and its timer take it themselves.
 *
 * An index that is written costs its line, and to ask then whether the guest sleeps a
 * fence, which waits for all that was written before. So a worker asks once a turn, for
 * all rings (notifiers_decide), and a guest that will be looked at in this round anyway
 * is shown then what several sources brought it (notifier_hold).
 */
#ifndef BACKEND_NOTIFIER_H
#define BACKEND_NOTIFIER_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/adaptive.h"
#include "backend/tuning.h"
#include "ring/coalesce.h"
#include "ring/evtchn.h"
#include "ring/ring.h"
#include "ring/timers.h"

struct worker;

struct notifier {
	struct ring *ring;
	struct evtchn *channel;
	struct worker *worker;
	pthread_mutex_t *lock; /* NULL: that worker's alone */
	uint64_t latest_ns;    /* the time of what came last, by any worker's clock */
	struct coalesce coalesce;
	struct adaptive adaptive;
	bool is_steered; /* by `adaptive` */
	bool is_timed;	 /* something may wait: so it matters what time it is */
	struct timer timer;

	/* What was published, or is held, and not decided about. */
	struct notifier *next_shown, *next_held;
	uint32_t frames, slots;
	bool is_forced;
	bool is_held, is_listed; /* among the worker's held ones; it may be shown by now */

	/* Read by the control thread. */
	uint64_t suppressed; /* publications that the guest wanted no event for */
	uint64_t delayed;    /* events that waited for more frames, or for their time */
};

/* Of a ring's responses, over that channel; each is told of at once. */
void notifier_init(struct notifier *notifier, struct ring *ring, struct evtchn *channel);

/* Between these, it may publish. Detaching sends what is owed. */
void notifier_attach(struct notifier *notifier, struct worker *worker, pthread_mutex_t *lock);
void notifier_detach(struct notifier *notifier);

/* From now on; what is owed is sent. */
void notifier_tune(struct notifier *notifier, const struct tuning *tuning, enum tuning_edge edge);

/* Under the lock: publishes what was produced, `frames` frames; the guest is told, if it
 * is to be, by that worker's signaller, and without a lock once this turn has ended.
 * `forced`: the guest has to know at once, if it sleeps. Only the one that it is
 * attached to has its timer: with another, nothing waits. */
void notifier_publish(struct notifier *notifier, struct worker *by, uint32_t frames, bool forced);

/* Without a lock: what was produced is published later, by notifier_show() or with what
 * comes then. */
void notifier_hold(struct notifier *notifier, uint32_t frames);
static inline void notifier_show(struct notifier *notifier)
{
	if (notifier->is_held)
		notifier_publish(notifier, notifier->worker, 0, false);
}

/* All that this worker holds. */
void notifiers_show(struct worker *worker);
/* Tells those guests that are to be told, of all that this worker has published. */
void notifiers_decide(struct worker *worker);

struct state;

/* Detached, or just tuned anew: saves what it has learned, or goes on with that. */
void notifier_carry(struct notifier *notifier, struct state *state);

/* Frames for this guest that were dropped: its ring is too full. */
static inline void notifier_note_drop(struct notifier *notifier)
{
	notifier->adaptive.drops++;
}

#endif
