/*
 * Benchmarks of things that one processor does by itself: so many times the
 * same piece of work, and how many ns one of its units took.
 */
#ifndef BENCH_MICRO_H
#define BENCH_MICRO_H

#include "bench/suite.h"

struct micro {
	struct suite suite;
	struct micro_work {
		uint64_t (*work)(void *arg); /* some tens of us of it; units done, 0: failed */
		void *arg;
		uint32_t bytes; /* of a unit; 0: has none */
	} works[SUITE_CASES_MAX];
};

void micro_init(struct micro *micro, const struct options *options);
void micro_add(struct micro *micro, uint64_t (*work)(void *arg), void *arg, uint32_t bytes,
	       const char *format, ...) __attribute__((format(printf, 5, 6)));

/* Measures and tells. The exit status; failures are explained. */
int micro_run(struct micro *micro, struct report *report);

#endif
