/*
 * What a thread has used of the processor, read by itself or by another.
 */
#ifndef LAB_THREAD_USAGE_H
#define LAB_THREAD_USAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct thread_usage {
	uint64_t cpu_ns;
	uint64_t voluntary, involuntary; /* context switches */
	pid_t tid;
	clockid_t clock;
	bool ended; /* the numbers are its last */
};

/* By the thread itself, at its start and as its last act. */
void thread_usage_begin(struct thread_usage *usage);
void thread_usage_end(struct thread_usage *usage);

/* On a copy, in any thread of the process, after the begin: as of now, or as of its end. */
void thread_usage_read(struct thread_usage *usage);

#endif
