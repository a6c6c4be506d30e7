/*
 * What a daemon costs whose vifs are all connected and none has anything to do:
 * processor time of all its processes and threads, as the kernel counts it.
 */
#ifndef BENCH_IDLE_BENCH_H
#define BENCH_IDLE_BENCH_H

#include "bench/options.h"

/* The exit status. */
int idle_bench_run(const struct options *options, struct report *report);

#endif
