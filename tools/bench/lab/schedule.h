/*
 * Runs what was chosen: every point of every sweep so many times, all of them in one
 * random order, so that whatever changes on the machine meanwhile touches all alike.
 */
#ifndef LAB_SCHEDULE_H
#define LAB_SCHEDULE_H

#include "bench/lab/choice.h"
#include "bench/lab/rows.h"

struct schedule {
	const struct lab_context *context;
	enum lab_size size;
	struct rows sweeps[CHOICE_MAX];
	char missing[CHOICE_MAX][LAB_ERROR_BYTES]; /* by sweep: why it is not run, or "" */
	unsigned int nr_sweeps;
	unsigned int nr_runs;
	double seconds; /* that it took */
};

/* 0, or -errno with a line in `error`. */
int schedule_init(struct schedule *schedule, const struct choice *choice,
		  const struct lab_context *context, enum lab_size size,
		  char error[LAB_ERROR_BYTES]);
/* 0, or -errno with a line; -EINTR: it was interrupted, and what is there counts. */
int schedule_run(struct schedule *schedule, char error[LAB_ERROR_BYTES]);
void schedule_fini(struct schedule *schedule);

/* The number of an experiment's sweep. */
unsigned int schedule_sweep_of(const struct schedule *schedule,
			       const struct lab_experiment *experiment);

#endif
