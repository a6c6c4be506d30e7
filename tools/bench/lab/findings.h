/*
 * What a laboratory found: per experiment the summaries of all its rows and of those
 * that nothing disturbed, and what each claim comes to by both.
 */
#ifndef LAB_FINDINGS_H
#define LAB_FINDINGS_H

#include "bench/lab/schedule.h"
#include "bench/lab/summary.h"

struct finding {
	const struct lab_experiment *experiment;
	const struct rows *rows;
	const char *missing; /* why it was not run, or NULL; then there is nothing else */
	const struct summaries *all, *unflagged;
	struct {
		struct judge all;
		enum verdict unflagged, verdict;
	} claims[LAB_CLAIMS_MAX];
	unsigned int nr_claims;
};

struct findings {
	struct finding list[CHOICE_MAX];
	unsigned int nr;
	struct summaries all[CHOICE_MAX], unflagged[CHOICE_MAX]; /* by sweep */
};

/* 0 or -ENOMEM. The schedule must outlive it. */
int findings_init(struct findings *findings, const struct choice *choice,
		  const struct schedule *schedule);
void findings_fini(struct findings *findings);

#endif
