/*
 * Fuzz target: packets on the domain socket, any bytes, with any number of
 * descriptors. What is taken lies within its bounds and descriptors never
 * stay behind.
 *
 * Input: packets, each a byte that says how many descriptors go with it, two
 * that say how long it is, and its bytes.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring/hypercall.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FDS_MAX = 12 };

static void require(int holds)
{
	if (!holds)
		abort();
}

static int open_pair(int pair[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair);
}

static void send_packet(int socket, const uint8_t *bytes, size_t length, unsigned int nr_fds)
{
	union {
		char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
		struct cmsghdr header;
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)bytes, length };
	struct msghdr packet = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nr_fds) {
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		for (unsigned int i = 0; i < nr_fds; i++)
			memcpy(CMSG_DATA(&control.header) + i * sizeof(int), &socket, sizeof(int));
	}
	require(sendmsg(socket, &packet, MSG_NOSIGNAL) == (ssize_t)length);
}

/* The lowest free descriptor: the same before and after, if none is kept. */
static int lowest_free(void)
{
	int fd = dup(0);

	require(fd >= 0);
	close(fd);
	return fd;
}

static void check_message(struct hypercall *message, const uint8_t *bytes, size_t length,
			  unsigned int nr_fds)
{
	size_t head = sizeof(message->header);

	if (message->header.type & HYPERCALL_REPLY)
		head += sizeof(message->status);
	require(message->header.version == HYPERCALL_VERSION);
	require(message->nr_fds == nr_fds && nr_fds <= HYPERCALL_MAX_FDS);
	require(message->length == length - head && length <= HYPERCALL_MAX_BYTES);
	require(!memcmp(message->body, bytes + head, message->length));
}

static void receive(int socket, const uint8_t *bytes, size_t length, unsigned int nr_fds)
{
	struct hypercall message;
	int result = hypercall_receive(socket, &message);

	require(result == 1 || result == -EBADMSG || result == -EPROTO ||
		(result == 0 && !length && !nr_fds));
	if (result == 1)
		check_message(&message, bytes, length, nr_fds);
	else
		require(message.nr_fds == 0);
	hypercall_close_fds(&message);
	require(hypercall_receive(socket, &message) == -EAGAIN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static int pair[2] = { -1, -1 };
	int before;

	if (pair[0] < 0)
		require(!open_pair(pair));
	before = lowest_free();
	while (size >= 3) {
		unsigned int nr_fds = data[0] % (FDS_MAX + 1);
		size_t length = (data[1] | (size_t)data[2] << 8) % 600;

		data += 3;
		size -= 3;
		if (length > size)
			length = size;
		send_packet(pair[0], data, length, nr_fds);
		receive(pair[1], data, length, nr_fds);
		data += length;
		size -= length;
	}
	require(lowest_free() == before);
	return 0;
}
