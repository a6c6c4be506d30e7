/*
 * The program `splitvif` (named by the first argument) against a daemon that
 * is not there, that answers, and that misbehaves. Each case is one run of it.
 */
#include "io/ctl_message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

enum { MAX_ARGS = 66, OUTPUT_BYTES = 1 << 16, BIG_TEXT = 3 << 20 };

static const char *program;
static char rundir[64], sock_path[96];

struct output {
	int status;
	long ms;
	char out[OUTPUT_BYTES];
	size_t out_length; /* of all that came, even if it did not fit */
	char err[OUTPUT_BYTES];
};

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Gathers a pipe until its end; what does not fit is only counted. */
static bool gather(int fd, char *text, size_t *length)
{
	static char chunk[OUTPUT_BYTES];
	ssize_t got = read(fd, chunk, sizeof(chunk));

	for (ssize_t i = 0; i < got; i++, (*length)++)
		if (*length < OUTPUT_BYTES - 1)
			text[*length] = chunk[i];
	return got > 0;
}

static void collect(int out, int err, struct output *output)
{
	struct pollfd fds[] = { { .fd = out, .events = POLLIN }, { .fd = err, .events = POLLIN } };
	size_t err_length = 0;

	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		assert_true(poll(fds, 2, 20000) > 0);
		if (fds[0].revents && !gather(out, output->out, &output->out_length))
			fds[0].fd = -1;
		if (fds[1].revents && !gather(err, output->err, &err_length))
			fds[1].fd = -1;
	}
}

static void run(const char *const *args, struct output *output)
{
	const char *argv[MAX_ARGS + 2] = { program };
	int out[2], err[2], status;
	long start = now_ms();
	pid_t child;

	for (unsigned int i = 0; i < MAX_ARGS && args[i]; i++)
		argv[i + 1] = args[i];
	memset(output, 0, sizeof(*output));
	assert_int_equal(pipe2(out, O_CLOEXEC) | pipe2(err, O_CLOEXEC), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		dup2(out[1], STDOUT_FILENO);
		dup2(err[1], STDERR_FILENO);
		execv(program, (char **)argv);
		_exit(99);
	}
	close(out[1]);
	close(err[1]);
	collect(out[0], err[0], output);
	close(out[0]);
	close(err[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	output->status = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
	output->ms = now_ms() - start;
}

/* What the mock daemon does with a connection. */
enum behaviour {
	NO_SOCKET,
	STALE_SOCKET,	/* bound once, nobody listens */
	ECHO,		/* answers with the arguments, one a line */
	COMPLAIN,	/* answers with code 4 and a complaint */
	ODD_CODE,	/* a code that is no exit status */
	ANSWER_BIG,
	HANG_UP,	/* closes without a word */
	CUT_HEAD,
	CUT_TEXT,
	ANNOUNCE_TOO_MUCH,
	SILENT,
	DRIP,		/* a byte now and then, for ever */
	STOPPED,	/* SIGSTOP: the kernel accepts, nobody reads */
	STOPPED_FULL,	/* and even the queue of connections is full */
};

static void send_all(int fd, const void *bytes, size_t length)
{
	const char *at = bytes;

	while (length) {
		ssize_t sent = send(fd, at, length, MSG_NOSIGNAL);

		if (sent < 0)
			return;
		at += sent;
		length -= (size_t)sent;
	}
}

static void answer(int fd, int32_t code, const char *text, size_t length)
{
	uint8_t head[CTL_REPLY_HEAD_BYTES];

	ctl_reply_encode_head(head, code, length);
	send_all(fd, head, sizeof(head));
	send_all(fd, text, length);
}

static void echo(int fd, struct ctl_request *request)
{
	char text[1024] = "";

	for (unsigned int i = 0; i < request->argc; i++) {
		strncat(text, request->argv[i], 200);
		strcat(text, "\n");
	}
	answer(fd, 0, text, strlen(text));
}

static void drip(int fd)
{
	uint8_t head[CTL_REPLY_HEAD_BYTES];

	ctl_reply_encode_head(head, 0, 1000);
	for (unsigned int i = 0; i < sizeof(head); i++) {
		send_all(fd, head + i, 1);
		usleep(20000);
	}
	for (;;) {
		send_all(fd, "x", 1);
		usleep(50000);
	}
}

static void serve(int fd, enum behaviour behaviour, struct ctl_request *request)
{
	static char big[BIG_TEXT];

	switch (behaviour) {
	case ECHO:
		return echo(fd, request);
	case COMPLAIN:
		return answer(fd, 4, "cannot show vm9: no such vif; \x1b[2J'splitvif show'", 50);
	case ODD_CODE:
		return answer(fd, -7, "cannot", 6);
	case ANSWER_BIG:
		memset(big, 'b', sizeof(big));
		return answer(fd, 0, big, sizeof(big));
	case CUT_HEAD:
		return send_all(fd, "\0\0\0\0\5", 5);
	case CUT_TEXT:
		return send_all(fd, "\0\0\0\0\5\0\0\0ab", 10);
	case ANNOUNCE_TOO_MUCH:
		return send_all(fd, "\0\0\0\0\1\0\0\1x", 9);
	case DRIP:
		return drip(fd);
	case SILENT:
		pause();
		return;
	default:
		return;
	}
}

/* A daemon takes a request whole before it answers. */
static void read_request(int fd, struct ctl_request *request)
{
	static uint8_t bytes[CTL_REQUEST_HEAD_BYTES + CTL_REQUEST_MAX_BYTES];
	size_t length = 0;
	int64_t size = 0;

	while (size <= 0 || length < (size_t)size) {
		ssize_t got = read(fd, bytes + length, sizeof(bytes) - length);

		if (got <= 0)
			_exit(1);
		length += (size_t)got;
		size = ctl_request_size(bytes, length);
	}
	if (ctl_request_decode(bytes, length, request))
		_exit(1);
}

static void mock_daemon(int listener, enum behaviour behaviour)
{
	struct ctl_request request;

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (behaviour != HANG_UP)
			read_request(fd, &request);
		serve(fd, behaviour, &request);
		close(fd);
	}
}

static int bind_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(address.sun_path, sock_path);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void fill_queue(int *fds, unsigned int nr)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	strcpy(address.sun_path, sock_path);
	for (unsigned int i = 0; i < nr; i++) {
		fds[i] = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
		(void)!connect(fds[i], (struct sockaddr *)&address, sizeof(address));
	}
}

