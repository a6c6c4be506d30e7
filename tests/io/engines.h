/*
 * Runs one table of cases against both engines: a test's state is the
 * `struct engine *`. Without io_uring its half is left out, with a word.
 */
#ifndef TESTS_ENGINES_H
#define TESTS_ENGINES_H

#include "support/unit.h"

#include "io/engine.h"

struct engine_case {
	const char *name;
	void (*run)(void **state);
};

int engines_run(const struct engine_case *cases, size_t nr);

/* How many reports come within that time; the last one's source in *ready. */
int engines_wait(struct engine *engine, struct engine_source **ready, int64_t timeout_ns);

#endif
