/* Which word was meant. */
#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "backend/nearest.h"

static const char *const words[] = { "bridge", "mac", "mtu", "rate", "vifname", "untrusted" };

static const struct {
	const char *word, *expected;
} cases[] = {
	{ "bridge", "bridge" },	   /* itself */
	{ "brigde", "bridge" },	   /* neighbours swapped */
	{ "bridg", "bridge" },	   /* one lost */
	{ "bridgee", "bridge" },   /* one too many */
	{ "vif-name", "vifname" }, /* punctuation */
	{ "mut", "mtu" },	   { "macc", "mac" },
	{ "ratio", "rate" },	   { "untrustd", "untrusted" },
	{ "speed", NULL },	   { "", NULL },
	{ "xyz", NULL },	   { "a-very-long-word-that-is-nothing-at-all", NULL },
};

static void test_cases(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const char *got = nearest_word(cases[i].word, words, COUNT_OF(words));

		if (!cases[i].expected != !got || (got && strcmp(got, cases[i].expected)))
			fail_msg("'%s': '%s' instead of '%s'", cases[i].word, got ? got : "none",
				 cases[i].expected ? cases[i].expected : "none");
	}
}

static void test_hints(void **state)
{
	char text[64];

	assert_string_equal(nearest_hint("mtuu", words, COUNT_OF(words), text, sizeof(text)),
			    "; did you mean 'mtu'?");
	assert_string_equal(
		nearest_hint("nothing-like", words, COUNT_OF(words), text, sizeof(text)), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cases),
		cmocka_unit_test(test_hints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
