/*
 * All data-plane threads of the daemon, and who of them gets what. Control
 * thread only.
 *
 * Whatever is to be taken away while frames move is first put out of sight;
 * workers_pass() then returns when every worker has been between two turns,
 * and so holds nothing any more that it found before.
 */
#ifndef BACKEND_WORKERS_H
#define BACKEND_WORKERS_H

#include "backend/worker.h"

struct workers {
	unsigned int nr;
	struct worker *list[LANES_MAX];
	unsigned int load[LANES_MAX]; /* queues that each has */
};

/* Starts `nr` threads. `note` as worker_create(). 0 or -errno. */
int workers_create(struct workers *workers, unsigned int nr, enum engine_kind engine, int alarm_fd,
		   char *note, size_t note_size);
void workers_destroy(struct workers *workers);

/* The one with the fewest queues, now with one more. */
struct worker *workers_take(struct workers *workers);
void workers_give(struct workers *workers, const struct worker *worker);

/* Runs fn(worker, arg) on each one's thread, one after the other. */
void workers_call(struct workers *workers, void (*fn)(struct worker *worker, void *arg), void *arg);
void workers_pass(struct workers *workers);

/* Each stops between two turns, and goes on. Paused ones answer calls. */
void workers_pause(struct workers *workers);
void workers_resume(struct workers *workers);

#endif