/* The mock's pid, or 0 where there is none. */
static pid_t start_daemon(enum behaviour behaviour)
{
	int listener, status;
	pid_t child;

	if (behaviour == NO_SOCKET)
		return 0;
	listener = bind_socket();
	if (behaviour == STALE_SOCKET) {
		close(listener);
		return 0;
	}
	assert_int_equal(listen(listener, 1), 0);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		mock_daemon(listener, behaviour);
	close(listener);
	if (behaviour == STOPPED || behaviour == STOPPED_FULL) {
		kill(child, SIGSTOP);
		assert_int_equal(waitpid(child, &status, WUNTRACED), child);
		assert_true(WIFSTOPPED(status));
	}
	return child;
}

static void end_daemon(pid_t child)
{
	if (child) {
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
	}
	unlink(sock_path);
}

struct ctl_case {
	const char *name;
	enum behaviour behaviour;
	const char *args[MAX_ARGS];
	int status;
	const char *out; /* exactly; NULL: nothing */
	const char *err; /* a part of the one line; NULL: nothing at all */
	size_t out_length; /* where `out` would be too long to name */
};

static const struct ctl_case cases[] = {
	{ "no daemon", NO_SOCKET, { "show" }, 3, NULL, "ctl.sock); start it with", 0 },
	{ "a socket without a daemon", STALE_SOCKET, { "show" }, 3, NULL, "nobody listens", 0 },
	{ "no daemon, quietly", NO_SOCKET, { "-q", "show" }, 3, NULL, NULL, 0 },
	{ "words as typed", ECHO, { "network-list", "vm 1" }, 0, "network-list\nvm 1\n", NULL, 0 },
	{ "json in front", ECHO, { "-j", "fdb", "show" }, 0, "--json\nfdb\nshow\n", NULL, 0 },
	{ "the other second word", ECHO, { "fdb", "stats" }, 0, "fdb\nstats\n", NULL, 0 },
	{ "json at the end", ECHO, { "fdb", "show", "br", "xenbr0", "--json" }, 0,
	  "--json\nfdb\nshow\nbr\nxenbr0\n", NULL, 0 },
	{ "pretty is json", ECHO, { "-p", "stats" }, 0, "--json\n--pretty\nstats\n", NULL, 0 },
	{ "ethtool's flag is a word", ECHO, { "ethtool", "-S", "vif1.0" }, 0,
	  "ethtool\n-S\nvif1.0\n", NULL, 0 },
	{ "a complaint", COMPLAIN, { "ring", "vm9" }, 4, NULL, "splitvif: cannot show vm9: no", 0 },
	{ "a complaint, quietly", COMPLAIN, { "-q", "ring", "vm9" }, 4, NULL, NULL, 0 },
	{ "a code that is none", ODD_CODE, { "show" }, 1, NULL, "splitvif: cannot", 0 },
	{ "a long answer", ANSWER_BIG, { "show" }, 0, NULL, NULL, BIG_TEXT },
	{ "hung up", HANG_UP, { "show" }, 1, NULL, "hung up", 0 },
	{ "hung up in the head", CUT_HEAD, { "show" }, 1, NULL, "hung up", 0 },
	{ "hung up in the text", CUT_TEXT, { "show" }, 1, NULL, "hung up", 0 },
	{ "too long an answer", ANNOUNCE_TOO_MUCH, { "show" }, 1, NULL, "too long", 0 },
	{ "silent", SILENT, { "-t", "0.3", "show" }, 5, NULL, "stopped or busy", 0 },
	{ "drips", DRIP, { "-t", "0.3", "show" }, 5, NULL, "stopped or busy", 0 },
	{ "stopped", STOPPED, { "-t", "0.3", "show" }, 5, NULL, "stopped or busy", 0 },
	{ "stopped, queue full", STOPPED_FULL, { "-t", "0.3", "show" }, 5, NULL, "busy", 0 },
	{ "path too long", NO_SOCKET, { "--rundir",
	  "/tmp/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaa", "show" }, 2, NULL, "107 bytes", 0 },
	{ "no command", NO_SOCKET, { NULL }, 2, NULL, "no command given", 0 },
	{ "unknown command", ECHO, { "shwo" }, 2, NULL, "unknown command 'shwo'", 0 },
	{ "half a command", ECHO, { "fdb" }, 2, NULL, "usage: splitvif fdb show", 0 },
	{ "an argument too many", ECHO, { "show", "vm1" }, 2, NULL, "usage: splitvif show", 0 },
	{ "an argument too few", ECHO, { "ring" }, 2, NULL, "usage: splitvif ring VIF", 0 },
	{ "an empty argument", ECHO, { "ring", "" }, 2, NULL, "empty argument for 'ring'", 0 },
	{ "br without a bridge", ECHO, { "fdb", "show", "br" }, 2, NULL, "usage: splitvif fdb", 0 },
	{ "something else than br", ECHO, { "fdb", "show", "dev", "x" }, 2, NULL, "usage", 0 },
	{ "many words", ECHO, { [0 ... 64] = "a" }, 2, NULL, "too many", 0 },
	{ "unknown flag", ECHO, { "--frob", "show" }, 2, NULL, "unknown option '--frob'", 0 },
	{ "unknown letter", ECHO, { "-jx", "show" }, 2, NULL, "unknown option '-x'", 0 },
	{ "a value too many", ECHO, { "--json=1", "show" }, 2, NULL, "takes no value", 0 },
	{ "a value too few", ECHO, { "--rundir" }, 2, NULL, "'--rundir' needs a value", 0 },
	{ "an empty directory", ECHO, { "--rundir", "", "show" }, 2, NULL, "empty --rundir", 0 },
	{ "endless patience", ECHO, { "-t", "inf", "show" }, 2, NULL, "bad timeout 'inf'", 0 },
	{ "no patience", ECHO, { "-t", "0", "show" }, 2, NULL, "bad timeout '0'", 0 },
	{ "negative patience", ECHO, { "-t", "-1", "show" }, 2, NULL, "bad timeout '-1'", 0 },
	{ "patience with a tail", ECHO, { "-t", "5s", "show" }, 2, NULL, "bad timeout '5s'", 0 },
};

