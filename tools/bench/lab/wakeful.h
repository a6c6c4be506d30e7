/*
 * Keeps processors from halting, while a run is on: a thread of the lowest class on
 * each of them, which gives way all the time.
 *
 * In a virtual machine a processor that halts is the hypervisor's, and to have it back
 * takes 10 to 60 us, of which the measured program decides nothing: at a thousand frames
 * a second that is most of a frame's latency, and nearly all of what it varies by.
 */
#ifndef LAB_WAKEFUL_H
#define LAB_WAKEFUL_H

#include <pthread.h>
#include <stdint.h>

enum { WAKEFUL_CPUS = 2 };

struct wakeful_thread {
	pthread_t thread;
	int cpu;
	const uint32_t *stop;
};

struct wakeful {
	struct wakeful_thread threads[WAKEFUL_CPUS];
	unsigned int nr; /* that run */
	uint32_t stop;
};

/* The two may be one processor. 0, or -errno and nothing runs. */
int wakeful_start(struct wakeful *wakeful, const int cpus[WAKEFUL_CPUS]);
void wakeful_stop(struct wakeful *wakeful);

#endif
