#include "bench/lab/native.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/lab/cpu_time.h"
#include "bench/payload.h"

enum { BATCH = 64, FRAME_MAX = 2048, HEAD = 14 };

struct native {
	uint32_t size;
	uint64_t sent, got;
	int out, in; /* sockets; -1: none */
	uint8_t from[BATCH][FRAME_MAX], to[BATCH][FRAME_MAX];
	struct mmsghdr messages[BATCH];
	struct iovec parts[BATCH];
};

static void write_batch(struct native *native)
{
	for (unsigned int i = 0; i < BATCH; i++) {
		memset(native->from[i], 0xff, 12);
		native->from[i][12] = 0x88;
		native->from[i][13] = 0xb5;
		payload_write(native->from[i] + HEAD, native->size - HEAD, native->sent + i);
	}
}

static void describe(struct native *native, uint8_t (*frames)[FRAME_MAX])
{
	for (unsigned int i = 0; i < BATCH; i++) {
		native->parts[i] = (struct iovec){ frames[i], native->size };
		native->messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &native->parts[i],
								     .msg_iovlen = 1 } };
	}
}

/* From here to there: how many arrived, or -errno. */
static int carry(struct native *native)
{
	int n;

	if (native->out < 0) {
		for (unsigned int i = 0; i < BATCH; i++)
			memcpy(native->to[i], native->from[i], native->size);
		return BATCH;
	}
	describe(native, native->from);
	n = sendmmsg(native->out, native->messages, BATCH, 0);
	if (n < 0)
		return -errno;
	describe(native, native->to);
	n = recvmmsg(native->in, native->messages, (unsigned int)n, 0, NULL);
	return n < 0 ? -errno : n;
}

static int turn(struct native *native)
{
	uint8_t head[PAYLOAD_HEAD_BYTES];
	int n;

	write_batch(native);
	n = carry(native);
	if (n < 0)
		return n;
	for (int i = 0; i < n; i++)
		if (!payload_read(head, native->to[i] + HEAD, native->size - HEAD,
				  native->sent + (unsigned int)i))
			return -EBADMSG;
	native->sent += BATCH;
	native->got += (unsigned int)n;
	return 0;
}

static int open_socket(const char *interface)
{
	struct sockaddr_ll address = { .sll_family = AF_PACKET,
				       .sll_protocol = htons(0x88b5),
				       .sll_ifindex = (int)if_nametoindex(interface) };
	const struct timeval limit = { .tv_sec = 1 };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(0x88b5));

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit))) {
		close(fd);
		return -EIO;
	}
	return fd;
}

/* Its namespace goes when the sockets do. */
static int open_veth(struct native *native, char *error)
{
	int home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC), err = 0;

	if (home < 0 || unshare(CLONE_NEWNET)) {
		snprintf(error, LAB_ERROR_BYTES, "a veth pair needs root");
		err = -ENOTSUP;
	} else if (system("PATH=$PATH:/sbin:/usr/sbin; ip link add lab0 type veth peer name lab1 "
			  "&& "
			  "ip link set lab0 up && ip link set lab1 up")) {
		snprintf(error, LAB_ERROR_BYTES, "cannot make a veth pair; is iproute2 there?");
		err = -ENOTSUP;
	}
	if (!err) {
		native->out = open_socket("lab0");
		native->in = open_socket("lab1");
	}
	if (!err && (native->out < 0 || native->in < 0)) {
		snprintf(error, LAB_ERROR_BYTES, "packet sockets on a veth pair are refused");
		err = -ENOTSUP;
	}
	if (home >= 0) {
		setns(home, CLONE_NEWNET);
		close(home);
	}
	return err;
}

static void close_sockets(struct native *native)
{
	if (native->out >= 0)
		close(native->out);
	if (native->in >= 0)
		close(native->in);
}

int native_run(bool veth, int cpu, uint32_t size, int64_t ns, struct native_result *result,
	       char error[LAB_ERROR_BYTES])
{
	static struct native native;
	int64_t start;
	uint64_t cpu_ns;
	int err = host_pin(cpu);

	native = (struct native){ .size = size, .out = -1, .in = -1 };
	if (!err && veth)
		err = open_veth(&native, error);
	start = host_now_ns();
	cpu_ns = cpu_time_self();
	while (!err && host_now_ns() < start + ns) {
		err = turn(&native);
		if (err)
			snprintf(error, LAB_ERROR_BYTES, "native frames: %s", strerror(-err));
	}
	*result = (struct native_result){ native.got, host_now_ns() - start,
					  cpu_time_self() - cpu_ns };
	close_sockets(&native);
	return err;
}
