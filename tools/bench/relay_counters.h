/*
 * What the daemon counted for a vif, asked over its control socket.
 */
#ifndef BENCH_RELAY_COUNTERS_H
#define BENCH_RELAY_COUNTERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RELAY_REASONS_BYTES = 256 };

struct relay_counters {
	uint64_t from_frames, from_forwarded, from_dropped;
	uint64_t to_intended, to_frames, to_dropped;
	char reasons[RELAY_REASONS_BYTES]; /* "to_queue_full 12, ..."; "" if none */
};

/* Of the vif with that name. 0, or -errno: -ENODATA the answer is not the one
 * that is meant. */
int relay_counters_ask(const char *vif, struct relay_counters *counters);

/* The same from the text of the answer; for tests. */
int relay_counters_parse(const char *text, size_t length, const char *vif,
			 struct relay_counters *counters);

#endif
