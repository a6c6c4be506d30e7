#include "frontend/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend/guest_init.h"
#include "frontend/guest_wire.h"

enum { ANSWER_MS = 10000 };

/* fork() into new namespaces. */
static pid_t fork_into(unsigned long flags)
{
	return (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
}

static int write_file(pid_t pid, const char *file, const char *text)
{
	char path[64];
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = write(fd, text, strlen(text));
	close(fd);
	return n < 0 ? -errno : 0;
}

/* Every id that we have, as itself: what the root of a namespace may do. */
static int map_identity(pid_t pid, const char *file)
{
	char path[64], text[4096];
	unsigned int inside, outside, count;
	size_t length = 0;
	FILE *own;

	snprintf(path, sizeof(path), "/proc/self/%s", file);
	own = fopen(path, "re");
	if (!own)
		return -errno;
	while (fscanf(own, "%u %u %u", &inside, &outside, &count) == 3 &&
	       length < sizeof(text) - 40)
		length += (size_t)sprintf(text + length, "%u %u %u\n", inside, inside, count);
	fclose(own);
	return length ? write_file(pid, file, text) : -EINVAL;
}

static int map_single(pid_t pid, const char *file, unsigned int id)
{
	char text[32];

	snprintf(text, sizeof(text), "0 %u 1\n", id);
	return write_file(pid, file, text);
}

/* Root keeps all its ids; anybody else becomes root of its own. */
static int write_maps(pid_t pid)
{
	int err = geteuid() == 0 ? map_identity(pid, "uid_map") : -EPERM;

	if (!err)
		return map_identity(pid, "gid_map");
	err = write_file(pid, "setgroups", "deny");
	if (!err || err == -ENOENT)
		err = map_single(pid, "uid_map", geteuid());
	return err ? err : map_single(pid, "gid_map", getegid());
}

/* A child that waits until its ids are mapped. The pid to the parent, 0 to the
 * child, or -errno. */
static pid_t fork_mapped(unsigned long flags)
{
	int gate[2], err;
	pid_t pid;
	char byte;

	if (pipe2(gate, O_CLOEXEC))
		return -errno;
	pid = fork_into(flags);
	if (pid < 0)
		err = -errno;
	close(gate[pid ? 0 : 1]);
	if (pid == 0) {
		if (read(gate[0], &byte, 1) != 1)
			_exit(1);
		close(gate[0]);
		return 0;
	}
	if (pid > 0) {
		err = write_maps(pid);
		if (!err && write(gate[1], "", 1) != 1)
			err = -errno;
	}
	close(gate[1]);
	if (!err)
		return pid;
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return err;
}

/* A working directory below the hidden one would be a way around it. */
static void step_out(void)
{
	char cwd[PATH_MAX];

	if (!getcwd(cwd, sizeof(cwd)) || cwd[0] != '/' || chdir(cwd))
		if (chdir("/"))
			_exit(1);
}

static int hide(const char *dir)
{
	if (mount("none", dir, "tmpfs", MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=555"))
		return -errno;
	step_out();
	return 0;
}

/* The outer namespaces' only process: hides the directory, starts init, says
 * its pid, and goes; init then becomes the frontend's child. */
_Noreturn static void keep(int control, const char *name, const char *hidden_dir, char **command)
{
	struct guest_reply reply = { .err = hide(hidden_dir) };
	pid_t pid;

	if (reply.err) {
		snprintf(reply.text, sizeof(reply.text),
			 "cannot hide %.90s from the VM: %s; see 'splitvif doctor'", hidden_dir,
			 strerror(-reply.err));
	} else {
		pid = fork_mapped(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID |
				  CLONE_NEWUTS);
		if (pid == 0)
			guest_init_run(control, name, command);
		reply.pid = pid;
		reply.err = pid < 0 ? pid : 0;
		if (pid < 0)
			snprintf(reply.text, sizeof(reply.text),
				 "cannot make the VM's namespaces: %s; see 'splitvif doctor'",
				 strerror(-pid));
	}
	guest_send(control, &reply, NULL, 0);
	_exit(reply.err != 0);
}

static int control_pair(struct guest *guest, int pair[2], char *error)
{
	*guest = GUEST_NONE;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0)
		return 0;
	snprintf(error, GUEST_ERROR_BYTES, "cannot make a socket: %s; raise the limit (ulimit -n)",
		 strerror(errno));
	return -errno;
}

/* The helper's word on what went wrong, or our guess at its silence. */
static int take_reply(struct guest *guest, struct guest_reply *reply, int *fds, char *error)
{
	int err = guest_receive(guest->control, reply, fds, ANSWER_MS);

	if (!err)
		return 0;
	if (reply->err == err && reply->text[0])
		snprintf(error, GUEST_ERROR_BYTES, "%s", reply->text);
	else
		snprintf(error, GUEST_ERROR_BYTES,
			 "cannot set up the VM: its helper says nothing: %s; see 'splitvif doctor'",
			 strerror(-err));
	return err;
}

int guest_spawn(struct guest *guest, const char *name, const char *hidden_dir, char **command,
		char *error)
{
	struct guest_reply reply = { 0 };
	int pair[2], fds[GUEST_FDS_MAX], err = control_pair(guest, pair, error);
	pid_t keeper;

	if (err)
		return err;
	/* init becomes our child when the keeper goes */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	keeper = fork_mapped(CLONE_NEWUSER | CLONE_NEWNS);
	if (keeper == 0) {
		close(pair[0]);
		keep(pair[1], name, hidden_dir, command);
	}
	close(pair[1]);
	guest->control = pair[0];
	if (keeper < 0) {
		snprintf(error, GUEST_ERROR_BYTES,
			 "cannot make a user namespace: %s; see 'splitvif doctor'",
			 strerror(-keeper));
		guest_end(guest);
		return keeper;
	}
	err = take_reply(guest, &reply, fds, error);
	waitpid(keeper, NULL, 0);
	guest->pid = reply.pid > 0 ? reply.pid : 0;
	if (err)
		guest_end(guest);
	return err;
}

static int open_netns(const char *netns)
{
	char path[PATH_MAX];

	if (strchr(netns, '/'))
		snprintf(path, sizeof(path), "%s", netns);
	else if (netns[strspn(netns, "0123456789")] == '\0')
		snprintf(path, sizeof(path), "/proc/%s/ns/net", netns);
	else
		snprintf(path, sizeof(path), "/run/netns/%s", netns);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* A network namespace is administered from the user namespace that owns it. */
static int enter_owner(int netns)
{
	int owner = ioctl(netns, NS_GET_USERNS);
	struct stat own, theirs;
	int err = 0;

	if (owner < 0)
		return -errno;
	if (fstat(owner, &theirs) || stat("/proc/self/ns/user", &own))
		err = -errno;
	else if ((own.st_ino != theirs.st_ino || own.st_dev != theirs.st_dev) &&
		 setns(owner, CLONE_NEWUSER))
		err = -errno;
	close(owner);
	return err;
}

_Noreturn static void help(int control, int netns)
{
	struct guest_reply reply = { .err = enter_owner(netns) };

	if (!reply.err && setns(netns, CLONE_NEWNET))
		reply.err = -errno;
	while (!reply.err)
		if (guest_serve_setup(control) == -ECONNRESET)
			_exit(0);
	snprintf(reply.text, sizeof(reply.text),
		 "cannot enter the namespace: %s; run as its owner or as root",
		 strerror(-reply.err));
	guest_send(control, &reply, NULL, 0);
	_exit(1);
}

int guest_enter(struct guest *guest, const char *netns, char *error)
{
	int pair[2], fd, err = control_pair(guest, pair, error);

	if (err)
		return err;
	fd = open_netns(netns);
	err = fd < 0 ? -errno : 0;
	if (err)
		snprintf(error, GUEST_ERROR_BYTES,
			 "cannot open namespace %.80s: %s; 'ip netns' lists those with names",
			 netns, strerror(-err));
	guest->pid = err ? -1 : fork();
	if (guest->pid == 0) {
		close(pair[0]);
		help(pair[1], fd);
	}
	if (fd >= 0)
		close(fd);
	close(pair[1]);
	guest->control = pair[0];
	if (guest->pid > 0)
		return 0;
	if (!err)
		snprintf(error, GUEST_ERROR_BYTES, "cannot fork: %s; free some processes",
			 strerror(errno));
	guest->pid = 0;
	guest_end(guest);
	return err ? err : -EAGAIN;
}

int guest_add(struct guest *guest, const struct guest_setup *setup, struct guest *further,
	      char *error)
{
	struct guest_reply reply = { 0 };
	int fds[GUEST_FDS_MAX] = { -1 };
	int err = 0;

	/* A helper that failed before has said why; its word is still to read. */
	if (send(guest->control, setup, sizeof(*setup), MSG_NOSIGNAL) < 0 && errno != EPIPE)
		err = -errno;
	if (!err)
		err = take_reply(guest, &reply, fds, error);
	if (err)
		return err;
	if (reply.nr_fds < 2)
		return -EPROTO;
	further->nr_taps = reply.nr_fds - 1;
	memcpy(further->tap_fds, fds + 1, further->nr_taps * sizeof(int));
	further->ifindex = reply.ifindex;
	err = netlink_adopt(&further->netlink, fds[0]);
	if (err)
		snprintf(error, GUEST_ERROR_BYTES, "cannot use netlink: %s; see 'splitvif doctor'",
			 strerror(-err));
	return err;
}

int guest_configure(struct guest *guest, const struct guest_setup *setup, char *error)
{
	return guest_add(guest, setup, guest, error);
}

int guest_start(struct guest *guest)
{
	const struct guest_setup go = { 0 };

	return send(guest->control, &go, sizeof(go), MSG_NOSIGNAL) < 0 ? -errno : 0;
}

void guest_end(struct guest *guest)
{
	if (guest->control >= 0)
		close(guest->control);
	while (guest->nr_taps)
		close(guest->tap_fds[--guest->nr_taps]);
	netlink_close(&guest->netlink);
	if (guest->pid > 0) {
		kill(guest->pid, SIGKILL);
		waitpid(guest->pid, NULL, 0);
	}
	*guest = GUEST_NONE;
}
