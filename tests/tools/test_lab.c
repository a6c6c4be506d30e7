/*
 * The laboratory without traffic: grids, summaries, intervals and verdicts, and the
 * rules of its experiments on rows that were made up.
 */
#include "support/unit.h"

#include <errno.h>
#include <math.h>

#include "bench/host.h"
#include "bench/lab/choice.h"
#include "bench/lab/findings.h"
#include "bench/lab/guest_rig.h"
#include "bench/lab/histogram.h"
#include "bench/lab/summary.h"

/* A rig of two settings. */
struct toy_setup {
	uint32_t size, speed, colour;
};
static const struct toy_setup toy_setup = { .size = 7, .speed = 8 };
static const struct lab_column toy_columns[] = { { "length", 1 }, { "width", 0 }, { NULL, 0 } };
static const struct lab_rig toy_rig = { .name = "toy",
					.setup_bytes = sizeof(struct toy_setup),
					.columns = toy_columns };
static const char *const colours[] = { "red", "green" };
static const struct lab_sweep toy_sweep = {
	.name = "toy",
	.rig = &toy_rig,
	.setup = &toy_setup,
	.factors = { { "size", offsetof(struct toy_setup, size), NULL },
		     { "speed", offsetof(struct toy_setup, speed), NULL },
		     { "colour", offsetof(struct toy_setup, colour), colours } },
	.grids = { { LAB_IN_QUICK, { { 3, { 1, 2, 3 } }, { 2, { 10, 20 } } } },
		   { LAB_IN_QUICK, { { 1, { 3 } }, { 2, { 20, 30 } } } },
		   { LAB_IN_FULL, { { 2, { 1, 2 } }, { 0, { 0 } }, { 2, { 0, 1 } } } } },
};

static void expands_grids(void **state)
{
	static const struct {
		enum lab_size size;
		unsigned int points, repeats;
	} cases[] = { { LAB_SMOKE, 5, 1 }, { LAB_QUICK, 7, 3 }, { LAB_FULL, 4, 7 } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rows rows;

		assert_int_equal(rows_init(&rows, &toy_sweep, cases[i].size, 0), 0);
		assert_int_equal(rows.nr_points, cases[i].points);
		assert_int_equal(rows.repeats, cases[i].repeats);
		rows_fini(&rows);
	}
}

static void refuses_a_size_without_grids(void **state)
{
	struct rows rows;

	assert_int_equal(rows_init(&rows, &toy_sweep, LAB_EXHAUSTIVE, 0), -ENOENT);
}

static void sets_what_varies(void **state)
{
	struct toy_setup setup;
	struct rows rows;
	char text[64];

	assert_int_equal(rows_init(&rows, &toy_sweep, LAB_FULL, 2), 0);
	rows_setup(&rows, 3, &setup);
	assert_int_equal(setup.size, 2);
	assert_int_equal(setup.speed, 8); /* as it was */
	rows_describe(&rows, 3, text, sizeof(text));
	assert_string_equal(text, "size 2, speed 8, colour green");
	rows_fini(&rows);
}

static void add_row(struct rows *rows, unsigned int point, double length, uint64_t stolen,
		    double late)
{
	struct lab_result result = { .values = { length, NAN },
				     .late = { 10 * late, late, late, 100 } };
	struct host_time before = { 1000, 0 }, after = { 1100, stolen };

	rows_add(rows, point, rows->nr + 1, &result, &before, &after);
}

static void flags_and_summarises(void **state)
{
	struct summaries all, unflagged;
	struct interval interval;
	struct rows rows;

	assert_int_equal(rows_init(&rows, &toy_sweep, LAB_FULL, 5), 0);
	add_row(&rows, 1, 10, 0, 0);
	add_row(&rows, 1, 12, 5, 100); /* the bounds themselves are no reason */
	add_row(&rows, 1, 14, 6, 0);
	add_row(&rows, 1, 90, 0, 101);
	add_row(&rows, 1, 11, 0, 0);
	assert_int_equal(rows.flagged, 2);
	assert_int_equal(rows.list[4].values[ROWS_REPEAT], 5);
	assert_int_equal(summaries_init(&all, &rows, false), 0);
	assert_int_equal(summaries_init(&unflagged, &rows, true), 0);
	interval = judge_at(&all, "length", WHERE({ "size", 1 }, { "colour", 1 }));
	assert_true(interval.known && interval.mid == 12 && interval.high >= 14);
	interval = judge_at(&unflagged, "length", WHERE({ "size", 1 }, { "colour", 1 }));
	assert_true(interval.known && interval.mid == 11 && interval.high <= 12);
	assert_false(judge_at(&all, "width", WHERE({ "size", 1 })).known);
	assert_false(judge_at(&all, "length", WHERE({ "size", 2 })).known);
	assert_false(judge_at(&all, "length", WHERE({ "siez", 1 })).known);
	assert_false(judge_at(&all, "lenght", WHERE({ "size", 1 }, { "colour", 1 })).known);
	summaries_fini(&all);
	summaries_fini(&unflagged);
	rows_fini(&rows);
}

