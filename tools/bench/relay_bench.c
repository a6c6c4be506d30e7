#include "bench/relay_bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/measure.h"
#include "bench/progress.h"
#include "bench/relay.h"
#include "bench/relay_counters.h"
#include "bench/relay_daemon.h"
#include "io/log.h"

/* One size, measured. */
struct account {
	struct measure measure;
	uint64_t sent, received, missing, dropped;
	int64_t unexplained; /* missing, and counted by nobody; below 0: counted, not missing */
	uint64_t duplicates, reordered, corrupt, errors, unsent;
	uint64_t kicks, irqs;
	char reasons[2 * RELAY_REASONS_BYTES + 2];
};

static const char *explain(int err)
{
	switch (err) {
	case -EINTR:
		return "interrupted";
	case -ETIMEDOUT:
		return "no frame moves any more";
	case -ENETDOWN:
		return "a vif went down";
	case -ENODATA:
		return "the daemon does not know the vif";
	default:
		return strerror(-err);
	}
}

static int run_all(struct relay *relay, const struct options *options, struct account *account)
{
	uint64_t received;
	int64_t ns;
	int err = relay_run(relay, options->warmup_s, 0, &received, &ns);

	measure_begin(&account->measure);
	for (unsigned int i = 0; !err && i < options->repeats; i++) {
		progress_show("relay %u bytes: %u of %u", relay->size, i + 1, options->repeats);
		err = relay_run(relay, options->duration_s, options->count, &received, &ns);
		measure_add(&account->measure, received, ns);
	}
	if (!err)
		err = relay_drain(relay);
	progress_clear();
	return err;
}

static void add_reasons(struct account *account, const struct relay_counters *gen,
			const struct relay_counters *sink)
{
	snprintf(account->reasons, sizeof(account->reasons), "%s%s%s", gen->reasons,
		 *gen->reasons && *sink->reasons ? ", " : "", sink->reasons);
}

static void settle_frontends(struct relay *relay, struct account *account)
{
	struct splitvif_stats gen, sink;

	splitvif_stats(relay->gen, &gen);
	splitvif_stats(relay->sink, &sink);
	account->errors = gen.tx_errors + gen.tx_lost + gen.tx_refused + sink.rx_errors;
	account->kicks = gen.events_sent + sink.events_sent;
	account->irqs = gen.events_received + sink.events_received;
}

/* Before the vifs go, since the daemon's counters go with them. */
static int settle(struct relay *relay, struct account *account)
{
	uint64_t arrived = relay_received(relay) + relay->corrupt;
	struct relay_counters gen, sink;
	int err = relay_counters_ask("gen.0", &gen);

	if (!err)
		err = relay_counters_ask("sink.0", &sink);
	if (err)
		return err;
	account->sent = relay->sent;
	account->received = arrived + relay->arrivals.duplicates;
	account->missing = relay->sent - arrived;
	account->dropped = gen.from_dropped + sink.to_dropped;
	account->unexplained = (int64_t)(account->missing - account->dropped);
	account->duplicates = relay->arrivals.duplicates;
	account->reordered = relay->arrivals.reordered;
	account->corrupt = relay->corrupt;
	account->unsent = relay->unsent;
	add_reasons(account, &gen, &sink);
	settle_frontends(relay, account);
	return 0;
}

static void tell(const struct relay *relay, struct account *account, struct report *report)
{
	double thousands = account->sent ? (double)account->sent / 1e3 : 1;

	report_row(report);
	report_number(report, "size", "bytes", relay->size);
	measure_tell(&account->measure, report, "mpps", "Mpps");
	report_number(report, "sent", "sent", account->sent);
	report_number(report, "received", "received", account->received);
	report_number(report, "missing", NULL, account->missing);
	report_number(report, "dropped", "dropped", account->dropped);
	report_string(report, "drop_reasons", "why", account->reasons);
	report_decimal(report, "unexplained", NULL, (double)account->unexplained, 0);
	report_number(report, "duplicates", "doubled", account->duplicates);
	report_number(report, "reordered", "reordered", account->reordered);
	report_number(report, "corrupt", "corrupt", account->corrupt);
	report_number(report, "foreign", NULL, relay->foreign);
	report_number(report, "errors", NULL, account->errors);
	report_number(report, "unsent", NULL, account->unsent);
	report_decimal(report, "front_notifications_per_1000", "kicks/1000",
		       (double)account->kicks / thousands, 2);
	report_decimal(report, "back_notifications_per_1000", "irqs/1000",
		       (double)account->irqs / thousands, 2);
}

