/*
 * What a row says of a herd's run, whatever the experiment: its columns come first, those
 * of the experiment's own from HERD_COLUMNS on.
 */
#ifndef LAB_HERD_ROW_H
#define LAB_HERD_ROW_H

#include "bench/lab/experiment.h"
#include "bench/lab/herd.h"

enum herd_column {
	HERD_PPS,
	HERD_P50_US,
	HERD_P99_US,
	HERD_JAIN,
	HERD_DAEMON_PCT,
	HERD_DAEMON_NS_PER_FRAME,
	HERD_OFFERED,
	HERD_DROP_RING,
	HERD_DROP_QUEUE,
	HERD_DELIVERED,
	HERD_COLUMNS
};

/* Within a table of columns. */
#define HERD_COLUMN_NAMES                                                         \
	[HERD_PPS] = { "pps", 0 }, [HERD_P50_US] = { "p50_us", 1 },               \
	[HERD_P99_US] = { "p99_us", 1 }, [HERD_JAIN] = { "jain", 4 },             \
	[HERD_DAEMON_PCT] = { "daemon_pct", 1 },                                  \
	[HERD_DAEMON_NS_PER_FRAME] = { "daemon_ns_per_frame", 0 },                \
	[HERD_OFFERED] = { "offered", 0 }, [HERD_DROP_RING] = { "drop_ring", 0 }, \
	[HERD_DROP_QUEUE] = { "drop_queue", 0 }, [HERD_DELIVERED] = { "delivered", 0 }

/* Fills those columns, and the generator's lateness, where a flow has a schedule. */
void herd_row_tell(const struct herd *herd, const struct herd_result *got,
		   struct lab_result *result);

/* A row without figures: its claims are undecided then, and no others are. */
void herd_row_tell_nothing(unsigned int columns, struct lab_result *result);

#endif