static const struct verdict_case {
	const char *name;
	struct interval interval;
	enum verdict below_10, above_10;
} verdict_cases[] = {
	{ "well below", { 1, 2, 3, true }, VERDICT_HOLDS, VERDICT_FAILS },
	{ "well above", { 11, 12, 13, true }, VERDICT_FAILS, VERDICT_HOLDS },
	{ "across", { 9, 9.5, 11, true }, VERDICT_UNDECIDED, VERDICT_UNDECIDED },
	{ "up to the bound", { 9, 9.5, 10, true }, VERDICT_UNDECIDED, VERDICT_FAILS },
	{ "from the bound on", { 10, 11, 12, true }, VERDICT_FAILS, VERDICT_UNDECIDED },
	{ "not known", { 1, 2, 3, false }, VERDICT_UNDECIDED, VERDICT_UNDECIDED },
};

static void decides_by_intervals(void **state)
{
	for (size_t i = 0; i < COUNT_OF(verdict_cases); i++) {
		const struct verdict_case *c = &verdict_cases[i];

		print_message("  %s\n", c->name);
		assert_int_equal(interval_below(c->interval, 10), c->below_10);
		assert_int_equal(interval_above(c->interval, 10), c->above_10);
	}
}

static void one_failure_decides(void **state)
{
	const struct interval low = { 1, 2, 3, true }, across = { 9, 10, 11, true };
	struct judge judge;

	judge_init(&judge);
	judge_below(&judge, low, 10, "first");
	assert_int_equal(judge.verdict, VERDICT_HOLDS);
	judge_below(&judge, across, 10, "second");
	assert_int_equal(judge.verdict, VERDICT_UNDECIDED);
	judge_above(&judge, low, 10, "third %d", 3);
	assert_int_equal(judge.verdict, VERDICT_FAILS);
	judge_within(&judge, low, 0, 10, "fourth");
	assert_int_equal(judge.verdict, VERDICT_FAILS);
	assert_string_equal(judge.text,
			    "first: 2 [1, 3] (below 10: yes); second: 10 [9, 11] (below 10: open); "
			    "third 3: 2 [1, 3] (above 10: no); fourth: 2 [1, 3] (0 to 10: yes)");
	for (unsigned int i = 0; i < 100; i++)
		judge_remark(&judge, "as much as there is room for, and no more than that");
	assert_true(strlen(judge.text) < JUDGE_TEXT_BYTES);
	assert_int_equal(verdict_agree(VERDICT_HOLDS, VERDICT_FAILS), VERDICT_UNDECIDED);
	assert_int_equal(verdict_agree(VERDICT_FAILS, VERDICT_FAILS), VERDICT_FAILS);
}

/* A machine that becomes three times as fast, and one that is disturbed once. */
static const double drifting[] = { 10, 20, 30, 25, 15 }, twice[] = { 20, 40, 60, 50, 30 };
static const double disturbed[] = { 20, 40, 6, 50, 30 }, gaps[] = { 1, NAN, NAN, 2, NAN };
static const double zero[] = { 1, 2, 0, 1, 2 };

#define OF(blocks) interval_of(blocks, COUNT_OF(blocks))

static void compares_within_blocks(void **state)
{
	struct interval ratio = interval_ratio(OF(twice), OF(drifting)), difference;

	assert_true(ratio.known && ratio.low == 2 && ratio.mid == 2 && ratio.high == 2);
	ratio = interval_ratio(OF(disturbed), OF(drifting));
	assert_true(ratio.known && ratio.low == 0.2 && ratio.mid == 2 && ratio.high == 2);
	difference = interval_difference(OF(twice), OF(drifting));
	assert_true(difference.known && difference.mid == 20 && difference.low == 10);
	ratio = interval_ratio(interval_exact(100), OF(drifting));
	assert_true(ratio.known && ratio.mid == 5 && ratio.high == 10);
	/* Of the disturbed block the other one's, of all others its own. */
	ratio = interval_larger(OF(disturbed), OF(drifting));
	assert_true(ratio.known && ratio.low == 20 && ratio.mid == 30 && ratio.high == 50);
	assert_false(interval_larger(OF(gaps), OF(twice)).known);
	assert_true(interval_highest(OF(gaps), OF(twice)).mid == 40);
	assert_true(interval_lowest(OF(drifting), OF(twice)).mid == 20);
}

