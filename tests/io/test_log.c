/* What the log writes, read back through a pipe in stderr's place. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/log.h"

static int saved_stderr, out[2];

static int setup(void **state)
{
	saved_stderr = dup(STDERR_FILENO);
	if (pipe2(out, O_NONBLOCK) != 0)
		return -1;
	dup2(out[1], STDERR_FILENO);
	unsetenv("SPLITVIF_LOG");
	unsetenv("JOURNAL_STREAM");
	log_init("prog");
	return log_set_levels("info,one:info,two:info");
}

static int teardown(void **state)
{
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	close(out[0]);
	close(out[1]);
	return 0;
}

static const char *written(void)
{
	static char text[65536];
	ssize_t n = read(out[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static unsigned int lines(const char *text)
{
	unsigned int n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void test_line_has_time_level_area(void **state)
{
	const char *text;
	int year, month, day, hour, minute, second, ms, end = 0;

	log_info("bridge", "port %s up mtu=%d", "guest1.0", 1500);
	text = written();
	assert_int_equal(sscanf(text, "%d-%d-%dT%d:%d:%d.%dZ %n", &year, &month, &day, &hour,
				&minute, &second, &ms, &end),
			 7);
	assert_string_equal(text + end, "INFO bridge: port guest1.0 up mtu=1500\n");
}

static void test_journal_gets_levels(void **state)
{
	struct stat info;
	char stream[64];

	fstat(STDERR_FILENO, &info);
	snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long)info.st_dev,
		 (unsigned long long)info.st_ino);
	setenv("JOURNAL_STREAM", stream, 1);
	log_init("prog");
	log_warning("vif", "gone");
	assert_string_equal(written(), "<4>vif: gone\n");
}

static void test_levels_by_area(void **state)
{
	assert_int_equal(log_set_levels("warn,one:debug,two:warn"), 0);
	log_debug("one", "a");
	log_info("two", "b");
	log_error("two", "c");
	assert_int_equal(lines(written()), 2);
}

static void test_bad_specs_change_nothing(void **state)
{
	static const char *const bad[] = {
		"",	"loud",	    "info,",	     ":info",
		"one:", "one:loud", "error,bridge:", "averyveryverylongarea:info"
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(log_set_levels(bad[i]), -EINVAL);
	log_info("one", "still here");
	assert_int_equal(lines(written()), 1);
}

static void test_site_is_limited_and_owns_up(void **state)
{
	struct log_site site = { 0 };
	const char *text;

	for (int i = 0; i < 50; i++)
		log_write(&site, LOG_WARN, "vif", "flood");
	assert_int_equal(lines(written()), LOG_SITE_LINES);
	assert_int_equal(site.suppressed, 50 - LOG_SITE_LINES);
	site.since_s -= LOG_SITE_SECONDS;
	log_write(&site, LOG_WARN, "vif", "flood");
	text = written();
	assert_non_null(strstr(text, "vif: flood (40 similar suppressed in 10 s)\n"));
	assert_int_equal(site.suppressed, 0);
}

static void test_peers_cannot_forge_lines(void **state)
{
	char big[3000];

	log_info("store", "value %s", "a\nb\x1b[2J");
	assert_non_null(strstr(written(), "value a?b?[2J\n"));
	memset(big, 'x', sizeof(big));
	big[sizeof(big) - 1] = '\0';
	log_info("store", "%s", big);
	assert_int_equal(lines(written()), 1);
	log_complain("%s", big);
	assert_int_equal(lines(written()), 1);
}

static void test_complaint_is_plain(void **state)
{
	log_complain("daemon not running (no socket at %s)", "/run/x");
	assert_string_equal(written(), "prog: daemon not running (no socket at /run/x)\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_line_has_time_level_area, setup, teardown),
		cmocka_unit_test_setup_teardown(test_journal_gets_levels, setup, teardown),
		cmocka_unit_test_setup_teardown(test_levels_by_area, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_specs_change_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(test_site_is_limited_and_owns_up, setup, teardown),
		cmocka_unit_test_setup_teardown(test_peers_cannot_forge_lines, setup, teardown),
		cmocka_unit_test_setup_teardown(test_complaint_is_plain, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
