/*
 * What stands around a measurement: the command line, the daemon's counters,
 * the report's three forms.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/options.h"
#include "bench/relay_counters.h"
#include "bench/report.h"

enum { MAX_ARGS = 8 };

static const struct options_case {
	const char *name;
	char *args[MAX_ARGS];
	const char *error; /* a part of it; NULL: good */
} options_cases[] = {
	{ "nothing", { NULL }, "no command" },
	{ "ring", { "ring" }, NULL },
	{ "options before", { "--json", "ring" }, NULL },
	{ "options behind", { "relay", "--csv", "--wake" }, NULL },
	{ "open with a rate", { "relay", "--mode", "open", "--rate", "1000" }, NULL },
	{ "unknown command", { "rnig" }, "unknown command 'rnig'" },
	{ "two commands", { "ring", "relay" }, "unexpected word 'relay'" },
	{ "relay's of ring", { "ring", "--count", "5" }, "'ring' does not know --count" },
	{ "ring's of relay", { "relay", "--batch", "5" }, "'relay' does not know --batch" },
	{ "closed with a rate", { "relay", "--rate", "5" }, "--rate is for --mode open" },
	{ "closed with a slow sink", { "relay", "--sink-rate", "5" }, "--sink-rate is for" },
	{ "two forms", { "--json", "--csv", "ring" }, "choose one" },
	{ "no repeats", { "ring", "--repeats", "0" }, "bad --repeats '0'" },
	{ "too many repeats", { "ring", "--repeats", "1001" }, "from 1 to 1000" },
	{ "a word for a number", { "ring", "--batch", "64k" }, "bad --batch '64k'" },
	{ "a negative number", { "ring", "--batch", "-1" }, "bad --batch '-1'" },
	{ "beyond 64 bits", { "relay", "--count", "99999999999999999999" }, "bad --count" },
	{ "a short frame", { "ring", "--size", "63" }, "from 64 to 1514" },
	{ "a long frame", { "ring", "--size", "1515" }, "from 64 to 1514" },
	{ "no time", { "ring", "--duration", "0" }, "bad --duration '0'" },
	{ "endless", { "ring", "--duration", "inf" }, "bad --duration 'inf'" },
	{ "no number of time", { "ring", "--warmup", "nan" }, "bad --warmup 'nan'" },
	{ "one processor", { "ring", "--cpus", "0" }, "two numbers are meant" },
	{ "three processors", { "ring", "--cpus", "0,0,0" }, "two numbers are meant" },
	{ "no such processor", { "ring", "--cpus", "0,9999" }, "not ours to use" },
	{ "negative processor", { "ring", "--cpus", "-1,0" }, "not ours to use" },
	{ "a shape", { "ring", "--shape", "round" }, "bad --shape 'round'" },
	{ "a mode", { "relay", "--mode", "half" }, "bad --mode 'half'" },
	{ "an engine", { "relay", "--engine", "steam" }, "auto, uring or epoll" },
	{ "an empty path", { "relay", "--splitvifd", "" }, "empty --splitvifd" },
	{ "a value too few", { "ring", "--repeats" }, "needs a value" },
	{ "a value too many", { "--json=1", "ring" }, "takes no value" },
	{ "unknown option", { "--frob", "ring" }, "unknown option '--frob'" },
	{ "unknown letter", { "-x", "ring" }, "unknown option '-x'" },
};

static int parse(struct options *options, char *const *args, char *error)
{
	char *argv[MAX_ARGS + 2] = { "splitvif-bench" };
	int argc = 1;

	while (args[argc - 1]) {
		argv[argc] = args[argc - 1];
		argc++;
	}
	return options_parse(options, argc, argv, error);
}

static void parses_or_says_why(void **state)
{
	for (size_t i = 0; i < COUNT_OF(options_cases); i++) {
		const struct options_case *c = &options_cases[i];
		char error[OPTIONS_ERROR_BYTES] = "";
		struct options options;

		print_message("  %s\n", c->name);
		assert_int_equal(parse(&options, c->args, error), c->error ? -EINVAL : 0);
		if (c->error)
			assert_non_null(strstr(error, c->error));
		else
			assert_string_equal(error, "");
		assert_null(strchr(error, '\n'));
	}
}

static void fills_options_in(void **state)
{
	char *const args[] = { "relay", "--mode", "open", "--count", "7", "--size", "100", NULL };
	char *const ring[] = { "ring", NULL };
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	assert_int_equal(parse(&options, args, error), 0);
	assert_int_equal(options.command, BENCH_RELAY);
	assert_int_equal(options.mode, RELAY_OPEN);
	assert_int_equal(options.count, 7);
	assert_int_equal(options.size, 100);
	assert_int_equal(options.repeats, 1);
	assert_int_equal(parse(&options, ring, error), 0);
	assert_int_equal(options.command, BENCH_RING);
	assert_int_equal(options.repeats, 9);
	assert_int_equal(options.batch, 64);
}

