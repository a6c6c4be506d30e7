/*
 * What a benchmark tells: facts about the circumstances, then one row a
 * measurement. Shown as text, as JSON or as CSV.
 *
 * A value has a key (its name in JSON and CSV) and a head (its name in text);
 * without a head it is not shown in text. CSV has the rows only, with a column
 * for every key that any of them has. Keys and heads must outlive the report;
 * values are copied. Running out of memory is remembered and reported by
 * report_print().
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum report_format { REPORT_TEXT, REPORT_JSON, REPORT_CSV };

struct report;

struct report *report_create(void); /* NULL: out of memory */
void report_destroy(struct report *report);

/* What is added next belongs to a new row; before the first one, to the facts. */
void report_row(struct report *report);

void report_string(struct report *report, const char *key, const char *head, const char *value);
void report_number(struct report *report, const char *key, const char *head, uint64_t value);
void report_decimal(struct report *report, const char *key, const char *head, double value,
		    unsigned int places);

/* Everything that was asked for has been measured. Half a table would be read
 * as a whole one, so only complete reports are worth printing. */
void report_complete(struct report *report);
bool report_is_complete(const struct report *report);

/* 0, -ENOMEM, or what writing said. */
int report_print(const struct report *report, enum report_format format, FILE *out);

#endif
