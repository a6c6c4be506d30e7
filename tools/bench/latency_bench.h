/*
 * `splitvif-bench latency`.
 */
#ifndef BENCH_LATENCY_BENCH_H
#define BENCH_LATENCY_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int latency_bench_run(const struct options *options, struct report *report);

#endif