static void check_case(const struct ctl_case *c)
{
	static struct output output;
	int queue[8], nr_queued = 0;
	pid_t daemon = start_daemon(c->behaviour);

	if (c->behaviour == STOPPED_FULL)
		fill_queue(queue, nr_queued = 8);
	run(c->args, &output);
	for (int i = 0; i < nr_queued; i++)
		close(queue[i]);
	end_daemon(daemon);

	assert_int_equal(output.status, c->status);
	if (c->out_length)
		assert_int_equal(output.out_length, c->out_length);
	else
		assert_string_equal(output.out, c->out ? c->out : "");
	if (!c->err) {
		assert_string_equal(output.err, "");
		return;
	}
	assert_non_null(strstr(output.err, c->err));
	assert_ptr_equal(strchr(output.err, '\n'), output.err + strlen(output.err) - 1);
	assert_null(strchr(output.err, '\x1b'));
	assert_true(output.ms < 3000); /* the limit of these is 0.3 s, none takes 5 */
}

static void answers_and_complains(void **state)
{
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("  %s\n", cases[i].name);
		check_case(&cases[i]);
	}
}

static void waits_for_slow_answers_only_as_long(void **state)
{
	static const char *const args[] = { "-t", "0.5", "show", NULL };
	static struct output output;
	pid_t daemon = start_daemon(SILENT);

	run(args, &output);
	end_daemon(daemon);
	assert_int_equal(output.status, 5);
	assert_in_range(output.ms, 490, 3000);
}

