/*
 * What stands around a measurement: the command line, the daemon's counters,
 * the report's three forms.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/baseline.h"
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
	{ "a short frame", { "ring", "--size", "63" }, "from 64 to 65535" },
	{ "a long frame", { "ring", "--size", "1515" }, "from 64 to 1514" },
	{ "one of several is long", { "ring", "--size", "64,1515" }, "bad --size '1515'" },
	{ "an empty size", { "relay", "--size", "64," }, "bad --size ''" },
	{ "longer than any frame", { "relay", "--size", "65536" }, "from 64 to 65535" },
	{ "sizes of what has none", { "fdb", "--size", "64" }, "'fdb' does not know --size" },
	{ "an unknown ring", { "ring", "--ring", "xen,steam" }, "some of xen|spsc|split|packed" },
	{ "half a name", { "ring", "--ring", "spli" }, "some of xen|spsc|split|packed" },
	{ "one VM", { "relay", "--vms", "1" }, "from 2 to 64" },
	{ "bursts for one", { "relay", "--burst", "4" }, "--burst is for --vms" },
	{ "fewer addresses than in use",
	  { "relay", "--macs", "5", "--destinations", "6" },
	  "more --destinations than --macs" },
	{ "idle ones beside", { "relay", "--attached", "64", "--workers", "2" }, NULL },
	{ "fewer attached than busy",
	  { "relay", "--vms", "8", "--attached", "4" },
	  "--attached is less than" },
	{ "queues and workers", { "relay", "--queues", "4", "--workers", "2" }, NULL },
	{ "more queues than there are", { "relay", "--queues", "17" }, "from 1 to 16" },
	{ "queues of none", { "latency", "--queues", "2" }, "'latency' does not know --queues" },
	{ "flows to many addresses",
	  { "relay", "--queues", "2", "--macs", "9" },
	  "add --destinations 1" },
	{ "flows to one of many",
	  { "relay", "--queues", "2", "--macs", "9", "--destinations", "1" },
	  NULL },
	{ "more workers than there are", { "relay", "--workers", "9" }, "from 1 to 8" },
	{ "workers of none", { "fdb", "--workers", "2" }, "'fdb' does not know --workers" },
	{ "a tolerance below nothing", { "ring", "--tolerance", "-1" }, "bad --tolerance" },
	{ "no file to compare with", { "ring", "--compare", "" }, "empty --compare" },
	{ "all kinds of rings", { "ring", "--ring", "xen,spsc,split,packed", "--sleep" }, NULL },
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
	{ "the laboratory", { "lab", "--full", "--only", "X1,X2", "--out", "x" }, NULL },
	{ "a generator that rests", { "lab", "--gen", "sleep:50", "--seed", "3" }, NULL },
	{ "a generator that does not", { "lab", "--gen", "spin" }, NULL },
	{ "two sizes of laboratory", { "lab", "--full", "--quick" }, "choose one of them" },
	{ "a generator without time", { "lab", "--gen", "sleep:" }, "bad --gen 'sleep:'" },
	{ "a generator that waits for ever", { "lab", "--gen", "sleep:0" }, "bad --gen 'sleep:0'" },
	{ "units of rest", { "lab", "--gen", "sleep:5us" }, "bad --gen 'sleep:5us'" },
	{ "the laboratory's of ring", { "ring", "--full" }, "'ring' does not know --full" },
	{ "rounds of the laboratory", { "lab", "--warmup", "1" }, "'lab' does not know --warmup" },
	{ "nothing to write to", { "lab", "--out", "" }, "empty --out" },
};

static int parse(struct options *options, char *const *args, char *error)
{
	char *argv[MAX_ARGS + 2] = { "splitvif-bench" };
	int argc = 1;

	while (args[argc - 1]) {
		argv[argc] = args[argc - 1];
		argc++;
	}
	return options_parse_command(options, argc, argv, error);
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
	char *const some[] = { "ring", "--ring", "packed,spsc", "--seed", "9", NULL };
	char error[OPTIONS_ERROR_BYTES];
	struct options options;

	assert_int_equal(parse(&options, args, error), 0);
	assert_int_equal(options.command, BENCH_RELAY);
	assert_int_equal(options.mode, RELAY_OPEN);
	assert_int_equal(options.count, 7);
	assert_int_equal(options.sizes.nr, 1);
	assert_int_equal(options.sizes.list[0], 100);
	assert_int_equal(options.repeats, 1);
	assert_int_equal(parse(&options, ring, error), 0);
	assert_int_equal(options.command, BENCH_RING);
	assert_int_equal(options.repeats, 9);
	assert_int_equal(options.batch, 64);
	assert_int_equal(options.rings, RINGS_XEN);
	assert_int_equal(options.sizes.nr, 2);
	assert_true(options.seed > 0);
	assert_int_equal(parse(&options, some, error), 0);
	assert_int_equal(options.rings, RINGS_SPSC | RINGS_PACKED);
	assert_int_equal(options.seed, 9);
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
	char reasons[RELAY_REASONS_BYTES];

	assert_int_equal(relay_counters_parse(stats, strlen(stats), "gen.0", &counters), 0);
	assert_int_equal(counters.from_frames, 100);
	assert_int_equal(counters.from_forwarded, 97);
	assert_int_equal(counters.from_dropped, 3);
	relay_counters_explain(&counters, reasons);
	assert_string_equal(reasons, "from_bad_slot 2, from_rate 1");
	assert_int_equal(relay_counters_parse(stats, strlen(stats), "sink.0", &counters), 0);
	assert_int_equal(counters.to_intended, 97);
	assert_int_equal(counters.to_frames, 90);
	assert_int_equal(counters.to_dropped, 7);
	relay_counters_explain(&counters, reasons);
	assert_string_equal(reasons, "to_queue_full 7");
}

static void sums_up_all_vifs_and_what_came_since(void **state)
{
	struct relay_counters before, sum;
	char reasons[RELAY_REASONS_BYTES];

	assert_int_equal(relay_counters_parse(stats, strlen(stats), "gen.0", &before), 0);
	assert_int_equal(relay_counters_parse(stats, strlen(stats), NULL, &sum), 0);
	assert_int_equal(sum.to_intended, 98);
	relay_counters_since(&sum, &before);
	assert_int_equal(sum.from_frames, 1);
	assert_int_equal(sum.to_dropped, 7);
	relay_counters_explain(&sum, reasons);
	assert_string_equal(reasons, "to_queue_full 7");
	relay_counters_add(&sum, &before);
	assert_int_equal(sum.from_dropped, 3);
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

/* Old and new with their intervals and the round trips beside them; more is
 * better, unless it is a cost. The tolerance is 5 %. */
