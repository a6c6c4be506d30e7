#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <unistd.h>

#include "backend/daemon.h"
#include "backend/manager.h"
#include "io/log.h"
#include "io/rundir.h"

enum { LOCK_TRIES = 2000, LOCK_PAUSE_US = 1000, FD_TABLE = 8192 };

/* A daemon that was just killed may hold it for some milliseconds more. */
static int lock_patiently(int fd)
{
	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB); i++) {
		if (errno != EWOULDBLOCK || i == LOCK_TRIES)
			return -errno;
		usleep(LOCK_PAUSE_US);
	}
	return 0;
}

/* One daemon a run directory: the lock lives as long as parent or child does. */
static int rundir_lock(void)
{
	char path[RUNDIR_PATH_BYTES];
	int fd, err = rundir_path(path, sizeof(path), "domain.sock");

	if (err) {
		log_complain("run directory's path is too long: %s...: a socket's path has at most "
			     "107 bytes; name a shorter one with --rundir",
			     path);
		return -1;
	}
	err = rundir_create();
	rundir_path(path, sizeof(path), NULL);
	if (err) {
		log_complain("cannot use run directory: %s: %s; name another one with --rundir",
			     path, strerror(-err));
		return -1;
	}
	rundir_path(path, sizeof(path), "lock");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	err = fd < 0 ? -errno : lock_patiently(fd);
	if (!err)
		return fd;
	if (err == -EWOULDBLOCK)
		log_complain("cannot start: %s: another splitvifd runs there; stop it, or name "
			     "another directory with --rundir",
			     path);
	else
		log_complain("cannot lock: %s: %s; name another directory with --rundir", path,
			     strerror(-err));
	return -1;
}

/* Each vif takes a handful of descriptors. */
static void raise_fd_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* The kernel makes room for descriptors as they come, twice as much each time, and
 * where threads share the table all of them wait for a grace period of its read
 * locks, 10 to 20 ms: so once, while there is one thread. */
static void widen_fd_table(int any_fd)
{
	int last = fcntl(any_fd, F_DUPFD_CLOEXEC, FD_TABLE - 1);

	if (last >= 0) /* else the limit is lower, and the wait is borne */
		close(last);
}

static int start(struct options *options, char **argv)
{
	static struct manager manager; /* the parent's and the child's, each its own */
	struct privileged privileged = { .lock = -1 };
	int err;

	if (!options->takeover && (privileged.lock = rundir_lock()) < 0)
		return 2; /* else the lock comes with all the rest */
	raise_fd_limit();
	log_info("daemon", "splitvifd " SPLITVIF_VERSION " pid=%d", (int)getpid());
	manager_open(&manager);
	err = privileged_fork(&privileged, &options->scripts, options->networks,
			      options->nr_networks, &manager, argv);
	if (err) {
		log_complain("cannot fork: %s", strerror(-err));
		return 1;
	}
	widen_fd_table(privileged.socket);
	return daemon_run(options, &privileged);
}

int main(int argc, char **argv)
{
	struct options options;
	int status;

	log_init("splitvifd");
	status = options_parse(&options, argc, argv);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (status < 0)
		status = start(&options, argv);
	options_fini(&options);
	return status;
}
