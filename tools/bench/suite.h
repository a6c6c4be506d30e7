/*
 * What every benchmark does alike: places itself on processors, runs each of its
 * cases once to warm up, then takes short runs of all of them, round by round and
 * in random order, so that what changes on the machine meanwhile changes them
 * all, and tells each case's medians.
 *
 * Beside each run stand how far apart the two processors were, how much time of
 * one our own side got (100 % for a polling side that nobody disturbed), and how
 * much of all was stolen by a hypervisor.
 */
#ifndef BENCH_SUITE_H
#define BENCH_SUITE_H

#include "bench/options.h"
#include "bench/report.h"

/* As all programs of splitvif. */
enum exit_status { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

enum { SUITE_CASES_MAX = 128, SUITE_FIGURES_MAX = 4, SUITE_NAME_BYTES = 128 };

struct suite {
	const struct options *options;
	const struct report_name *names; /* of the figures; the first one is told whole */
	unsigned int nr_figures;
	unsigned int nr_cases;
	char cases[SUITE_CASES_MAX][SUITE_NAME_BYTES]; /* unique: comparisons go by them */
	bool warm_each;				       /* run() warms up by itself, each time */
	int cpus[2];
	bool alone; /* the second processor has no part in it */
	bool apart; /* other processes of ours do the work: our processor time says nothing */
	void *arg;
	/* What a run needs of its own, and its end; both may be NULL. 0 or -errno.
	 * Where there is a begin(), it warms up itself, and nobody else does. */
	int (*begin)(void *arg, unsigned int at);
	int (*end)(void *arg, unsigned int at, int err);
	/* One run of so many seconds, which sets all figures; NAN: has none of that
	 * kind. 0 or -errno. */
	int (*run)(void *arg, unsigned int at, double seconds, double *figures);
	/* More about a case, into its row; may be NULL. `medians` are its own. */
	double medians[SUITE_FIGURES_MAX];
	void (*tell)(void *arg, unsigned int at, struct report *report);
	/* What an error of run() means, or NULL; may be NULL. */
	const char *(*explain)(int err);
	bool warming;		/* this run is not measured */
	unsigned int failed_at; /* suite_run()'s own */
};

/* A new case; its number, or the last one's if there are too many. */
unsigned int suite_add(struct suite *suite, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Chooses the processors, moves the caller to the first, and tells whose machine
 * it is. 0 or -errno, explained on stderr. */
int suite_place(struct suite *suite, struct report *report);

/* Runs and tells. 0 or -errno, explained on stderr; nothing is told then. */
int suite_run(struct suite *suite, struct report *report);

#endif
