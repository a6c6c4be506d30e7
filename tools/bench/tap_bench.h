/*
 * `splitvif-bench tap`.
 */
#ifndef BENCH_TAP_BENCH_H
#define BENCH_TAP_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int tap_bench_run(const struct options *options, struct report *report);

#endif
