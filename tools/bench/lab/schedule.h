/*
 * Runs what was chosen, in complete randomised blocks: a block is one run of every point
 * of a sweep, in an order drawn for it, one right after the other, so that what changes
 * on the machine from one minute to the next touches all that are compared alike. The
 * blocks of all sweeps are spread evenly over the whole time, in an order drawn, too.
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
	double planned_s; /* an estimate, before anything has run */
	double seconds;	  /* that it took */
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