/* As the daemon answers `--json stats`. */
static const char stats[] =
	"[{\"name\":\"gen.0\",\"from_guest_frames\":100,\"from_guest_bytes\":6400,"
	"\"from_guest_forwarded\":97,\"from_guest_dropped\":3,\"to_guest_intended\":1,"
	"\"to_guest_frames\":1,\"to_guest_bytes\":64,\"to_guest_dropped\":0,"
	"\"drops\":{\"from_bad_slot\":2,\"from_rate\":1,\"to_queue_full\":0}},"
	"{\"name\":\"sink.0\",\"from_guest_frames\":1,\"from_guest_bytes\":64,"
	"\"from_guest_forwarded\":1,\"from_guest_dropped\":0,\"to_guest_intended\":97,"
	"\"to_guest_frames\":90,\"to_guest_bytes\":5760,\"to_guest_dropped\":7,"
	"\"drops\":{\"from_bad_slot\":0,\"to_queue_full\":7}}]\n";

static void reads_counters_of_one_vif(void **state)
{
	struct relay_counters counters;

	assert_int_equal(relay_counters_parse(stats, strlen(stats), "gen.0", &counters), 0);
	assert_int_equal(counters.from_frames, 100);
	assert_int_equal(counters.from_forwarded, 97);
	assert_int_equal(counters.from_dropped, 3);
	assert_string_equal(counters.reasons, "from_bad_slot 2, from_rate 1");
	assert_int_equal(relay_counters_parse(stats, strlen(stats), "sink.0", &counters), 0);
	assert_int_equal(counters.to_intended, 97);
	assert_int_equal(counters.to_frames, 90);
	assert_int_equal(counters.to_dropped, 7);
	assert_string_equal(counters.reasons, "to_queue_full 7");
}

static void misses_what_is_not_there(void **state)
{
	struct relay_counters counters;
	const char *cut = strstr(stats, "\"to_guest_dropped\":7");

	assert_int_equal(relay_counters_parse(stats, strlen(stats), "sink.1", &counters), -ENODATA);
	assert_int_equal(relay_counters_parse(stats, strlen(stats), "sink", &counters), -ENODATA);
	assert_int_equal(relay_counters_parse("", 0, "sink.0", &counters), -ENODATA);
	assert_int_equal(relay_counters_parse(stats, (size_t)(cut - stats), "sink.0", &counters),
			 -ENODATA);
}

static struct report *make_report(void)
{
	struct report *report = report_create();

	assert_non_null(report);
	report_string(report, "host", "host", "a \"big\" one");
	report_row(report);
	report_number(report, "size", "bytes", 64);
	report_decimal(report, "mpps", "Mpps", 1.25, 3);
	report_row(report);
	report_number(report, "size", "bytes", 1514);
	report_string(report, "why", NULL, "x, \"y\"");
	return report;
}

static void reports_in_three_forms(void **state)
{
	static const char *const forms[] = {
		[REPORT_TEXT] = "host: a \"big\" one\n\nbytes  Mpps\n   64 1.250\n 1514     -\n",
		[REPORT_JSON] = "{\"host\":\"a \\\"big\\\" one\",\"results\":["
				"{\"size\":64,\"mpps\":1.250},"
				"{\"size\":1514,\"why\":\"x, \\\"y\\\"\"}]}\n",
		[REPORT_CSV] = "size,mpps,why\n64,1.250,\n1514,,\"x, \"\"y\"\"\"\n",
	};

	for (size_t i = 0; i < COUNT_OF(forms); i++) {
		struct report *report = make_report();
		char *text = NULL;
		size_t length;
		FILE *out = open_memstream(&text, &length);

		assert_int_equal(report_print(report, (enum report_format)i, out), 0);
		fclose(out);
		assert_string_equal(text, forms[i]);
		free(text);
		report_destroy(report);
	}
}

static void a_full_disk_is_told(void **state)
{
	struct report *report = make_report();
	FILE *out = fopen("/dev/full", "w");

	assert_int_equal(report_print(report, REPORT_JSON, out), -ENOSPC);
	fclose(out);
	report_destroy(report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parses_or_says_why),
		cmocka_unit_test(fills_options_in),
		cmocka_unit_test(reads_counters_of_one_vif),
		cmocka_unit_test(misses_what_is_not_there),
		cmocka_unit_test(reports_in_three_forms),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
