/*
 * Deadlines of one thread: a pairing heap of timers that live in their owners.
 * To set one costs a comparison, to take the next one log n; nothing is
 * allocated. Pure: the caller says what time it is, in ns of any clock.
 */
#ifndef RING_TIMERS_H
#define RING_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

struct timer {
	void (*expired)(struct timer *timer); /* may set it, or any other, anew */
	uint64_t due_ns;
	bool pending;
	/* The heap's: prev is the parent of a first child, else the sibling before. */
	struct timer *child, *next, *prev;
};

struct timers {
	struct timer *first; /* the earliest; NULL: none */
	uint64_t running_ns; /* within timers_run(): its time; else 0 */
};

/* Where it is pending already, the earlier deadline stands. */
void timers_set(struct timers *timers, struct timer *timer, uint64_t due_ns);
/* No effect on one that is not pending. */
void timers_cancel(struct timers *timers, struct timer *timer);

/* Calls those that are due, earliest first. One that is set meanwhile has to
 * wait for the next call, however early its deadline. */
void timers_run(struct timers *timers, uint64_t now_ns);

/* UINT64_MAX: none is pending. */
static inline uint64_t timers_next(const struct timers *timers)
{
	return timers->first ? timers->first->due_ns : UINT64_MAX;
}

#endif
