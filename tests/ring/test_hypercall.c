/*
 * Messages of the domain socket, over a real socket pair: what is well formed
 * arrives whole, what is not is refused, and no descriptor stays behind.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "ring/hypercall.h"
#include "support/procfs.h"

struct rig {
	int a, b;
	int fds;
};

static int setup(void **state)
{
	static struct rig rig;
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair))
		return -1;
	rig = (struct rig){ pair[0], pair[1], procfs_fds(getpid()) };
	*state = &rig;
	return 0;
}

static int teardown(void **state)
{
	struct rig *rig = *state;
	int leaked = procfs_fds(getpid()) - rig->fds;

	close(rig->a);
	close(rig->b);
	return leaked;
}

static void test_request_round_trip(void **state)
{
	struct rig *rig = *state;
	struct hypercall_introduce body = { .name = "vm1", .shared_pages = 9, .tx_pages = 8 };
	int fds[] = { rig->a, rig->b };
	struct hypercall message;

	assert_int_equal(hypercall_send(rig->a, HYPERCALL_INTRODUCE, 77, &body, sizeof(body), fds,
					2),
			 0);
	assert_int_equal(hypercall_receive(rig->b, &message), 1);
	assert_int_equal(message.header.type, HYPERCALL_INTRODUCE);
	assert_int_equal(message.header.version, HYPERCALL_VERSION);
	assert_int_equal(message.header.seq, 77);
	assert_int_equal(message.length, sizeof(body));
	assert_memory_equal(message.body, &body, sizeof(body));
	assert_int_equal(message.nr_fds, 2);
	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(fcntl(message.fds[i], F_GETFD), FD_CLOEXEC);
	hypercall_close_fds(&message);
	assert_int_equal(message.nr_fds, 0);
}

static void test_reply_round_trip(void **state)
{
	static const int32_t statuses[] = { 0, -EINVAL, -ENOSYS, INT32_MIN };
	struct rig *rig = *state;
	struct hypercall_header request = { HYPERCALL_EVTCHN_ALLOC_UNBOUND, 1, 0xfffffffe };
	struct hypercall_evtchn body = { 42 };

	for (size_t i = 0; i < COUNT_OF(statuses); i++) {
		struct hypercall message;

		assert_int_equal(hypercall_reply(rig->a, &request, statuses[i], &body,
						 sizeof(body), &rig->b, 1),
				 0);
		assert_int_equal(hypercall_receive(rig->b, &message), 1);
		assert_int_equal(message.header.type,
				 HYPERCALL_EVTCHN_ALLOC_UNBOUND | HYPERCALL_REPLY);
		assert_int_equal(message.header.seq, 0xfffffffe);
		assert_int_equal(message.status, statuses[i]);
		/* A body and descriptors come with success only. */
		assert_int_equal(message.length, statuses[i] ? 0 : sizeof(body));
		assert_int_equal(message.nr_fds, !statuses[i]);
		if (!statuses[i])
			assert_memory_equal(message.body, &body, sizeof(body));
		hypercall_close_fds(&message);
	}
}

static void test_empty_body_and_order(void **state)
{
	struct rig *rig = *state;
	struct hypercall message;

	for (uint32_t seq = 0; seq < 3; seq++)
		assert_int_equal(hypercall_send(rig->a, HYPERCALL_STORE_OPEN, seq, NULL, 0, NULL,
						0),
				 0);
	for (uint32_t seq = 0; seq < 3; seq++) {
		assert_int_equal(hypercall_receive(rig->b, &message), 1);
		assert_int_equal(message.header.seq, seq);
		assert_int_equal(message.length, 0);
	}
	assert_int_equal(hypercall_receive(rig->b, &message), -EAGAIN);
}

/* Sends raw bytes with n descriptors. */
static void send_raw(int socket, const void *bytes, size_t length, unsigned int nr_fds)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr align;
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)bytes, length };
	struct msghdr packet = { .msg_iov = &iov, .msg_iovlen = 1 };

	if (nr_fds) {
		struct cmsghdr *cmsg = &control.align;

		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		for (unsigned int i = 0; i < nr_fds; i++)
			memcpy(CMSG_DATA(cmsg) + i * sizeof(int), &socket, sizeof(int));
	}
	assert_int_equal(sendmsg(socket, &packet, 0), length);
}

struct malformed {
	const char *name;
	uint16_t type, version;
	size_t length; /* of the whole packet */
	unsigned int nr_fds;
	int result;
};

enum { HEADER = sizeof(struct hypercall_header), STATUS = sizeof(int32_t) };

