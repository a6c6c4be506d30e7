#include "bench/statistics.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "support/random.h"

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

/* The sample that stands at place `rank` of a resample, of which `drawn` says how
 * often each sample is in it. */
static double at_rank(const double *sorted, const unsigned int *drawn, size_t rank)
{
	size_t i = 0;

	while (drawn[i] <= rank)
		rank -= drawn[i++];
	return sorted[i];
}

static double resampled_median(const double *sorted, size_t n, uint64_t *state)
{
	unsigned int drawn[STATISTICS_SAMPLES_MAX];

	memset(drawn, 0, n * sizeof(*drawn));
	for (size_t i = 0; i < n; i++)
		drawn[random_below(state, (uint32_t)n)]++;
	return (at_rank(sorted, drawn, (n - 1) / 2) + at_rank(sorted, drawn, n / 2)) / 2;
}

static void bootstrap(struct statistics *statistics, const double *sorted, size_t n)
{
	double medians[STATISTICS_RESAMPLES];
	uint64_t state = 1;

	for (size_t i = 0; i < STATISTICS_RESAMPLES; i++)
		medians[i] = resampled_median(sorted, n, &state);
	qsort(medians, STATISTICS_RESAMPLES, sizeof(*medians), compare);
	statistics->low = quantile(medians, STATISTICS_RESAMPLES, 0.025);
	statistics->high = quantile(medians, STATISTICS_RESAMPLES, 0.975);
}

int statistics_summarise(struct statistics *statistics, double *samples, size_t n)
{
	if (!n || n > STATISTICS_SAMPLES_MAX)
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
	bootstrap(statistics, samples, n);
	return 0;
}

double statistics_median(double *samples, size_t n)
{
	qsort(samples, n, sizeof(*samples), compare);
	return quantile(samples, n, 0.5);
}

double statistics_spread_percent(const struct statistics *statistics)
{
	if (statistics->median == 0)
		return 0;
	return 100 * (statistics->q3 - statistics->q1) / fabs(statistics->median);
}

double statistics_jain(const double *shares, size_t n)
{
	double sum = 0, squares = 0;

	for (size_t i = 0; i < n; i++) {
		sum += shares[i];
		squares += shares[i] * shares[i];
	}
	return squares > 0 ? sum * sum / ((double)n * squares) : 1;
}
