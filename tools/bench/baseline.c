#include "bench/baseline.h"

#include <assert.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"

enum { TRIP_PERCENT = 20 };

struct baseline {
	json_t *root, *results;
	const char *path;
};

static const char *const verdict_names[] = { "same", "better", "worse", "undecided", "new" };

static_assert(sizeof(verdict_names) / sizeof(verdict_names[0]) == BASELINE_VERDICTS, "a name each");

const char *baseline_verdict_name(enum baseline_verdict verdict)
{
	return verdict_names[verdict];
}

static double change_percent(double old, double new)
{
	return old != 0 ? 100 * (new - old) / fabs(old) : 0;
}

enum baseline_verdict baseline_judge(const struct baseline_pair *pair, double tolerance_percent)
{
	double change = change_percent(pair->old, pair->new);
	double trips = change_percent(pair->old_trip_ns, pair->new_trip_ns);
	bool more = change > tolerance_percent && pair->new_low > pair->old_high;
	bool less = change < -tolerance_percent && pair->new_high < pair->old_low;

	if (!more && !less)
		return BASELINE_SAME;
	/* Nearer is faster: that explains a gain, farther a loss. */
	if (more != pair->cost)
		return trips < -TRIP_PERCENT ? BASELINE_UNDECIDED : BASELINE_BETTER;
	return trips > TRIP_PERCENT ? BASELINE_UNDECIDED : BASELINE_WORSE;
}

static struct baseline *refuse(struct baseline *baseline, char *error, const char *path,
			       const char *why)
{
	snprintf(error, BASELINE_ERROR_BYTES,
		 "cannot compare: %.80s: %.80s; name a file that --json of this command wrote",
		 path, why);
	if (baseline)
		baseline_close(baseline);
	return NULL;
}

struct baseline *baseline_open(const char *path, const char *command,
			       char error[BASELINE_ERROR_BYTES])
{
	struct baseline *baseline = calloc(1, sizeof(*baseline));
	const char *theirs;
	json_error_t what;

	if (!baseline)
		return refuse(NULL, error, path, "out of memory");
	baseline->path = path;
	baseline->root = json_load_file(path, 0, &what);
	if (!baseline->root)
		return refuse(baseline, error, path, what.text);
	baseline->results = json_object_get(baseline->root, "results");
	theirs = json_string_value(json_object_get(baseline->root, "command"));
	if (!json_is_array(baseline->results) || !theirs)
		return refuse(baseline, error, path, "not a report");
	if (strcmp(theirs, command))
		return refuse(baseline, error, path, "a report of another command");
	return baseline;
}

void baseline_close(struct baseline *baseline)
{
	json_decref(baseline->root);
	free(baseline);
}

static const json_t *find_case(const struct baseline *baseline, const char *name)
{
	size_t i;
	json_t *row;

	json_array_foreach(baseline->results, i, row)
	{
		const char *theirs = json_string_value(json_object_get(row, "case"));

		if (theirs && !strcmp(theirs, name))
			return row;
	}
	return NULL;
}

static bool read_number(const json_t *row, const char *key, double *number)
{
	const json_t *value = json_object_get(row, key);

	*number = json_number_value(value);
	return json_is_number(value);
}

/* False if the earlier report does not have it. */
static bool pair_up(const struct baseline *baseline, const struct report_figure *figure,
		    struct baseline_pair *pair)
{
	const json_t *row = find_case(baseline, figure->of);

	*pair = (struct baseline_pair){
		.new = figure->value,
		.new_low = figure->low,
		.new_high = figure->high,
		.new_trip_ns = figure->round_trip_ns,
		.cost = figure->name->cost,
	};
	read_number(row, "round_trip_ns", &pair->old_trip_ns);
	return read_number(row, figure->name->key, &pair->old) &&
	       read_number(row, figure->name->low, &pair->old_low) &&
	       read_number(row, figure->name->high, &pair->old_high);
}

static void complain(const struct baseline *baseline, const struct report_figure *figure,
		     const struct baseline_pair *pair)
{
	int places = (int)figure->name->places;

	log_complain("worse than %s: %s: %s was %.*f (%.*f to %.*f), is %.*f (%.*f to %.*f)",
		     baseline->path, figure->of, figure->name->head, places, pair->old, places,
		     pair->old_low, places, pair->old_high, places, pair->new, places,
		     pair->new_low, places, pair->new_high);
}

static enum baseline_verdict compare_one(const struct baseline *baseline,
					 const struct report_figure *figure, struct report *report,
					 double tolerance_percent)
{
	enum baseline_verdict verdict = BASELINE_NEW;
	struct baseline_pair pair;

	report_comparison_row(report);
	report_string(report, "case", "case", figure->of);
	report_string(report, "figure", "figure", figure->name->head);
	if (pair_up(baseline, figure, &pair)) {
		verdict = baseline_judge(&pair, tolerance_percent);
		report_decimal(report, "old", "was", pair.old, figure->name->places);
		report_decimal(report, "new", "is", pair.new, figure->name->places);
		report_decimal(report, "change_percent", "change %",
			       change_percent(pair.old, pair.new), 1);
	}
	report_string(report, "verdict", "verdict", baseline_verdict_name(verdict));
	if (verdict == BASELINE_WORSE)
		complain(baseline, figure, &pair);
	return verdict;
}

static void compare_hosts(const struct baseline *baseline, const struct report *report)
{
	const char *then = json_string_value(json_object_get(baseline->root, "host"));
	const char *now = report_fact(report, "host");

	if (then && now && strcmp(then, now))
		log_complain("another machine: %s: %s; figures of two say little", baseline->path,
			     then);
}

unsigned int baseline_compare(const struct baseline *baseline, struct report *report,
			      double tolerance_percent)
{
	struct report_figure figure;
	unsigned int worse = 0;

	compare_hosts(baseline, report);
	for (unsigned int i = 0; report_get_figure(report, i, &figure); i++)
		worse += compare_one(baseline, &figure, report, tolerance_percent) ==
			 BASELINE_WORSE;
	return worse;
}
