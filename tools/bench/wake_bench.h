/*
 * `splitvif-bench wake`.
 */
#ifndef BENCH_WAKE_BENCH_H
#define BENCH_WAKE_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int wake_bench_run(const struct options *options, struct report *report);

#endif
