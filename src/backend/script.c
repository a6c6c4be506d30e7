#include "backend/script.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <net/if.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "io/rundir.h"

enum { VARIABLES_MAX = 16, VARIABLE_BYTES = PATH_MAX + 32, NOT_STARTED = 127 };

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int wrong(char error[SCRIPT_ERROR_BYTES], int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static int wrong(char error[SCRIPT_ERROR_BYTES], int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, SCRIPT_ERROR_BYTES, format, args);
	va_end(args);
	return err;
}

/* Within the directory, whatever links and ".." say. */
static int open_beneath(const char *dir, const char *name)
{
	struct open_how how = { .flags = O_RDONLY | O_CLOEXEC,
				.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };
	int dir_fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int fd;

	if (dir_fd < 0)
		return -errno;
	fd = (int)syscall(SYS_openat2, dir_fd, name, &how, sizeof(how));
	if (fd < 0)
		fd = -errno;
	close(dir_fd);
	return fd;
}

static int check_file(int fd, char error[SCRIPT_ERROR_BYTES])
{
	struct stat info;

	if (fstat(fd, &info))
		return wrong(error, -errno, "%s", strerror(errno));
	if (!S_ISREG(info.st_mode) || !(info.st_mode & 0111))
		return wrong(error, -EACCES, "not an executable file");
	if (info.st_mode & 022)
		return wrong(error, -EPERM, "others may write it; chmod go-w");
	return 0;
}

int script_find(const char *dir, const char *script, char path[PATH_MAX],
		char error[SCRIPT_ERROR_BYTES])
{
	size_t length = strlen(dir);
	const char *name = script;
	int fd, err;

	if (!length)
		return wrong(error, -EPERM, "the configuration allows no scripts");
	if (*script == '/') {
		if (strncmp(script, dir, length) || script[length] != '/')
			return wrong(error, -EPERM, "not in %.100s", dir);
		name = script + length + 1;
	}
	if (snprintf(path, PATH_MAX, "%s/%s", dir, name) >= PATH_MAX)
		return wrong(error, -ENAMETOOLONG, "path too long");
	fd = open_beneath(dir, name);
	if (fd == -EXDEV)
		return wrong(error, -EPERM, "leads out of %.100s", dir);
	if (fd < 0)
		return wrong(error, fd, "%s in %.100s", strerror(-fd), dir);
	err = check_file(fd, error);
	close(fd);
	return err;
}

/* Variables are kept in one place and never freed: the child execs or ends. */
struct environment {
	char text[VARIABLES_MAX][VARIABLE_BYTES];
	char *list[VARIABLES_MAX + 1];
	unsigned int nr;
};

