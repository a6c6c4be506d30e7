#include "engines.h"

#include <stdio.h>
#include <stdlib.h>

static enum engine_kind kinds[] = { ENGINE_EPOLL, ENGINE_URING };

static int setup(void **state)
{
	enum engine_kind *kind = *state;
	char note[128];

	return engine_create((struct engine **)state, *kind, note, sizeof(note));
}

static int teardown(void **state)
{
	engine_destroy(*state);
	return 0;
}

static bool has_uring(void)
{
	struct engine *engine;
	char note[128];

	if (engine_create(&engine, ENGINE_URING, note, sizeof(note))) {
		fprintf(stderr, "uring half left out: %s\n", note);
		return false;
	}
	engine_destroy(engine);
	return true;
}

int engines_run(const struct engine_case *cases, size_t nr)
{
	size_t nr_kinds = has_uring() ? 2 : 1;
	struct CMUnitTest *tests = calloc(nr * nr_kinds, sizeof(*tests));
	char (*names)[80] = calloc(nr * nr_kinds, sizeof(*names));
	int failed;

	for (size_t i = 0; i < nr * nr_kinds; i++) {
		snprintf(names[i], sizeof(names[i]), "%s: %s", i < nr ? "epoll" : "uring",
			 cases[i % nr].name);
		tests[i] = (struct CMUnitTest){ names[i], cases[i % nr].run, setup, teardown,
						&kinds[i / nr] };
	}
	failed = _cmocka_run_group_tests("engines", tests, nr * nr_kinds, NULL, NULL);
	free(tests);
	free(names);
	return failed;
}

int engines_wait(struct engine *engine, struct engine_source **ready, int64_t timeout_ns)
{
	struct engine_source *list[16];
	int n = engine_wait(engine, list, COUNT_OF(list), timeout_ns);

	if (n > 0)
		*ready = list[n - 1];
	return n;
}
