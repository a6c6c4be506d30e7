/* What may be typed, and what each mistake is answered with. */
#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frontend/front_options.h"

enum { WORDS = 24 };

/* Cuts a line at its blanks; "''" is an empty word. */
static int parse(const char *line, struct front_options *options, char *error)
{
	static char text[512];
	static char *argv[WORDS + 1];
	int argc = 0;

	snprintf(text, sizeof(text), "splitvif-front %s", line);
	for (char *word = strtok(text, " "); word && argc < WORDS; word = strtok(NULL, " "))
		argv[argc++] = strcmp(word, "''") ? word : word + 2;
	argv[argc] = NULL;
	error[0] = '\0';
	return front_options_parse(options, argc, argv, error, 256);
}

static const struct {
	const char *line;
	const char *named; /* must occur in the complaint */
} bad[] = {
	{ "", "no command" },
	{ "walk", "'walk'" },
	{ "--bogus", "'--bogus'" },
	{ "-x run", "'-x'" },
	{ "run --bogus -- true", "'--bogus'" },
	{ "run --name", "'--name' wants a value" },
	{ "run --name a --name b", "'--name' given twice" },
	{ "--rundir /a --rundir /b run", "'--rundir' given twice" },
	{ "run --name ''", "--name" },
	{ "run --name a/b", "'a/b'" },
	{ "run --name 0123456789012345678901234567890123456789012345678901234567890123", "--name" },
	{ "run --bridge 0123456789012345", "--bridge" },
	{ "run --mac 00:16:3e:00:00", "--mac" },
	{ "run --mac 00:16:3e:00:00:001", "--mac" },
	{ "run --mac 01:16:3e:00:00:01", "--mac" },
	{ "run --mac 00:00:00:00:00:00", "--mac" },
	{ "run --mac 00-16-3e-00-00-01", "--mac" },
	{ "run --mac 00:16:3e:00:00:0g", "--mac" },
	{ "run --mtu 67", "--mtu" },
	{ "run --mtu 65522", "--mtu" },
	{ "run --mtu -1", "--mtu" },
	{ "run --mtu 1500x", "--mtu" },
	{ "run --mtu 99999999999999999999999", "--mtu" },
	{ "run --queues 0", "--queues" },
	{ "run --queues 17", "--queues" },
	{ "gen --queues 2 --dst 02:00:00:00:00:01", "--queues" },
	{ "run --offload maybe", "'maybe'" },
	{ "sink --offload off", "'--offload' does not go" },
	{ "run --ip 10.77.0.300", "--ip" },
	{ "run --ip 10.77.0.3/33", "--ip" },
	{ "run --ip 10.77.0.3/0", "--ip" },
	{ "run --ip 10.77.0.3/", "--ip" },
	{ "run --ip 0.0.0.0/8", "--ip" },
	{ "run --ip ::1/64", "--ip" },
	{ "run --gateway here", "--gateway" },
	{ "run --size 64", "'--size' does not go" },
	{ "stream", "wants PATH" },
	{ "stream ''", "wants PATH" },
	{ "stream /a /b", "'/b'" },
	{ "stream /a --queues 2", "'--queues' does not go" },
	{ "run --connect", "'--connect' does not go" },
	{ "run --netns x", "'--netns' does not go" },
	{ "--netns x --count 3", "'--count' does not go" },
	{ "--netns x leftover", "'leftover'" },
	{ "--netns ''", "--netns" },
	{ "--engine steam run", "'steam'" },
	{ "gen", "--dst" },
	{ "gen --dst ff:ff:ff:ff:ff:ff", "--dst" },
	{ "gen --dst 00:16:3e:00:00:01 --size 41", "--size" },
	{ "gen --dst 00:16:3e:00:00:01 --size 65536", "--size" },
	{ "gen --dst 00:16:3e:00:00:01 --count 0", "--count" },
	{ "gen --dst 00:16:3e:00:00:01 --rate 0", "--rate" },
	{ "gen --dst 00:16:3e:00:00:01 --window 257", "--window" },
	{ "gen --dst 00:16:3e:00:00:01 --duration 0", "--duration" },
	{ "gen --dst 00:16:3e:00:00:01 --duration nan", "--duration" },
	{ "gen --dst 00:16:3e:00:00:01 --duration 1s", "--duration" },
	{ "gen --dst 00:16:3e:00:00:01 --rate 5 --credit", "only one of" },
	{ "gen --dst 00:16:3e:00:00:01 --wait --credit", "only one of" },
	{ "gen --dst 00:16:3e:00:00:01 more", "'more'" },
	{ "gen --dst 00:16:3e:00:00:01 --ip 10.0.0.1", "'--ip' does not go" },
	{ "sink --rate 4", "'--rate' does not go" },
	{ "echo --credit", "'--credit' does not go" },
};

