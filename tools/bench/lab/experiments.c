#include "bench/lab/experiments.h"

/* In the order of the report. */
static const struct lab_experiment *const experiments[] = {
	&x01_limit_irq,
	&x02_limit_rate,
	&x03_limit_cpu,
	&x04_frames_per_round,
	&x05_livelock,
	&x06_time_and_count,
	&x07_polling,
	&x08_segments,
	&x09_mismatch,
	&x10_routing,
	&x11_copy_map,
	&x12_suppression,
	&x13_placement,
	&x14_scaling,
	&x15_isolation,
	&x16_private,
	&x17_channels,
	&x18_adaptive,
	&x19_burst,
	&x20_buffers,
};

const struct lab_experiment *lab_experiment(unsigned int i)
{
	return i < sizeof(experiments) / sizeof(experiments[0]) ? experiments[i] : NULL;
}
