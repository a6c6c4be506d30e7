/*
 * Rows and summaries as files: X01.csv, one line a run, and X01_summary.csv, one
 * line a point, where a column's name stands for its median, and name_low, name_high,
 * name_mean, name_mean_low and name_mean_high for its intervals. Lines end plainly;
 * what is not there is empty.
 */
#ifndef LAB_CSV_H
#define LAB_CSV_H

#include "bench/lab/summary.h"

/* 0 or -errno. */
int csv_write_rows(const struct rows *rows, const char *directory, unsigned int experiment);
int csv_write_summaries(const struct summaries *summaries, const char *directory,
			unsigned int experiment);

#endif
