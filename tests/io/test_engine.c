#include "engines.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SOON = 1000 * 1000, FRAMES = 150 };
static const int64_t LONG = 5000000000;

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000L + now.tv_nsec;
}

static void put(int fd)
{
	uint64_t one = 1;

	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
}

static void drain(int fd)
{
	char bytes[512];

	while (read(fd, bytes, sizeof(bytes)) > 0)
		;
	assert_int_equal(errno, EAGAIN);
}

/* A readable end and an end that makes it so, of several kinds. */
struct channel {
	const char *name;
	int read_fd;
	int write_fd;
};

enum { CHANNELS = 3 };

static void open_channels(struct channel channels[CHANNELS])
{
	int fds[2];
	int event = eventfd(0, EFD_NONBLOCK);

	channels[0] = (struct channel){ "eventfd", event, dup(event) };
	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	channels[1] = (struct channel){ "pipe", fds[0], fds[1] };
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	channels[2] = (struct channel){ "seqpacket", fds[0], fds[1] };
}

static void close_channels(struct channel channels[CHANNELS])
{
	for (unsigned int i = 0; i < CHANNELS; i++) {
		close(channels[i].read_fd);
		close(channels[i].write_fd);
	}
}

static void expect_report(struct engine *engine, struct engine_source *source, const char *what)
{
	struct engine_source *ready = NULL;
	int n = engines_wait(engine, &ready, LONG);

	if (n != 1 || ready != source || source->armed)
		fail_msg("%s: %s: %d reports", (const char *)source->owner, what, n);
}

static void expect_silence(struct engine *engine, const struct engine_source *source,
			   const char *what)
{
	struct engine_source *ready = NULL;
	int n = engines_wait(engine, &ready, SOON);

	if (n != 0)
		fail_msg("%s: %s: %d reports", (const char *)source->owner, what, n);
}

static void report_cycle(struct engine *engine, struct channel *channel)
{
	struct engine_source source;

	assert_int_equal(engine_add(engine, &source, channel->read_fd, (void *)channel->name), 0);
	expect_silence(engine, &source, "added, not armed");
	engine_arm(engine, &source);
	expect_silence(engine, &source, "armed, dry");
	put(channel->write_fd);
	expect_report(engine, &source, "armed, then data");
	put(channel->write_fd);
	expect_silence(engine, &source, "reported, not armed again");
	drain(channel->read_fd);
	put(channel->write_fd);
	engine_arm(engine, &source);
	expect_report(engine, &source, "data between draining and arming");
	drain(channel->read_fd);
	engine_arm(engine, &source);
	engine_arm(engine, &source); /* twice is once */
	put(channel->write_fd);
	expect_report(engine, &source, "armed twice");
	expect_silence(engine, &source, "armed twice, second report");
	engine_remove(engine, &source);
}

static void reports_once_when_armed(void **state)
{
	struct channel channels[CHANNELS];

	open_channels(channels);
	for (unsigned int i = 0; i < CHANNELS; i++)
		report_cycle(*state, &channels[i]);
	close_channels(channels);
}

/* An event that comes, and is fetched from the kernel, while nobody asked. */
static void late_events_are_kept(void **state)
{
	struct channel channels[CHANNELS];
	struct engine_source source;

	open_channels(channels);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		assert_int_equal(engine_add(*state, &source, channels[i].read_fd,
					    (void *)channels[i].name), 0);
		put(channels[i].write_fd);
		for (int k = 0; k < 3; k++)
			expect_silence(*state, &source, "data, not armed");
		engine_arm(*state, &source);
		expect_report(*state, &source, "armed after the data");
		engine_remove(*state, &source);
	}
	close_channels(channels);
}

static void data_before_add_is_reported(void **state)
{
	struct channel channels[CHANNELS];
	struct engine_source source;

	open_channels(channels);
	for (unsigned int i = 0; i < CHANNELS; i++) {
		put(channels[i].write_fd);
		assert_int_equal(engine_add(*state, &source, channels[i].read_fd,
					    (void *)channels[i].name), 0);
		engine_arm(*state, &source);
		expect_report(*state, &source, "data before it was added");
		engine_remove(*state, &source);
	}
	close_channels(channels);
}

static void hang_up_is_readable(void **state)
{
	struct channel channels[CHANNELS];
	struct engine_source source;

	open_channels(channels);
	for (unsigned int i = 1; i < CHANNELS; i++) { /* an eventfd knows none */
		assert_int_equal(engine_add(*state, &source, channels[i].read_fd,
					    (void *)channels[i].name), 0);
		engine_arm(*state, &source);
		close(channels[i].write_fd);
		expect_report(*state, &source, "hang-up");
		engine_remove(*state, &source);
		channels[i].write_fd = -1;
	}
	close_channels(channels);
}

