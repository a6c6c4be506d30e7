#include "support/daemon.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "io/ctl_message.h"
#include "support/clock.h"

enum { START_MS = 60000, STOP_MS = 30000, ANSWER_MS = 20000, ARGS_MAX = 16 };

static void exec_daemon(const struct daemon *daemon, const char *program, const char *const *args,
			int ready_fd)
{
	const char *argv[ARGS_MAX + 6] = { program, "--rundir", daemon->rundir, "--ready-fd" };
	char number[16];
	int argc = 4;

	snprintf(number, sizeof(number), "%d", ready_fd);
	argv[argc++] = number;
	prctl(PR_SET_PDEATHSIG, SIGTERM); /* a test that is killed leaves no daemon */
	for (int i = 0; args[i] && i < ARGS_MAX; i++)
		argv[argc++] = args[i];
	execv(program, (char *const *)argv);
	_exit(127);
}

/* The process under the privileged parent. */
static pid_t child_of(pid_t pid)
{
	char path[64];
	int child = -1;
	FILE *children;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", pid, pid);
	children = fopen(path, "re");
	if (!children)
		return -1;
	if (fscanf(children, "%d", &child) != 1)
		child = -1;
	fclose(children);
	return child;
}

/* True when the daemon says that it is ready; false if it ends instead. */
static bool wait_ready(int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	char byte;

	return poll(&pfd, 1, START_MS) == 1 && read(fd, &byte, 1) == 1;
}

int daemon_start(struct daemon *daemon, const char *const *args)
{
	const char *program = getenv("SPLITVIFD");
	int ready[2];

	*daemon = (struct daemon){ .rundir = "/tmp/splitvif-e2e-XXXXXX" };
	if (!program || access(program, X_OK))
		return -ENOENT;
	if (!mkdtemp(daemon->rundir) || pipe(ready))
		return -errno;
	daemon->parent = fork();
	if (daemon->parent == 0) {
		close(ready[0]);
		exec_daemon(daemon, program, args, ready[1]);
	}
	close(ready[1]);
	if (daemon->parent < 0 || !wait_ready(ready[0])) {
		close(ready[0]);
		if (daemon->parent > 0)
			daemon_stop(daemon);
		return -ECHILD;
	}
	close(ready[0]);
	daemon->data = child_of(daemon->parent);
	return daemon->data > 0 ? 0 : -ESRCH;
}

static int wait_exit(pid_t pid, int timeout_ms, int *status)
{
	int64_t deadline = clock_ms() + timeout_ms;

	while (waitpid(pid, status, WNOHANG) != pid) {
		if (clock_ms() >= deadline)
			return -ETIMEDOUT;
		usleep(2000);
	}
	return 0;
}

int daemon_stop(struct daemon *daemon)
{
	char path[80];
	int status = 0;

	kill(daemon->parent, SIGTERM);
	if (wait_exit(daemon->parent, STOP_MS, &status)) {
		kill(daemon->parent, SIGKILL);
		waitpid(daemon->parent, &status, 0);
	}
	snprintf(path, sizeof(path), "%s/lock", daemon->rundir);
	unlink(path);
	if (rmdir(daemon->rundir))
		return -errno;
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

bool daemon_is_alive(const struct daemon *daemon)
{
	int status;

	return waitpid(daemon->parent, &status, WNOHANG) == 0 &&
	       child_of(daemon->parent) == daemon->data;
}

static int dial_ctl(const struct daemon *daemon)
{
	struct timeval limit = { .tv_sec = ANSWER_MS / 1000, .tv_usec = ANSWER_MS % 1000 * 1000 };
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/ctl.sock", daemon->rundir);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		int err = -errno;

		close(fd);
		return err;
	}
	return fd;
}

/* A call with a time limit is not taken up again after a stop. */
static ssize_t receive(int fd, void *bytes, size_t length, int flags)
{
	ssize_t got;

	do
		got = recv(fd, bytes, length, flags);
	while (got < 0 && errno == EINTR);
	return got;
}

/* The answer's text, cut at size - 1; its code or -errno. */
static int read_answer(int fd, char *text, size_t size)
{
	uint8_t head[CTL_REPLY_HEAD_BYTES];
	ssize_t got = receive(fd, head, sizeof(head), MSG_WAITALL);
	size_t length = 0;
	int32_t code;

	if (got != sizeof(head))
		return got < 0 && errno == EAGAIN ? -ETIMEDOUT : -EPROTO;
	memcpy(&code, head, sizeof(code));
	while (length < size - 1) {
		got = receive(fd, text + length, size - 1 - length, 0);
		if (got <= 0)
			break;
		length += (size_t)got;
	}
	text[length] = '\0';
	return code;
}

int daemon_ask(const struct daemon *daemon, const char *const *words, unsigned int n, char *text,
	       size_t size)
{
	int fd = dial_ctl(daemon);
	size_t length;
	void *message;
	int code;

	if (fd < 0)
		return fd;
	code = ctl_request_encode(words, n, &message, &length);
	if (!code) {
		code = send(fd, message, length, MSG_NOSIGNAL) < 0 ? -errno : 0;
		free(message);
	}
	if (!code)
		code = read_answer(fd, text, size);
	close(fd);
	return code;
}
