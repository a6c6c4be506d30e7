/*
 * `splitvif-bench grant`.
 */
#ifndef BENCH_GRANT_BENCH_H
#define BENCH_GRANT_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int grant_bench_run(const struct options *options, struct report *report);

#endif
