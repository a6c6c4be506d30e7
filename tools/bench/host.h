/*
 * The machine that is measured on: its processors, its clock, and how much of
 * it others took meanwhile.
 */
#ifndef BENCH_HOST_H
#define BENCH_HOST_H

#include <stddef.h>
#include <stdint.h>

enum { HOST_TEXT_BYTES = 160 };

/* CLOCK_MONOTONIC. */
int64_t host_now_ns(void);

/* Processor time of this process. */
int64_t host_cpu_ns(void);

/* "A,B", both allowed to us; A may be B. 0, -EINVAL not of that form, -ENOENT
 * not allowed or not there. */
int host_parse_cpus(const char *text, int cpus[2]);

/* The first two processors that we may use; the only one twice. 0 or -errno. */
int host_choose_cpus(int cpus[2]);

/* Moves the calling thread there. 0 or -errno. */
int host_pin(int cpu);
/* Lets the calling thread go wherever the machine lets it. */
void host_unpin(void);

/* "model, N of M processors, Linux release". */
void host_describe(char text[HOST_TEXT_BYTES]);

/* Time of all processors since boot, and how much of it the hypervisor below
 * gave to others: /proc/stat's first line. Zeroes if there is none. */
struct host_time {
	uint64_t total, steal;
};
struct host_time host_time_read(void);

/* Percent of the time between the two that was stolen. */
double host_steal_percent(struct host_time before, struct host_time after);

/* Runnable tasks over the last minute; -1 if unknown. */
double host_load(void);

#endif
