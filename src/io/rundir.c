#include "io/rundir.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const char system_dir[] = "/run/splitvif";

static const char *env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Ours, or missing where we may make it. A mapped root sees the real root's
 * directories as the overflow uid's, hence not as its own. */
static bool system_dir_usable(void)
{
	struct stat info;

	if (stat(system_dir, &info) == 0)
		return info.st_uid == geteuid();
	return errno == ENOENT && faccessat(AT_FDCWD, "/run", W_OK | X_OK, AT_EACCESS) == 0;
}

static int print_dir(char *path, size_t size)
{
	const char *dir = env("SPLITVIF_RUNDIR");

	if (dir)
		return snprintf(path, size, "%s", dir);
	if (system_dir_usable())
		return snprintf(path, size, "%s", system_dir);
	dir = env("XDG_RUNTIME_DIR");
	if (dir)
		return snprintf(path, size, "%s/splitvif", dir);
	dir = env("TMPDIR");
	return snprintf(path, size, "%s/splitvif-%u", dir ? dir : "/tmp", geteuid());
}

int rundir_path(char *path, size_t size, const char *file)
{
	int length = print_dir(path, size);

	if (length < 0 || (size_t)length >= size)
		return -ENAMETOOLONG;
	if (!file)
		return 0;
	length += snprintf(path + length, size - (size_t)length, "/%s", file);
	return (size_t)length < size ? 0 : -ENAMETOOLONG;
}

/* One level is made, not its parents: those are the system's business. */
int rundir_create(void)
{
	char path[RUNDIR_PATH_BYTES];
	struct stat info;
	int err = rundir_path(path, sizeof(path), NULL);

	if (err)
		return err;
	if (mkdir(path, strncmp(path, "/run/", 5) == 0 && geteuid() == 0 ? 0755 : 0700) == 0)
		return 0;
	if (errno != EEXIST)
		return -errno;
	if (stat(path, &info) != 0)
		return -errno;
	if (!S_ISDIR(info.st_mode))
		return -ENOTDIR;
	return info.st_uid == geteuid() ? 0 : -EPERM;
}

static int join_path(char path[RUNDIR_PATH_BYTES], const char *dir, const char *file)
{
	int length = snprintf(path, RUNDIR_PATH_BYTES, "%s/%s", dir, file);

	return length < RUNDIR_PATH_BYTES ? 0 : -ENAMETOOLONG;
}

int rundir_connect(char path[RUNDIR_PATH_BYTES], const char *file, int type)
{
	return rundir_connect_in(path, NULL, file, type);
}

int rundir_connect_in(char path[RUNDIR_PATH_BYTES], const char *dir, const char *file, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err = dir ? join_path(path, dir, file) : rundir_path(path, RUNDIR_PATH_BYTES, file);
	int fd;

	if (err)
		return err;
	static_assert(sizeof(address.sun_path) == RUNDIR_PATH_BYTES, "unix(7)");
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}
