/*
 * The points of a sweep and what each of their runs told: one row a run.
 *
 * Its columns are the factors, then what every row has, then the rig's own. Nothing
 * is ever taken out: a row that something disturbed carries a flag.
 */
#ifndef LAB_ROWS_H
#define LAB_ROWS_H

#include "bench/lab/experiment.h"

/* What every row has. */
enum rows_common {
	ROWS_ORDER,    /* of all runs of the laboratory, from 1 */
	ROWS_REPEAT,   /* of this point, from 1 */
	ROWS_CAPACITY, /* what 100 % load is; 0: nothing */
	ROWS_STEAL_TICKS,
	ROWS_STEAL_PERCENT,
	ROWS_LATE_MAX_US,
	ROWS_LATE_P999_US,
	ROWS_LATE_P99_US,
	ROWS_FLAGS,
	ROWS_COMMON
};

enum rows_flag {
	ROWS_STOLEN = 1, /* more than ROWS_STEAL_BOUND percent */
	ROWS_LATE = 2,	 /* the generator, by more than half a ring, for a frame of 100 */
};

enum { ROWS_COLUMNS_MAX = ROWS_COMMON + LAB_COLUMNS_MAX, ROWS_STEAL_BOUND = 5 };

struct rows_point {
	uint32_t levels[LAB_FACTORS_MAX];
};

struct row {
	unsigned int point;
	double values[ROWS_COLUMNS_MAX];
};

struct rows {
	const struct lab_sweep *sweep;
	enum lab_size size;
	unsigned int nr_factors, nr_columns; /* the latter without the factors */
	struct rows_point *points;
	unsigned int nr_points, repeats;
	struct row *list;
	unsigned int nr, flagged;
	double capacity;
};

/* All points of that size. 0; -ENOMEM; -ENOENT: it has none. `repeats`: 0, the
 * sweep's. */
int rows_init(struct rows *rows, const struct lab_sweep *sweep, enum lab_size size,
	      unsigned int repeats);
void rows_fini(struct rows *rows);

/* The rig's settings of a point, into rig->setup_bytes bytes. */
void rows_setup(const struct rows *rows, unsigned int point, void *setup);
/* "limit 1, load 100" */
void rows_describe(const struct rows *rows, unsigned int point, char *text, size_t size);

/* A new row, with the levels and flags it earned. Room for it was made. */
struct host_time;
void rows_add(struct rows *rows, unsigned int point, unsigned int order,
	      const struct lab_result *result, const struct host_time *before,
	      const struct host_time *after);

/* By name: a column's number, or -1; a factor's. */
int rows_column(const struct rows *rows, const char *name);
int rows_factor(const struct rows *rows, const char *name);
const struct lab_column *rows_column_of(const struct rows *rows, unsigned int column);

/* A level as it is written: its word, or its number. */
void rows_level_text(const struct rows *rows, unsigned int factor, uint32_t level, char *text,
		     size_t size);

#endif
