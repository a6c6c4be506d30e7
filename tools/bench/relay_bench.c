#include "bench/relay_bench.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "bench/ceiling.h"
#include "bench/relay.h"
#include "bench/relay_counters.h"
#include "bench/relay_daemon.h"
#include "bench/statistics.h"
#include "bench/suite.h"
#include "io/log.h"

enum { HEADER_BYTES = 14, MTU_DEFAULT = 1500 };

/* One size, through splitvif or through the bare switch, over all runs. */
struct account {
	uint32_t size;
	bool ceiling;
	double rates[STATISTICS_SAMPLES_MAX]; /* Mpps, of all runs but the warm-up's */
	unsigned int nr_rates;
	uint64_t counts[RELAY_COUNTS];
	uint64_t queues[SPLITVIF_QUEUES_MAX]; /* received by each */
	struct relay_counters daemon;
	uint64_t missing;
	int64_t unexplained; /* missing, and counted by nobody; below 0: counted, not missing */
};

struct relay_bench {
	const struct options *options;
	const struct suite *suite;
	struct relay relay;
	struct ceiling ceiling;
	struct account accounts[2 * OPTIONS_SIZES_MAX];
	unsigned int nr;
};

static enum relay_depth depth_of(const struct options *options)
{
	if (options->count)
		return RELAY_CHECKED;
	return options->payload == PAYLOAD_WHOLE ? RELAY_WHOLE : RELAY_HEAD;
}

static int run_ceiling(struct relay_bench *bench, struct account *account, double seconds,
		       double *figures)
{
	uint64_t frames;
	int64_t ns;
	int err = ceiling_run(&bench->ceiling, seconds, account->size, depth_of(bench->options),
			      &frames, &ns);

	figures[0] = (double)frames * 1e3 / (double)ns;
	figures[1] = NAN;
	return err;
}

/* What there is before a run, and what of it all was added by the run. */
struct tally {
	struct relay_counters daemon;
	uint64_t counts[RELAY_COUNTS], queues[SPLITVIF_QUEUES_MAX];
};

static int take_tally(struct relay_bench *bench, struct tally *tally)
{
	relay_sum(&bench->relay, tally->counts);
	relay_sum_queues(&bench->relay, tally->queues);
	return relay_counters_ask(&tally->daemon);
}

/* Adds what a run added, ours and the daemon's. Nobody is under way. */
static int settle(struct relay_bench *bench, struct account *account, const struct tally *before)
{
	struct tally now;
	uint64_t missing;
	int err = take_tally(bench, &now);

	if (err)
		return err;
	relay_counters_since(&now.daemon, &before->daemon);
	for (unsigned int i = 0; i < RELAY_COUNTS; i++) {
		now.counts[i] -= before->counts[i];
		account->counts[i] += now.counts[i];
	}
	for (unsigned int i = 0; i < SPLITVIF_QUEUES_MAX; i++)
		account->queues[i] += now.queues[i] - before->queues[i];
	missing = now.counts[RELAY_SENT] - now.counts[RELAY_RECEIVED] - now.counts[RELAY_CORRUPTED];
	account->missing += missing;
	account->unexplained +=
		(int64_t)(missing - now.daemon.from_dropped - now.daemon.to_dropped);
	relay_counters_add(&account->daemon, &now.daemon);
	return 0;
}

static int run_relay(struct relay_bench *bench, struct account *account, double seconds,
		     double *figures)
{
	struct relay_result result;
	struct tally before;
	int err = take_tally(bench, &before);

	if (!err)
		err = relay_run(&bench->relay, seconds,
				bench->suite->warming ? 0 : bench->options->count, account->size,
				depth_of(bench->options), &result);
	if (err)
		return err;
	figures[0] = result.ns > 0 ? (double)result.received * 1e3 / (double)result.ns : 0;
	figures[1] = bench->options->vms ? result.jain : NAN;
	return settle(bench, account, &before);
}

static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct relay_bench *bench = arg;
	struct account *account = &bench->accounts[at];
	int err = account->ceiling ? run_ceiling(bench, account, seconds, figures)
				   : run_relay(bench, account, seconds, figures);

	if (!err && !bench->suite->warming && account->nr_rates < STATISTICS_SAMPLES_MAX)
		account->rates[account->nr_rates++] = figures[0];
	return err;
}