static const struct judge_case {
	const char *name;
	struct baseline_pair pair;
	enum baseline_verdict verdict;
} judge_cases[] = {
	{ "the same", { 10, 9, 11, 150, 10, 9, 11, 150 }, BASELINE_SAME },
	{ "less, within the noise", { 10, 8, 12, 150, 8, 6, 10, 150 }, BASELINE_SAME },
	{ "less, beyond it", { 10, 9, 11, 150, 8, 7, 8.9, 150 }, BASELINE_WORSE },
	{ "less, by the tolerance", { 100, 99.9, 100.1, 150, 95, 94.9, 95.1, 150 }, BASELINE_SAME },
	{ "less, by more", { 100, 99.9, 100.1, 150, 94.9, 94.8, 95, 150 }, BASELINE_WORSE },
	{ "intervals that touch", { 10, 9, 11, 150, 8, 7, 9, 150 }, BASELINE_SAME },
	{ "more", { 10, 9, 11, 150, 12, 11.1, 13, 150 }, BASELINE_BETTER },
	{ "a lower cost", { 10, 9, 11, 150, 8, 7, 8.9, 150, true }, BASELINE_BETTER },
	{ "a higher cost", { 10, 9, 11, 150, 12, 11.1, 13, 150, true }, BASELINE_WORSE },
	{ "less, but farther", { 10, 9, 11, 150, 8, 7, 8.9, 400 }, BASELINE_UNDECIDED },
	{ "more, but nearer", { 10, 9, 11, 400, 12, 11.1, 13, 150 }, BASELINE_UNDECIDED },
	{ "less although nearer", { 10, 9, 11, 400, 8, 7, 8.9, 150 }, BASELINE_WORSE },
	{ "more although farther", { 10, 9, 11, 150, 12, 11.1, 13, 400 }, BASELINE_BETTER },
	{ "a higher cost, but farther", { 1, 1, 1, 150, 2, 2, 2, 400, true }, BASELINE_UNDECIDED },
	{ "one processor", { 10, 9, 11, 0, 8, 7, 8.9, 0 }, BASELINE_WORSE },
	{ "from nothing", { 0, 0, 0, 150, 8, 7, 8.9, 150 }, BASELINE_SAME },
};