enum removal { UNSUBMITTED, SUBMITTED, COMPLETED, KEPT, DUE, REMOVALS };

static void bring_to(struct engine *engine, struct engine_source *source, int fd,
		     enum removal stage)
{
	if (stage != KEPT && stage != DUE)
		engine_arm(engine, source);
	if (stage != UNSUBMITTED)
		expect_silence(engine, source, "before removal");
	if (stage >= COMPLETED)
		put(fd);
	if (stage == KEPT || stage == DUE)
		expect_silence(engine, source, "kept");
	if (stage == DUE)
		engine_arm(engine, source);
}

/* The removed source's memory is poisoned and its descriptor closed; another
 * source, which may get its slot, must hear of its own events only. */
static void removed_sources_stay_silent(void **state)
{
	static const char *const names[REMOVALS] = {
		"armed, not submitted", "armed and waiting", "its event has come",
		"its event is kept", "its event is due",
	};

	for (enum removal stage = 0; stage < REMOVALS; stage++) {
		struct engine_source *gone = malloc(sizeof(*gone));
		struct engine_source other;
		int fd = eventfd(0, EFD_NONBLOCK);
		int fd_other = eventfd(0, EFD_NONBLOCK);

		assert_int_equal(engine_add(*state, gone, fd, (void *)names[stage]), 0);
		bring_to(*state, gone, fd, stage);
		engine_remove(*state, gone);
		assert_false(gone->added);
		free(gone);
		assert_int_equal(engine_add(*state, &other, fd_other, (void *)names[stage]), 0);
		engine_arm(*state, &other);
		put(fd);
		expect_silence(*state, &other, "removed");
		put(fd_other);
		expect_report(*state, &other, "the other one");
		engine_remove(*state, &other);
		close(fd);
		close(fd_other);
	}
}

/* The engine must not keep the file open: the far end has to see it go. */
static void removal_lets_go_of_the_file(void **state)
{
	struct engine_source source;
	char byte;
	int fds[2];

	assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
	assert_int_equal(engine_add(*state, &source, fds[0], "pipe"), 0);
	engine_arm(*state, &source);
	expect_silence(*state, &source, "armed");
	engine_remove(*state, &source);
	close(fds[0]);
	signal(SIGPIPE, SIG_IGN);
	assert_int_equal(write(fds[1], &byte, 0), 0);
	byte = 0;
	assert_int_equal(write(fds[1], &byte, 1), -1);
	assert_int_equal(errno, EPIPE);
	close(fds[1]);
}

/* The fastest of several tries must be in time, none may be too early. */
enum { TIMEOUT_TRIES = 20 };

static void timeouts_are_kept(void **state)
{
	static const struct {
		const char *name;
		int64_t timeout, at_least, at_most;
	} cases[] = {
		{ "not at all", 0, 0, 50000000 },
		{ "300 us", 300000, 250000, 100000000 },
		{ "20 ms", 20000000, 19000000, 300000000 },
	};
	struct engine_source source;
	struct engine_source *ready;
	int fd = eventfd(0, EFD_NONBLOCK);

	assert_int_equal(engine_add(*state, &source, fd, NULL), 0);
	engine_arm(*state, &source);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int64_t took = INT64_MAX;

		for (int try = 0; try < TIMEOUT_TRIES && took > cases[i].at_most; try++) {
			int64_t start = now_ns();
			int n = engines_wait(*state, &ready, cases[i].timeout);

			took = now_ns() - start;
			if (n || took < cases[i].at_least)
				fail_msg("%s: %d reports after %ld ns", cases[i].name, n,
					 (long)took);
		}
		if (took > cases[i].at_most)
			fail_msg("%s: never before %ld ns", cases[i].name, (long)took);
	}
	engine_remove(*state, &source);
	close(fd);
}

static void *put_later(void *argument)
{
	usleep(20000);
	put(*(int *)argument);
	return NULL;
}

static void infinite_wait_wakes(void **state)
{
	struct engine_source source;
	struct engine_source *ready = NULL;
	pthread_t thread;
	int fd = eventfd(0, EFD_NONBLOCK);

	assert_int_equal(engine_add(*state, &source, fd, NULL), 0);
	engine_arm(*state, &source);
	alarm(100);
	assert_int_equal(pthread_create(&thread, NULL, put_later, &fd), 0);
	while (engines_wait(*state, &ready, -1) == 0)
		;
	alarm(0);
	assert_ptr_equal(ready, &source);
	pthread_join(thread, NULL);
	engine_remove(*state, &source);
	close(fd);
}

static void ignore_signal(int number)
{
}

