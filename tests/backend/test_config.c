/*
 * Configuration files: what is taken, and that everything that is wrong is told
 * with its line: each key missing, twice, unknown, out of range, very long.
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "backend/config.h"

static struct options options;
static char path[64], said[8192];

/* Loads the text as a file; what was said meanwhile is in `said`. */
static unsigned int load(const char *text, enum config_kind kind)
{
	int saved = dup(STDERR_FILENO), pipes[2], fd;
	unsigned int errors;
	ssize_t n;

	options_fini(&options);
	options = (struct options){ .nr_networks = 0 };
	strcpy(path, "/tmp/splitvif-config-XXXXXX");
	fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	errors = config_load(path, kind, &options, &options.vifs);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipes[0], said, sizeof(said) - 1);
	said[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	unlink(path);
	return errors;
}

static void test_a_whole_file(void **state)
{
	const struct attachment *vif;

	if (load("# a comment\n"
		 "; another one\n"
		 "\n"
		 "[daemon]\n"
		 "engine = epoll          # behind a value, too\n"
		 "\tmax-pages=1000\n"
		 "queue-kib = 256\n"
		 "allow-uid = 1000,1001\n"
		 "scripts = /etc/xen/scripts/\n"
		 "script-timeout = 5\n"
		 "[bridge xenbr0]\n"
		 "uplink = tap:xentap0\n"
		 "ip = 10.77.0.1/24\n"
		 "[bridge inner]\n"
		 "  mtu = 9000\n"
		 "[vif guest1.0]\n"
		 "mac = 00:16:3e:00:00:01\n"
		 "bridge = inner\n"
		 "mtu = 9000\n"
		 "[vif a.b.7]\n"
		 "type = own-tap\n"
		 "script = vif-bridge\n"
		 "[vif bare.1]\n",
		 CONFIG_OPERATORS))
		fail_msg("%s", said);
	assert_string_equal(said, "");
	assert_int_equal(options.engine, ENGINE_EPOLL);
	assert_int_equal(options.quota_pages, 1000);
	assert_int_equal(options.backlog_bytes, 256 << 10);
	assert_int_equal(options.nr_uids, 2);
	assert_int_equal(options.uids[1], 1001);
	assert_string_equal(options.scripts.dir, "/etc/xen/scripts");
	assert_int_equal(options.scripts.timeout_s, 5);
	assert_int_equal(options.nr_networks, 2);
	assert_string_equal(options.networks[0].tap, "xentap0");
	assert_int_equal(options.networks[0].ip, inet_addr("10.77.0.1"));
	assert_int_equal(options.networks[0].mtu, 1500);
	assert_int_equal(options.networks[1].mtu, 9000);
	assert_int_equal(options.vifs.nr, 3);
	vif = attachments_find(&options.vifs, "guest1", 0);
	assert_non_null(vif);
	assert_true(vif->configured);
	assert_string_equal(vif->spec.bridge, "inner");
	assert_int_equal(vif->spec.mac[5], 1);
	vif = attachments_find(&options.vifs, "a.b", 7);
	assert_non_null(vif);
	assert_int_equal(vif->spec.type, VIFSPEC_OWN_TAP);
	assert_non_null(attachments_find(&options.vifs, "bare", 1));
}

static void test_nothing(void **state)
{
	assert_int_equal(load("", CONFIG_OPERATORS), 0);
	assert_int_equal(options.vifs.nr, 0);
	assert_int_equal(options.nr_networks, 0);
}

