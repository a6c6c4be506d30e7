#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/permission.h"

static void test_text(void **state)
{
	static const struct {
		const char *text;
		int domid; /* negative: refused */
		unsigned int access;
	} cases[] = {
		{ "n0", 0, PERMISSION_NONE },
		{ "r5", 5, PERMISSION_READ },
		{ "w7", 7, PERMISSION_WRITE },
		{ "b65535", 65535, PERMISSION_READ | PERMISSION_WRITE },
		{ "b65536", -1, 0 },
		{ "b655350", -1, 0 },
		{ "r", -1, 0 },
		{ "", -1, 0 },
		{ "x1", -1, 0 },
		{ "r1x", -1, 0 },
		{ "r-1", -1, 0 },
		{ "r 1", -1, 0 },
	};
	char text[PERMISSION_TEXT_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct permission permission;
		int rc = permission_parse(&permission, cases[i].text);

		print_message("\"%s\"\n", cases[i].text);
		assert_int_equal(rc, cases[i].domid < 0 ? -22 : 0);
		if (rc)
			continue;
		assert_int_equal(permission.domid, cases[i].domid);
		assert_int_equal(permission.access, cases[i].access);
		permission_format(&permission, text);
		assert_string_equal(text, cases[i].text);
	}
}

static void test_access(void **state)
{
	static const struct permission list[] = {
		{ .domid = 3, .access = PERMISSION_READ },
		{ .domid = 4, .access = PERMISSION_WRITE },
		{ .domid = 5, .access = PERMISSION_NONE },
		{ .domid = 4, .access = PERMISSION_READ }, /* the first entry counts */
	};
	static const struct {
		const char *name;
		uint16_t domid;
		unsigned int access;
	} cases[] = {
		{ "domain 0", 0, PERMISSION_READ | PERMISSION_WRITE | PERMISSION_OWNER },
		{ "the owner", 3, PERMISSION_READ | PERMISSION_WRITE | PERMISSION_OWNER },
		{ "an entry", 4, PERMISSION_WRITE },
		{ "an entry that allows nothing", 5, PERMISSION_NONE },
		{ "all others", 6, PERMISSION_READ },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("%s\n", cases[i].name);
		assert_int_equal(permission_access(list, 4,
						   (struct subject){ .domid = cases[i].domid }),
				 cases[i].access);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_text),
					    cmocka_unit_test(test_access) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
