/*
 * What an experiment is: tables and one judgement, no code that runs anything.
 *
 *     rig        what is built up, what may be set of it, what a run of it tells
 *     sweep      a rig, its settings, the factors that vary, and grids of their levels;
 *                several experiments may look at the rows of one sweep
 *     experiment the claims of the source that it answers, the rule by which each is
 *                judged, and the figures that show it
 *
 * A new experiment is a file of its own (x05_livelock.c) with a `const struct
 * lab_experiment`, and a line in experiments.c. Columns are named by their names:
 * a factor's, a rig's, or one of those that every row has (rows.h).
 */
#ifndef LAB_EXPERIMENT_H
#define LAB_EXPERIMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/lab/judge.h"
#include "bench/lab/lateness.h"
#include "bench/options.h"

enum {
	LAB_FACTORS_MAX = 12,
	LAB_LEVELS_MAX = 16,
	LAB_GRIDS_MAX = 16,
	LAB_COLUMNS_MAX = 80,
	LAB_CLAIMS_MAX = 6,
	LAB_FIGURES_MAX = 6,
	LAB_POINTS_MAX = 4096, /* of a sweep */
	LAB_ERROR_BYTES = 512,
};

/* How much of it; a grid says which ones it belongs to. Smoke is not a size of its
 * own: it takes the ends of the quick grids, once and for an instant, to see that
 * everything works. */
enum lab_size { LAB_SMOKE, LAB_QUICK, LAB_FULL, LAB_EXHAUSTIVE, LAB_SIZES };
enum {
	LAB_IN_QUICK = 1 << LAB_QUICK | 1 << LAB_SMOKE,
	LAB_IN_FULL = 1 << LAB_FULL,
	LAB_IN_EXHAUSTIVE = 1 << LAB_EXHAUSTIVE,
	LAB_IN_BIG = LAB_IN_FULL | LAB_IN_EXHAUSTIVE,
	LAB_IN_ALL = LAB_IN_BIG | LAB_IN_QUICK,
};

/* What the caller of the laboratory chose, for rigs. */
struct lab_context {
	const struct options *options;
	int cpus[2];	      /* the generator's and backend's; the guest's. May be the same one */
	int64_t gen_sleep_ns; /* the generator's rest; 0: it spins, -1: not chosen */
};

/* How long. A rig divides what it counted by what passed, not by this. */
struct lab_window {
	int64_t warmup_ns, measure_ns;
	/* The sweep's capacity as calibrated, or 0 if it has none. */
	double capacity;
};

/* What a run told: values in the order of the rig's columns, NAN where there is none. */
struct lab_result {
	double values[LAB_COLUMNS_MAX];
	struct lateness late; /* the generator's; all 0 of those that have no schedule */
};

struct lab_column {
	const char *name; /* "irq_per_s" */
	unsigned int places;
};

/*
 * Opened before its first run and closed after the last run of all; idle in
 * between, when others run, so it must not spin then.
 */
struct lab_rig {
	const char *name;
	size_t setup_bytes;
	const struct lab_column *columns; /* up to the first without a name */
	/* 0, or -errno with a line in `error`. -ENOTSUP: cannot be here ("needs root");
	 * then its experiments are not run, and the report says so with that line. */
	int (*open)(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES]);
	/* One run. 0, or -errno with a line; that ends the laboratory. What the rig
	 * counts must add up: -EBADE if it does not. */
	int (*run)(void *rig, const void *setup, const struct lab_window *window,
		   struct lab_result *result, char error[LAB_ERROR_BYTES]);
	/* What the load of 100 % means for this setup, in frames a second, by a few
	 * short runs. NULL: it has none. */
	int (*calibrate)(void *rig, const void *setup, double *capacity,
			 char error[LAB_ERROR_BYTES]);
	void (*close)(void *rig);
};

/* A uint32_t of the rig's setup that varies. */
struct lab_factor {
	const char *name;
	size_t at;
	const char *const *words; /* of its levels 0, 1, ...; NULL: numbers */
};

struct lab_levels {
	unsigned int nr; /* 0: the setup's own */
	uint32_t list[LAB_LEVELS_MAX];
};

/* Every combination of these levels, which are in the order of the factors. */
struct lab_grid {
	unsigned int sizes; /* LAB_IN_... */
	struct lab_levels levels[LAB_FACTORS_MAX];
};

struct lab_sweep {
	const char *name;
	const struct lab_rig *rig;
	const void *setup;			    /* where no factor says otherwise */
	struct lab_factor factors[LAB_FACTORS_MAX]; /* up to the first without a name */
	struct lab_grid grids[LAB_GRIDS_MAX];	    /* up to the first of no size */
	unsigned int repeats[LAB_SIZES];	    /* 0: 1, 3, 7, 20 */
	unsigned int measure_ms;		    /* 0: 300; smoke is shorter in any case */
};

struct lab_claim {
	const char *source;    /* "slides, title" or "Kuroda 2013, ch. 5" */
	const char *statement; /* in our words */
	const char *rule;      /* when it holds; fixed before anything was measured */
	/* Adds its conditions; see judge.h. */
	void (*judge)(struct judge *judge, const struct summaries *summaries);
};

/* Medians with their intervals, y over x, a line for each level of a factor. Or boxes:
 * quartiles, extremes and medians of the runs, with the levels of x side by side. */
struct lab_figure {
	const char *name; /* of the file: X01_NAME.svg */
	const char *title;
	const char *x, *y, *y2; /* columns; y2: a second one, drawn thin, or NULL */
	const char *xlabel, *ylabel;
	const char *series;		     /* a factor; NULL: one line */
	struct where where[JUDGE_WHERE_MAX]; /* which points */
	/* Others, as a line of that name beside them. */
	struct where beside[JUDGE_WHERE_MAX];
	const char *beside_name;
	bool log_x, log_y, boxes;
	unsigned int x_max; /* 0: whatever there is */
	/* Series of kuroda2013.csv, drawn grey and dashed; both are then relative to
	 * their own maxima. NULL: none. */
	const char *reference;
	/* Instead of all that: gnuplot commands, which find the file's name in
	 * `summary` (all columns by their names) and those of the rows in `rows`. */
	const char *script;
};

struct lab_experiment {
	unsigned int number; /* 1: "X1" */
	const char *title, *hypothesis;
	unsigned int sizes; /* LAB_IN_... */
	const struct lab_sweep *sweep;
	const char *columns[8];		     /* shown in the report's table, beside the factors */
	struct where shown[JUDGE_WHERE_MAX]; /* which points are shown there; none: all */
	struct lab_claim claims[LAB_CLAIMS_MAX];    /* up to the first without a source */
	struct lab_figure figures[LAB_FIGURES_MAX]; /* up to the first without a name */
};

/* The i-th experiment; NULL behind the last one. */
const struct lab_experiment *lab_experiment(unsigned int i);

#endif
