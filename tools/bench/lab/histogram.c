#include "bench/lab/histogram.h"

double histogram_value(unsigned int bucket)
{
	unsigned int power = bucket / HISTOGRAM_STEPS;
	uint64_t step = bucket % HISTOGRAM_STEPS;

	if (!power)
		return (double)step;
	return ((double)(HISTOGRAM_STEPS + step) + 0.5) * (double)(UINT64_C(1) << (power - 1));
}

uint64_t histogram_count(const struct histogram *histogram)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		sum += histogram->counts[i];
	return sum;
}

double histogram_quantile(const struct histogram *histogram, double part)
{
	double rank = part * (double)histogram_count(histogram);
	uint64_t sum = 0;

	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++) {
		sum += histogram->counts[i];
		if (sum && (double)sum >= rank)
			return histogram_value(i);
	}
	return 0;
}

void histogram_read(const struct histogram *histogram, struct histogram *copy)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		copy->counts[i] = counter_read(&histogram->counts[i]);
}

void histogram_since(struct histogram *histogram, const struct histogram *before)
{
	for (unsigned int i = 0; i < HISTOGRAM_BUCKETS; i++)
		histogram->counts[i] -= before->counts[i];
}
