/*
 * Whose turn it is: a round robin over the sources that have work, as NAPI
 * does it, and what becomes of one that has none left. Pure; knows no device,
 * no descriptor and no clock but the one that it is given.
 *
 *     IDLE ------- event ------> SCHEDULED <--- timer --- DEFERRED, THROTTLED
 *      ^                        |  ^
 *      |                     turn  | more, or found when it looked again
 *      |                        v  |
 *      +-- armed, nothing came --- dry --- not armed yet ---> DEFERRED
 *                                  armed, not listened to --> THROTTLED
 *     SCHEDULED --- whom it gives to is full ---> WAITING --- resumed --> SCHEDULED
 *
 * An item is scheduled by its event, polled up to its weight, and goes back to
 * the tail as long as it has more. While it is on the list, or deferred, its
 * events are not asked for. Where its events bring no work, again and again,
 * it is not listened to for a while that grows, and a timer looks in their
 * stead (Xen's advisory XSA-391: a peer may flood us with events).
 *
 * Where its frames go to a queue of ours that is full, it waits for that queue,
 * not asking for events: what comes meanwhile is dropped where it costs us
 * nothing. For guests; a switch must not wait for one destination.
 */
#ifndef RING_POLL_H
#define RING_POLL_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/timers.h"

enum {
	POLL_WEIGHT = 64,	   /* frames a turn: NAPI's default "limit" */
	POLL_BUDGET = 300,	   /* frames a pass, as net.core.netdev_budget */
	POLL_BUDGET_USECS = 2000,  /* a pass, as net.core.netdev_budget_usecs */
	POLL_RESTARTS = 10,	   /* passes in a row that left work: a handover */
	POLL_DEFER_ROUNDS_MAX = 1000, /* the most that may be set */
	POLL_DEFER_USECS_MAX = 10000,
	POLL_SPIN_USECS_MAX = 1000,
	POLL_SPURIOUS_RUN = 16,	   /* events without work in a row before we look away, */
	POLL_SPURIOUS_RATE = 1000, /* or in a second, if they are the most of its events */
	POLL_SPIN_GAP_NS = 10000,  /* frames closer than that, as a rule, are awaited, and
				    * any while some of other sources come so close */
	POLL_SPIN_NS = 50000,	   /* for so long, if nobody says otherwise */
	POLL_TRIAL_GAP_NS = 40000, /* those closer than that for a trial of spinning, */
	POLL_TRIAL_NS = 100000,	   /* which lasts so long, of all who like to */
	POLL_TRIAL_EVERY_NS = 2000000,
	POLL_GAP_MAX_NS = 50000, /* a longer one counts as that */
	POLL_THROTTLE_MS = 100,	 /* the longest that we look away */
	POLL_BUCKETS = 10,	 /* frames a turn: 0, 1, 2-3, 4-7, ... 128-255, more */
};

enum poll_state {
	POLL_IDLE,
	POLL_SCHEDULED,
	POLL_DEFERRED,
	POLL_THROTTLED,
	POLL_WAITING,
	POLL_STATES
};

/* NULL beyond the states. */
const char *poll_state_name(enum poll_state state);

struct poll_tuning {
	uint32_t weight;
	uint32_t defer_rounds; /* times that a timer polls it before it is armed */
	uint64_t defer_ns;     /* that timer; 0: armed at once */
	uint64_t spin_ns;      /* stays on the list for so long after its last frame */
	bool spins_adaptively; /* only where its frames come so close that it pays */
	bool by_budget;	       /* a turn of less than the weight is the last one (NAPI's
				* rule); else the last one is that which leaves nothing */
	bool adaptive;	       /* defer only where a frame within defer_ns is likely */
};

struct poll_list;

/* All zero but for the operations and the weight: idle. */
struct poll_item {
	/* Takes up to `weight` frames, or fewer that cost as much; *done says how
	 * many that is. True: there is more. */
	bool (*poll)(struct poll_item *item, unsigned int weight, unsigned int *done);
	/* Announces that it sleeps, and looks again. True: work came, it does not.
	 * NULL: poll() does all that itself before it says false. */
	bool (*arm)(struct poll_item *item);
	/* Hears its next event. NULL: see arm. */
	void (*listen)(struct poll_item *item);
	struct poll_tuning tuning;

	/* The list's. */
	enum poll_state state;
	bool woken; /* by an event, since its last turn */
	bool dry;   /* since its last frame it found nothing */
	bool full;  /* whom it gives to is, as of this turn */
	struct poll_item *next;
	struct poll_list *list;
	struct timer timer;
	uint32_t defers;       /* in a row */
	uint64_t worked_ns;    /* its last turn that moved a frame */
	uint64_t gap_ns;       /* from one such turn to the next, where it went dry: an average */
	uint32_t spurious_run; /* events in a row that brought no work */
	uint32_t spurious_second; /* in this second */
	uint32_t worked_second;	  /* events in it that did */
	uint64_t second_ns;	  /* when it began */
	uint32_t throttles;	  /* in a row */
	uint64_t throttled_until_ns;

	/* Counters: this thread writes, any reads. */
	uint64_t rounds; /* turns: "software interrupts" */
	uint64_t empty_rounds;
	uint64_t frames;
	uint64_t per_round[POLL_BUCKETS];
	uint64_t spurious; /* events that brought no work */
	uint64_t late;	   /* events that came while it was not idle */
	uint64_t races;	   /* work found when it looked again */
	uint64_t deferrals, throttlings, waits;
};

struct poll_list {
	struct poll_item *head;
	struct poll_item **tail;
	struct timers *timers;
	uint64_t (*clock_ns)(void);
	uint64_t now_ns; /* the caller's to set before a pass; then of the last turn */
	uint32_t budget;
	uint32_t budget_usecs;
	unsigned int restarts;
	bool moved;	    /* a frame, in the last pass; else whoever is left spins */
	uint64_t trial_ns;  /* when the last trial of spinning began */
	bool is_wanted;	    /* the caller's: nobody spins until a frame moves */
	uint64_t squeezed;  /* passes that ended with work left */
	uint64_t handovers; /* every POLL_RESTARTS of them in a row */

	/* Who moved a frame last, not to be followed; when, and when somebody else had. */
	const struct poll_item *latest;
	uint64_t latest_ns, former_ns;
};

/* Timers are set there, and run by whoever owns them. */
void poll_init(struct poll_list *list, struct timers *timers, uint64_t (*clock_ns)(void));

/* Its event came: schedules it, if it was idle. */
void poll_event(struct poll_list *list, struct poll_item *item);

/* Gives it a turn, from whatever state; no effect if it is scheduled already. */
void poll_schedule(struct poll_list *list, struct poll_item *item);

/* For its poll(): whom it gives to is full now. It gets no more turns, and its
 * events no answer, until poll_resume(). */
static inline void poll_wait(struct poll_item *item)
{
	item->full = true;
}

/* There is room again: gives it a turn, if it waits for that. */
void poll_resume(struct poll_list *list, struct poll_item *item);

/* Takes an item off the list, and its timer. */
void poll_remove(struct poll_list *list, struct poll_item *item);

struct state;

/* Saves what an item has counted and learned, or goes on with that. */
void poll_item_carry(struct poll_item *item, struct state *state);

/* One pass: at most the budget and one weight more, in frames, and at most one
 * turn beyond its time. After each turn `after` is called. True if work is left:
 * then everybody else is to be served, without waiting, and it is to be called
 * again. */
bool poll_run(struct poll_list *list, void (*after)(void *arg), void *arg);

#endif
