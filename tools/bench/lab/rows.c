#include "bench/lab/rows.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"

static const struct lab_column common[ROWS_COMMON] = {
	[ROWS_ORDER] = { "order", 0 },
	[ROWS_REPEAT] = { "repeat", 0 },
	[ROWS_CAPACITY] = { "capacity_pps", 0 },
	[ROWS_STEAL_TICKS] = { "steal_ticks", 0 },
	[ROWS_STEAL_PERCENT] = { "steal_percent", 1 },
	[ROWS_LATE_MAX_US] = { "gen_late_max_us", 1 },
	[ROWS_LATE_P999_US] = { "gen_late_p999_us", 1 },
	[ROWS_LATE_P99_US] = { "gen_late_p99_us", 1 },
	[ROWS_FLAGS] = { "flags", 0 },
};

static const unsigned int usual_repeats[LAB_SIZES] = { 1, 3, 7, 20 };

const struct lab_column *rows_column_of(const struct rows *rows, unsigned int column)
{
	return column < ROWS_COMMON ? &common[column]
				    : &rows->sweep->rig->columns[column - ROWS_COMMON];
}

int rows_column(const struct rows *rows, const char *name)
{
	for (unsigned int i = 0; i < rows->nr_columns; i++)
		if (!strcmp(rows_column_of(rows, i)->name, name))
			return (int)i;
	return -1;
}

int rows_factor(const struct rows *rows, const char *name)
{
	for (unsigned int i = 0; i < rows->nr_factors; i++)
		if (!strcmp(rows->sweep->factors[i].name, name))
			return (int)i;
	return -1;
}

static uint32_t level_of_setup(const struct lab_sweep *sweep, unsigned int factor)
{
	uint32_t level;

	memcpy(&level, (const char *)sweep->setup + sweep->factors[factor].at, sizeof(level));
	return level;
}

static unsigned int nr_levels(const struct lab_levels *levels, enum lab_size size)
{
	if (!levels->nr)
		return 1;
	return size == LAB_SMOKE && levels->nr > 2 ? 2 : levels->nr;
}

static uint32_t level_at(const struct rows *rows, const struct lab_grid *grid, unsigned int factor,
			 unsigned int at)
{
	const struct lab_levels *levels = &grid->levels[factor];

	if (!levels->nr)
		return level_of_setup(rows->sweep, factor);
	return levels->list[rows->size == LAB_SMOKE && at ? levels->nr - 1 : at];
}

/* Grids may overlap. */
static void add_point(struct rows *rows, const struct rows_point *point)
{
	for (unsigned int i = 0; i < rows->nr_points; i++)
		if (!memcmp(&rows->points[i], point, sizeof(*point)))
			return;
	if (rows->nr_points < LAB_POINTS_MAX)
		rows->points[rows->nr_points++] = *point;
}

/* Counts through all combinations, the last factor quickest. */
static void expand(struct rows *rows, const struct lab_grid *grid)
{
	unsigned int at[LAB_FACTORS_MAX] = { 0 }, factor;

	do {
		struct rows_point point = { 0 };

		for (unsigned int i = 0; i < rows->nr_factors; i++)
			point.levels[i] = level_at(rows, grid, i, at[i]);
		add_point(rows, &point);
		factor = rows->nr_factors;
		while (factor &&
		       ++at[factor - 1] == nr_levels(&grid->levels[factor - 1], rows->size))
			at[--factor] = 0;
	} while (factor);
}

int rows_init(struct rows *rows, const struct lab_sweep *sweep, enum lab_size size,
	      unsigned int repeats)
{
	*rows = (struct rows){ .sweep = sweep, .size = size };
	while (rows->nr_factors < LAB_FACTORS_MAX && sweep->factors[rows->nr_factors].name)
		rows->nr_factors++;
	rows->nr_columns = ROWS_COMMON;
	while (rows->nr_columns < ROWS_COLUMNS_MAX &&
	       sweep->rig->columns[rows->nr_columns - ROWS_COMMON].name)
		rows->nr_columns++;
	rows->repeats = repeats		       ? repeats
			: sweep->repeats[size] ? sweep->repeats[size]
					       : usual_repeats[size];
	rows->points = malloc(LAB_POINTS_MAX * sizeof(*rows->points));
	if (!rows->points)
		return -ENOMEM;
	for (unsigned int i = 0; i < LAB_GRIDS_MAX && sweep->grids[i].sizes; i++)
		if (sweep->grids[i].sizes & 1u << size)
			expand(rows, &sweep->grids[i]);
	rows->list = calloc((size_t)rows->nr_points * rows->repeats + 1, sizeof(*rows->list));
	if (rows->nr_points && rows->list)
		return 0;
	rows_fini(rows);
	return rows->nr_points ? -ENOMEM : -ENOENT;
}

void rows_fini(struct rows *rows)
{
	free(rows->points);
	free(rows->list);
}

void rows_setup(const struct rows *rows, unsigned int point, void *setup)
{
	memcpy(setup, rows->sweep->setup, rows->sweep->rig->setup_bytes);
	for (unsigned int i = 0; i < rows->nr_factors; i++)
		memcpy((char *)setup + rows->sweep->factors[i].at, &rows->points[point].levels[i],
		       sizeof(uint32_t));
}

void rows_level_text(const struct rows *rows, unsigned int factor, uint32_t level, char *text,
		     size_t size)
{
	const char *const *words = rows->sweep->factors[factor].words;

	if (words)
		snprintf(text, size, "%s", words[level]);
	else
		snprintf(text, size, "%u", level);
}

void rows_describe(const struct rows *rows, unsigned int point, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < rows->nr_factors && used < size; i++) {
		char level[32];

		rows_level_text(rows, i, rows->points[point].levels[i], level, sizeof(level));
		used += (size_t)snprintf(text + used, size - used, "%s%s %s", i ? ", " : "",
					 rows->sweep->factors[i].name, level);
	}
}

static unsigned int flags_of(double steal_percent, const struct lab_result *result)
{
	return (steal_percent > ROWS_STEAL_BOUND ? ROWS_STOLEN : 0u) |
	       (result->late.p99_us > result->late.bound_us ? ROWS_LATE : 0u);
}

static unsigned int repeats_so_far(const struct rows *rows, unsigned int point)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < rows->nr; i++)
		nr += rows->list[i].point == point;
	return nr;
}

void rows_add(struct rows *rows, unsigned int point, unsigned int order,
	      const struct lab_result *result, const struct host_time *before,
	      const struct host_time *after)
{
	double steal = host_steal_percent(*before, *after);
	unsigned int flags = flags_of(steal, result);
	struct row *row = &rows->list[rows->nr];

	row->values[ROWS_REPEAT] = repeats_so_far(rows, point) + 1;
	row->point = point;
	row->values[ROWS_ORDER] = order;
	row->values[ROWS_CAPACITY] = rows->capacity;
	row->values[ROWS_STEAL_TICKS] = (double)(after->steal - before->steal);
	row->values[ROWS_STEAL_PERCENT] = steal;
	row->values[ROWS_LATE_MAX_US] = result->late.max_us;
	row->values[ROWS_LATE_P999_US] = result->late.p999_us;
	row->values[ROWS_LATE_P99_US] = result->late.p99_us;
	row->values[ROWS_FLAGS] = flags;
	memcpy(row->values + ROWS_COMMON, result->values, sizeof(result->values));
	rows->flagged += flags != 0;
	rows->nr++;
}