/* The ceiling's account of that size. */
static const struct account *ceiling_of(const struct relay_bench *bench, uint32_t size)
{
	for (unsigned int i = 0; i < bench->nr; i++)
		if (bench->accounts[i].ceiling && bench->accounts[i].size == size)
			return &bench->accounts[i];
	return NULL;
}

/* Each ratio is that of two runs of one round. */
static void tell_ratio(const struct relay_bench *bench, const struct account *account,
		       struct report *report)
{
	const struct account *ceiling = ceiling_of(bench, account->size);
	unsigned int n = 0;
	double ratios[STATISTICS_SAMPLES_MAX];
	struct statistics statistics;

	if (!ceiling || account == ceiling)
		return;
	for (; n < account->nr_rates; n++)
		ratios[n] = account->rates[n] / ceiling->rates[n];
	if (statistics_summarise(&statistics, ratios, n))
		return;
	report_decimal(report, "of_ceiling", "of ceiling", statistics.median, 3);
	report_decimal(report, "of_ceiling_q1", NULL, statistics.q1, 3);
	report_decimal(report, "of_ceiling_q3", NULL, statistics.q3, 3);
}

/* How evenly they are used for receiving. */
static void tell_queues(const struct account *account, unsigned int queues, struct report *report)
{
	double shares[SPLITVIF_QUEUES_MAX];

	for (unsigned int i = 0; i < queues; i++)
		shares[i] = (double)account->queues[i];
	report_decimal(report, "queues_jain", "queues' Jain", statistics_jain(shares, queues), 3);
}

static void tell_counts(const struct account *account, struct report *report)
{
	const uint64_t *counts = account->counts;
	double thousands = counts[RELAY_SENT] ? (double)counts[RELAY_SENT] / 1e3 : 1;
	uint64_t received = counts[RELAY_RECEIVED] + counts[RELAY_CORRUPTED];
	char reasons[RELAY_REASONS_BYTES];

	relay_counters_explain(&account->daemon, reasons);
	report_number(report, "sent", "sent", counts[RELAY_SENT]);
	report_number(report, "received", NULL, received + counts[RELAY_DUPLICATES]);
	report_number(report, "missing", NULL, account->missing);
	report_number(report, "dropped", "dropped",
		      account->daemon.from_dropped + account->daemon.to_dropped);
	report_string(report, "drop_reasons", *reasons ? "why" : NULL, reasons);
	report_decimal(report, "unexplained", NULL, (double)account->unexplained, 0);
	report_number(report, "duplicates", NULL, counts[RELAY_DUPLICATES]);
	report_number(report, "reordered", NULL, counts[RELAY_REORDERED]);
	report_number(report, "strayed", NULL, counts[RELAY_STRAYED]);
	report_number(report, "corrupt", NULL, counts[RELAY_CORRUPTED]);
	report_number(report, "foreign", NULL, counts[RELAY_STRANGERS]);
	report_number(report, "errors", NULL, counts[RELAY_ERRORS]);
	report_number(report, "unsent", NULL, counts[RELAY_UNSENT]);
	report_decimal(report, "front_notifications_per_1000", "kicks/1000",
		       (double)counts[RELAY_KICKS] / thousands, 2);
	report_decimal(report, "back_notifications_per_1000", "irqs/1000",
		       (double)counts[RELAY_IRQS] / thousands, 2);
}

/* The promise: what is not received is counted, and nothing else happens. */
static bool judge(const struct relay_bench *bench, const struct account *account, const char *name)
{
	const uint64_t *counts = account->counts;
	char reasons[RELAY_REASONS_BYTES];

	relay_counters_explain(&account->daemon, reasons);
	if (counts[RELAY_DUPLICATES] || counts[RELAY_REORDERED] || counts[RELAY_STRAYED] ||
	    counts[RELAY_CORRUPTED] || counts[RELAY_ERRORS])
		log_complain("relay of %s: broken: doubled %" PRIu64 ", reordered %" PRIu64
			     ", on another queue %" PRIu64 ", corrupt %" PRIu64 ", errors %" PRIu64
			     "; please report it",
			     name, counts[RELAY_DUPLICATES], counts[RELAY_REORDERED],
			     counts[RELAY_STRAYED], counts[RELAY_CORRUPTED], counts[RELAY_ERRORS]);
	else if (account->unexplained && !bench->options->flood)
		log_complain("relay of %s: broken: %" PRIu64 " missing, but %" PRIu64
			     " counted as dropped; please report it",
			     name, account->missing,
			     account->daemon.from_dropped + account->daemon.to_dropped);
	else if (account->missing && bench->options->mode == RELAY_CLOSED)
		log_complain("relay of %s: broken: %" PRIu64
			     " dropped though the receivers had room: %s; please report it",
			     name, account->missing, reasons);
	else
		return true;
	return false;
}

