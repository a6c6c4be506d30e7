#include "bench/lab/experiments.h"

/* In the order of the report. */
static const struct lab_experiment *const experiments[] = {
	&x01_limit_irq,
	&x02_limit_rate,
	&x03_limit_cpu,
};

const struct lab_experiment *lab_experiment(unsigned int i)
{
	return i < sizeof(experiments) / sizeof(experiments[0]) ? experiments[i] : NULL;
}
