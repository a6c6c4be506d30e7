/*
 * Which random walks a property test goes: the same few in every ordinary run;
 * with SEED=N in the environment that one alone; with SEEDS=N so many that
 * nobody has gone before. Each says its seed before it starts, so the last one
 * said is that of a failure.
 */
#ifndef SUPPORT_SEEDS_H
#define SUPPORT_SEEDS_H

#include <stdint.h>

/* `random` is for random.h. */
void seeds_walk(void (*walk)(uint64_t random));

#endif
