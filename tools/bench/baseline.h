/*
 * Has something become worse since an earlier report of the same command?
 *
 * Figure by figure of each case that both have. Worse, or better, is what
 * changed by more than the tolerance and beyond the noise: the 95 % intervals do
 * not touch. Where the two processors were a fifth nearer or farther then than
 * now, a change in one's disfavour says nothing: that is undecided.
 */
#ifndef BENCH_BASELINE_H
#define BENCH_BASELINE_H

#include "bench/report.h"

enum { BASELINE_ERROR_BYTES = 256 };

enum baseline_verdict {
	BASELINE_SAME,
	BASELINE_BETTER,
	BASELINE_WORSE,
	BASELINE_UNDECIDED, /* another distance of the processors */
	BASELINE_NEW,	    /* the earlier report does not have it */
	BASELINE_VERDICTS
};

const char *baseline_verdict_name(enum baseline_verdict verdict);

/* One figure, then and now. */
struct baseline_pair {
	double old, old_low, old_high, old_trip_ns;
	double new, new_low, new_high, new_trip_ns;
	bool cost; /* less is better */
};
enum baseline_verdict baseline_judge(const struct baseline_pair *pair, double tolerance_percent);

struct baseline;

/* NULL, and one line in `error`: no file, or none of our reports. */
struct baseline *baseline_open(const char *path, const char *command,
			       char error[BASELINE_ERROR_BYTES]);
void baseline_close(struct baseline *baseline);

/* Adds the comparison to the report, and a line on stderr for each figure that
 * became worse, and for another machine. How many became worse. */
unsigned int baseline_compare(const struct baseline *baseline, struct report *report,
			      double tolerance_percent);

#endif
