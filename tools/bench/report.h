/*
 * What a benchmark tells: facts about the circumstances, then one row a
 * measurement, then perhaps a second list of rows, on how they compare with
 * earlier ones. Shown as text, as JSON or as CSV.
 *
 * A value has a key (its name in JSON and CSV) and a head (its name in text);
 * without a head it is not shown in text. CSV has the rows of the results only,
 * with a column for every key that any of them has. Keys and heads must outlive
 * the report; values are copied. Running out of memory is remembered and
 * reported by report_print().
 *
 * Figures are what is compared: a row's "case" says of what, and each one comes
 * as three values, KEY, KEY_low and KEY_high (its 95 % interval).
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
/* A new row that is none of the results, but of their comparison. */
void report_comparison_row(struct report *report);

void report_string(struct report *report, const char *key, const char *head, const char *value);
void report_number(struct report *report, const char *key, const char *head, uint64_t value);
void report_decimal(struct report *report, const char *key, const char *head, double value,
		    unsigned int places);

struct report_name {
	const char *key, *low, *high; /* "mpps", "mpps_low", "mpps_high" */
	const char *head;
	bool cost; /* less is better */
	unsigned int places;
};
void report_figure(struct report *report, const struct report_name *name, double value, double low,
		   double high);

/* The at-th figure of the results, as it was told; false behind the last one. */
struct report_figure {
	const struct report_name *name;
	const char *of; /* its row's "case" */
	double value, low, high;
	double round_trip_ns; /* its row's; 0: has none */
};
bool report_get_figure(const struct report *report, unsigned int at, struct report_figure *figure);
/* A fact's text, or NULL. */
const char *report_fact(const struct report *report, const char *key);

/* Everything that was asked for has been measured. Half a table would be read
 * as a whole one, so only complete reports are worth printing. */
void report_complete(struct report *report);
bool report_is_complete(const struct report *report);

/* 0, -ENOMEM, or what writing said. */
int report_print(const struct report *report, enum report_format format, FILE *out);

#endif
