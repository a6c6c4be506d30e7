/*
 * From "--only X1,X3" to the experiments that are meant.
 */
#ifndef LAB_CHOICE_H
#define LAB_CHOICE_H

#include "bench/lab/experiment.h"

enum { CHOICE_MAX = 32 };

struct choice {
	const struct lab_experiment *list[CHOICE_MAX]; /* in the report's order */
	unsigned int nr;
};

/* NULL: all of that size. 0, or -EINVAL with a line. */
int choice_parse(struct choice *choice, const char *only, enum lab_size size,
		 char error[LAB_ERROR_BYTES]);

#endif
