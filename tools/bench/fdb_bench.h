/*
 * `splitvif-bench fdb`.
 */
#ifndef BENCH_FDB_BENCH_H
#define BENCH_FDB_BENCH_H

#include "bench/options.h"
#include "bench/report.h"

/* The exit status; failures are explained. */
int fdb_bench_run(const struct options *options, struct report *report);

#endif
