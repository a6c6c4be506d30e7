/*
 * What the receiver's two threads share, for receiver.c and receiver_poller.c.
 */
#ifndef LAB_RECEIVER_STATE_H
#define LAB_RECEIVER_STATE_H

#include <pthread.h>
#include <semaphore.h>

#include "bench/lab/due_queue.h"
#include "bench/lab/receiver.h"
#include "bench/lab/thread_usage.h"
#include "ring/poll.h"

struct receiver {
	struct receiver_config config;
	struct splitvif *vif;
	struct due_queue queue;
	uint64_t round_turns, app_turns;
	uint32_t stopping, app_stopping;
	int64_t from_ns, until_ns; /* frames due then are timed */
	pthread_t poller, app;
	sem_t started;
	struct thread_usage poller_usage, app_usage;

	/* F's. */
	struct poll_list list;
	struct timers timers;
	struct poll_item item;
	unsigned int held; /* frames received and not released */
	uint8_t copy[SPLITVIF_FRAME_BYTES + SPLITVIF_GSO_EXCESS];
	bool raised; /* an interrupt by its own hand: see receiver_poller.c */
	bool handed_over;
	uint64_t processed_ns;
	uint64_t taken_ns; /* while A had work */
	uint64_t events, merged;
	struct receiver_counters polled; /* of these F writes one half and A the other */
	struct receiver_counters served;
};

/* F: a thread's whole life but for its start and end; before it starts, its part. */
void receiver_poller_init(struct receiver *receiver);
void receiver_poller_run(struct receiver *receiver);

#endif
