/*
 * Processor time of another process, with its threads and its children, by what the
 * scheduler counts: in ns, where /proc/PID/stat has ticks of 10 ms.
 */
#ifndef LAB_CPU_TIME_H
#define LAB_CPU_TIME_H

#include <stdint.h>

/* 0 if it is not there. */
uint64_t cpu_time_of(int pid);

/* Bytes that it and its children have in memory; what they share counts for each. */
uint64_t cpu_time_rss(int pid);

/* Of the calling thread. */
uint64_t cpu_time_self(void);

#endif
