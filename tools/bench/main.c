/*
 * splitvif-bench: how fast are the parts, and the whole, on this machine?
 *
 * A sub-command measures and adds rows to a report; only here it is printed.
 */
#include <stdio.h>
#include <string.h>

#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/options.h"
#include "bench/relay_bench.h"
#include "bench/ring_bench.h"
#include "io/log.h"

static int run_command(const struct options *options, struct report *report)
{
	switch (options->command) {
	case BENCH_RING:
		return ring_bench_run(options, report);
	case BENCH_RELAY:
		return relay_bench_run(options, report);
	case BENCH_NONE:
		break;
	}
	return EXIT_USAGE;
}

static int print(const struct report *report, enum report_format format)
{
	int err = report_print(report, format, stdout);

	if (err)
		log_complain("cannot write: standard output: %s; the report is not complete",
			     strerror(-err));
	return err ? EXIT_FAILED : EXIT_DONE;
}

static int measure(const struct options *options)
{
	struct report *report = report_create();
	int status;

	if (!report) {
		log_complain("cannot begin: out of memory; free some");
		return EXIT_FAILED;
	}
	interrupt_catch();
	status = run_command(options, report);
	if (report_is_complete(report) && print(report, options->format))
		status = EXIT_FAILED;
	report_destroy(report);
	return status;
}

int main(int argc, char **argv)
{
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	log_init("splitvif-bench");
	if (options_parse(&options, argc, argv, error)) {
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
	return measure(&options);
}
