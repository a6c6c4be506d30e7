/*
 * What the repeats of each point of a sweep say together, column by column:
 * the median with its bootstrap interval, and the mean with its t interval, as the
 * source has it. Made of all rows, or of those without a flag.
 */
#ifndef LAB_SUMMARY_H
#define LAB_SUMMARY_H

#include "bench/lab/rows.h"
#include "bench/statistics.h"

struct summary {
	unsigned int samples; /* 0: nothing else is set */
	struct statistics statistics;
	double mean, mean_low, mean_high;
};

struct summaries {
	const struct rows *rows;
	bool unflagged;				/* rows alone */
	struct summary (*of)[ROWS_COLUMNS_MAX]; /* by point */
};

/* 0 or -ENOMEM. The rows must outlive it. */
int summaries_init(struct summaries *summaries, const struct rows *rows, bool unflagged);
void summaries_fini(struct summaries *summaries);

/* Whether that point's levels are these. */
bool summaries_match(const struct summaries *summaries, unsigned int point,
		     const struct where *where);

/* Half of the 95 % interval of a mean of n samples, in standard errors. */
double summary_t(unsigned int n);

#endif