static void signals_are_no_error(void **state)
{
	struct itimerspec soon = { .it_value.tv_nsec = 20000000 };
	struct sigaction action = { .sa_handler = ignore_signal };
	struct engine_source *ready;
	timer_t timer;

	sigaction(SIGALRM, &action, NULL);
	assert_int_equal(timer_create(CLOCK_MONOTONIC, NULL, &timer), 0);
	assert_int_equal(timer_settime(timer, 0, &soon, NULL), 0);
	assert_int_equal(engines_wait(*state, &ready, -1), 0);
	timer_delete(timer);
	signal(SIGALRM, SIG_DFL);
}

/* More sources than any queue of the engine holds, more reports than asked. */
static void many_sources(void **state)
{
	enum { SOURCES = 600 };
	static struct engine_source sources[SOURCES];
	struct engine_source *ready[7];
	unsigned int reports = 0;
	int n;

	for (unsigned int i = 0; i < SOURCES; i++) {
		int fd = eventfd(0, EFD_NONBLOCK);

		assert_int_equal(engine_add(*state, &sources[i], fd, NULL), 0);
		engine_arm(*state, &sources[i]);
	}
	for (unsigned int i = 0; i < SOURCES; i += 2)
		put(sources[i].fd);
	while ((n = engine_wait(*state, ready, COUNT_OF(ready), SOON)) > 0) {
		for (int i = 0; i < n; i++)
			assert_int_equal((ready[i] - sources) % 2, 0);
		reports += (unsigned int)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(reports, SOURCES / 2);
	for (unsigned int i = 0; i < SOURCES; i++) {
		assert_int_equal(sources[i].armed, i % 2);
		engine_remove(*state, &sources[i]);
		close(sources[i].fd);
	}
}

struct batch {
	uint32_t numbers[FRAMES];
	struct iovec iov[FRAMES][2];
	struct engine_io io[FRAMES];
};

/* Each frame is its number, in two pieces. */
static void batch_fill(struct batch *batch, uint32_t first)
{
	for (uint32_t i = 0; i < FRAMES; i++) {
		uint8_t *bytes = (uint8_t *)&batch->numbers[i];

		batch->numbers[i] = first + i;
		batch->iov[i][0] = (struct iovec){ bytes, 1 };
		batch->iov[i][1] = (struct iovec){ bytes + 1, 3 };
		batch->io[i] = (struct engine_io){ .iov = batch->iov[i], .iovcnt = 2 };
	}
}

static void expect_frames(struct batch *batch, unsigned int n, uint32_t first)
{
	for (unsigned int i = 0; i < n; i++) {
		assert_int_equal(batch->io[i].result, 4);
		assert_int_equal(batch->numbers[i], first + i);
	}
}

static void batches_arrive_in_order(void **state)
{
	static const unsigned int sizes[] = { 0, 1, 3, 4, 5, 63, 64, 65, 150, 2, 150 };
	static struct batch out, in;
	uint32_t first = 1;
	int fds[2];
	int room = 1 << 20;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUFFORCE, &room, sizeof(room));
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		unsigned int got = 0;

		batch_fill(&out, first);
		batch_fill(&in, 0);
		assert_int_equal(engine_write(*state, fds[0], out.io, sizes[i]), sizes[i]);
		expect_frames(&out, sizes[i], first);
		got = engine_read(*state, fds[1], in.io, FRAMES);
		assert_int_equal(got, sizes[i]);
		expect_frames(&in, got, first);
		for (unsigned int k = got; k < FRAMES; k++)
			assert_int_equal(in.io[k].result, -EAGAIN);
		first += sizes[i];
	}
	close(fds[0]);
	close(fds[1]);
}

static void full_and_failing_writes(void **state)
{
	static struct batch out;
	unsigned int done;
	int fds[2];
	int room = 1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room)); /* the smallest */
	batch_fill(&out, 0);
	done = engine_write(*state, fds[0], out.io, FRAMES);
	assert_in_range(done, 1, FRAMES - 1);
	expect_frames(&out, done, 0);
	for (unsigned int i = done; i < FRAMES; i++)
		assert_int_equal(out.io[i].result, -EAGAIN);
	drain(fds[1]);

	out.iov[1][1].iov_base = NULL; /* one bad transfer among good ones */
	assert_int_equal(engine_write(*state, fds[0], out.io, 3), 2);
	assert_int_equal(out.io[0].result, 4);
	assert_int_equal(out.io[1].result, -EFAULT);
	assert_int_equal(out.io[2].result, 4);
	close(fds[0]);
	close(fds[1]);

	assert_int_equal(engine_write(*state, fds[0], out.io, 2), 0);
	assert_int_equal(out.io[0].result, -EBADF);
	assert_int_equal(engine_read(*state, fds[0], out.io, 2), 0);
	assert_int_equal(out.io[0].result, -EBADF);
}

