#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/path.h"
#include "store/watch.h"

static void test_add_and_remove(void **state)
{
	struct watches watches = { 0 };
	struct watch *list = NULL, *other = NULL, *added;
	int me, another;

	(void)state;
	assert_int_equal(watch_add(&watches, &list, &me, 5, "/a", "t", &added), 0);
	assert_string_equal(watch_own_path(added), "/a");
	assert_int_equal(watch_add(&watches, &list, &me, 5, "/a", "t", &added), -17);
	assert_int_equal(watch_add(&watches, &other, &another, 5, "/a", "t", &added), 0);
	assert_int_equal(watch_add(&watches, &list, &me, 5, "x", "t", &added), 0);
	assert_string_equal(watch_path(added), "/local/domain/5/x");
	assert_string_equal(watch_own_path(added), "x");
	/* The same node by its absolute name is told another path. */
	assert_int_equal(watch_add(&watches, &list, &me, 5, "/local/domain/5/x", "t", &added), 0);
	assert_int_equal(watch_remove(&watches, &me, 5, "/a", "u"), -2);
	assert_int_equal(watch_remove(&watches, &me, 5, "/a", "t"), 0);
	assert_int_equal(watch_remove(&watches, &me, 5, "/a", "t"), -2);
	assert_int_equal(watch_remove(&watches, &me, 5, "/none", "t"), -2);
	assert_int_equal(watch_add(&watches, &list, &me, 5, "a//b", "t", &added), -22);
	assert_int_equal(watch_clear(&watches, &list), 2);
	assert_null(list);
	assert_int_equal(watch_clear(&watches, &other), 1);
	assert_int_equal(watches.nr + watches.nr_places, 0);
	watches_fini(&watches);
}

struct told {
	unsigned int nr;
	char path[PATH_BYTES];
};

static void tell(void *arg, const struct watch *watch, const char *path)
{
	struct told *told = arg;

	(void)watch;
	told->nr++;
	strcpy(told->path, path);
}

static void test_concerned(void **state)
{
	static const struct {
		const char *name, *watch, *change;
		bool removed;
		const char *reported; /* NULL: not concerned */
	} cases[] = {
		{ "the node itself", "/a", "/a", false, "/a" },
		{ "below", "/a", "/a/b", false, "/a/b" },
		{ "far below", "/a", "/a/b/c/d", false, "/a/b/c/d" },
		{ "above", "/a/b", "/a", false, NULL },
		{ "beside", "/a/c", "/a/b", false, NULL },
		{ "a longer name", "/ab", "/a", true, NULL },
		{ "a name that sorts before the slash", "/a-b", "/a", true, NULL },
		{ "a shorter name", "/a", "/ab", true, NULL },
		{ "the root", "/", "/a/b", false, "/a/b" },
		{ "the root itself", "/", "/", false, "/" },
		{ "below the root", "/a", "/", false, NULL },
		{ "removed", "/a", "/a", true, "/a" },
		{ "removed with its parent", "/a/b", "/a", true, "/a/b" },
		{ "removed far above", "/a/b/c/d", "/a", true, "/a/b/c/d" },
		{ "removed beside", "/a/c", "/a/b", true, NULL },
		{ "special", "@releaseDomain", "/a", true, NULL },
		{ "special itself", "@releaseDomain", "@releaseDomain", false, "@releaseDomain" },
		{ "another special", "@introduceDomain", "@releaseDomain", false, NULL },
		{ "the root and a special", "/", "@releaseDomain", false, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct watches watches = { 0 };
		struct watch *list = NULL, *watch;
		struct told told = { 0 };

		print_message("%s\n", cases[i].name);
		assert_int_equal(watch_add(&watches, &list, NULL, 0, cases[i].watch, "t", &watch),
				 0);
		watch_concerned(&watches, cases[i].change, cases[i].removed, tell, &told);
		assert_int_equal(told.nr, cases[i].reported != NULL);
		if (cases[i].reported)
			assert_string_equal(told.path, cases[i].reported);
		watch_clear(&watches, &list);
		watches_fini(&watches);
	}
}

/* Random paths of few names, so that they lie above and below one another. */
static void random_path(char path[PATH_BYTES])
{
	static const char *const names[] = { "a", "b", "a-", "aa", "A", "a_b" };
	int depth = rand() % 5;
	char *at = path;

	*at++ = '/';
	*at = '\0';
	for (int i = 0; i < depth; i++)
		at = stpcpy(i ? stpcpy(at, "/") : at, names[rand() % 6]);
}

enum { MANY = 300 };

struct expected {
	const struct watch *watches[MANY];
	unsigned int nr, next;
	const char *change;
};

/* In the order of setting, each with the path that it should be told. */
static void tell_expected(void *arg, const struct watch *watch, const char *path)
{
	struct expected *expected = arg;

	while (expected->next < expected->nr && expected->watches[expected->next] != watch)
		expected->next++;
	assert_true(expected->next < expected->nr);
	expected->next++;
	assert_string_equal(path, path_is_below(expected->change, watch_path(watch))
					  ? expected->change
					  : watch_path(watch));
}

static unsigned int count_concerned(const struct expected *all, const char *change, bool removed)
{
	unsigned int nr = 0;

	for (unsigned int i = 0; i < all->nr; i++)
		nr += path_is_below(change, watch_path(all->watches[i])) ||
		      (removed && path_is_below(watch_path(all->watches[i]), change));
	return nr;
}

static void count_told(void *arg, const struct watch *watch, const char *path)
{
	(void)watch;
	(void)path;
	++*(unsigned int *)arg;
}

/* The index against looking at every watch, while they come and go. */
static void test_against_looking_at_all(void **state)
{
	struct watches watches = { 0 };
	struct watch *list = NULL, *watch;
	struct expected all = { 0 };
	char path[PATH_BYTES], token[16];
	unsigned int concerned = 0;

	(void)state;
	srand(7);
	for (unsigned int step = 0; step < 20000; step++) {
		bool removed = rand() % 2;
		unsigned int told = 0;

		random_path(path);
		snprintf(token, sizeof(token), "%u", step);
		if (all.nr == MANY || (all.nr && rand() % 3 == 0)) {
			unsigned int at = (unsigned int)rand() % all.nr;

			watch_drop(&watches, (struct watch *)all.watches[at]);
			all.nr--;
			memmove(all.watches + at, all.watches + at + 1,
				(all.nr - at) * sizeof(all.watches[0]));
		} else {
			assert_int_equal(watch_add(&watches, &list, NULL, 0, path, token, &watch),
					 0);
			all.watches[all.nr++] = watch;
		}
		random_path(path);
		all.change = path;
		all.next = 0;
		watch_concerned(&watches, path, removed, tell_expected, &all);
		watch_concerned(&watches, path, removed, count_told, &told);
		assert_int_equal(told, count_concerned(&all, path, removed));
		concerned += told;
	}
	assert_true(concerned > 100000);
	assert_int_equal(watch_clear(&watches, &list), all.nr);
	assert_int_equal(watches.nr_places, 0);
	watches_fini(&watches);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_concerned),
		cmocka_unit_test(test_against_looking_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
