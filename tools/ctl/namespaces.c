#include "ctl/namespaces.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

static int write_file(const char *path, const char *text)
{
	ssize_t length = (ssize_t)strlen(text);
	int fd = open(path, O_WRONLY | O_CLOEXEC), err = 0;

	if (fd < 0)
		return -errno;
	if (write(fd, text, (size_t)length) != length)
		err = -errno;
	close(fd);
	return err;
}

static int map_ids(uid_t uid, gid_t gid)
{
	char map[64];
	int err = write_file("/proc/self/setgroups", "deny");

	if (err && err != -ENOENT)
		return err;
	snprintf(map, sizeof(map), "0 %u 1", gid);
	err = write_file("/proc/self/gid_map", map);
	if (err)
		return err;
	snprintf(map, sizeof(map), "0 %u 1", uid);
	return write_file("/proc/self/uid_map", map);
}

/* A namespace whose root may do nothing is worth nothing: AppArmor makes such. */
static int loopback_up(void)
{
	struct ifreq request = { .ifr_name = "lo", .ifr_flags = IFF_UP };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err = 0;

	if (fd < 0)
		return -errno;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		err = -errno;
	close(fd);
	return err;
}

static int enter_user_namespace(int with)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();

	if (unshare(CLONE_NEWUSER | with))
		return -errno;
	return map_ids(uid, gid);
}

/* As `splitvif-front run` does: the outer pair hides, the inner one is the VM. */
static int enter_namespaces(bool nested)
{
	int err = nested ? enter_user_namespace(CLONE_NEWNS) : 0;

	if (!err)
		err = enter_user_namespace(CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWPID);
	return err ? err : loopback_up();
}

/* In a child of its own, whose exit status is the errno. */
int namespaces_try(bool nested)
{
	pid_t child = fork();
	int status;

	if (child < 0)
		return -errno;
	if (!child)
		_exit(-enter_namespaces(nested));
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -EINTR;
}
