/*
 * splitvif-bench: how fast are the parts, and the whole, on this machine?
 *
 * A sub-command measures and adds rows to a report; only here it is printed.
 */
#include <stdio.h>
#include <string.h>

#include "bench/baseline.h"
#include "bench/fdb_bench.h"
#include "bench/grant_bench.h"
#include "bench/growth_bench.h"
#include "bench/idle_bench.h"
#include "bench/interrupt.h"
#include "bench/lab/lab.h"
#include "bench/latency_bench.h"
#include "bench/loop_bench.h"
#include "bench/options.h"
#include "bench/relay_bench.h"
#include "bench/ring_bench.h"
#include "bench/segment_bench.h"
#include "bench/suite.h"
#include "bench/tap_bench.h"
#include "bench/wake_bench.h"
#include "io/log.h"

static int run_command(const struct options *options, struct report *report)
{
	int (*const commands[BENCH_COMMANDS])(const struct options *, struct report *) = {
		[BENCH_RING] = ring_bench_run,
		[BENCH_RELAY] = relay_bench_run,
		[BENCH_LATENCY] = latency_bench_run,
		[BENCH_CEILING] = relay_bench_run_ceiling,
		[BENCH_LOOP] = loop_bench_run,
		[BENCH_WAKE] = wake_bench_run,
		[BENCH_GRANT] = grant_bench_run,
		[BENCH_FDB] = fdb_bench_run,
		[BENCH_SEGMENT] = segment_bench_run,
		[BENCH_TAP] = tap_bench_run,
		[BENCH_LAB] = lab_run,
		[BENCH_GROWTH] = growth_bench_run,
		[BENCH_IDLE] = idle_bench_run,
	};

	return commands[options->command](options, report);
}

static int print(const struct report *report, enum report_format format)
{
	int err = report_print(report, format, stdout);

	if (err)
		log_complain("cannot write: standard output: %s; the report is not complete",
			     strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

/* A file that cannot be compared with is told before anything is measured. */
static int open_baseline(const struct options *options, struct baseline **baseline)
{
	char error[BASELINE_ERROR_BYTES];

	*baseline = NULL;
	if (!options->compare)
		return EXIT_DONE;
	*baseline = baseline_open(options->compare, options_command_name(options->command), error);
	if (*baseline)
		return EXIT_DONE;
	log_complain("%s", error);
	return EXIT_USAGE;
}

static int measure(const struct options *options, struct report *report)
{
	struct baseline *baseline;
	int status = open_baseline(options, &baseline);

	if (status)
		return status;
	interrupt_catch();
	status = run_command(options, report);
	if (report_is_complete(report)) {
		if (baseline && baseline_compare(baseline, report, options->tolerance))
			status = EXIT_FAILED;
		if (print(report, options_format(options)))
			status = EXIT_FAILED;
	}
	if (baseline)
		baseline_close(baseline);
	return status;
}

static int measure_and_print(const struct options *options)
{
	struct report *report = report_create();
	int status;

	if (!report) {
		log_complain("cannot begin: out of memory; free some");
		return EXIT_FAILED;
	}
	status = measure(options, report);
	report_destroy(report);
	return status;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	log_init("splitvif-bench");
	if (options_parse_command(&options, argc, argv, error)) {
		log_complain("%s", error);
		return EXIT_USAGE;
	}
	switch (options.action) {
	case BENCH_VERSION:
		puts("splitvif-bench " SPLITVIF_VERSION);
		return EXIT_DONE;
	case BENCH_HELP:
		options_help(stdout);
		return EXIT_DONE;
	case BENCH_RUN:
		break;
	}
	return measure_and_print(&options);
}