static void knows_what_it_does_not_know(void **state)
{
	const struct interval none = { 0 };

	assert_false(OF(gaps).known);
	assert_false(interval_ratio(OF(twice), OF(gaps)).known);
	assert_false(interval_ratio(OF(gaps), OF(twice)).known);
	assert_false(interval_difference(OF(gaps), OF(twice)).known);
	assert_false(interval_ratio(OF(twice), OF(zero)).known);
	assert_true(interval_ratio(OF(zero), OF(twice)).known);
	assert_false(interval_ratio(OF(twice), none).known);
	assert_false(interval_of(NULL, 0).known);
	assert_false(interval_exact(NAN).known);
}

static void tells_disjoint_from_overlapping(void **state)
{
	const struct interval low = { 1, 2, 3, true }, high = { 4, 5, 6, true };
	const struct interval across = { 2, 4, 5, true }, none = { .low = 9 };
	const struct {
		const struct interval *below, *above;
		enum verdict verdict;
	} cases[] = { { &low, &high, VERDICT_HOLDS },
		      { &low, &across, VERDICT_UNDECIDED },
		      { &high, &low, VERDICT_FAILS },
		      { &low, &none, VERDICT_UNDECIDED } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct judge judge;

		judge_init(&judge);
		judge_disjoint(&judge, *cases[i].below, *cases[i].above, "this");
		print_message("  %s\n", judge.text);
		assert_int_equal(judge.verdict, cases[i].verdict);
	}
}

static void keeps_three_digits(void **state)
{
	static struct histogram histogram, before;

	for (uint64_t value = 1; value < UINT64_C(1) << 42; value += 1 + value / 7) {
		unsigned int bucket = histogram_bucket(value);
		double middle = histogram_value(bucket);

		assert_true(bucket < HISTOGRAM_BUCKETS);
		if (value < UINT64_C(1) << (HISTOGRAM_POWERS - 1))
			assert_true(fabs(middle - (double)value) <= (double)value / 64);
	}
	for (uint64_t value = 1; value <= 1000; value++)
		histogram_note(&histogram, value);
	assert_true(fabs(histogram_quantile(&histogram, 0.5) - 500) < 8);
	assert_true(fabs(histogram_quantile(&histogram, 1) - 1000) < 16);
	histogram_read(&histogram, &before);
	histogram_note(&histogram, 5);
	histogram_since(&histogram, &before);
	assert_int_equal(histogram_count(&histogram), 1);
	assert_true(histogram_quantile(&histogram, 0.99) == 5);
}

static void chooses(void **state)
{
	static const struct {
		const char *only;
		unsigned int nr; /* 0: refused */
		const char *error;
	} cases[] = {
		{ "X1", 1, NULL },
		{ "x02,X1", 2, NULL },
		{ "X1,X1", 1, NULL },
		{ "X1,X99", 0, "bad --only 'X99'" },
		{ "X1,", 1, NULL },
		{ "1", 0, "bad --only '1'" },
		{ "X-1", 0, "bad --only 'X-1'" },
		{ "X1 ,X2", 0, "bad --only 'X1 '" },
		{ "", 0, "bad --only ''" },
	};
	char error[LAB_ERROR_BYTES];
	struct choice choice;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int err = choice_parse(&choice, cases[i].only, LAB_QUICK, error);

		print_message("  '%s'\n", cases[i].only);
		assert_int_equal(err, cases[i].nr ? 0 : -EINVAL);
		if (err)
			assert_non_null(strstr(error, cases[i].error));
		else
			assert_int_equal(choice.nr, cases[i].nr);
	}
	assert_int_equal(choice_parse(&choice, NULL, LAB_QUICK, error), 0);
	assert_int_equal(choice.list[0]->number, 1);
}

/* What the source saw, as a function of a point. */
static double source_goodput(const struct guest_setup *setup)
{
	double offered = setup->load_percent * 600.0;
	double most = setup->round_cost_us ? 1e6 / (setup->round_cost_us / (double)setup->limit)
					   : 9e9;

	if (setup->placement == GUEST_SHARED && setup->round_cost_us && setup->load_percent >= 60)
		return setup->limit == 1 ? 20000 : 2000;
	return fmin(fmin(offered, most), 72000);
}

static double source_value(const char *column, const struct guest_setup *setup)
{
	double offered = setup->load_percent * 600.0, cost = setup->round_cost_us;
	bool starves = setup->limit == 1 && cost > 0 && setup->load_percent >= 60;

	if (!strcmp(column, "offered_pps"))
		return offered;
	if (!strcmp(column, "goodput_pps"))
		return source_goodput(setup);
	if (!strcmp(column, "taken_pps"))
		return fmin(offered, cost > 0 ? 1e6 / (1 + cost / setup->limit) : 9e9);
	if (!strcmp(column, "irq_per_s"))
		return starves ? 0 : 12000;
	if (!strcmp(column, "poll_ns_per_frame"))
		return 1000 + 1000 * cost / (setup->limit < 3 ? setup->limit : 3);
	if (!strcmp(column, "cpu_poll_percent"))
		return starves ? 100 : 50;
	if (!strcmp(column, "cpu_all_percent"))
		return setup->placement == GUEST_SHARED ? 100 : 150;
	return strcmp(column, "drop_queue_pps") ? NAN : 0;
}

