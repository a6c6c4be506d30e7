/* Where the run directory lies, by the environment. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "io/rundir.h"

static void test_explicit_directory_wins(void **state)
{
	char path[RUNDIR_PATH_BYTES];

	setenv("SPLITVIF_RUNDIR", "/tmp/some dir", 1);
	assert_int_equal(rundir_path(path, sizeof(path), "domain.sock"), 0);
	assert_string_equal(path, "/tmp/some dir/domain.sock");
	assert_int_equal(rundir_path(path, sizeof(path), NULL), 0);
	assert_string_equal(path, "/tmp/some dir");
}

static void test_socket_paths_end_at_107_bytes(void **state)
{
	char dir[128], path[RUNDIR_PATH_BYTES];

	memset(dir, 'd', sizeof(dir));
	dir[0] = '/';
	dir[107 - 2] = '\0'; /* with "/s" exactly 107 bytes and the NUL */
	setenv("SPLITVIF_RUNDIR", dir, 1);
	assert_int_equal(rundir_path(path, sizeof(path), "s"), 0);
	assert_int_equal(strlen(path), 107);
	assert_int_equal(rundir_path(path, sizeof(path), "so"), -ENAMETOOLONG);
	assert_int_equal(rundir_connect(path, "so", SOCK_STREAM), -ENAMETOOLONG);
	assert_int_equal(strncmp(path, dir, 50), 0);
}

/* Without SPLITVIF_RUNDIR the answer depends on who runs the test; it must be
 * one of the four, and XDG's only where /run is not ours. */
static void test_falls_through_the_list(void **state)
{
	char path[RUNDIR_PATH_BYTES], expected[64];
	struct stat info;

	unsetenv("SPLITVIF_RUNDIR");
	setenv("XDG_RUNTIME_DIR", "/xdg", 1);
	assert_int_equal(rundir_path(path, sizeof(path), NULL), 0);
	if ((stat("/run/splitvif", &info) == 0 && info.st_uid == geteuid()) ||
	    (access("/run/splitvif", F_OK) != 0 && access("/run", W_OK) == 0)) {
		assert_string_equal(path, "/run/splitvif");
		return;
	}
	assert_string_equal(path, "/xdg/splitvif");
	unsetenv("XDG_RUNTIME_DIR");
	setenv("TMPDIR", "/t", 1);
	assert_int_equal(rundir_path(path, sizeof(path), NULL), 0);
	snprintf(expected, sizeof(expected), "/t/splitvif-%u", geteuid());
	assert_string_equal(path, expected);
}

static void test_create_is_private_and_repeatable(void **state)
{
	char base[] = "/tmp/rundir.XXXXXX", dir[64], path[RUNDIR_PATH_BYTES];
	struct stat info;

	assert_non_null(mkdtemp(base));
	snprintf(dir, sizeof(dir), "%s/r", base);
	setenv("SPLITVIF_RUNDIR", dir, 1);
	assert_int_equal(rundir_create(), 0);
	assert_int_equal(rundir_create(), 0);
	assert_int_equal(stat(dir, &info), 0);
	assert_int_equal(info.st_mode & 07777, 0700);
	assert_int_equal(rundir_connect(path, "none.sock", SOCK_STREAM), -ENOENT);
	rmdir(dir);
	assert_int_equal(symlink("/etc/passwd", dir), 0);
	assert_int_equal(rundir_create(), -ENOTDIR);
	unlink(dir);
	setenv("SPLITVIF_RUNDIR", "/proc/1/nonexistent/deep", 1);
	assert_int_not_equal(rundir_create(), 0);
	rmdir(base);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_explicit_directory_wins),
		cmocka_unit_test(test_socket_paths_end_at_107_bytes),
		cmocka_unit_test(test_falls_through_the_list),
		cmocka_unit_test(test_create_is_private_and_repeatable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
