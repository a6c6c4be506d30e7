/*
 * The laboratory's report: what was claimed, what was measured, and what follows.
 */
#ifndef LAB_LAB_REPORT_H
#define LAB_LAB_REPORT_H

#include "bench/lab/findings.h"
#include "bench/lab/surroundings.h"

/* Writes all files: rows, summaries, scripts and figures, env.json, report.md and
 * report.html. 0, or -errno with a line. */
int lab_report_write(const struct findings *findings, const struct schedule *schedule,
		     const struct surroundings *surroundings, const char *directory,
		     char error[LAB_ERROR_BYTES]);

/* "quick", ... */
const char *lab_report_size_name(enum lab_size size);

#endif