static void test_each_mistake_is_one_line(void **state)
{
	struct front_options options;
	char error[256];

	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		print_message("splitvif-front %s\n", bad[i].line);
		assert_int_equal(parse(bad[i].line, &options, error), -EINVAL);
		assert_non_null(strstr(error, bad[i].named));
		assert_null(strchr(error, '\n'));
	}
}

static void test_run_with_everything(void **state)
{
	static const uint8_t mac[] = { 0x00, 0x16, 0x3e, 0xaa, 0xBB, 0x01 };
	struct front_options o;
	char error[256];

	assert_int_equal(parse("--rundir /r -v --engine epoll run --name web-1.x --bridge br1 "
			       "--ip 10.1.2.3/16 --gateway 10.1.0.1 --mac 00:16:3e:aa:BB:01 "
			       "--mtu 9000 --single-channel -- ls --size -v",
			       &o, error),
			 0);
	assert_int_equal(o.mode, FRONT_RUN);
	assert_string_equal(o.rundir, "/r");
	assert_true(o.verbose);
	assert_string_equal(o.engine, "epoll");
	assert_string_equal(o.name, "web-1.x");
	assert_string_equal(o.bridge, "br1");
	assert_int_equal(o.ip, htonl(0x0a010203));
	assert_int_equal(o.prefix, 16);
	assert_int_equal(o.gateway, htonl(0x0a010001));
	assert_memory_equal(o.mac, mac, 6);
	assert_int_equal(o.mtu, 9000);
	assert_true(o.single_channel);
	assert_string_equal(o.command[0], "ls");
	assert_string_equal(o.command[1], "--size"); /* the command's own */
	assert_string_equal(o.command[2], "-v");
	assert_null(o.command[3]);
}

static void test_short_forms(void **state)
{
	struct front_options o;
	char error[256];

	assert_int_equal(parse("run bash -c true", &o, error), 0);
	assert_string_equal(o.command[0], "bash");
	assert_int_equal(parse("run", &o, error), 0);
	assert_null(o.command[0]);
	assert_int_equal(parse("--netns blue --name x", &o, error), 0);
	assert_int_equal(o.mode, FRONT_NETNS);
	assert_string_equal(o.netns, "blue");
	assert_int_equal(parse("run --ip 10.0.0.9", &o, error), 0);
	assert_int_equal(o.prefix, 0);
	assert_int_equal(parse("--help", &o, error), 0);
	assert_int_equal(o.mode, FRONT_HELP);
	assert_int_equal(parse("gen -h", &o, error), 0);
	assert_int_equal(o.mode, FRONT_HELP);
	assert_int_equal(parse("-V", &o, error), 0);
	assert_int_equal(o.mode, FRONT_VERSION);
}

static void test_stream_before_and_after_its_path(void **state)
{
	struct front_options o;
	char error[256];

	assert_int_equal(parse("stream --name q /tmp/s --connect --mtu 9000", &o, error), 0);
	assert_int_equal(o.mode, FRONT_STREAM);
	assert_string_equal(o.path, "/tmp/s");
	assert_string_equal(o.name, "q");
	assert_int_equal(o.mtu, 9000);
	assert_true(o.connect);
	assert_int_equal(parse("stream /tmp/s", &o, error), 0);
	assert_false(o.connect);
}

static void test_load_options(void **state)
{
	struct front_options o;
	char error[256];

	assert_int_equal(parse("gen --dst 00:16:3e:00:00:02 --size 1514 --count 10 --rate 1000 "
			       "--duration 2.5 --json",
			       &o, error),
			 0);
	assert_int_equal(o.mode, FRONT_GEN);
	assert_int_equal(o.size, 1514);
	assert_int_equal(o.count, 10);
	assert_int_equal(o.rate, 1000);
	assert_true(o.duration > 2.49 && o.duration < 2.51);
	assert_true(o.json);
	assert_int_equal(parse("gen --dst 00:16:3e:00:00:02 --wait", &o, error), 0);
	assert_int_equal(o.window, 64);
	assert_int_equal(o.size, 64);
	assert_int_equal(parse("sink --credit --count 5", &o, error), 0);
	assert_true(o.credit);
	assert_int_equal(parse("echo --mac 00:16:3e:00:00:02", &o, error), 0);
	assert_int_equal(o.mode, FRONT_ECHO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_mistake_is_one_line),
		cmocka_unit_test(test_run_with_everything),
		cmocka_unit_test(test_short_forms),
		cmocka_unit_test(test_stream_before_and_after_its_path),
		cmocka_unit_test(test_load_options),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
