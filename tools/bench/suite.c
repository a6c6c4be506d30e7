#include "bench/suite.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/progress.h"
#include "bench/roundtrip.h"
#include "bench/statistics.h"
#include "io/log.h"
#include "support/random.h"

/* What became of one case. */
struct outcome {
	double samples[SUITE_FIGURES_MAX][STATISTICS_SAMPLES_MAX];
	unsigned int nr[SUITE_FIGURES_MAX];
	double trips[STATISTICS_SAMPLES_MAX];
	unsigned int nr_trips;
	double cpu_ns, wall_ns, stolen, total;
};

unsigned int suite_add(struct suite *suite, const char *format, ...)
{
	unsigned int at = suite->nr_cases < SUITE_CASES_MAX ? suite->nr_cases++
							    : SUITE_CASES_MAX - 1;
	va_list args;

	va_start(args, format);
	vsnprintf(suite->cases[at], SUITE_NAME_BYTES, format, args);
	va_end(args);
	return at;
}

static int choose_cpus(struct suite *suite)
{
	int err = 0;

	memcpy(suite->cpus, suite->options->cpus, sizeof(suite->cpus));
	if (!suite->options->cpus_given)
		err = host_choose_cpus(suite->cpus);
	if (err)
		log_complain("cannot choose processors: %s; name two with --cpus", strerror(-err));
	else if (host_pin(suite->cpus[0]))
		log_complain("cannot move to processor %d; figures will vary", suite->cpus[0]);
	return err;
}

int suite_place(struct suite *suite, struct report *report)
{
	char text[HOST_TEXT_BYTES];
	int err;

	host_describe(text); /* before we give up all processors but one */
	err = choose_cpus(suite);
	if (err)
		return err;
	report_string(report, "command", "command", options_command_name(suite->options->command));
	report_string(report, "host", "host", text);
	report_decimal(report, "load", "load before", host_load(), 2);
	snprintf(text, sizeof(text), "%d,%d", suite->cpus[0], suite->cpus[1]);
	report_string(report, "cpus", "processors", text);
	report_string(report, "version", "version", SPLITVIF_VERSION);
	report_number(report, "seed", "order's seed", suite->options->seed);
	return 0;
}

/* Beside it, what the machine did meanwhile. */
static int run_watched(struct suite *suite, struct outcome *outcome, unsigned int at)
{
	double figures[SUITE_FIGURES_MAX];
	struct host_time before = host_time_read(), after;
	int64_t wall = host_now_ns(), cpu = host_cpu_ns();
	int err = suite->run(suite->arg, at, suite->options->duration_s, figures);

	if (err)
		return err;
	after = host_time_read();
	outcome->wall_ns += (double)(host_now_ns() - wall);
	outcome->cpu_ns += (double)(host_cpu_ns() - cpu);
	outcome->total += (double)(after.total - before.total);
	outcome->stolen += (double)(after.steal - before.steal);
	for (unsigned int i = 0; i < suite->nr_figures; i++)
		if (isfinite(figures[i]))
			outcome->samples[i][outcome->nr[i]++] = figures[i];
	return 0;
}

static int run_one(struct suite *suite, struct outcome *outcome, unsigned int at)
{
	double trip = suite->alone ? 0 : roundtrip_measure(suite->cpus);
	int err = suite->begin ? suite->begin(suite->arg, at) : 0;

	if (err)
		return err;
	err = run_watched(suite, outcome, at);
	if (suite->end)
		err = suite->end(suite->arg, at, err);
	if (trip > 0)
		outcome->trips[outcome->nr_trips++] = trip;
	return err;
}

static int fail(struct suite *suite, unsigned int at, int err)
{
	suite->failed_at = at;
	return err;
}

static int warm_up(struct suite *suite)
{
	double figures[SUITE_FIGURES_MAX], seconds = suite->options->warmup_s;

	for (unsigned int at = 0; !suite->begin && seconds > 0 && at < suite->nr_cases; at++) {
		int err;

		progress_show("%s: warming up", suite->cases[at]);
		suite->warming = true;
		err = suite->run(suite->arg, at, seconds, figures);
		suite->warming = false;
		if (err || interrupt_seen())
			return fail(suite, at, err ? err : -EINTR);
	}
	return 0;
}

static void shuffle(unsigned int *order, unsigned int n, uint64_t *state)
{
	for (unsigned int i = n; i > 1; i--) {
		unsigned int other = random_below(state, i), last = order[i - 1];

		order[i - 1] = order[other];
		order[other] = last;
	}
}

