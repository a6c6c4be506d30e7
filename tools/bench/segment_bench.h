/*
 * `splitvif-bench segment`.
 */
#ifndef BENCH_SEGMENT_BENCH_H
#define BENCH_SEGMENT_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int segment_bench_run(const struct options *options, struct report *report);

#endif
