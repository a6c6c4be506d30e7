/*
 * What arrived of a numbered stream that begins with 0: how often a number came
 * twice, or after a higher one. Looks ARRIVALS_WINDOW numbers back; what is
 * older than that counts as doubled, since it cannot be told.
 *
 *	received = good + duplicates;  missing = next - good
 */
#ifndef BENCH_ARRIVALS_H
#define BENCH_ARRIVALS_H

#include <stdbool.h>
#include <stdint.h>

enum { ARRIVALS_WINDOW = 8192 };

struct arrivals {
	uint64_t next; /* the highest number seen, and one */
	uint64_t good; /* different numbers */
	uint64_t duplicates, reordered;
	uint64_t seen[ARRIVALS_WINDOW / 64]; /* bit n % window, of the last window */
};

void arrivals_note(struct arrivals *arrivals, uint64_t number);

#endif
