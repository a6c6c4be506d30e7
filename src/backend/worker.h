/*
 * A data-plane thread: one engine, one poll list, one signaller, one lane, and
 * whatever was attached to them. Everything that forwards belongs to a worker
 * and is polled by its thread only; the control thread asks by worker_call(),
 * other workers leave a note (worker_summon).
 */
#ifndef BACKEND_WORKER_H
#define BACKEND_WORKER_H

#include <pthread.h>
#include <semaphore.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "backend/batch.h"
#include "backend/copies.h"
#include "bridge/bridge.h"
#include "io/engine.h"
#include "io/signal.h"
#include "ring/poll.h"

/* What an engine_source's owner is: the item to be scheduled, and what to do
 * first (clear the event). */
struct worker_source {
	struct engine_source source;
	struct poll_item *item;
	void (*readable)(struct worker_source *source);
};

/* Left by other workers: this item should have a turn. */
struct worker_note {
	struct poll_item *item;
	struct worker_note *next;
	bool left; /* and not taken yet */
};

struct worker {
	struct engine *engine;
	struct signaller signaller;
	struct poll_list polls;
	struct lane lane;
	struct batch batch;
	struct copies copies;
	struct spread spread;
	struct notifier *shown, *held; /* notifier.h */
	uint64_t held_ns;	       /* since when the oldest of these is */
	struct timers timers;
	uint64_t now_ms; /* refreshed once a loop; polls.now_ns once a turn */
	uint64_t loops, waits;
	int alarm_fd; /* eventfd: "look at the faults", to the control thread */

	pthread_t thread;
	struct worker_source mailbox;
	sem_t answered;
	void (*call)(void *arg); /* NULL: none */
	void *call_arg;
	struct worker_note *notes;
	bool mail;     /* the mailbox was reported in this loop */
	bool threaded; /* has a thread of its own */
	bool paused;   /* nothing has a turn or a timer, only calls are answered */
	bool stopping;
};

/* The time that timers and ages go by. */
uint64_t worker_clock_ms(void);

/* Whose lane it is. */
static inline struct worker *worker_of(struct lane *lane)
{
	return (struct worker *)((char *)lane - offsetof(struct worker, lane));
}

/* Starts the thread. `note` gets the engine's line for the log, or what failed.
 * 0 or -errno. */
int worker_create(struct worker **worker, enum engine_kind engine, int alarm_fd, char *note,
		  size_t note_size);
void worker_destroy(struct worker *worker);

/* The same without a thread: whoever calls worker_turn() is it. A turn is one
 * loop that waits for nothing. */
int worker_open(struct worker **worker, enum engine_kind engine, int alarm_fd, char *note,
		size_t note_size);
void worker_close(struct worker *worker);
void worker_turn(struct worker *worker);

/* Runs fn(arg) on the worker's thread and waits for it; of one without a thread
 * at once. Control thread only. */
void worker_call(struct worker *worker, void (*fn)(void *arg), void *arg);

/* On the thread of `by`, which may be another: schedules the note's item. */
void worker_summon(struct worker *worker, struct worker *by, struct worker_note *note);

/* The rest: on the worker's own thread. */

int worker_add(struct worker *worker, struct worker_source *source, int fd, struct poll_item *item,
	       void (*readable)(struct worker_source *source));
void worker_remove(struct worker *worker, struct worker_source *source);
/* timers_set() for those who count in ms. */
void worker_set_timer(struct worker *worker, struct timer *timer, uint64_t deadline_ms);
/* bridge_forward() on this worker's lane. */
void worker_forward(struct worker *worker, struct bridge *bridge, struct port *from,
		    struct frame *frames, unsigned int n);
/* Tells the control thread that something of this worker's wants it. */
void worker_alarm(struct worker *worker);

#endif