static double other_goodput(const struct guest_setup *setup)
{
	if (setup->limit == 2)
		return 100;
	if (!setup->round_cost_us || setup->limit == 200)
		return 1e6 * setup->limit;
	return setup->placement == GUEST_APART ? 1e6 : 1e6 * setup->limit;
}

/* Where no claim holds. */
static double other_value(const char *column, const struct guest_setup *setup)
{
	if (!strcmp(column, "goodput_pps"))
		return other_goodput(setup);
	if (!strcmp(column, "poll_ns_per_frame") || !strcmp(column, "cpu_poll_percent"))
		return setup->limit;
	if (!strcmp(column, "taken_pps"))
		return 1e6 * setup->limit * setup->limit;
	if (!strcmp(column, "irq_per_s"))
		return setup->round_cost_us ? 5000 : 0;
	if (!strcmp(column, "cpu_all_percent"))
		return setup->placement == GUEST_SHARED ? 200 : 100;
	return source_value(column, setup);
}

/* Rows that differ by a thousandth from one another. */
static void make_up(struct rows *rows, double (*value)(const char *, const struct guest_setup *))
{
	for (unsigned int i = 0; i < rows->nr_points * rows->repeats; i++) {
		struct row *row = &rows->list[rows->nr++];
		struct guest_setup setup;

		row->point = i % rows->nr_points;
		row->values[ROWS_REPEAT] = 1 + i / rows->nr_points;
		rows_setup(rows, row->point, &setup);
		for (unsigned int j = ROWS_COMMON; j < rows->nr_columns; j++)
			row->values[j] = value(rows_column_of(rows, j)->name, &setup) *
					 (1 + 0.001 * (i / rows->nr_points));
	}
}

static double nothing(const char *column, const struct guest_setup *setup)
{
	return NAN;
}

static void judge_all(const char *only, unsigned int repeats,
		      double (*value)(const char *, const struct guest_setup *),
		      enum verdict expected)
{
	struct options options = { .repeats = repeats };
	struct lab_context context = { .options = &options };
	static struct schedule schedule;
	static struct findings findings;
	char error[LAB_ERROR_BYTES];
	struct choice choice;

	assert_int_equal(choice_parse(&choice, only, LAB_QUICK, error), 0);
	assert_int_equal(schedule_init(&schedule, &choice, &context, LAB_QUICK, error), 0);
	for (unsigned int i = 0; i < schedule.nr_sweeps; i++)
		make_up(&schedule.sweeps[i], value);
	assert_int_equal(findings_init(&findings, &choice, &schedule), 0);
	for (unsigned int i = 0; i < findings.nr; i++)
		for (unsigned int j = 0; j < findings.list[i].nr_claims; j++) {
			print_message("  X%u: %s: %s\n", findings.list[i].experiment->number,
				      findings.list[i].experiment->claims[j].statement,
				      findings.list[i].claims[j].all.text);
			assert_int_equal(findings.list[i].claims[j].verdict, expected);
		}
	findings_fini(&findings);
	schedule_fini(&schedule);
}

static void finds_the_source_s_shapes(void **state)
{
	judge_all("X1,X2,X3,X13", 3, source_value, VERDICT_HOLDS);
}

static void finds_other_shapes(void **state)
{
	judge_all("X1,X2,X3,X13", 3, other_value, VERDICT_FAILS);
}

static void two_runs_are_too_few(void **state)
{
	judge_all("X1,X2,X3,X13", 2, source_value, VERDICT_UNDECIDED);
}

static void says_nothing_of_nothing(void **state)
{
	judge_all("X1,X2,X3,X4,X13,X19,X20", 3, nothing, VERDICT_UNDECIDED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(expands_grids),
		cmocka_unit_test(refuses_a_size_without_grids),
		cmocka_unit_test(sets_what_varies),
		cmocka_unit_test(flags_and_summarises),
		cmocka_unit_test(decides_by_intervals),
		cmocka_unit_test(one_failure_decides),
		cmocka_unit_test(compares_within_blocks),
		cmocka_unit_test(knows_what_it_does_not_know),
		cmocka_unit_test(tells_disjoint_from_overlapping),
		cmocka_unit_test(keeps_three_digits),
		cmocka_unit_test(chooses),
		cmocka_unit_test(finds_the_source_s_shapes),
		cmocka_unit_test(finds_other_shapes),
		cmocka_unit_test(two_runs_are_too_few),
		cmocka_unit_test(says_nothing_of_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
