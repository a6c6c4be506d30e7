/*
 * What was counted along the way from the generator to the application, at one
 * instant, and what two of them say: columns of a row, and whether frames got lost
 * without anybody having dropped them.
 */
#ifndef LAB_GUEST_COUNTS_H
#define LAB_GUEST_COUNTS_H

#include "bench/lab/backend.h"
#include "bench/lab/receiver.h"
#include "bench/lab/sender.h"

/* The backend's counters that are read; of the guest's vif but for the first two. */
enum guest_count {
	GUEST_FROM_FRAMES, /* of the generator's */
	GUEST_FROM_DROPPED,
	GUEST_INTENDED,
	GUEST_FRAMES,
	GUEST_DROPPED,
	GUEST_KICKS,
	GUEST_SUPPRESSED,
	GUEST_COUNTS
};

struct guest_counts {
	int64_t now_ns;
	struct sender_counters sender;
	struct receiver_counters receiver;
	uint64_t backend[GUEST_COUNTS];
	uint64_t backend_cpu_ns;
};

extern const char *const guest_gen_name, *const guest_name;

/* The backend's part. 0, or -errno with a line. */
int guest_counts_ask(struct guest_counts *counts, struct backend *backend,
		     char error[LAB_ERROR_BYTES]);

/* The columns, which are the rig's. `start` and `end` are those of the window, `whole`
 * is what the whole run made, at rest. */
extern const struct lab_column guest_columns[LAB_COLUMNS_MAX];
unsigned int guest_column(const char *name); /* one of those */
void guest_counts_tell(const struct guest_counts *start, const struct guest_counts *end,
		       const struct guest_counts *whole, double values[LAB_COLUMNS_MAX]);

/* Frames that the generator sent and whose end is not known yet. */
int64_t guest_counts_under_way(const struct guest_counts *whole);

/* 0, or -EBADE with a line. */
int guest_counts_check(const struct guest_counts *whole, char error[LAB_ERROR_BYTES]);

#endif
