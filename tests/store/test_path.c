#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/path.h"

static void test_resolve(void **state)
{
	static const struct {
		const char *path, *absolute; /* NULL: refused */
	} cases[] = {
		{ "/", "/" },
		{ "/a", "/a" },
		{ "/A-Z_0/9@x", "/A-Z_0/9@x" },
		{ "a", "/local/domain/5/a" },
		{ "a/b", "/local/domain/5/a/b" },
		{ "", NULL },
		{ "//", NULL },
		{ "/a/", NULL },
		{ "a/", NULL },
		{ "/a//b", NULL },
		{ "//a", NULL },
		{ "/a.b", NULL },
		{ "/a b", NULL },
		{ "/\xc3\xa4", NULL },
		{ "@releaseDomain", NULL },
	};
	char absolute[PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = path_resolve(absolute, cases[i].path, 5);

		print_message("\"%s\"\n", cases[i].path);
		assert_int_equal(rc, cases[i].absolute ? 0 : -22);
		if (!rc)
			assert_string_equal(absolute, cases[i].absolute);
	}
}

static void test_is_below(void **state)
{
	static const struct {
		const char *path, *ancestor;
		bool below;
	} cases[] = {
		{ "/a", "/a", true },	    { "/a/b", "/a", true }, { "/ab", "/a", false },
		{ "/a", "/a/b", false },    { "/a", "/", true },    { "/", "/", true },
		{ "/", "/a", false },	    { "@x", "/", false },   { "/a/b/c", "/a/b", true },
		{ "/a/bc", "/a/b", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s below %s\n", cases[i].path, cases[i].ancestor);
		assert_int_equal(path_is_below(cases[i].path, cases[i].ancestor), cases[i].below);
	}
}

static void test_parent(void **state)
{
	static const struct {
		const char *path, *parent;
	} cases[] = { { "/", "/" }, { "/a", "/" }, { "/a/b", "/a" }, { "/a/b/c", "/a/b" } };
	char parent[PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		path_parent(parent, cases[i].path);
		assert_string_equal(parent, cases[i].parent);
	}
}

static void test_special(void **state)
{
	(void)state;
	assert_true(path_is_valid_special("@introduceDomain"));
	assert_true(path_is_valid_special("@anything"));
	assert_false(path_is_valid_special("@a.b"));
	assert_false(path_is_valid_special("/a"));
	assert_false(path_is_valid_special(""));
}

static void test_next(void **state)
{
	const char *rest = "/a/bc";
	size_t length;

	(void)state;
	assert_int_equal(*path_next(&rest, &length), 'a');
	assert_int_equal(length, 1);
	assert_int_equal(*path_next(&rest, &length), 'b');
	assert_int_equal(length, 2);
	assert_null(path_next(&rest, &length));
	rest = "/";
	assert_null(path_next(&rest, &length));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_resolve), cmocka_unit_test(test_is_below),
		cmocka_unit_test(test_parent),	cmocka_unit_test(test_special),
		cmocka_unit_test(test_next),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
