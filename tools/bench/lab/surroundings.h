/*
 * Where and when a laboratory was run: the machine, its processors, versions. Told in
 * the report and, as env.json, beside it.
 */
#ifndef LAB_SURROUNDINGS_H
#define LAB_SURROUNDINGS_H

#include "bench/lab/experiment.h"
#include "bench/host.h"

enum { SURROUNDINGS_TEXT_BYTES = 160 };

struct surroundings {
	char host[HOST_TEXT_BYTES];
	char governor[SURROUNDINGS_TEXT_BYTES]; /* or "unknown" */
	char hypervisor[SURROUNDINGS_TEXT_BYTES];
	char revision[SURROUNDINGS_TEXT_BYTES]; /* git's, or "unknown" */
	char date[SURROUNDINGS_TEXT_BYTES];
	char placement[SURROUNDINGS_TEXT_BYTES];
	char gnuplot[SURROUNDINGS_TEXT_BYTES]; /* its version, or "" */
	double load;
};

void surroundings_read(struct surroundings *surroundings, const struct lab_context *context);

/* 0 or -errno. */
int surroundings_write(const struct surroundings *surroundings, const struct lab_context *context,
		       const char *size, const char *directory);

#endif
