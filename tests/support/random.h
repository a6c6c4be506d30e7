/*
 * A seeded generator for random walks: the same walk for the same seed, on
 * every machine (xorshift64*). The seed must not be 0.
 */
#ifndef SUPPORT_RANDOM_H
#define SUPPORT_RANDOM_H

#include <stdint.h>

static inline uint32_t random_next(uint64_t *state)
{
	*state ^= *state >> 12;
	*state ^= *state << 25;
	*state ^= *state >> 27;
	return (uint32_t)((*state * 0x2545f4914f6cdd1dULL) >> 32);
}

/* Below `bound`. */
static inline uint32_t random_below(uint64_t *state, uint32_t bound)
{
	return (uint32_t)(((uint64_t)random_next(state) * bound) >> 32);
}

#endif
