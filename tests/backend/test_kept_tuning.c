/*
 * Settings by name: found again, by the next daemon, too, whatever stands in the
 * file beside them.
 */
#include "support/unit.h"

#include <stdio.h>
#include <unistd.h>

#include "backend/kept_tuning.h"

static char directory[64], path[80];

static int make_directory(void **state)
{
	snprintf(directory, sizeof(directory), "/tmp/kept-tuning-XXXXXX");
	assert_non_null(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/tuning.conf", directory);
	return setenv("SPLITVIF_RUNDIR", directory, 1);
}

static int remove_directory(void **state)
{
	unlink(path);
	return rmdir(directory); /* nothing else may lie there */
}

static struct tuning tuned(enum tuning_word word, const char *text)
{
	struct tuning tuning;

	tuning_init(&tuning);
	assert_int_equal(tuning_set(&tuning, word, text), 0);
	tuning_settle(&tuning, 1u << word);
	return tuning;
}

static void test_found_by_the_next_daemon(void **state)
{
	struct tuning a = tuned(TUNING_RX_USECS, "50"), b = tuned(TUNING_TX_AGGR_USECS, "7");
	struct kept_tuning *kept = NULL, *next = NULL;
	const struct tuning *found;

	assert_int_equal(kept_tuning_put(&kept, "a.0", &a), 0);
	assert_int_equal(kept_tuning_put(&kept, "b.1", &a), 0);
	assert_int_equal(kept_tuning_put(&kept, "b.1", &b), 0); /* in its place */
	kept_tuning_load(&next);
	found = kept_tuning_find(next, "a.0");
	assert_non_null(found);
	assert_memory_equal(found, &a, sizeof(a));
	found = kept_tuning_find(next, "b.1");
	assert_non_null(found);
	assert_memory_equal(found, &b, sizeof(b));
	assert_null(kept_tuning_find(next, "b.0"));
	kept_tuning_fini(&kept);
	kept_tuning_fini(&next);
	assert_null(next);
}

/* What is expected of a domain gives way to what is kept of its name, and is kept
 * once the domain came or an operator set something else. */
static void test_expected(void **state)
{
	struct tuning a = tuned(TUNING_RX_USECS, "50"), b = tuned(TUNING_RX_USECS, "7");
	struct kept_tuning *kept = NULL;

	assert_int_equal(kept_tuning_put(&kept, "a.0", &a), 0);
	assert_int_equal(kept_tuning_expect(&kept, "a.0", &b, 1 << OFFLOAD_TSO), 0);
	assert_memory_equal(kept_tuning_find(kept, "a.0"), &a, sizeof(a));
	assert_int_equal(kept_tuning_off(kept, "a.0"), 0);
	assert_false(kept_tuning_is_expected(kept, "a.0"));
	assert_int_equal(kept_tuning_expect(&kept, "b.0", &a, 0), 0);
	assert_true(kept_tuning_is_expected(kept, "b.0"));
	assert_int_equal(kept_tuning_expect(&kept, "b.0", &b, 0), 0);
	assert_memory_equal(kept_tuning_find(kept, "b.0"), &b, sizeof(b));
	assert_int_equal(kept_tuning_put(&kept, "b.0", &b), 0); /* as it arrives */
	assert_true(kept_tuning_is_expected(kept, "b.0"));
	assert_int_equal(kept_tuning_put(&kept, "b.0", &a), 0);
	assert_false(kept_tuning_is_expected(kept, "b.0"));
	assert_int_equal(kept_tuning_expect(&kept, "c.0", &a, 0), 0);
	kept_tuning_settle(kept, "c.0");
	assert_false(kept_tuning_is_expected(kept, "c.0"));
	kept_tuning_settle(kept, "d.0");
	assert_false(kept_tuning_is_expected(kept, "d.0"));
	kept_tuning_fini(&kept);
	unlink(path);
}

/* What is off, with and without tuning beside it. */
static void test_offloads(void **state)
{
	const uint32_t off = 1 << OFFLOAD_RX_CSUM | 1 << OFFLOAD_GRO, tso = 1 << OFFLOAD_TSO;
	struct tuning a = tuned(TUNING_RX_USECS, "50"), none;
	struct kept_tuning *kept = NULL, *next = NULL;

	tuning_init(&none);
	assert_int_equal(kept_tuning_put_off(&kept, "a.0", off), 0);
	assert_null(kept_tuning_find(kept, "a.0"));
	assert_int_equal(kept_tuning_put(&kept, "b.0", &a), 0);
	assert_int_equal(kept_tuning_put_off(&kept, "b.0", tso), 0);
	assert_int_equal(kept_tuning_put_off(&kept, "c.0", tso), 0);
	assert_int_equal(kept_tuning_put_off(&kept, "c.0", 0), 0); /* all on again */
	assert_int_equal(kept_tuning_put_off(&kept, "d.0", 0), 0);
	assert_int_equal(kept_tuning_expect(&kept, "c.0", &none, off), 0);
	assert_true(kept_tuning_is_expected(kept, "c.0"));
	assert_int_equal(kept_tuning_expect(&kept, "a.0", &a, tso), 0); /* what is kept stands */
	kept_tuning_load(&next);
	assert_int_equal(kept_tuning_off(next, "a.0"), off);
	assert_null(kept_tuning_find(next, "a.0"));
	assert_int_equal(kept_tuning_off(next, "b.0"), tso);
	assert_memory_equal(kept_tuning_find(next, "b.0"), &a, sizeof(a));
	assert_int_equal(kept_tuning_off(next, "c.0"), off);
	assert_int_equal(kept_tuning_off(next, "d.0"), 0);
	kept_tuning_fini(&kept);
	kept_tuning_fini(&next);
	unlink(path);
}

static void test_defaults_are_not_kept(void **state)
{
	struct kept_tuning *kept = NULL;
	struct tuning tuning;

	tuning_init(&tuning);
	assert_int_equal(kept_tuning_put(&kept, "a.0", &tuning), 0);
	assert_null(kept_tuning_find(kept, "a.0"));
}

static void test_lines_that_make_no_sense(void **state)
{
	static const char lines[] =
		"a.0 rx-usecs 10001\n"
		"a.0 bogus 1\n"
		"a.0 tso maybe\n"
		"\n"
		"a.0 rx-usecs\n"
		"a-name-that-is-longer-than-any-vif-may-have-and-then-some-more-"
		"of-it-to-be-sure rx-usecs 5\n"
		"a.0 rx-frames 9\n";
	FILE *file = fopen(path, "w");
	struct kept_tuning *kept = NULL;
	const struct tuning *found;

	assert_non_null(file);
	fputs(lines, file);
	fclose(file);
	kept_tuning_load(&kept);
	found = kept_tuning_find(kept, "a.0");
	assert_non_null(found);
	assert_int_equal(tuning_value(found, TUNING_RX_USECS), 0);
	assert_int_equal(tuning_value(found, TUNING_RX_FRAMES), 9);
	kept_tuning_fini(&kept);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expected),
		cmocka_unit_test(test_offloads),
		cmocka_unit_test(test_defaults_are_not_kept),
		cmocka_unit_test(test_found_by_the_next_daemon),
		cmocka_unit_test(test_lines_that_make_no_sense),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
