/*
 * `splitvif-bench loop`.
 */
#ifndef BENCH_LOOP_BENCH_H
#define BENCH_LOOP_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int loop_bench_run(const struct options *options, struct report *report);

#endif
