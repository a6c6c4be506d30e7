/*
 * `splitvif-bench ring`.
 */
#ifndef BENCH_RING_BENCH_H
#define BENCH_RING_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* Adds a row a shape and size. The exit status; failures are explained. */
int ring_bench_run(const struct options *options, struct report *report);

#endif
