#include "bench/lab/csv.h"

#include <errno.h>
#include <math.h>

#include "bench/lab/output.h"

enum { INTERVAL_PLACES = 2 };

static void print_point(FILE *out, const struct rows *rows, unsigned int point)
{
	for (unsigned int i = 0; i < rows->nr_factors; i++) {
		char text[64];

		rows_level_text(rows, i, rows->points[point].levels[i], text, sizeof(text));
		fprintf(out, "%s%s", i ? "," : "", text);
	}
}

static void print_factors(FILE *out, const struct rows *rows)
{
	for (unsigned int i = 0; i < rows->nr_factors; i++)
		fprintf(out, "%s%s", i ? "," : "", rows->sweep->factors[i].name);
}

static void print_value(FILE *out, double value, unsigned int places)
{
	if (isfinite(value))
		fprintf(out, ",%.*f", (int)places, value);
	else
		putc(',', out);
}

int csv_write_rows(const struct rows *rows, const char *directory, unsigned int experiment)
{
	FILE *out = output_create(directory, "X%02u.csv", experiment);

	if (!out)
		return -errno;
	print_factors(out, rows);
	for (unsigned int i = 0; i < rows->nr_columns; i++)
		fprintf(out, ",%s", rows_column_of(rows, i)->name);
	for (unsigned int at = 0; at < rows->nr; at++) {
		putc('\n', out);
		print_point(out, rows, rows->list[at].point);
		for (unsigned int i = 0; i < rows->nr_columns; i++)
			print_value(out, rows->list[at].values[i], rows_column_of(rows, i)->places);
	}
	putc('\n', out);
	return output_close(out);
}

static void print_heads(FILE *out, const struct rows *rows)
{
	static const char *const of[] = { "",		"_low", "_high", "_mean", "_mean_low",
					  "_mean_high", "_min", "_q1",	 "_q3",	  "_max" };

	print_factors(out, rows);
	fputs(",runs", out);
	for (unsigned int i = ROWS_CAPACITY; i < rows->nr_columns; i++)
		for (unsigned int j = 0; j < sizeof(of) / sizeof(of[0]); j++)
			fprintf(out, ",%s%s", rows_column_of(rows, i)->name, of[j]);
	putc('\n', out);
}

static void print_summary(FILE *out, const struct summary *summary, unsigned int places)
{
	const struct statistics *statistics = &summary->statistics;
	const double values[] = { statistics->median, statistics->low,	 statistics->high,
				  summary->mean,      summary->mean_low, summary->mean_high,
				  statistics->min,    statistics->q1,	 statistics->q3,
				  statistics->max };

	for (unsigned int i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		print_value(out, summary->samples ? values[i] : NAN, places + INTERVAL_PLACES);
}

int csv_write_summaries(const struct summaries *summaries, const char *directory,
			unsigned int experiment)
{
	const struct rows *rows = summaries->rows;
	FILE *out = output_create(directory, "X%02u_summary.csv", experiment);

	if (!out)
		return -errno;
	print_heads(out, rows);
	for (unsigned int point = 0; point < rows->nr_points; point++) {
		print_point(out, rows, point);
		fprintf(out, ",%u", summaries->of[point][ROWS_ORDER].samples);
		for (unsigned int i = ROWS_CAPACITY; i < rows->nr_columns; i++)
			print_summary(out, &summaries->of[point][i],
				      rows_column_of(rows, i)->places);
		putc('\n', out);
	}
	return output_close(out);
}
