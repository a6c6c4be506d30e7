#include "ctl/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <liburing.h>

#include "ctl/namespaces.h"
#include "io/rundir.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

/* 5.1 has it; glibc's header of Debian 12 does, too. */
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

static void found(struct finding *finding, enum probe_verdict verdict, const char *cure,
		  const char *format, ...) __attribute__((format(printf, 4, 5)));

static void found(struct finding *finding, enum probe_verdict verdict, const char *cure,
		  const char *format, ...)
{
	va_list args;

	finding->verdict = verdict;
	va_start(args, format);
	vsnprintf(finding->finding, sizeof(finding->finding), format, args);
	va_end(args);
	snprintf(finding->cure, sizeof(finding->cure), "%s", cure);
}

static void probe_tun(struct finding *finding)
{
	static const char path[] = "/dev/net/tun";
	const char *module = "as root, modprobe tun; a container needs --device /dev/net/tun";
	const char *rights = "as root, chmod 0666 /dev/net/tun (interfaces have their own check)";
	struct stat info;
	int fd;

	if (stat(path, &info)) {
		found(finding, PROBE_FAIL, module, "no %s (%s)", path, strerror(errno));
		return;
	}
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		found(finding, PROBE_FAIL, errno == EACCES || errno == EPERM ? rights : module,
		      "%s does not open, mode %04o (%s)", path, info.st_mode & 07777,
		      strerror(errno));
		return;
	}
	close(fd);
	if ((info.st_mode & 0006) == 0006)
		found(finding, PROBE_OK, "", "%s opens, mode %04o", path, info.st_mode & 07777);
	else
		found(finding, PROBE_WARN, rights, "%s opens for us, but not for everybody, mode %04o",
		      path, info.st_mode & 07777);
}

static bool sysctl_is(const char *path, char value)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	char digit = 0;
	bool same;

	if (fd < 0)
		return false;
	same = read(fd, &digit, 1) == 1 && digit == value;
	close(fd);
	return same;
}

static const char *namespace_cure(int err)
{
	if (sysctl_is("/proc/sys/kernel/unprivileged_userns_clone", '0'))
		return "as root, sysctl kernel.unprivileged_userns_clone=1";
	if (sysctl_is("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", '1'))
		return "as root, sysctl kernel.apparmor_restrict_unprivileged_userns=0";
	if (err == -ENOSPC)
		return "as root, sysctl user.max_user_namespaces=15000 (also max_net_namespaces)";
	return "a container needs a seccomp profile that allows unshare; else use --netns as root";
}

static void report_namespaces(struct finding *finding, bool nested)
{
	int err = namespaces_try(nested);

	if (err)
		found(finding, PROBE_FAIL, namespace_cure(err),
		      "user, net, mount and pid namespaces cannot be made%s (%s)",
		      nested ? " inside a user namespace" : "", strerror(-err));
	else
		found(finding, PROBE_OK, "", "user, net, mount and pid namespaces%s work",
		      nested ? " inside a user namespace" : "");
}

static void probe_userns(struct finding *finding)
{
	report_namespaces(finding, false);
}

static void probe_nested_userns(struct finding *finding)
{
	report_namespaces(finding, true);
}

static int try_uring(void)
{
	struct io_uring_cqe *cqe;
	struct io_uring ring;
	int err = io_uring_queue_init(8, &ring, 0);

	if (err)
		return err;
	io_uring_prep_nop(io_uring_get_sqe(&ring));
	err = io_uring_submit_and_wait(&ring, 1);
	if (err == 1)
		err = io_uring_peek_cqe(&ring, &cqe);
	io_uring_queue_exit(&ring);
	return err;
}

static void probe_uring(struct finding *finding)
{
	int err = try_uring();

	if (err < 0)
		found(finding, PROBE_WARN,
		      "as root, sysctl kernel.io_uring_disabled=0, or allow it in the container's "
		      "seccomp profile",
		      "does not work (%s): the engine will be epoll", strerror(-err));
	else
		found(finding, PROBE_OK, "", "works: the engine will be uring");
}

static void probe_aio(struct finding *finding)
{
	aio_context_t context = 0;

	if (syscall(SYS_io_setup, 8, &context)) {
		found(finding, PROBE_FAIL,
		      errno == EAGAIN ? "as root, sysctl fs.aio-max-nr=1048576"
				      : "allow io_setup and io_submit in the seccomp profile",
		      "io_setup does not work (%s): events could not be signalled",
		      strerror(errno));
		return;
	}
	syscall(SYS_io_destroy, context);
	found(finding, PROBE_OK, "", "io_setup works: events are signalled by the kernel itself");
}

/* True if the kernel refuses what the backend must not be able to do. */
static bool is_read_only_for_others(int fd)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (page == MAP_FAILED)
		return errno == EPERM;
	munmap(page, 4096);
	return false;
}

static void probe_seals(struct finding *finding)
{
	static const char cure[] = "use Linux 5.1 or later, and a memfd_create that seccomp allows";
	int fd = memfd_create("splitvif-doctor", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	if (fd < 0 || ftruncate(fd, 4096) ||
	    fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL))
		found(finding, PROBE_FAIL, cure, "memory cannot be sealed (%s)", strerror(errno));
	else if (!is_read_only_for_others(fd))
		found(finding, PROBE_FAIL, cure, "sealed memory can still be mapped for writing");
	else
		found(finding, PROBE_OK, "", "a guest's TX pages are read-only for the backend");
	if (fd >= 0)
		close(fd);
}

