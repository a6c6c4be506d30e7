/*
 * Command lines, good and bad. A bad one is answered with exit status 2 and one
 * line that names the option.
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/options.h"

enum { WORDS_MAX = 40 };

/* Splits at spaces and parses; what was written to `fd` meanwhile. */
static int parse(struct options *options, const char *line, int fd, char *said, size_t size)
{
	char copy[1024], *rest = copy, *argv[WORDS_MAX + 1] = { "splitvifd" };
	int argc = 1, saved = dup(fd), pipes[2], status;
	ssize_t n;

	assert_true(strlen(line) < sizeof(copy));
	strcpy(copy, line);
	for (char *word; (word = strsep(&rest, " ")) && argc < WORDS_MAX;)
		if (*word)
			argv[argc++] = strcmp(word, "''") ? word : "";
	argv[argc] = NULL;
	optind = 0; /* glibc: start anew */
	assert_int_equal(pipe(pipes), 0);
	fflush(stdout);
	dup2(pipes[1], fd);
	close(pipes[1]);
	status = options_parse(options, argc, argv);
	fflush(stdout);
	dup2(saved, fd);
	close(saved);
	n = read(pipes[0], said, size - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	return status;
}

static int parse_quietly(struct options *options, const char *line)
{
	char said[4096];
	int status = parse(options, line, STDERR_FILENO, said, sizeof(said));

	if (status == -1 && *said)
		fail_msg("'%s' said: %s", line, said);
	return status;
}

static void test_defaults(void **state)
{
	struct options options;

	assert_int_equal(parse_quietly(&options, ""), -1);
	assert_int_equal(options.engine, ENGINE_AUTO);
	assert_int_equal(options.nr_networks, 1);
	assert_true(options.networks_by_default);
	assert_string_equal(options.networks[0].name, "xenbr0");
	assert_string_equal(options.networks[0].tap, "xentap0");
	assert_int_equal(options.networks[0].ip, inet_addr("10.77.0.1"));
	assert_int_equal(options.networks[0].prefix, 24);
	assert_int_equal(options.networks[0].mtu, 1500);
	assert_int_equal(options.nr_uids, 0);
	assert_int_equal(options.quota_pages, OPTIONS_PAGES_DEFAULT);
	assert_int_equal(options.ready_fd, -1);
}

static void test_everything(void **state)
{
	struct options options;

	assert_int_equal(parse_quietly(&options,
				       "-f --rundir /tmp/x --engine epoll --max-pages 8 "
				       "--bridge br0,uplink=tap:t0,ip=10.1.2.3/8,mtu=9000 "
				       "--bridge br1,uplink=tap:t1,uplink=stream:/p --bridge br2,mtu=68,mtu=65521 "
				       "--bridge br3,macs=65536,uplink=none "
				       "--allow-uid 0 --allow-uid 4294967294 --ready-fd 2 "
				       "--log-level debug"),
			 -1);
	assert_string_equal(getenv("SPLITVIF_RUNDIR"), "/tmp/x");
	assert_int_equal(options.engine, ENGINE_EPOLL);
	assert_int_equal(options.quota_pages, 8);
	assert_int_equal(options.nr_networks, 4);
	assert_false(options.networks_by_default);
	assert_string_equal(options.networks[0].tap, "t0");
	assert_int_equal(options.networks[0].ip, inet_addr("10.1.2.3"));
	assert_int_equal(options.networks[0].prefix, 8);
	assert_int_equal(options.networks[0].mtu, 9000);
	assert_string_equal(options.networks[1].name, "br1");
	assert_string_equal(options.networks[1].tap, "");
	assert_string_equal(options.networks[1].stream, "/p");
	assert_string_equal(options.networks[0].stream, "");
	assert_int_equal(options.networks[1].ip, 0);
	assert_int_equal(options.networks[2].mtu, 65521); /* twice: the last one */
	assert_int_equal(options.networks[2].macs, NETWORK_MACS_PER_PORT);
	assert_int_equal(options.networks[3].macs, 65536);
	assert_int_equal(options.nr_uids, 2);
	assert_int_equal(options.uids[1], 4294967294u);
	assert_int_equal(options.ready_fd, 2);
	unsetenv("SPLITVIF_RUNDIR");
}

/* A line, and a word that the complaint must have. */
static const struct {
	const char *line;
	const char *word;
} bad[] = {
	{ "--frobnicate", "frobnicate" },
	{ "-x", "x" },
	{ "--engine", "engine" },
	{ "--engine poll", "--engine 'poll'" },
	{ "--engine ''", "--engine ''" },
	{ "--bridge", "bridge" },
	{ "--bridge ''", "--bridge" },
	{ "--bridge ,mtu=1500", "--bridge" },
	{ "--bridge sixteen-letters0", "1 to 15 characters" },
	{ "--bridge a/b", "--bridge 'a/b'" },
	{ "--bridge .", "--bridge '.'" },
	{ "--bridge ..", "--bridge '..'" },
	{ "--bridge a:b", "--bridge" },
	{ "--bridge br%d", "--bridge" },
	{ "--bridge br0 --bridge br0", "named before" },
	{ "--bridge br0,", "words are" },
	{ "--bridge br0,speed=10", "words are" },
	{ "--bridge br0,uplink=eth0", "tap:IF, stream:PATH or none" },
	{ "--bridge br0,uplink=stream:", "starts with /" },
	{ "--bridge br0,uplink=stream:here.sock", "starts with /" },
	{ "--bridge br0,uplink=stream:/0123456789/0123456789/0123456789/0123456789/0123456789"
	  "/0123456789/0123456789/0123456789/0123456789/01234567", "107 bytes" },
	{ "--bridge br0,uplink=tap:", "1 to 15 characters" },
	{ "--bridge br0,uplink=tap:sixteen-letters0", "1 to 15 characters" },
	{ "--bridge br0,ip=10.0.0.1", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=10.0.0.1/", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=10.0.0.1/7", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=10.0.0.1/31", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=10.0.0.1/24x", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=10.0.0/24", "ADDRESS/PREFIX" },
	{ "--bridge br0,ip=fe80::1/24", "ADDRESS/PREFIX" },
	{ "--bridge br0,mtu=", "68 to 65521" },
	{ "--bridge br0,mtu=67", "68 to 65521" },
	{ "--bridge br0,mtu=65522", "68 to 65521" },
	{ "--bridge br0,mtu=-1", "68 to 65521" },
	{ "--bridge br0,mtu=1500x", "68 to 65521" },
	{ "--bridge br0,mtu=99999999999999999999", "68 to 65521" },
	{ "--bridge br0,macs=", "1 to 65536" },
	{ "--bridge br0,macs=0", "1 to 65536" },
	{ "--bridge br0,macs=65537", "1 to 65536" },
	{ "--bridge br0,macs=-1", "1 to 65536" },
	{ "--bridge br0,macs=64k", "1 to 65536" },
	{ "--allow-uid", "allow-uid" },
	{ "--allow-uid root", "--allow-uid 'root'" },
	{ "--allow-uid -1", "--allow-uid '-1'" },
	{ "--allow-uid 4294967295", "0 to 4294967294" },
	{ "--max-pages 7", "8 to 1048576" },
	{ "--max-pages 1048577", "8 to 1048576" },
	{ "--max-pages ''", "8 to 1048576" },
	{ "--workers 0", "1 to 8" },
	{ "--workers 9", "1 to 8" },
	{ "--queues 0", "1 to 16" },
	{ "--queues 17", "1 to 16" },
	{ "--queues two", "--queues 'two'" },
	{ "--ready-fd 1000000", "is not open" },
	{ "--ready-fd -1", "--ready-fd" },
	{ "--ready-fd x", "--ready-fd" },
	{ "--log-level loud", "--log-level 'loud'" },
	{ "word", "'word'" },
	{ "-f word another", "'word'" },
};

static void test_bad_lines(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		struct options options;
		char said[4096];
		int status = parse(&options, bad[i].line, STDERR_FILENO, said, sizeof(said));

		if (status != 2 || !strstr(said, bad[i].word) ||
		    strchr(said, '\n') != said + strlen(said) - 1)
			fail_msg("'%s': %d, said '%s'", bad[i].line, status, said);
	}
}

static void repeat(char *line, const char *format, unsigned int n)
{
	*line = '\0';
	for (unsigned int i = 0; i < n; i++)
		sprintf(line + strlen(line), format, i);
}

static void test_limits(void **state)
{
	struct options options;
	char line[1024], said[4096];

	repeat(line, "--bridge br%u ", NETWORKS_MAX);
	assert_int_equal(parse_quietly(&options, line), -1);
	assert_int_equal(options.nr_networks, NETWORKS_MAX);
	repeat(line, "--bridge br%u ", NETWORKS_MAX + 1);
	assert_int_equal(parse(&options, line, STDERR_FILENO, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "at most 16"));

	strcpy(line, "--bridge br0,");
	memset(line + strlen("--bridge br0,"), 'm', 300);
	line[strlen("--bridge br0,") + 300] = '\0';
	assert_int_equal(parse(&options, line, STDERR_FILENO, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "too long"));
}

static void test_help_and_version(void **state)
{
	struct options options;
	char said[4096];

	assert_int_equal(parse(&options, "-h", STDOUT_FILENO, said, sizeof(said)), 0);
	assert_non_null(strstr(said, "usage: splitvifd"));
	assert_int_equal(parse(&options, "--version", STDOUT_FILENO, said, sizeof(said)), 0);
	assert_string_equal(said, "splitvifd " SPLITVIF_VERSION "\n");
}

static void test_environment(void **state)
{
	struct options options;
	char said[4096];

	setenv("SPLITVIF_ENGINE", "uring", 1);
	assert_int_equal(parse_quietly(&options, ""), -1);
	assert_int_equal(options.engine, ENGINE_URING);
	assert_int_equal(parse_quietly(&options, "--engine epoll"), -1); /* the line wins */
	assert_int_equal(options.engine, ENGINE_EPOLL);
	setenv("SPLITVIF_ENGINE", "steam", 1);
	assert_int_equal(parse(&options, "", STDERR_FILENO, said, sizeof(said)), 2);
	assert_non_null(strstr(said, "SPLITVIF_ENGINE 'steam'"));
	unsetenv("SPLITVIF_ENGINE");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),	 cmocka_unit_test(test_everything),
		cmocka_unit_test(test_bad_lines),	 cmocka_unit_test(test_limits),
		cmocka_unit_test(test_help_and_version), cmocka_unit_test(test_environment),
	};

	unsetenv("SPLITVIF_ENGINE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
