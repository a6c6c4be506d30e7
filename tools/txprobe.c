/*
 * Can a backend write to the pages that a guest sends from? Tried, not told.
 *
 * A child opens a vif with libsplitvif, as every frontend does; this process
 * sits where the backend sits, takes the two memfds that the frontend sent,
 * maps them as the backend does (ring/page.h), and tries every way to write
 * that it knows. Prints one line an attempt. Exit 0: all were refused; 1: one
 * was not; 2: it could not be tried.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "frontend/splitvif.h"
#include "ring/hypercall.h"
#include "ring/page.h"

enum { PATIENCE_MS = 5000, QUOTA_PAGES = 1 << 20 };

/* What the backend holds: the descriptor, and its mapping. */
struct target {
	int fd;
	uint8_t *base;
	size_t bytes;
};

static int map_and_forget(int fd, size_t bytes)
{
	void *base = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (base == MAP_FAILED)
		return -1;
	munmap(base, bytes);
	return 0;
}

static int try_mmap(const struct target *target)
{
	return map_and_forget(target->fd, target->bytes);
}

static int try_mprotect(const struct target *target)
{
	return mprotect(target->base, target->bytes, PROT_READ | PROT_WRITE);
}

static int try_pwrite(const struct target *target)
{
	return pwrite(target->fd, "x", 1, 0) < 0 ? -1 : 0;
}

/* A descriptor of our own, with whatever rights an open gives. */
static int try_reopen(const struct target *target)
{
	char path[32];
	int fd, result, err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", target->fd);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -1;
	result = map_and_forget(fd, target->bytes);
	err = errno;
	close(fd);
	errno = err;
	return result;
}

static int try_truncate(const struct target *target)
{
	return ftruncate(target->fd, 0);
}

static int try_hole(const struct target *target)
{
	return fallocate(target->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, PAGE_BYTES);
}

static const struct {
	const char *name;
	int (*attempt)(const struct target *target);
} attempts[] = {
	{ "mmap(PROT_WRITE)", try_mmap },  { "mprotect", try_mprotect },
	{ "pwrite", try_pwrite },	   { "re-open and mmap", try_reopen },
	{ "ftruncate", try_truncate },	   { "punch a hole", try_hole },
};

/* How many succeeded. */
static int try_all(const struct target *target)
{
	int succeeded = 0;

	for (size_t i = 0; i < sizeof(attempts) / sizeof(attempts[0]); i++) {
		int result = attempts[i].attempt(target);

		succeeded += result == 0;
		printf("%s: %s\n", attempts[i].name,
		       result ? strerrorname_np(errno) : "SUCCEEDED");
	}
	return succeeded;
}

static int probe_memory(struct hypercall *message)
{
	struct hypercall_introduce body;
	struct target target;
	struct arena arena;
	const char *why = "no introduction with two memfds came";
	int succeeded, err = -EBADMSG;

	memcpy(&body, message->body, sizeof(body));
	if (message->header.type == HYPERCALL_INTRODUCE && message->length == sizeof(body) &&
	    message->nr_fds == 2) {
		target.fd = fcntl(message->fds[1], F_DUPFD_CLOEXEC, 0);
		message->nr_fds = 0; /* the arena has them now */
		err = arena_accept(&arena, message->fds[0], body.shared_pages, message->fds[1],
				   body.tx_pages, QUOTA_PAGES, &why);
	}
	if (err) {
		fprintf(stderr, "txprobe: cannot map a frontend's memory: %s\n", why);
		return 2;
	}
	target.base = arena.tx.base;
	target.bytes = (size_t)arena.tx.pages * PAGE_BYTES;
	succeeded = try_all(&target);
	close(target.fd);
	arena_close(&arena);
	return succeeded ? 1 : 0;
}

/* The guest: an ordinary frontend, which finds us in place of the daemon. */
static pid_t frontend_start(const char *dir)
{
	struct splitvif_config config = { .name = "probed", .rundir = dir,
					  .timeout_ms = PATIENCE_MS };
	char error[256];
	pid_t child = fork();

	if (child)
		return child;
	splitvif_open(&config, error, sizeof(error)); /* never answered: ends when we hang up */
	_exit(0);
}

static int probe_serve(int listener, const char *dir)
{
	struct pollfd readable = { .fd = listener, .events = POLLIN };
	struct hypercall message;
	pid_t child = frontend_start(dir);
	int fd, status = 2;

	if (child > 0 && poll(&readable, 1, PATIENCE_MS) == 1) {
		fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
		if (fd >= 0 && hypercall_receive(fd, &message) == 1) {
			status = probe_memory(&message);
			hypercall_close_fds(&message);
		}
		close(fd);
	}
	if (child > 0) {
		kill(child, SIGKILL);
		waitpid(child, NULL, 0);
	}
	return status;
}

int main(void)
{
	char dir[] = "/tmp/splitvif-txprobe-XXXXXX";
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	int status = 2;

	if (listener < 0 || !mkdtemp(dir)) {
		perror("txprobe: cannot make a socket in /tmp");
		return 2;
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s/domain.sock", dir);
	if (bind(listener, (struct sockaddr *)&address, sizeof(address)) || listen(listener, 1))
		perror("txprobe: cannot listen");
	else
		status = probe_serve(listener, dir);
	close(listener);
	unlink(address.sun_path);
	rmdir(dir);
	return status;
}
