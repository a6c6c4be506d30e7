/*
 * What every benchmark does alike: place itself on processors, take short runs
 * after a warm-up, and tell what they say together.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "bench/host.h"
#include "bench/options.h"
#include "bench/report.h"
#include "bench/statistics.h"

/* As all programs of splitvif. */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

/* One run: figures a second, in millions, and how much time it took. */
struct measure {
	struct host_time before;
	double samples[STATISTICS_SAMPLES_MAX];
	size_t nr;
};

/* Which processors, whose machine: facts of the report. 0 or -errno, explained
 * on stderr. */
int measure_place(const struct options *options, struct report *report, int cpus[2]);

void measure_begin(struct measure *measure);
void measure_add(struct measure *measure, uint64_t events, int64_t ns);

/* Adds median, quartiles, extremes and stolen time to the open row; `key` and
 * `head` name the median. */
void measure_tell(struct measure *measure, struct report *report, const char *key,
		  const char *head);

#endif
