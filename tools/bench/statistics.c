#include "bench/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* Of sorted samples, 0 <= part <= 1. */
static double quantile(const double *sorted, size_t n, double part)
{
	double position = part * (double)(n - 1);
	size_t below = (size_t)position;

	if (below + 1 >= n)
		return sorted[n - 1];
	return sorted[below] + (position - (double)below) * (sorted[below + 1] - sorted[below]);
}

int statistics_summarise(struct statistics *statistics, double *samples, size_t n)
{
	if (!n)
		return -EINVAL;
	for (size_t i = 0; i < n; i++)
		if (!isfinite(samples[i]))
			return -EINVAL;
	qsort(samples, n, sizeof(*samples), compare);
	*statistics = (struct statistics){
		.samples = n,
		.min = samples[0],
		.q1 = quantile(samples, n, 0.25),
		.median = quantile(samples, n, 0.5),
		.q3 = quantile(samples, n, 0.75),
		.max = samples[n - 1],
	};
	return 0;
}

double statistics_spread_percent(const struct statistics *statistics)
{
	if (statistics->median == 0)
		return 0;
	return 100 * (statistics->q3 - statistics->q1) / fabs(statistics->median);
}