static int run_rounds(struct suite *suite, struct outcome *outcomes)
{
	unsigned int order[SUITE_CASES_MAX], repeats = suite->options->repeats;
	uint64_t state = suite->options->seed;
	int err = warm_up(suite);

	for (unsigned int i = 0; i < suite->nr_cases; i++)
		order[i] = i;
	for (unsigned int round = 0; !err && round < repeats; round++) {
		shuffle(order, suite->nr_cases, &state);
		for (unsigned int i = 0; !err && i < suite->nr_cases; i++) {
			progress_show("round %u of %u, %u of %u: %s", round + 1, repeats, i + 1,
				      suite->nr_cases, suite->cases[order[i]]);
			err = run_one(suite, &outcomes[order[i]], order[i]);
			if (!err && interrupt_seen())
				err = -EINTR;
			if (err)
				suite->failed_at = order[i];
		}
	}
	progress_clear();
	return err;
}

static void join(char *text, size_t size, const double *samples, unsigned int n)
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < n && used < size; i++)
		used += (size_t)snprintf(text + used, size - used, "%s%.4g", i ? " " : "",
					 samples[i]);
}

/* The first figure is told whole. */
static void tell_first(struct report *report, const struct statistics *statistics,
		       unsigned int places, const char *samples)
{
	char interval[64];

	snprintf(interval, sizeof(interval), "%.*f-%.*f", (int)places, statistics->low, (int)places,
		 statistics->high);
	report_string(report, "interval", "95 % interval", interval);
	report_decimal(report, "q1", "q1", statistics->q1, places);
	report_decimal(report, "q3", "q3", statistics->q3, places);
	report_decimal(report, "spread_percent", NULL, statistics_spread_percent(statistics), 1);
	report_decimal(report, "min", NULL, statistics->min, places);
	report_decimal(report, "max", NULL, statistics->max, places);
	report_number(report, "repeats", NULL, statistics->samples);
	report_string(report, "samples", NULL, samples);
}

static void tell_circumstances(const struct suite *suite, struct report *report,
			       struct outcome *outcome)
{
	char trips[STATISTICS_SAMPLES_MAX * 10];
	struct statistics statistics = { 0 };

	join(trips, sizeof(trips), outcome->trips, outcome->nr_trips);
	statistics_summarise(&statistics, outcome->trips, outcome->nr_trips);
	if (outcome->nr_trips) {
		report_decimal(report, "round_trip_ns", "trip ns", statistics.median, 0);
		report_string(report, "round_trips_ns", NULL, trips);
	}
	if (!suite->apart && outcome->wall_ns > 0)
		report_decimal(report, "cpu_percent", "cpu %",
			       100 * outcome->cpu_ns / outcome->wall_ns, 0);
	report_decimal(report, "steal_percent", "steal %",
		       outcome->total > 0 ? 100 * outcome->stolen / outcome->total : 0, 1);
}

static void tell_case(struct suite *suite, struct outcome *outcome, unsigned int at,
		      struct report *report)
{
	char samples[STATISTICS_SAMPLES_MAX * 10];
	struct statistics statistics;

	report_row(report);
	report_string(report, "case", "case", suite->cases[at]);
	for (unsigned int i = 0; i < suite->nr_figures; i++) {
		suite->medians[i] = NAN;
		join(samples, sizeof(samples), outcome->samples[i], outcome->nr[i]);
		if (statistics_summarise(&statistics, outcome->samples[i], outcome->nr[i]))
			continue;
		suite->medians[i] = statistics.median;
		report_figure(report, &suite->names[i], statistics.median, statistics.low,
			      statistics.high);
		if (!i)
			tell_first(report, &statistics, suite->names[i].places, samples);
	}
	tell_circumstances(suite, report, outcome);
	if (suite->tell)
		suite->tell(suite->arg, at, report);
}

int suite_run(struct suite *suite, struct report *report)
{
	struct outcome *outcomes = calloc(suite->nr_cases, sizeof(*outcomes));
	const char *why = NULL;
	int err = outcomes ? run_rounds(suite, outcomes) : -ENOMEM;

	for (unsigned int at = 0; !err && at < suite->nr_cases; at++)
		tell_case(suite, &outcomes[at], at, report);
	free(outcomes);
	if (!err) {
		report_complete(report);
		return 0;
	}
	if (suite->explain)
		why = suite->explain(err);
	if (err == -EINTR)
		why = "interrupted";
	log_complain("cannot measure: %s %s: %s; nothing is reported",
		     options_command_name(suite->options->command), suite->cases[suite->failed_at],
		     why ? why : strerror(-err));
	return err;
}