static void tell_case(void *arg, unsigned int at, struct report *report)
{
	struct relay_bench *bench = arg;
	const struct account *account = &bench->accounts[at];

	report_decimal(report, "gbit_per_s", "Gbit/s",
		       bench->suite->medians[0] * 8e-3 * (double)account->size, 2);
	report_number(report, "size", NULL, account->size);
	report_string(report, "switch", NULL, account->ceiling ? "bare" : "splitvifd");
	tell_ratio(bench, account, report);
	if (account->ceiling)
		return;
	tell_counts(account, report);
	if (bench->options->queues > 1)
		tell_queues(account, bench->options->queues, report);
}

static const char *explain(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "no frame moves any more";
	case -ENETDOWN:
		return "a vif went down";
	case -ENODATA:
		return "the daemon's counters are not what is meant";
	case -ECHILD:
		return "a process of the measurement ended";
	case -EBADMSG:
		return "a frame is not the one that was sent";
	default:
		return NULL;
	}
}

/* ", 8 VMs", or nothing. */
static size_t name_number(char *text, size_t size, uint32_t number, const char *of)
{
	return number ? (size_t)snprintf(text, size, ", %u %s", number, of) : 0;
}

static void name_load(const struct options *options, char *text, size_t size)
{
	size_t at = name_number(text, size, options->vms, "VMs");

	at += name_number(text + at, size - at, options->macs > 1 ? options->macs : 0, "addresses");
	if (options->destinations < options->macs)
		at += name_number(text + at, size - at, options->destinations, "in use");
	at += name_number(text + at, size - at, options->attached, "attached");
	at += name_number(text + at, size - at, options->queues > 1 ? options->queues : 0,
			  "queues");
	at += name_number(text + at, size - at, options->workers, "workers");
	snprintf(text + at, size - at, "%s%s%s%s%s", options->flood ? ", flood" : "",
		 options->count			     ? ", checked"
		 : options->payload == PAYLOAD_WHOLE ? ", whole"
						     : "",
		 options->mode == RELAY_OPEN ? ", open" : "", options->wake ? ", sleeping" : "",
		 options->separate ? ", separate" : "");
}

static void add_case(struct suite *suite, struct relay_bench *bench, uint32_t size, bool ceiling)
{
	char load[SUITE_NAME_BYTES - 16];
	unsigned int at;

	name_load(bench->options, load, sizeof(load));
	if (ceiling)
		snprintf(load, sizeof(load), "%s",
			 bench->options->payload == PAYLOAD_WHOLE ? ", whole" : "");
	at = suite_add(suite, "%s%u B%s", ceiling ? "ceiling " : "", size, load);
	bench->accounts[at] = (struct account){ .size = size, .ceiling = ceiling };
	bench->nr = at + 1;
}

static void add_cases(struct suite *suite, struct relay_bench *bench, bool relay, bool ceiling)
{
	const struct sizes *sizes = &bench->options->sizes;

	for (unsigned int i = 0; relay && i < sizes->nr; i++)
		add_case(suite, bench, sizes->list[i], false);
	for (unsigned int i = 0; ceiling && i < sizes->nr; i++)
		add_case(suite, bench, sizes->list[i], true);
}

static uint16_t mtu_for(const struct options *options)
{
	uint32_t longest = MTU_DEFAULT + HEADER_BYTES;

	for (unsigned int i = 0; i < options->sizes.nr; i++)
		if (options->sizes.list[i] > longest)
			longest = options->sizes.list[i];
	return (uint16_t)(longest - HEADER_BYTES);
}