static const struct malformed malformed[] = {
	{ "a header alone", 5, 1, HEADER, 0, 1 },
	{ "as long as may be", 5, 1, HYPERCALL_MAX_BYTES, 0, 1 },
	{ "a byte too long", 5, 1, HYPERCALL_MAX_BYTES + 1, 0, -EBADMSG },
	{ "far too long", 5, 1, 60000, 0, -EBADMSG },
	{ "far too long, with descriptors", 5, 1, 60000, 4, -EBADMSG },
	{ "as many descriptors as fit", 5, 1, HEADER, HYPERCALL_MAX_FDS, 1 },
	{ "one descriptor too many", 5, 1, HEADER, HYPERCALL_MAX_FDS + 1, -EBADMSG },
	{ "many descriptors too many", 5, 1, HEADER, 16, -EBADMSG },
	{ "version 0", 5, 0, HEADER, 0, -EPROTO },
	{ "version 2", 5, 2, HEADER, 0, -EPROTO },
	{ "version 2, with descriptors", 5, 2, HEADER, 3, -EPROTO },
	{ "version 2 of an unknown type", 0x7777, 2, HEADER, 0, -EPROTO },
	{ "version 0x100", 5, 0x100, HEADER, 0, -EPROTO },
	{ "an unknown type", 0x7777, 1, HEADER + 5, 0, 1 },
	{ "a reply without a status", 0x8005, 1, HEADER, 0, -EBADMSG },
	{ "a reply with half a status", 0x8005, 1, HEADER + STATUS - 1, 2, -EBADMSG },
	{ "a reply of a status", 0x8005, 1, HEADER + STATUS, 0, 1 },
	{ "descriptors without a byte", 5, 1, 0, 2, -EBADMSG },
	{ "one byte", 5, 1, 1, 0, -EBADMSG },
	{ "a byte less than a header", 5, 1, HEADER - 1, 1, -EBADMSG },
};

static void test_malformed(void **state)
{
	struct rig *rig = *state;
	static uint8_t bytes[60000];

	for (size_t i = 0; i < COUNT_OF(malformed); i++) {
		const struct malformed *c = &malformed[i];
		struct hypercall_header header = { c->type, c->version, 3 };
		struct hypercall message;
		int result;

		memcpy(bytes, &header, sizeof(header));
		send_raw(rig->a, bytes, c->length, c->nr_fds);
		result = hypercall_receive(rig->b, &message);
		if (result != c->result)
			fail_msg("%s: %d instead of %d", c->name, result, c->result);
		if (result == 1)
			assert_int_equal(message.nr_fds, c->nr_fds);
		hypercall_close_fds(&message);
		if (procfs_fds_settled(getpid(), rig->fds) != rig->fds)
			fail_msg("%s: leaks descriptors", c->name);
		assert_int_equal(hypercall_receive(rig->b, &message), -EAGAIN);
	}
}

/* A message cut at each byte is refused or is a shorter message, and the bytes
 * that are there are the ones that were sent. */
static void test_cut_at_every_byte(void **state)
{
	struct rig *rig = *state;
	struct {
		struct hypercall_header header;
		struct hypercall_introduce body;
	} whole = { { HYPERCALL_INTRODUCE, 1, 9 }, { .name = "cut", .shared_pages = 5 } };

	for (size_t length = 1; length <= sizeof(whole); length++) {
		struct hypercall message;
		int result;

		send_raw(rig->a, &whole, length, 2);
		result = hypercall_receive(rig->b, &message);
		assert_int_equal(result, length < HEADER ? -EBADMSG : 1);
		if (result == 1) {
			assert_int_equal(message.length, length - HEADER);
			assert_memory_equal(message.body, &whole.body, message.length);
		}
		hypercall_close_fds(&message);
		assert_int_equal(procfs_fds(getpid()), rig->fds);
	}
}

static void test_hang_up(void **state)
{
	struct rig *rig = *state;
	struct hypercall message;

	shutdown(rig->a, SHUT_WR);
	assert_int_equal(hypercall_receive(rig->b, &message), 0);
	assert_int_equal(hypercall_receive(rig->b, &message), 0);
	shutdown(rig->b, SHUT_RDWR);
	assert_int_equal(hypercall_send(rig->a, HYPERCALL_STORE_OPEN, 1, NULL, 0, NULL, 0),
			 -EPIPE);
}

static void test_taken_descriptors_stay(void **state)
{
	struct rig *rig = *state;
	struct hypercall message;
	int taken;

	send_raw(rig->a, (uint8_t[]){ 5, 0, 1, 0, 0, 0, 0, 0 }, HEADER, 3);
	assert_int_equal(hypercall_receive(rig->b, &message), 1);
	taken = message.fds[1];
	message.fds[1] = -1;
	hypercall_close_fds(&message);
	assert_int_equal(procfs_fds(getpid()), rig->fds + 1);
	assert_int_equal(close(taken), 0);
}

static void test_too_many_to_send(void **state)
{
	struct rig *rig = *state;
	int fds[HYPERCALL_MAX_FDS + 1] = { 0 };

	assert_int_equal(hypercall_send(rig->a, 5, 1, NULL, 0, fds, HYPERCALL_MAX_FDS + 1),
			 -EINVAL);
}

#define rig_test(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		rig_test(test_request_round_trip),
		rig_test(test_reply_round_trip),
		rig_test(test_empty_body_and_order),
		rig_test(test_malformed),
		rig_test(test_cut_at_every_byte),
		rig_test(test_hang_up),
		rig_test(test_taken_descriptors_stay),
		rig_test(test_too_many_to_send),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
