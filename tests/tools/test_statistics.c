/*
 * Medians and quartiles of small sets that can be checked by hand.
 */
#include "support/unit.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "bench/statistics.h"

enum { MAX = 9 };

static const struct summary_case {
	const char *name;
	size_t n;
	double samples[MAX];
	double min, q1, median, q3, max;
	double spread; /* percent */
} cases[] = {
	{ "one", 1, { 5 }, 5, 5, 5, 5, 5, 0 },
	{ "two", 2, { 3, 1 }, 1, 1.5, 2, 2.5, 3, 50 },
	{ "three", 3, { 3, 1, 2 }, 1, 1.5, 2, 2.5, 3, 50 },
	{ "four", 4, { 4, 3, 2, 1 }, 1, 1.75, 2.5, 3.25, 4, 60 },
	{ "five", 5, { 50, 10, 40, 20, 30 }, 10, 20, 30, 40, 50, 100.0 * 20 / 30 },
	{ "nine", 9, { 9, 1, 8, 2, 7, 3, 6, 4, 5 }, 1, 3, 5, 7, 9, 80 },
	{ "all the same", 5, { 7, 7, 7, 7, 7 }, 7, 7, 7, 7, 7, 0 },
	{ "one disturbed run moves only its end", 5, { 10, 10, 10, 10, 1 }, 1, 10, 10, 10, 10, 0 },
	{ "around nothing", 3, { -1, 0, 1 }, -1, -0.5, 0, 0.5, 1, 0 },
	{ "negative", 3, { -3, -1, -2 }, -3, -2.5, -2, -1.5, -1, 50 },
};

static void assert_near(double value, double expected)
{
	assert_true(fabs(value - expected) < 1e-9);
}

static void summarises(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct summary_case *c = &cases[i];
		struct statistics got;
		double samples[MAX];

		print_message("  %s\n", c->name);
		memcpy(samples, c->samples, sizeof(samples));
		assert_near(statistics_median(samples, c->n), c->median);
		memcpy(samples, c->samples, sizeof(samples));
		assert_int_equal(statistics_summarise(&got, samples, c->n), 0);
		assert_int_equal(got.samples, c->n);
		assert_near(got.min, c->min);
		assert_near(got.q1, c->q1);
		assert_near(got.median, c->median);
		assert_near(got.q3, c->q3);
		assert_near(got.max, c->max);
		assert_near(statistics_spread_percent(&got), c->spread);
		assert_true(got.min <= got.low && got.low <= got.median);
		assert_true(got.median <= got.high && got.high <= got.max);
	}
}

/* Against the binomial: the median of n samples lies below the k-th smallest with
 * the chance that fewer than k of n coins fall right; of 9, that is the 2nd with
 * 2 % and the 3rd with 9 %. A bootstrap's interval is about that. */
static void intervals_are_those_of_the_median(void **state)
{
	struct statistics wide, narrow;
	double nine[] = { 1, 2, 3, 4, 5, 6, 7, 8, 9 }, many[900];

	for (size_t i = 0; i < COUNT_OF(many); i++)
		many[i] = 1 + (double)(i % 9);
	assert_int_equal(statistics_summarise(&wide, nine, COUNT_OF(nine)), 0);
	assert_true(wide.low >= 2 && wide.low <= 3 && wide.high >= 7 && wide.high <= 8);
	assert_int_equal(statistics_summarise(&narrow, many, COUNT_OF(many)), 0);
	assert_true(narrow.low >= 4 && narrow.high <= 6);
	assert_int_equal(statistics_summarise(&narrow, nine, COUNT_OF(nine)), 0);
	assert_true(narrow.low == wide.low && narrow.high == wide.high);
}

static void fairness_is_jains(void **state)
{
	static const double even[] = { 3, 3, 3 }, one[] = { 0, 5, 0, 0 }, none[] = { 0, 0 };
	static const double two_to_one[] = { 2, 1 };

	assert_near(statistics_jain(even, COUNT_OF(even)), 1);
	assert_near(statistics_jain(one, COUNT_OF(one)), 0.25);
	assert_near(statistics_jain(none, COUNT_OF(none)), 1);
	assert_near(statistics_jain(two_to_one, COUNT_OF(two_to_one)), 0.9);
}

static void refuses_what_is_no_sample(void **state)
{
	static const double bad[] = { NAN, INFINITY, -INFINITY };
	struct statistics got = { .median = 42 };

	assert_int_equal(statistics_summarise(&got, NULL, 0), -EINVAL);
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		double samples[] = { 3, bad[i], 1 };

		assert_int_equal(statistics_summarise(&got, samples, 3), -EINVAL);
		assert_near(samples[0], 3);
	}
	assert_near(got.median, 42);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(summarises),
		cmocka_unit_test(intervals_are_those_of_the_median),
		cmocka_unit_test(fairness_is_jains),
		cmocka_unit_test(refuses_what_is_no_sample),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