static void export(struct environment *env, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void export(struct environment *env, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(env->text[env->nr], VARIABLE_BYTES, format, args);
	va_end(args);
	env->list[env->nr] = env->text[env->nr];
	env->list[++env->nr] = NULL;
}

/* libxl's get_hotplug_env(), and where the store is. */
static void fill_environment(struct environment *env, const struct script_request *request,
			     const char *path)
{
	char rundir[RUNDIR_PATH_BYTES], real[PATH_MAX];

	export(env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	export(env, "LANG=C");
	export(env, "script=%s", path);
	export(env, "XENBUS_TYPE=vif");
	export(env, "XENBUS_PATH=backend/vif/%u/%u", request->domid, request->devid);
	export(env, "XENBUS_BASE_PATH=backend");
	export(env, "vif=vif%u.%u", request->domid, request->devid);
	if (request->gatewaydev[0]) {
		export(env, "gatewaydev=%s", request->gatewaydev);
		export(env, "netdev=%s", request->gatewaydev); /* its old name */
	}
	if (!rundir_path(rundir, sizeof(rundir), NULL) && realpath(rundir, real))
		export(env, "XENSTORED_PATH=%s/store.sock", real);
}

_Noreturn static void become_script(const struct script_request *request, char *path)
{
	char *argv[] = { path, request->online ? (char *)"online" : (char *)"offline",
			 (char *)"type_if=vif", NULL };
	static struct environment env;
	sigset_t none;
	int null = open("/dev/null", O_RDWR);

	fill_environment(&env, request, path);
	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	signal(SIGXFSZ, SIG_DFL);
	dup2(null, STDIN_FILENO);
	dup2(STDERR_FILENO, STDOUT_FILENO);
	close_range(3, ~0u, 0);
	if (chdir("/") == 0)
		execve(path, argv, env.list);
	_exit(NOT_STARTED);
}

/* One message into a pipe that holds it, whether or not anybody reads. */
static void answer(int fd, int status, const char *error)
{
	struct script_result result = { .status = status };
	ssize_t n;

	snprintf(result.error, sizeof(result.error), "%s", error);
	n = write(fd, &result, sizeof(result));
	(void)n; /* who asked may be gone */
	close(fd);
}

static struct running_script *find_running(struct scripts *scripts, pid_t pid)
{
	for (unsigned int i = 0; i < SCRIPTS_RUNNING_MAX; i++)
		if (scripts->running[i].pid == pid)
			return &scripts->running[i];
	return NULL;
}

static int start(struct scripts *scripts, struct script_request *request,
		 struct running_script *place, char error[SCRIPT_ERROR_BYTES])
{
	char path[PATH_MAX];
	int err;

	request->script[sizeof(request->script) - 1] = '\0';
	request->gatewaydev[sizeof(request->gatewaydev) - 1] = '\0';
	if (!place)
		return wrong(error, -EAGAIN, "too many scripts run at once");
	if (request->gatewaydev[0] && !if_nametoindex(request->gatewaydev))
		return wrong(error, -ENODEV, "gatewaydev %s: no such interface",
			     request->gatewaydev);
	err = script_find(scripts->dir, request->script, path, error);
	if (err)
		return err;
	place->pid = fork();
	if (place->pid == 0)
		become_script(request, path);
	if (place->pid > 0)
		return 0;
	place->pid = 0;
	return wrong(error, -errno, "cannot fork: %s", strerror(errno));
}

void scripts_start(struct scripts *scripts, const struct script_request *request, int fd)
{
	struct running_script *place = find_running(scripts, 0);
	struct script_request copy = *request;
	char error[SCRIPT_ERROR_BYTES];

	if (start(scripts, &copy, place, error)) {
		answer(fd, SCRIPT_NOT_STARTED, error);
		return;
	}
	place->fd = fd;
	place->deadline_ms = now_ms() + scripts->timeout_s * 1000LL;
}

bool scripts_reap(struct scripts *scripts, pid_t pid, int status)
{
	struct running_script *script = find_running(scripts, pid);
	char error[SCRIPT_ERROR_BYTES] = "";

	if (!script)
		return false;
	if (script->deadline_ms <= now_ms())
		snprintf(error, sizeof(error), "it did not end within %u s", scripts->timeout_s);
	else if (WIFSIGNALED(status))
		snprintf(error, sizeof(error), "it was killed by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status))
		snprintf(error, sizeof(error), "it ended with status %d", WEXITSTATUS(status));
	answer(script->fd, error[0] ? SCRIPT_FAILED : SCRIPT_DONE, error);
	script->pid = 0;
	return true;
}

int scripts_wait_ms(const struct scripts *scripts)
{
	int64_t first = INT64_MAX, now = now_ms();

	for (unsigned int i = 0; i < SCRIPTS_RUNNING_MAX; i++)
		if (scripts->running[i].pid && scripts->running[i].deadline_ms < first)
			first = scripts->running[i].deadline_ms;
	if (first == INT64_MAX)
		return -1;
	return first <= now ? 10 : (int)(first - now); /* killed already: not dead yet */
}

void scripts_expire(struct scripts *scripts)
{
	for (unsigned int i = 0; i < SCRIPTS_RUNNING_MAX; i++)
		if (scripts->running[i].pid && scripts->running[i].deadline_ms <= now_ms())
			kill(-scripts->running[i].pid, SIGKILL);
}
