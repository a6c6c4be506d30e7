/*
 * The queue between a driver and its application: when each frame was due, and
 * no more than so many. One thread pushes and one takes; either may sleep until
 * the other calls it, each on an eventfd of its own.
 *
 * A frame stays in the queue until it is done with, so that its length says all
 * that is not delivered. Letters as in ring/barrier.h: the same protocol between
 * two threads.
 */
#ifndef LAB_DUE_QUEUE_H
#define LAB_DUE_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct due_queue {
	int64_t *due_ns; /* of mask + 1 places */
	uint32_t mask;
	uint32_t limit; /* frames */
	int taker_fd, pusher_fd;
	_Alignas(64) uint32_t pushed;
	uint32_t is_pusher_waiting; /* for room */
	_Alignas(64) uint32_t done;
	uint32_t is_taker_asleep;
};

/* 0 or -errno. */
int due_queue_init(struct due_queue *queue, unsigned int limit);
void due_queue_fini(struct due_queue *queue);

/* Frames in it: of whichever thread, at that moment. */
uint32_t due_queue_length(const struct due_queue *queue);

/* The pusher's. False: it is full. */
bool due_queue_push(struct due_queue *queue, int64_t due_ns);
/* Wakes the taker, if it sleeps: once for all that was pushed. */
void due_queue_announce(struct due_queue *queue);
/* True: it is full, and pusher_fd will be readable once it is half empty. */
bool due_queue_await_room(struct due_queue *queue);

/* The taker's. The oldest one, which stays; false: there is none. */
bool due_queue_peek(struct due_queue *queue, int64_t *due_ns);
void due_queue_finish(struct due_queue *queue);
/* Sleeps while the queue is empty and *ending 0, until somebody calls. */
void due_queue_sleep(struct due_queue *queue, const uint32_t *ending);

/* Calls whoever sleeps, or will, on that descriptor. */
void due_queue_call(int fd);
/* Takes the calls that came. */
void due_queue_take_calls(int fd);

#endif
