#include "ctl/client.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* A listener whose queue is full says EAGAIN, and gives nothing to poll for:
 * that is what a stopped daemon looks like from outside. */
static int connect_until(int64_t deadline, const char *dir, char path[RUNDIR_PATH_BYTES])
{
	const struct timespec pause = { .tv_nsec = 10 * 1000 * 1000 };

	for (;;) {
		int fd = rundir_connect_in(path, dir, "ctl.sock", SOCK_STREAM | SOCK_NONBLOCK);

		if (fd != -EAGAIN && fd != -EINTR)
			return fd;
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&pause, NULL);
	}
}

static int wait_until(int64_t deadline, int fd, short events)
{
	struct pollfd wanted = { .fd = fd, .events = events };
	int64_t left = deadline - now_ms();

	if (left <= 0)
		return -ETIMEDOUT;
	return poll(&wanted, 1, (int)left) < 0 && errno != EINTR ? -errno : 0;
}

/* A daemon that hangs up early may have said why: that is left to reading. */
static int send_until(int64_t deadline, int fd, const uint8_t *bytes, size_t length)
{
	while (length) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);
		int err;

		if (sent >= 0) {
			bytes += sent;
			length -= (size_t)sent;
			continue;
		}
		if (errno == EPIPE || errno == ECONNRESET)
			return 0;
		if (errno != EAGAIN && errno != EINTR)
			return -errno;
		err = wait_until(deadline, fd, POLLOUT);
		if (err)
			return err;
	}
	return 0;
}

static int receive_until(int64_t deadline, int fd, uint8_t *bytes, size_t length)
{
	while (length) {
		int err = wait_until(deadline, fd, POLLIN);
		ssize_t got;

		if (err)
			return err;
		got = recv(fd, bytes, length, 0);
		if (!got)
			return -ECONNRESET;
		if (got < 0 && errno != EAGAIN && errno != EINTR)
			return -errno;
		if (got > 0) {
			bytes += got;
			length -= (size_t)got;
		}
	}
	return 0;
}

static int receive_answer(int64_t deadline, int fd, struct client_answer *answer)
{
	uint8_t head[CTL_REPLY_HEAD_BYTES];
	int err = receive_until(deadline, fd, head, sizeof(head));
	uint8_t *message;
	int64_t size;

	if (err)
		return err;
	size = ctl_reply_size(head, sizeof(head));
	if (size < 0)
		return (int)size;
	message = malloc((size_t)size);
	if (!message)
		return -ENOMEM;
	memcpy(message, head, sizeof(head));
	err = receive_until(deadline, fd, message + sizeof(head), (size_t)size - sizeof(head));
	if (!err)
		err = ctl_reply_decode(message, (size_t)size, &answer->reply);
	if (err)
		free(message);
	else
		answer->message = message;
	return err;
}

int client_call_in(const char *dir, const char *const *argv, unsigned int argc,
		   unsigned int timeout_ms, char path[RUNDIR_PATH_BYTES],
		   struct client_answer *answer)
{
	int64_t deadline = now_ms() + timeout_ms;
	void *request;
	size_t length;
	int fd, err;

	path[0] = 0;
	err = ctl_request_encode(argv, argc, &request, &length);
	if (err)
		return err;
	fd = connect_until(deadline, dir, path);
	if (fd < 0) {
		free(request);
		return fd;
	}
	err = send_until(deadline, fd, request, length);
	if (!err)
		err = receive_answer(deadline, fd, answer);
	close(fd);
	free(request);
	return err;
}

int client_call(const char *const *argv, unsigned int argc, unsigned int timeout_ms,
		char path[RUNDIR_PATH_BYTES], struct client_answer *answer)
{
	return client_call_in(NULL, argv, argc, timeout_ms, path, answer);
}
