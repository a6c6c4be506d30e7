/*
 * What several short runs of one measurement say together.
 *
 * The middle is the median and the width the distance of the quartiles: on a
 * machine that does other things too, means and standard deviations are ruled
 * by the one run that was disturbed. Knows no units.
 */
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include <stddef.h>

enum { STATISTICS_SAMPLES_MAX = 1000, STATISTICS_RESAMPLES = 2000 };

/* Quartiles are linear between the neighbouring samples (R's type 7, numpy's
 * default). All equal if there is one sample. low..high is the interval that
 * holds 95 of 100 medians of bootstrap resamples: how far the median itself is
 * to be believed. The same samples give the same interval. */
struct statistics {
	size_t samples;
	double min, q1, median, q3, max;
	double low, high;
};

/* Sorts the samples. 0, or -EINVAL: none, too many, or one of them is no finite
 * number; then nothing is changed. */
int statistics_summarise(struct statistics *statistics, double *samples, size_t n);

/* The median alone, without what it takes to say how far it is to be believed. Sorts;
 * n is at least 1, and no sample NAN. */
double statistics_median(double *samples, size_t n);

/* Distance of the quartiles in percent of the median; 0 if the median is 0. */
double statistics_spread_percent(const struct statistics *statistics);

/* Jain's fairness index: 1 if all have the same, 1/n if one has everything; 1 of
 * nothing. */
double statistics_jain(const double *shares, size_t n);

#endif
