/*
 * How often each value occurred, in buckets that are at most 1/64 wide: three
 * digits are kept less than a percent apart, from 1 to 2^40. One thread
 * notes, others may read; what was counted between two readings is their
 * difference.
 */
#ifndef LAB_HISTOGRAM_H
#define LAB_HISTOGRAM_H

#include <stdint.h>

#include "bridge/counters.h"

enum {
	HISTOGRAM_STEPS = 64, /* buckets of each power of two */
	HISTOGRAM_POWERS = 40,
	HISTOGRAM_BUCKETS = (HISTOGRAM_POWERS - 5) * HISTOGRAM_STEPS,
};

struct histogram {
	uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Values below 64 have buckets of their own. */
static inline unsigned int histogram_bucket(uint64_t value)
{
	unsigned int power = value < HISTOGRAM_STEPS ? 6
						     : 63 - (unsigned int)__builtin_clzll(value);
	unsigned int bucket;

	if (value < HISTOGRAM_STEPS)
		return (unsigned int)value;
	bucket = (power - 5) * HISTOGRAM_STEPS + (unsigned int)(value >> (power - 6)) -
		 HISTOGRAM_STEPS;
	return bucket < HISTOGRAM_BUCKETS ? bucket : HISTOGRAM_BUCKETS - 1;
}

static inline void histogram_add(struct histogram *histogram, uint64_t value, uint64_t times)
{
	counter_add(&histogram->counts[histogram_bucket(value)], times);
}

static inline void histogram_note(struct histogram *histogram, uint64_t value)
{
	histogram_add(histogram, value, 1);
}

/* The middle of that bucket. */
double histogram_value(unsigned int bucket);

uint64_t histogram_count(const struct histogram *histogram);

/* The value that this part of all (0.5, 0.99, ... 1) does not exceed; 0 of none. */
double histogram_quantile(const struct histogram *histogram, double part);

/* A copy while another thread notes. */
void histogram_read(const struct histogram *histogram, struct histogram *copy);
/* What was noted since. */
void histogram_since(struct histogram *histogram, const struct histogram *before);

#endif
