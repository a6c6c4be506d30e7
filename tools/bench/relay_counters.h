/*
 * What the daemon counted for vifs, asked over its control socket.
 */
#ifndef BENCH_RELAY_COUNTERS_H
#define BENCH_RELAY_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

enum { RELAY_REASONS = 48, RELAY_REASON_BYTES = 32, RELAY_REASONS_BYTES = 256 };

/* Of one vif, or the sums of several. */
struct relay_counters {
	uint64_t from_frames, from_forwarded, from_dropped;
	uint64_t to_intended, to_frames, to_dropped;
	struct {
		char name[RELAY_REASON_BYTES];
		uint64_t frames;
	} reasons[RELAY_REASONS];
};

/* Sums up all vifs that the daemon has. 0, or -errno: -ENODATA the answer is not
 * the one that is meant. */
int relay_counters_ask(struct relay_counters *counters);

/* The same from the text of the answer, for tests; `vif`: of that one alone. */
int relay_counters_parse(const char *text, size_t length, const char *vif,
			 struct relay_counters *counters);

/* Adds; and subtracts what was counted before, of the same daemon. */
void relay_counters_add(struct relay_counters *sum, const struct relay_counters *more);
void relay_counters_since(struct relay_counters *counters, const struct relay_counters *before);

/* "to_queue_full 12, ..."; "" if there are none. */
void relay_counters_explain(const struct relay_counters *counters, char text[RELAY_REASONS_BYTES]);

#endif
