/*
 * `splitvif-bench relay`, and `ceiling`.
 */
#ifndef BENCH_RELAY_BENCH_H
#define BENCH_RELAY_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int relay_bench_run(const struct options *options, struct report *report);
int relay_bench_run_ceiling(const struct options *options, struct report *report);

#endif
