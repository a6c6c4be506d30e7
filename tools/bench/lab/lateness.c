#include "bench/lab/lateness.h"

#include "frontend/splitvif.h"

struct lateness lateness_of(const struct histogram *late, double rate)
{
	return (struct lateness){
		.max_us = histogram_quantile(late, 1) / 1e3,
		.p999_us = histogram_quantile(late, 0.999) / 1e3,
		.p99_us = histogram_quantile(late, 0.99) / 1e3,
		.bound_us = SPLITVIF_SLOTS / 2 * 1e6 / rate,
	};
}