static void helps_and_tells_its_version(void **state)
{
	static const char *const help[] = { "show", "--help", NULL }, *const version[] = { "-V", NULL };
	static struct output output;

	run(help, &output);
	assert_int_equal(output.status, 0);
	assert_non_null(strstr(output.out, "usage: splitvif"));
	run(version, &output);
	assert_int_equal(output.status, 0);
	assert_string_equal(output.out, "splitvif " SPLITVIF_VERSION "\n");
}

/* Its findings are this machine's; its form is not. */
static void doctor_has_a_form(void **state)
{
	static const char *const args[] = { "doctor", NULL };
	static struct output output;
	bool failed = false;

	run(args, &output);
	assert_string_equal(output.err, "");
	for (char *line = strtok(output.out, "\n"); line; line = strtok(NULL, "\n")) {
		bool fail = !strncmp(line, "fail  ", 6);

		assert_true(fail || !strncmp(line, "ok    ", 6) || !strncmp(line, "warn  ", 6));
		assert_non_null(strstr(line, ": "));
		assert_true(line[0] == 'o' || strstr(line, "; "));
		failed |= fail;
	}
	assert_int_equal(output.status, failed);
	assert_true(output.out_length > 400);
}

static void doctor_finds_a_long_path(void **state)
{
	char path[160];
	const char *const args[] = { "--rundir", path, "doctor", "--json", NULL };
	static struct output output;

	memset(path, 'x', sizeof(path) - 1);
	path[0] = '/';
	path[sizeof(path) - 1] = 0;
	run(args, &output);
	assert_int_equal(output.status, 1);
	assert_non_null(strstr(output.out, "{\"verdict\":\"fail\",\"what\":\"run directory\""));
	assert_non_null(strstr(output.out, "\"cure\":\"set SPLITVIF_RUNDIR to a shorter path\""));
}

static void doctor_finds_the_daemon(void **state)
{
	static const char *const args[] = { "-j", "doctor", NULL };
	static struct output output;
	pid_t daemon = start_daemon(SILENT);

	run(args, &output);
	end_daemon(daemon);
	assert_non_null(strstr(output.out, "{\"verdict\":\"ok\",\"what\":\"daemon\""));
	run(args, &output);
	assert_non_null(strstr(output.out, "{\"verdict\":\"warn\",\"what\":\"daemon\""));
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(answers_and_complains),
		cmocka_unit_test(waits_for_slow_answers_only_as_long),
		cmocka_unit_test(helps_and_tells_its_version),
		cmocka_unit_test(doctor_has_a_form),
		cmocka_unit_test(doctor_finds_a_long_path),
		cmocka_unit_test(doctor_finds_the_daemon),
	};
	int failed;

	if (argc != 2)
		return 2;
	program = argv[1];
	strcpy(rundir, "/tmp/splitvif-ctl-XXXXXX");
	if (!mkdtemp(rundir) || setenv("SPLITVIF_RUNDIR", rundir, 1))
		return 1;
	snprintf(sock_path, sizeof(sock_path), "%s/ctl.sock", rundir);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(sock_path);
	rmdir(rundir);
	return failed;
}
