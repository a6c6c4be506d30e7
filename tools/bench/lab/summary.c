#include "bench/lab/summary.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Student's t, 97.5 %, by degrees of freedom; beyond them the normal's. */
double summary_t(unsigned int n)
{
	static const double t[] = { 0,	   12.706, 4.303, 3.182, 2.776, 2.571, 2.447,
				    2.365, 2.306,  2.262, 2.228, 2.201, 2.179, 2.160,
				    2.145, 2.131,  2.120, 2.110, 2.101, 2.093, 2.086 };

	if (n < 2)
		return 0;
	return n - 1 < sizeof(t) / sizeof(t[0]) ? t[n - 1] : 1.96 + 2.5 / (n - 1);
}

static void summarise_mean(struct summary *summary, const double *samples, unsigned int n)
{
	double sum = 0, squares = 0, half;

	for (unsigned int i = 0; i < n; i++)
		sum += samples[i];
	summary->mean = sum / n;
	for (unsigned int i = 0; i < n; i++)
		squares += (samples[i] - summary->mean) * (samples[i] - summary->mean);
	half = n > 1 ? summary_t(n) * sqrt(squares / (n - 1) / n) : 0;
	summary->mean_low = summary->mean - half;
	summary->mean_high = summary->mean + half;
}

/* That column by blocks, NAN where there is none; how many blocks there are. */
static unsigned int by_block(const struct summaries *summaries, unsigned int point,
			     unsigned int column, double blocks[JUDGE_BLOCKS_MAX])
{
	const struct rows *rows = summaries->rows;

	for (unsigned int i = 0; i < JUDGE_BLOCKS_MAX; i++)
		blocks[i] = NAN;
	for (unsigned int i = 0; i < rows->nr; i++) {
		const struct row *row = &rows->list[i];

		if (row->point == point && !(summaries->unflagged && row->values[ROWS_FLAGS] != 0))
			blocks[(unsigned int)row->values[ROWS_REPEAT] - 1] = row->values[column];
	}
	return rows->repeats;
}

static void summarise(struct summaries *summaries, unsigned int point, unsigned int column)
{
	struct summary *summary = &summaries->of[point][column];
	double blocks[JUDGE_BLOCKS_MAX], samples[JUDGE_BLOCKS_MAX];
	unsigned int nr = by_block(summaries, point, column, blocks), n = 0;

	for (unsigned int i = 0; i < nr; i++)
		if (isfinite(blocks[i]))
			samples[n++] = blocks[i];
	summary->samples = n;
	if (!n)
		return;
	summarise_mean(summary, samples, n);
	statistics_summarise(&summary->statistics, samples, n);
}

int summaries_init(struct summaries *summaries, const struct rows *rows, bool unflagged)
{
	summaries->rows = rows;
	summaries->unflagged = unflagged;
	summaries->of = calloc(rows->nr_points, sizeof(*summaries->of));
	if (!summaries->of)
		return -ENOMEM;
	for (unsigned int point = 0; point < rows->nr_points; point++)
		for (unsigned int column = 0; column < rows->nr_columns; column++)
			summarise(summaries, point, column);
	return 0;
}

void summaries_fini(struct summaries *summaries)
{
	free(summaries->of);
}

bool summaries_match(const struct summaries *summaries, unsigned int point,
		     const struct where *where)
{
	for (unsigned int i = 0; i < JUDGE_WHERE_MAX && where[i].factor; i++) {
		int factor = rows_factor(summaries->rows, where[i].factor);

		if (factor < 0 || summaries->rows->points[point].levels[factor] != where[i].level)
			return false;
	}
	return true;
}

static struct interval interval_at(const struct summaries *summaries, unsigned int point,
				   int column)
{
	double blocks[JUDGE_BLOCKS_MAX];

	if (column < 0)
		return interval_of(NULL, 0);
	return interval_of(blocks, by_block(summaries, point, (unsigned int)column, blocks));
}

struct interval judge_at(const struct summaries *summaries, const char *column,
			 const struct where *where)
{
	for (unsigned int i = 0; i < summaries->rows->nr_points; i++)
		if (summaries_match(summaries, i, where))
			return interval_at(summaries, i, rows_column(summaries->rows, column));
	return interval_of(NULL, 0);
}

static struct interval judge_extreme(const struct summaries *summaries, const char *column,
				     const struct where *where,
				     struct interval (*better)(struct interval, struct interval))
{
	int at = rows_column(summaries->rows, column);
	struct interval best = interval_of(NULL, 0);

	for (unsigned int i = 0; i < summaries->rows->nr_points; i++)
		if (summaries_match(summaries, i, where))
			best = better(best, interval_at(summaries, i, at));
	return best;
}

struct interval judge_highest(const struct summaries *summaries, const char *column,
			      const struct where *where)
{
	return judge_extreme(summaries, column, where, interval_highest);
}

struct interval judge_lowest(const struct summaries *summaries, const char *column,
			     const struct where *where)
{
	return judge_extreme(summaries, column, where, interval_lowest);
}
