/*
 * What the switch loses as it grows: relay with few addresses and vifs, and with
 * many, in turn, and the ratios of runs of one round.
 */
#ifndef BENCH_GROWTH_BENCH_H
#define BENCH_GROWTH_BENCH_H

#include "bench/options.h"

/* The exit status. */
int growth_bench_run(const struct options *options, struct report *report);

#endif
