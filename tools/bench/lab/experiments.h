/*
 * The experiments that there are: one file each, and a line here and there.
 */
#ifndef LAB_EXPERIMENTS_H
#define LAB_EXPERIMENTS_H

#include "bench/lab/experiment.h"

extern const struct lab_experiment x01_limit_irq, x02_limit_rate, x03_limit_cpu;
extern const struct lab_experiment x08_segments, x09_mismatch, x10_routing, x11_copy_map;
extern const struct lab_experiment x14_scaling, x15_isolation, x16_private;
extern const struct lab_experiment x05_livelock, x06_time_and_count, x07_polling;
extern const struct lab_experiment x12_suppression, x18_adaptive;

/* What several of them look at. */
extern const struct lab_sweep limit_sweep;

#endif