/* The promise: what is not received is counted, and nothing else happens. */
static int judge(const struct relay *relay, const struct account *account)
{
	if (account->duplicates || account->reordered || account->corrupt || account->errors)
		log_complain("relay with %u bytes: broken promise: %" PRIu64 " doubled, %" PRIu64
			     " reordered, %" PRIu64 " corrupt, %" PRIu64
			     " errors; please report it",
			     relay->size, account->duplicates, account->reordered, account->corrupt,
			     account->errors);
	else if (account->unexplained)
		log_complain("relay with %u bytes: broken promise: %" PRIu64
			     " missing, but %" PRIu64 " counted as dropped; please report it",
			     relay->size, account->missing, account->dropped);
	else if (account->missing && relay->options->mode == RELAY_CLOSED)
		log_complain("relay with %u bytes: %" PRIu64
			     " dropped though the sink had room: %s; please report it",
			     relay->size, account->missing, account->reasons);
	else
		return 0;
	return -EBADMSG;
}

static int measure_one(const struct options *options, uint32_t size, bool yield,
		       struct report *report)
{
	static struct account account; /* large, as is the other one */
	static struct relay relay;
	char error[RELAY_TEXT_BYTES];
	int err = relay_open(&relay, options, size, yield, error);

	if (err) {
		log_complain("cannot measure: relay with %u bytes: %s", size, error);
		return err;
	}
	err = run_all(&relay, options, &account);
	if (!err || err == -ETIMEDOUT) {
		int lost = settle(&relay, &account);

		err = err ? err : lost;
	}
	if (err)
		log_complain("cannot measure: relay with %u bytes: %s after %" PRIu64
			     " frames sent and %" PRIu64 " received; nothing is reported",
			     size, explain(err), relay.sent, relay_received(&relay));
	else
		tell(&relay, &account, report);
	relay_close(&relay);
	return err ? err : judge(&relay, &account);
}

static int measure_sizes(const struct options *options, bool yield, struct report *report)
{
	static const uint32_t sizes[] = { 64, RELAY_FRAME_MAX };
	int err = 0, broken = 0;

	/* A broken promise is reported with its figures. */
	for (unsigned int i = 0; !err && i < (options->size ? 1 : 2); i++) {
		err = measure_one(options, options->size ? options->size : sizes[i], yield, report);
		if (err == -EBADMSG) {
			broken = err;
			err = 0;
		}
	}
	if (!err)
		report_complete(report);
	return err ? err : broken;
}

static void tell_circumstances(const struct options *options, const struct relay_daemon *daemon,
			       struct report *report)
{
	bool open = options->mode == RELAY_OPEN;

	report_string(report, "engine", "daemon's engine", daemon->engine);
	report_string(report, "mode", "mode", open ? "open" : "closed");
	if (open && options->rate)
		report_number(report, "rate", "frames a second", options->rate);
	if (!open)
		report_number(report, "credit", "frames under way at most", RELAY_CREDIT);
	report_string(report, "verified", "verified",
		      options->count ? "numbers and checksums of whole frames" : "numbers");
}

int relay_bench_run(const struct options *options, struct report *report)
{
	char error[RELAY_ERROR_BYTES];
	struct relay_daemon daemon;
	int cpus[2], err;

	if (measure_place(options, report, cpus))
		return EXIT_FAILED;
	if (relay_daemon_start(&daemon, options->splitvifd, options->engine, cpus[1], error)) {
		log_complain("%s", error);
		return EXIT_NO_DAEMON;
	}
	host_pin(cpus[0]);
	tell_circumstances(options, &daemon, report);
	err = measure_sizes(options, cpus[0] == cpus[1], report);
	if (relay_daemon_stop(&daemon, error)) {
		log_complain("%s", error);
		return EXIT_FAILED;
	}
	return err ? EXIT_FAILED : EXIT_DONE;
}