static void test_errors(void **state)
{
	static const struct {
		const char *text, *told; /* behind the file's name */
	} cases[] = {
		{ "engine = epoll\n", ":1: error: key 'engine' before any section" },
		{ "[daemon]\nengine = fast\n", ":2: error: engine 'fast': auto, uring or epoll" },
		{ "[daemon]\nengien = auto\n",
		  ":2: error: unknown key 'engien'; did you mean 'engine'?" },
		{ "[daemon]\nengine = auto\nengine = auto\n",
		  ":3: error: key 'engine' stands twice" },
		{ "[daemon]\nmax-pages = 7\n", ":2: error: max-pages '7': a number from 8" },
		{ "[daemon]\nmax-pages =\n", ":2: error: max-pages ''" },
		{ "[daemon]\nmax-pages\n", ":2: error: neither" },
		{ "[daemon]\nqueue-kib = 1x\n", ":2: error: queue-kib '1x'" },
		{ "[daemon]\nallow-uid = 1,,2\n", ":2: error: allow-uid ''" },
		{ "[daemon]\nlog-level = loud\n", ":2: error: log-level 'loud'" },
		{ "[daemon]\nscripts = here\n", ":2: error: scripts 'here': the absolute path" },
		{ "[daemon]\nscript-timeout = 0\n", ":2: error: script-timeout '0'" },
		{ "[daemon]\nrundir = /tmp\n", ":2: error: unknown key 'rundir'" },
		{ "[daemon]\n[daemon]\n", ":2: error: [daemon] stands twice" },
		{ "[deamon]\n", ":1: error: unknown section [deamon]; did you mean 'daemon'?" },
		{ "[]\n", ":1: error: unknown section []" },
		{ "[bridge]\n", ":1: error: unknown section [bridge]" },
		{ "[bridge a-name-that-is-too-long]\n", "1 to 15 characters" },
		{ "[bridge b]\n[bridge b]\n",
		  ":2: error: [bridge b]: the bridge was named before" },
		{ "[bridge b]\nuplink = eth0\n", ":2: error: uplink 'eth0': uplink is tap:IF, stream:PATH" },
		{ "[bridge b]\nip = 10.0.0.1\n", ":2: error: ip '10.0.0.1'" },
		{ "[bridge b]\nmtu = 9\n", ":2: error: mtu '9'" },
		{ "[bridge b]\nuplnik = none\n",
		  ":2: error: unknown key 'uplnik'; did you mean 'uplink'?" },
		{ "[vif a]\n", ":1: error: [vif a]: a domain's name" },
		{ "[vif a.8]\n", ":1: error: [vif a.8]" },
		{ "[vif a.0.]\n", ":1: error: [vif a.0.]" },
		{ "[vif .0]\n", ":1: error: [vif .0]" },
		{ "[vif a/b.0]\n", ":1: error: [vif a/b.0]" },
		{ "[vif a.0]\n[vif b.0]\n[vif a.0]\n", ":3: error: [vif a.0] stands twice" },
		{ "[vif a.0]\nmac = 1\n", ":2: error: mac '1': a unicast address" },
		{ "[vif a.0]\nmtu = 1500\nmtu = 1500\n", ":3: error: key 'mtu' stands twice" },
		{ "[vif a.0]\nbrigde = x\n",
		  ":2: error: unknown key 'brigde'; did you mean 'bridge'?" },
		{ "[vif a.0]\nrate = 10Mb\n", ":2: error: rate '10Mb': a rate like 10Mb/s" },
		{ "[vif a.0]\ndevid = 1\n", ":2: error: key 'devid' is not served here" },
		{ "[vif a.0]\nscript = x\n",
		  ":1: error: [vif a.0]: script 'x': no scripts are allowed" },
		{ "[bridge b]\n[vif a.0]\nbridge = c\n",
		  ":2: error: [vif a.0]: bridge 'c': there is no" },
		{ "[daemon\nengine = auto\n", ":1: error: neither" },
		{ "nonsense\n", ":1: error: neither" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		if (!load(cases[i].text, CONFIG_OPERATORS))
			fail_msg("taken: %s", cases[i].text);
		if (strncmp(said, path, strlen(path)) || !strstr(said, cases[i].told))
			fail_msg("'%s': '%s' instead of '%s'", cases[i].text, said, cases[i].told);
	}
}

static void test_every_error_is_told(void **state)
{
	assert_int_equal(load("[daemon]\nengine = x\n[bridge b]\nmtu = 1\n[vif a.0]\nmtu = 1\n",
			      CONFIG_OPERATORS),
			 3);
	assert_non_null(strstr(said, ":2: error"));
	assert_non_null(strstr(said, ":4: error"));
	assert_non_null(strstr(said, ":6: error"));
}

static void test_very_long(void **state)
{
	char text[6000];

	memset(text, 'x', sizeof(text));
	memcpy(text, "[daemon]\nengine = ", 18);
	strcpy(text + sizeof(text) - 20, "\nmax-pages = 7\n");
	assert_int_equal(load(text, CONFIG_OPERATORS), 2);
	assert_non_null(strstr(said, ":2: error: line is longer"));
	assert_non_null(strstr(said, ":3: error: max-pages"));
	memset(text, 'x', sizeof(text));
	memcpy(text, "[vif ", 5);
	strcpy(text + 300, ".0]\n");
	assert_int_equal(load(text, CONFIG_OPERATORS), 1);
	assert_non_null(strstr(said, ":1: error: section's name is longer"));
	memset(text, 'x', sizeof(text));
	memcpy(text, "[vif ", 5);
	strcpy(text + 5 + 63, ".0]\nmtu = 1400\n");
	assert_int_equal(load(text, CONFIG_OPERATORS), 0);
	assert_int_equal(options.vifs.list[0].spec.mtu, 1400);
	assert_int_equal(strlen(options.vifs.list[0].domain), 63);
}

static void test_no_file(void **state)
{
	assert_int_equal(load("", CONFIG_OPERATORS), 0);
	assert_true(config_load("/nonexistent/file", CONFIG_OPERATORS, &options, &options.vifs));
}

/* What attachments_save() writes is read, and only that. */
static void test_what_is_kept(void **state)
{
	static const char *const spec = "rate=10Mb/s@20ms,mac=00:16:3e:00:00:09,script=x";
	struct attachments kept = { .nr = 0 };
	struct attachment one = { .domain = "guest" };
	char error[VIFSPEC_ERROR_BYTES], file[256], text[2048];
	FILE *saved;
	size_t n;

	setenv("SPLITVIF_RUNDIR", "/tmp", 1);
	assert_int_equal(vifspec_parse(&one.spec, spec, error), 0);
	one.spec.has_devid = true;
	one.spec.devid = 3;
	assert_int_equal(attachments_put(&kept, &one), 0);
	one.configured = true;
	one.spec.devid = 4;
	assert_int_equal(attachments_put(&kept, &one), 0);
	assert_int_equal(attachments_save(&kept), 0);
	assert_int_equal(attachments_path(file, sizeof(file)), 0);
	saved = fopen(file, "r");
	assert_non_null(saved);
	n = fread(text, 1, sizeof(text) - 1, saved);
	text[n] = '\0';
	fclose(saved);
	assert_int_equal(load(text, CONFIG_KEPT), 0);
	assert_int_equal(options.vifs.nr, 1);
	assert_memory_equal(&options.vifs.list[0].spec, &kept.list[0].spec, sizeof(one.spec));
	assert_false(options.vifs.list[0].configured);
	assert_true(attachments_remove(&kept, "guest", 3));
	assert_false(attachments_remove(&kept, "guest", 3));
	assert_int_equal(attachments_save(&kept), 0);
	assert_int_not_equal(access(file, F_OK), 0);
	attachments_fini(&kept);
	assert_int_equal(load("[daemon]\n", CONFIG_KEPT), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_whole_file), cmocka_unit_test(test_nothing),
		cmocka_unit_test(test_errors),	     cmocka_unit_test(test_every_error_is_told),
		cmocka_unit_test(test_very_long),    cmocka_unit_test(test_no_file),
		cmocka_unit_test(test_what_is_kept),
	};
	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	options_fini(&options);
	return failed;
}
