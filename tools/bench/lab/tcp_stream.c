#include "bench/lab/tcp_stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"
#include "ring/barrier.h"

enum { PORT = 7001, CHUNK = 256 * 1024, START_MS = 5000, SLICE_MS = 50 };

struct tcp_stream_board {
	uint64_t received;
	uint32_t listens, accepted, stop;
	bool segments;
	struct in_addr to;
};

static int set_offload(const char *interface, uint32_t command, bool on)
{
	struct ethtool_value value = { .cmd = command, .data = on };
	struct ifreq request = { .ifr_data = (void *)&value };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), err;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	err = ioctl(fd, SIOCETHTOOL, &request) ? -errno : 0;
	close(fd);
	return err;
}

/* Whoever waits in a call looks up now and then. */
static void limit_waits(int fd)
{
	const struct timeval slice = { .tv_usec = SLICE_MS * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &slice, sizeof(slice));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &slice, sizeof(slice));
}

static bool is_over(struct tcp_stream_board *board)
{
	return load_acquire(&board->stop);
}

static int receive(void *arg)
{
	struct sockaddr_in here = { .sin_family = AF_INET, .sin_port = htons(PORT) };
	static uint8_t chunk[CHUNK];
	struct tcp_stream_board *board = arg;
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), connection = -1;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	limit_waits(fd);
	if (bind(fd, (struct sockaddr *)&here, sizeof(here)) || listen(fd, 1))
		return 1;
	store_release(&board->listens, 1);
	while (connection < 0 && !is_over(board))
		connection = accept(fd, NULL, NULL);
	store_release(&board->accepted, 1);
	limit_waits(connection);
	while (!is_over(board)) {
		ssize_t n = recv(connection, chunk, sizeof(chunk), 0);

		if (n > 0)
			count_up(&board->received, (uint64_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return is_over(board) ? 0 : 1;
	}
	return 0;
}

static int send_all(void *arg)
{
	struct tcp_stream_board *board = arg;
	struct sockaddr_in there = { .sin_family = AF_INET,
				     .sin_port = htons(PORT),
				     .sin_addr = board->to };
	static const uint8_t chunk[CHUNK];
	/* What is under way at the end is not to be sent again into the next run. */
	const struct linger abort_it = { .l_onoff = 1 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	set_offload("eth0", ETHTOOL_STSO, board->segments);
	set_offload("eth0", ETHTOOL_SGSO, board->segments);
	setsockopt(fd, SOL_SOCKET, SO_LINGER, &abort_it, sizeof(abort_it));
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)))
		return 1;
	limit_waits(fd);
	while (!is_over(board))
		if (send(fd, chunk, sizeof(chunk), MSG_NOSIGNAL) < 0 && errno != EAGAIN &&
		    errno != EINTR)
			return is_over(board) ? 0 : 1;
	return 0;
}

/* Until it is so, or somebody seems to have died. */
static int await(struct tcp_stream *stream, bool (*is_so)(struct tcp_stream_board *board))
{
	int64_t deadline = host_now_ns() + START_MS * INT64_C(1000000);

	while (!is_so(stream->board)) {
		if (host_now_ns() > deadline)
			return -ETIMEDOUT;
		usleep(500);
	}
	return 0;
}

static bool listens(struct tcp_stream_board *board)
{
	return load_acquire(&board->listens);
}

static bool is_connected(struct tcp_stream_board *board)
{
	return load_acquire(&board->accepted);
}

int tcp_stream_start(struct tcp_stream *stream, const struct kernel_vm *from,
		     const struct kernel_vm *to, const char *to_ip, bool segments,
		     char error[LAB_ERROR_BYTES])
{
	int err;

	*stream = (struct tcp_stream){ .sender = -1, .receiver = -1 };
	stream->board = mmap(NULL, sizeof(*stream->board), PROT_READ | PROT_WRITE,
			     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (stream->board == MAP_FAILED)
		return -ENOMEM;
	stream->board->segments = segments;
	inet_pton(AF_INET, to_ip, &stream->board->to);
	stream->receiver = kernel_vm_run(to, receive, stream->board);
	err = await(stream, listens);
	if (!err) {
		stream->sender = kernel_vm_run(from, send_all, stream->board);
		err = await(stream, is_connected);
	}
	if (!err)
		return 0;
	tcp_stream_stop(stream);
	snprintf(error, LAB_ERROR_BYTES, "no TCP between VMs, to %s: %s", to_ip, strerror(-err));
	return err;
}

uint64_t tcp_stream_received(const struct tcp_stream *stream)
{
	return __atomic_load_n(&stream->board->received, __ATOMIC_RELAXED);
}

/* Its status; one that does not come to its end is made to. */
static int end(pid_t pid)
{
	int64_t deadline = host_now_ns() + INT64_C(2000000000);
	int status = 0;

	if (pid <= 0)
		return 0;
	while (!waitpid(pid, &status, WNOHANG)) {
		if (host_now_ns() > deadline)
			kill(pid, SIGKILL);
		usleep(500);
	}
	return status;
}

int tcp_stream_stop(struct tcp_stream *stream)
{
	int status;

	store_release(&stream->board->stop, 1);
	status = end(stream->sender) | end(stream->receiver);
	munmap(stream->board, sizeof(*stream->board));
	return status ? -EIO : 0;
}
