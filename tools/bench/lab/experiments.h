/*
 * The experiments that there are: one file each, and a line here and there.
 */
#ifndef LAB_EXPERIMENTS_H
#define LAB_EXPERIMENTS_H

#include "bench/lab/experiment.h"

extern const struct lab_experiment x01_limit_irq, x02_limit_rate, x03_limit_cpu;
extern const struct lab_experiment x04_frames_per_round, x05_livelock, x06_time_and_count;
extern const struct lab_experiment x07_polling, x08_segments, x09_mismatch, x10_routing;
extern const struct lab_experiment x11_copy_map, x12_suppression, x13_placement, x14_scaling;
extern const struct lab_experiment x15_isolation, x16_private, x17_channels, x18_adaptive;
extern const struct lab_experiment x19_burst, x20_buffers;

#endif