/* Reads and writes must not swallow reports, nor reports transfers. */
static void transfers_and_reports_do_not_mix(void **state)
{
	static struct batch out, in;
	struct engine_source source;
	int event = eventfd(0, EFD_NONBLOCK);
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	assert_int_equal(engine_add(*state, &source, event, "eventfd"), 0);
	for (unsigned int i = 0; i < 100; i++) {
		engine_arm(*state, &source);
		put(event);
		batch_fill(&out, i);
		batch_fill(&in, 0);
		assert_int_equal(engine_write(*state, fds[0], out.io, 8), 8);
		expect_report(*state, &source, "between transfers");
		assert_int_equal(engine_read(*state, fds[1], in.io, 64), 8);
		expect_frames(&in, 8, i);
		drain(event);
	}
	engine_remove(*state, &source);
	close(event);
	close(fds[0]);
	close(fds[1]);
}

/* Takes every io_uring but the first away from under its owner. */
static unsigned int close_later_rings(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	unsigned int rings = 0;

	while ((entry = readdir(directory))) {
		char target[64] = "";

		if (readlinkat(dirfd(directory), entry->d_name, target, sizeof(target) - 1) < 0 ||
		    strcmp(target, "anon_inode:[io_uring]") != 0)
			continue;
		if (rings++)
			close(atoi(entry->d_name));
	}
	closedir(directory);
	return rings;
}

static void broken_ring_is_replaced(void **state)
{
	static struct batch out, in;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, fds), 0);
	if (strcmp(engine_name(*state), "uring") == 0)
		assert_int_equal(close_later_rings(), 2);
	for (uint32_t i = 0; i < 3; i++) {
		batch_fill(&out, i);
		batch_fill(&in, 0);
		assert_int_equal(engine_write(*state, fds[0], out.io, 70), 70);
		assert_int_equal(engine_read(*state, fds[1], in.io, FRAMES), 70);
		expect_frames(&in, 70, i);
		assert_int_equal(in.io[70].result, -EAGAIN);
	}
	close(fds[0]);
	close(fds[1]);
}

static void forbid_io_uring(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_io_uring_setup, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { COUNT_OF(filter), filter };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program))
		_exit(3);
}

static int where_io_uring_is_forbidden(void)
{
	struct engine *engine = NULL;
	char note[128] = "";

	forbid_io_uring();
	if (engine_create(&engine, ENGINE_URING, note, sizeof(note)) != -ENOSYS ||
	    !strstr(note, "not permitted"))
		return 4;
	if (engine_create(&engine, ENGINE_AUTO, note, sizeof(note)) ||
	    strcmp(engine_name(engine), "epoll") != 0 || !strstr(note, "not permitted"))
		return 5;
	engine_destroy(engine);
	return 0;
}

static void auto_falls_back(void **state)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(where_io_uring_is_forbidden());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
}

static void kinds_have_names(void **state)
{
	enum engine_kind kind;

	assert_int_equal(engine_kind_parse("auto", &kind), 0);
	assert_int_equal(kind, ENGINE_AUTO);
	assert_int_equal(engine_kind_parse("uring", &kind), 0);
	assert_int_equal(kind, ENGINE_URING);
	assert_int_equal(engine_kind_parse("epoll", &kind), 0);
	assert_int_equal(kind, ENGINE_EPOLL);
	assert_int_equal(engine_kind_parse("", &kind), -EINVAL);
	assert_int_equal(engine_kind_parse("uringx", &kind), -EINVAL);
}

int main(void)
{
	static const struct engine_case cases[] = {
		{ "reports once when armed", reports_once_when_armed },
		{ "late events are kept", late_events_are_kept },
		{ "data before add is reported", data_before_add_is_reported },
		{ "hang-up is readable", hang_up_is_readable },
		{ "removed sources stay silent", removed_sources_stay_silent },
		{ "removal lets go of the file", removal_lets_go_of_the_file },
		{ "timeouts are kept", timeouts_are_kept },
		{ "infinite wait wakes", infinite_wait_wakes },
		{ "signals are no error", signals_are_no_error },
		{ "many sources", many_sources },
		{ "batches arrive in order", batches_arrive_in_order },
		{ "full and failing writes", full_and_failing_writes },
		{ "transfers and reports do not mix", transfers_and_reports_do_not_mix },
		{ "broken ring is replaced", broken_ring_is_replaced },
		{ "auto falls back", auto_falls_back },
		{ "kinds have names", kinds_have_names },
	};

	return engines_run(cases, COUNT_OF(cases));
}