static void judges_changes(void **state)
{
	for (size_t i = 0; i < COUNT_OF(judge_cases); i++) {
		print_message("  %s\n", judge_cases[i].name);
		assert_int_equal(baseline_judge(&judge_cases[i].pair, 5), judge_cases[i].verdict);
	}
}

static void write_file(char *path, const char *text)
{
	int fd = mkstemp(path);
	FILE *file = fdopen(fd, "w");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void refuses_what_is_no_report(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{ "", "name a file" },
		{ "{", "name a file" },
		{ "[]", "not a report" },
		{ "{\"command\":\"ring\"}", "not a report" },
		{ "{\"command\":\"relay\",\"results\":[]}", "another command" },
	};
	char error[BASELINE_ERROR_BYTES];

	assert_null(baseline_open("/nonexistent", "ring", error));
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		char path[] = "/tmp/test_bench-XXXXXX";

		write_file(path, cases[i].text);
		assert_null(baseline_open(path, "ring", error));
		assert_non_null(strstr(error, cases[i].error));
		unlink(path);
	}
}

static void compares_case_by_case(void **state)
{
	static const struct report_name name = { "mpps", "mpps_low", "mpps_high", "Mpps",
						 .places = 2 };
	char path[] = "/tmp/test_bench-XXXXXX", error[BASELINE_ERROR_BYTES], *text;
	struct report *report = report_create();
	struct baseline *baseline;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	write_file(path, "{\"command\":\"relay\",\"results\":["
			 "{\"case\":\"a\",\"mpps\":2.0,\"mpps_low\":1.9,\"mpps_high\":2.1},"
			 "{\"case\":\"b\",\"mpps\":2,\"mpps_low\":2,\"mpps_high\":2},"
			 "{\"case\":\"c\"}]}");
	baseline = baseline_open(path, "relay", error);
	assert_non_null(baseline);
	unlink(path);
	for (const char *letter = "abcd"; *letter; letter++) {
		char of[2] = { *letter };

		report_row(report);
		report_string(report, "case", "case", of);
		report_figure(report, &name, 1, 0.9, *letter == 'b' ? 2.5 : 1.1);
	}
	assert_int_equal(baseline_compare(baseline, report, 5), 1);
	assert_int_equal(report_print(report, REPORT_JSON, out), 0);
	fclose(out);
	assert_non_null(strstr(text, "\"comparison\":[{\"case\":\"a\",\"figure\":\"Mpps\","
				     "\"old\":2.00,\"new\":1.00,\"change_percent\":-50.0,"
				     "\"verdict\":\"worse\"},"));
	assert_non_null(strstr(text, "\"case\":\"b\",\"figure\":\"Mpps\",\"old\":2.00,"
				     "\"new\":1.00,\"change_percent\":-50.0,\"verdict\":\"same\""));
	assert_non_null(strstr(text, "{\"case\":\"c\",\"figure\":\"Mpps\",\"verdict\":\"new\"}"));
	assert_non_null(strstr(text, "{\"case\":\"d\",\"figure\":\"Mpps\",\"verdict\":\"new\"}"));
	free(text);
	baseline_close(baseline);
	report_destroy(report);
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
		cmocka_unit_test(sums_up_all_vifs_and_what_came_since),
		cmocka_unit_test(misses_what_is_not_there),
		cmocka_unit_test(reports_in_three_forms),
		cmocka_unit_test(judges_changes),
		cmocka_unit_test(refuses_what_is_no_report),
		cmocka_unit_test(compares_case_by_case),
		cmocka_unit_test(a_full_disk_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
