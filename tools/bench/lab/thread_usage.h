/*
 * What a thread has used of the processor, read by itself or by another.
 */
#ifndef LAB_THREAD_USAGE_H
#define LAB_THREAD_USAGE_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct thread_used {
	uint64_t cpu_ns;
	uint64_t voluntary, involuntary; /* context switches */
};

struct thread_usage {
	pid_t tid;
	clockid_t clock;
	struct thread_used last;
	uint32_t ended; /* last is written */
};

/* By the thread itself, at its start and as its last act. */
void thread_usage_begin(struct thread_usage *usage);
void thread_usage_end(struct thread_usage *usage);

/* In any thread of the process, after the begin: as of now, or as of its end. */
void thread_usage_read(const struct thread_usage *usage, struct thread_used *used);

#endif