static void tell_circumstances(const struct options *options, const struct suite *suite,
			       const struct relay_daemon *daemon, struct report *report)
{
	static const char *const depths[] = {
		[RELAY_HEAD] = "heads of frames",
		[RELAY_WHOLE] = "whole frames",
		[RELAY_CHECKED] = "numbers and checksums of whole frames",
	};
	bool open = options->mode == RELAY_OPEN;
	char text[120];

	report_string(report, "engine", "daemon's engine", daemon->engine);
	snprintf(text, sizeof(text), "%u VMs in %s on processor %d, %s",
		 options->vms ? options->vms : 2,
		 options->separate ? "a process each" : "one thread", suite->cpus[0],
		 options->wake ? "asleep until notified" : "polling");
	report_string(report, "ends", "ends", text);
	report_string(report, "mode", "mode", open ? "open" : "closed");
	if (open && options->rate)
		report_number(report, "rate", "frames a second", options->rate);
	if (!open)
		report_number(report, "credit", "buffers under way at most", RELAY_CREDIT);
	report_string(report, "verified", "touched", depths[depth_of(options)]);
}

static struct suite make_suite(struct relay_bench *bench)
{
	static const struct report_name names[] = {
		{ "mpps", "mpps_low", "mpps_high", "Mpps", .places = 3 },
		{ "jain", "jain_low", "jain_high", "Jain", .places = 3 },
	};

	return (struct suite){ .options = bench->options,
			       .names = names,
			       .nr_figures = 2,
			       .apart = bench->options->separate,
			       .arg = bench,
			       .run = run_case,
			       .tell = tell_case,
			       .explain = explain };
}

static int measure_relay(struct suite *suite, struct relay_bench *bench, struct report *report)
{
	char error[RELAY_TEXT_BYTES];
	bool kept = true;
	int err = relay_open(&bench->relay, bench->options, mtu_for(bench->options), suite->cpus,
			     error);

	if (err) {
		log_complain("cannot measure: relay: %s", error);
		return EXIT_FAILED;
	}
	err = suite_run(suite, report);
	relay_close(&bench->relay);
	for (unsigned int i = 0; !err && i < bench->nr; i++)
		kept &= bench->accounts[i].ceiling ||
			judge(bench, &bench->accounts[i], suite->cases[i]);
	return err || !kept ? EXIT_FAILED : EXIT_DONE;
}

static int with_daemon(struct suite *suite, struct relay_bench *bench, struct report *report)
{
	const struct options *options = bench->options;
	char error[RELAY_ERROR_BYTES];
	struct relay_daemon daemon;
	int status;

	if (relay_daemon_start(&daemon, options, mtu_for(options), suite->cpus[1], error)) {
		log_complain("%s", error);
		return EXIT_NO_DAEMON;
	}
	tell_circumstances(options, suite, &daemon, report);
	add_cases(suite, bench, true, options->ceiling);
	status = measure_relay(suite, bench, report);
	if (relay_daemon_stop(&daemon, error)) {
		log_complain("%s", error);
		return EXIT_FAILED;
	}
	return status;
}

static int open_ceiling(struct suite *suite, struct relay_bench *bench)
{
	int err = ceiling_open(&bench->ceiling, suite->cpus);

	if (err)
		log_complain("cannot measure: ceiling: %s; free some memory", strerror(-err));
	return err;
}

int relay_bench_run(const struct options *options, struct report *report)
{
	static struct relay_bench bench;
	static struct suite suite;
	int status;

	bench.options = options;
	suite = make_suite(&bench);
	bench.suite = &suite;
	if (suite_place(&suite, report) || (options->ceiling && open_ceiling(&suite, &bench)))
		return EXIT_FAILED;
	status = with_daemon(&suite, &bench, report);
	if (options->ceiling)
		ceiling_close(&bench.ceiling);
	return status;
}

int relay_bench_run_ceiling(const struct options *options, struct report *report)
{
	static struct relay_bench bench;
	static struct suite suite;
	int err;

	bench.options = options;
	suite = make_suite(&bench);
	bench.suite = &suite;
	suite.nr_figures = 1;
	if (suite_place(&suite, report) || open_ceiling(&suite, &bench))
		return EXIT_FAILED;
	add_cases(&suite, &bench, false, true);
	err = suite_run(&suite, report);
	ceiling_close(&bench.ceiling);
	return err ? EXIT_FAILED : EXIT_DONE;
}
