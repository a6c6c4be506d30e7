#include "bench/lab/pest.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"
#include "frontend/splitvif.h"
#include "ring/barrier.h"

enum { NUMBER = 251, BATCH = 64, LIFE_MS = 50, START_MS = 10000, SIGNALS_BATCH = 256 };

static const char *const names[] = {
	[PEST_NONE] = "none", [PEST_DRAINING] = "draining", [PEST_STALLED] = "stalled",
	[PEST_BUSY] = "busy", [PEST_FLOODING] = "flooding", [PEST_CRASHING] = "crashing",
};

static_assert(sizeof(names) / sizeof(names[0]) == PEST_KINDS, "every kind has a name");

const char *pest_name(enum pest_kind kind)
{
	return kind < PEST_KINDS ? names[kind] : NULL;
}

static struct splitvif *connect_vif(struct pest *pest)
{
	struct splitvif_config config = { .name = "pest",
					  .rundir = pest->rundir,
					  .timeout_ms = START_MS / 2 };
	int64_t deadline = host_now_ns() + START_MS * INT64_C(1000000);
	struct splitvif *vif;
	char error[PEST_ERROR_BYTES];

	memcpy(config.mac, pest->mac, 6);
	/* A predecessor of that name may still be dying; the machine may be slow. */
	while (!(vif = splitvif_open(&config, error, sizeof(error)))) {
		if (host_now_ns() < deadline)
			continue;
		memcpy(pest->board->error, error, sizeof(error));
		_exit(1);
	}
	return vif;
}

/* To nobody in particular: the bridge floods them, and learns where we are. */
static void send_some(struct pest *pest, struct splitvif *vif)
{
	struct splitvif_frame frames[BATCH];
	unsigned int n = splitvif_reserve(vif, frames, BATCH, 64);

	for (unsigned int i = 0; i < n; i++) {
		uint8_t *data = frames[i].parts[0].iov_base;

		memset(data, 0, 64);
		memset(data, 0xff, 6);
		memcpy(data + 6, pest->mac, 6);
		data[12] = 0x88;
		data[13] = 0xb5;
		frames[i].length = 64;
	}
	splitvif_commit(vif, frames, n);
	splitvif_flush(vif);
	count_up(&pest->board->frames, n);
}

static _Noreturn void drain(struct splitvif *vif)
{
	struct pollfd ready = { splitvif_fd(vif), POLLIN, 0 };
	struct splitvif_frame frames[BATCH];

	for (;;) {
		unsigned int n = splitvif_receive(vif, frames, BATCH);

		splitvif_release(vif, n);
		splitvif_flush(vif);
		if (!n && splitvif_arm(vif, 0))
			poll(&ready, 1, 100);
		splitvif_process(vif);
	}
}

/* Whether a signal to that descriptor is one to ourselves. */
static bool wakes_us(struct splitvif *vif, int fd)
{
	struct pollfd ready = { splitvif_fd(vif), POLLIN, 0 };

	for (unsigned int i = 0; i < 100 && poll(&ready, 1, 0) > 0; i++)
		splitvif_process(vif);
	if (eventfd_write(fd, 1) || poll(&ready, 1, 0) <= 0)
		return false;
	splitvif_process(vif);
	return true;
}

static bool is_eventfd(int fd)
{
	char path[40], what[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, what, sizeof(what) - 1);
	return n > 0 && (what[n] = 0, !strcmp(what, "anon_inode:[eventfd]"));
}

/* The other end's: of all eventfds that we hold, the one that does not wake us. */
static int find_channel(struct splitvif *vif)
{
	for (int fd = 3; fd < 256; fd++)
		if (is_eventfd(fd) && !wakes_us(vif, fd))
			return fd;
	return -1;
}

static _Noreturn void signal_forever(struct pest *pest, int fd)
{
	store_release(&pest->board->ready, 1);
	for (;;) {
		for (unsigned int i = 0; i < SIGNALS_BATCH; i++)
			eventfd_write(fd, 1);
		count_up(&pest->board->signals, SIGNALS_BATCH);
	}
}

static _Noreturn void live_once(struct pest *pest)
{
	struct splitvif *vif;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	vif = connect_vif(pest);
	for (unsigned int i = 0; i < 4; i++)
		send_some(pest, vif);
	raise(SIGKILL);
	_exit(1);
}

static _Noreturn void die_forever(struct pest *pest)
{
	for (;;) {
		pid_t pid = fork();
		int status;

		if (!pid)
			live_once(pest);
		if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status))
			_exit(1);
		count_up(&pest->board->lives, 1);
		store_release(&pest->board->ready, 1);
		usleep(LIFE_MS * 1000);
	}
}

static _Noreturn void be(struct pest *pest, enum pest_kind kind)
{
	struct splitvif *vif;
	int fd;

	if (kind == PEST_CRASHING)
		die_forever(pest);
	vif = connect_vif(pest);
	send_some(pest, vif);
	fd = kind == PEST_BUSY ? eventfd(0, EFD_NONBLOCK) : find_channel(vif);
	if (fd < 0) {
		snprintf(pest->board->error, sizeof(pest->board->error), "no event channel");
		_exit(1);
	}
	if (kind == PEST_BUSY || kind == PEST_FLOODING)
		signal_forever(pest, fd);
	store_release(&pest->board->ready, 1);
	if (kind == PEST_DRAINING)
		drain(vif);
	for (;;)
		pause();
}

static int wait_ready(struct pest *pest)
{
	int64_t deadline = host_now_ns() + 2 * START_MS * INT64_C(1000000);

	while (!load_acquire(&pest->board->ready)) {
		if (waitpid(pest->pid, NULL, WNOHANG) == pest->pid) {
			pest->pid = 0;
			return -ECHILD;
		}
		if (host_now_ns() > deadline)
			return -ETIMEDOUT;
		usleep(1000);
	}
	return 0;
}

int pest_start(struct pest *pest, enum pest_kind kind, const char *rundir, int cpu,
	       char error[PEST_ERROR_BYTES])
{
	pid_t parent = getpid();
	int err;

	*pest = (struct pest){ .rundir = rundir, .mac = { 2, 0x73, 0x76, 0x4c, 1, NUMBER } };
	if (kind == PEST_NONE)
		return 0;
	pest->board = mmap(NULL, sizeof(*pest->board), PROT_READ | PROT_WRITE,
			   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (pest->board == MAP_FAILED) {
		pest->board = NULL;
		return -ENOMEM;
	}
	pest->pid = fork();
	if (!pest->pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent || host_pin(cpu))
			_exit(1);
		close_range(3, ~0u, 0); /* of the well-behaved VMs it is to have nothing */
		be(pest, kind);
	}
	err = pest->pid < 0 ? -errno : wait_ready(pest);
	if (!err)
		return 0;
	snprintf(error, PEST_ERROR_BYTES, "%s VM: %.200s", pest_name(kind),
		 pest->board->error[0] ? pest->board->error : strerror(-err));
	pest_stop(pest);
	return err;
}

void pest_stop(struct pest *pest)
{
	if (pest->pid > 0) {
		kill(pest->pid, SIGKILL);
		waitpid(pest->pid, NULL, 0);
	}
	if (pest->board)
		munmap(pest->board, sizeof(*pest->board));
	*pest = (struct pest){ 0 };
}
