#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/watch.h"

static void test_add_and_remove(void **state)
{
	struct watch *list = NULL, *added;

	(void)state;
	assert_int_equal(watch_add(&list, 5, "/a", "t", &added), 0);
	assert_string_equal(watch_own_path(added), "/a");
	assert_int_equal(watch_add(&list, 5, "/a", "t", &added), -17);
	assert_int_equal(watch_add(&list, 5, "x", "t", &added), 0);
	assert_string_equal(added->path, "/local/domain/5/x");
	assert_string_equal(watch_own_path(added), "x");
	/* The same node by its absolute name is told another path. */
	assert_int_equal(watch_add(&list, 5, "/local/domain/5/x", "t", &added), 0);
	assert_int_equal(watch_remove(&list, 5, "/a", "u"), -2);
	assert_int_equal(watch_remove(&list, 5, "/a", "t"), 0);
	assert_int_equal(watch_remove(&list, 5, "/a", "t"), -2);
	assert_int_equal(watch_add(&list, 5, "a//b", "t", &added), -22);
	assert_int_equal(watch_clear(&list), 2);
	assert_null(list);
}

/* A tree of /a/b, readable for domain 5 if `readable`; without nodes below the
 * root if not `there`. */
static struct node *tree_of(bool there, bool readable)
{
	const struct permission permission = { .domid = 0,
					       .access = readable ? PERMISSION_READ
								  : PERMISSION_NONE };
	struct node_facts facts = {
		.permissions = &permission, .nr_permissions = 1, .generation = 1, .name_length = 1
	};
	struct node *root, *a, *b;

	facts.name = "b";
	b = node_create(&facts, NULL, 0);
	facts.name = "a";
	a = node_create(&facts, &b, 1);
	facts.name = "";
	facts.name_length = 0;
	root = node_create(&facts, &a, there ? 1 : 0);
	assert_non_null(root);
	node_put(a);
	node_put(b);
	return root;
}

static void test_concerns(void **state)
{
	static const struct {
		const char *name, *watch, *change;
		bool removed, before, after, readable;
		const char *reported; /* NULL: not concerned */
	} cases[] = {
		{ "the node itself", "/a", "/a", false, true, true, true, "/a" },
		{ "below", "/a", "/a/b", false, true, true, true, "/a/b" },
		{ "above", "/a/b", "/a", false, true, true, true, NULL },
		{ "beside", "/a/c", "/a/b", false, true, true, true, NULL },
		{ "made", "/", "/a/b", false, false, true, true, "/a/b" },
		{ "removed", "/a", "/a", true, true, false, true, "/a" },
		{ "removed with its parent", "/a/b", "/a", true, true, false, true, "/a/b" },
		{ "was not there", "/a/c", "/a", true, true, false, true, NULL },
		{ "unreadable", "/a", "/a", false, true, true, false, NULL },
		{ "unreadable and removed", "/a/b", "/a", true, true, false, false, NULL },
		{ "special", "@releaseDomain", "/a", true, true, false, true, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct change *change = calloc(1, sizeof(*change) + strlen(cases[i].change) + 1);
		struct node *before = tree_of(cases[i].before, cases[i].readable);
		struct node *after = tree_of(cases[i].after, cases[i].readable);
		struct watch *list = NULL, *watch;
		const char *reported;

		print_message("%s\n", cases[i].name);
		assert_non_null(change);
		strcpy(change->path, cases[i].change);
		change->removed = cases[i].removed;
		assert_int_equal(watch_add(&list, 5, cases[i].watch, "t", &watch), 0);
		reported = watch_concerns(watch, change, before, after);
		assert_int_equal(!reported, !cases[i].reported);
		if (reported)
			assert_string_equal(reported, cases[i].reported);
		watch_clear(&list);
		node_put(before);
		node_put(after);
		free(change);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add_and_remove),
		cmocka_unit_test(test_concerns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
