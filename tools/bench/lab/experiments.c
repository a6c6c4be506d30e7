#include "bench/lab/experiments.h"

/* In the order of the report. */
static const struct lab_experiment *const experiments[] = {
	&x01_limit_irq,
	&x02_limit_rate,
	&x03_limit_cpu,
	&x08_segments,
	&x09_mismatch,
	&x10_routing,
	&x11_copy_map,
	&x14_scaling,
	&x15_isolation,
	&x16_private,
};

const struct lab_experiment *lab_experiment(unsigned int i)
{
	return i < sizeof(experiments) / sizeof(experiments[0]) ? experiments[i] : NULL;
}
