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

/* A row in the making. Samples are millions of events a second. */
struct measure {
	struct host_time before;
	int64_t before_ns, before_cpu_ns;
	double samples[STATISTICS_SAMPLES_MAX];
	size_t nr;
};

/* Which processors, whose machine: facts of the report. 0 or -errno, explained
 * on stderr. */
int measure_place(const struct options *options, struct report *report, int cpus[2]);

void measure_begin(struct measure *measure);
void measure_add(struct measure *measure, uint64_t events, int64_t ns);

/* Adds median, quartiles and extremes to the open row; `key` and `head` name the
 * median. Then how much processor time our own side got, which is 100 for a
 * polling side that nobody disturbed, and how much was stolen from all. */
void measure_tell(struct measure *measure, struct report *report, const char *key,
		  const char *head);

#endif