static void probe_memlock(struct finding *finding)
{
	enum { WANTED_KIB = 8192 };
	struct rlimit limit;

	if (getrlimit(RLIMIT_MEMLOCK, &limit))
		found(finding, PROBE_WARN, "", "unknown (%s)", strerror(errno));
	else if (limit.rlim_cur == RLIM_INFINITY)
		found(finding, PROBE_OK, "", "unlimited");
	else
		found(finding, limit.rlim_cur / 1024 < WANTED_KIB ? PROBE_WARN : PROBE_OK,
		      limit.rlim_cur / 1024 < WANTED_KIB
			      ? "ulimit -l 262144, or LimitMEMLOCK=256M in the unit"
			      : "",
		      "%llu KiB", (unsigned long long)limit.rlim_cur / 1024);
}

static void probe_fds(struct finding *finding)
{
	enum { FDS_OF_A_VIF = 12, FDS_OF_OURS = 64, FDS_WANTED = 1024 };
	struct rlimit limit;
	bool few;

	if (getrlimit(RLIMIT_NOFILE, &limit)) {
		found(finding, PROBE_WARN, "", "unknown (%s)", strerror(errno));
		return;
	}
	few = limit.rlim_cur < FDS_WANTED;
	found(finding, few ? PROBE_WARN : PROBE_OK,
	      few ? "ulimit -n 65536, or LimitNOFILE=65536 in the unit" : "",
	      "%llu, enough for some %llu vifs", (unsigned long long)limit.rlim_cur,
	      limit.rlim_cur < FDS_OF_OURS
		      ? 0ULL
		      : (unsigned long long)(limit.rlim_cur - FDS_OF_OURS) / FDS_OF_A_VIF);
}

static void parent_of(char *path)
{
	char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(path, ".");
	else
		slash[slash == path] = 0;
}

static void report_missing_rundir(struct finding *finding, char *path)
{
	char dir[RUNDIR_PATH_BYTES];

	snprintf(dir, sizeof(dir), "%s", path);
	parent_of(path);
	if (access(path, W_OK | X_OK))
		found(finding, PROBE_FAIL, "set SPLITVIF_RUNDIR to a directory of yours",
		      "%s is not there and cannot be made (%s)", dir, strerror(errno));
	else
		found(finding, PROBE_OK, "", "%s will be made", dir);
}

static void probe_rundir(struct finding *finding)
{
	char path[RUNDIR_PATH_BYTES];
	struct stat info;

	if (rundir_path(path, sizeof(path), "domain.sock")) {
		found(finding, PROBE_FAIL, "set SPLITVIF_RUNDIR to a shorter path",
		      "a socket's path has at most %d bytes, this is longer: %s", RUNDIR_PATH_BYTES - 1,
		      path);
		return;
	}
	parent_of(path);
	if (stat(path, &info))
		report_missing_rundir(finding, path);
	else if (!S_ISDIR(info.st_mode))
		found(finding, PROBE_FAIL, "remove it, or set SPLITVIF_RUNDIR", "%s is no directory",
		      path);
	else if (info.st_uid != geteuid() || access(path, W_OK | X_OK))
		found(finding, PROBE_WARN, "set SPLITVIF_RUNDIR to start a daemon of your own",
		      "%s belongs to uid %u", path, info.st_uid);
	else
		found(finding, PROBE_OK, "", "%s is ours, socket paths fit", path);
}

static void probe_daemon(struct finding *finding)
{
	char path[RUNDIR_PATH_BYTES] = "";
	int fd = rundir_connect(path, "ctl.sock", SOCK_STREAM | SOCK_NONBLOCK);

	if (fd >= 0) {
		found(finding, PROBE_OK, "", "listens at %s", path);
		close(fd);
	} else if (fd == -ENOENT || fd == -ECONNREFUSED || fd == -ENOTDIR) {
		found(finding, PROBE_WARN, "start it with 'splitvifd', or set SPLITVIF_RUNDIR",
		      "nobody listens at %s", path);
	} else {
		found(finding, PROBE_WARN, "look at the run directory's rights and at the daemon's log",
		      "cannot be reached at %s (%s)", path, strerror(-fd));
	}
}

static const struct probe {
	const char *what;
	void (*run)(struct finding *finding);
} probes[] = {
	{ "tun device", probe_tun },
	{ "namespaces", probe_userns },
	{ "nested namespaces", probe_nested_userns },
	{ "io_uring", probe_uring },
	{ "kernel aio", probe_aio },
	{ "sealed memory", probe_seals },
	{ "locked memory", probe_memlock },
	{ "open files", probe_fds },
	{ "run directory", probe_rundir },
	{ "daemon", probe_daemon },
};

unsigned int probe_count(void)
{
	return COUNT(probes);
}

void probe_run(unsigned int index, struct finding *finding)
{
	*finding = (struct finding){ .what = probes[index].what };
	probes[index].run(finding);
}

const char *probe_verdict_name(enum probe_verdict verdict)
{
	static const char *const names[] = { "ok", "warn", "fail" };

	return names[verdict];
}
