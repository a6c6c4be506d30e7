/*
 * What a stranger may say on the domain socket and write to the store before
 * it is a guest: refused with its reason, nothing kept, nobody else disturbed.
 * And eventfds, which are shared with whoever came that far.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "e2e/hostile.h"
#include "ring/barrier.h"
#include "support/clock.h"
#include "support/memfd.h"

enum { TOGGLE_MS = 1000, DRAIN_MS = 500, ASKED_LEAST = 100, IDLE = 300, HANDSHAKE_MS = 2000 };

static struct stage stage;
static unsigned int failures; /* of the test under way */

/* The attacker as a fresh connection, introduced or not. */
static bool dial(struct stage *on)
{
	int err;

	raw_guest_init(&on->attacker);
	err = raw_guest_dial(&on->attacker, on->daemon.rundir);
	if (err)
		hostile_fail(on, "cannot connect: %s", strerror(-err));
	return !err;
}

struct introduction {
	const char *name;
	const char *vm;
	int (*shared)(void);
	uint32_t shared_pages;
	int (*tx)(void);
	uint32_t tx_pages;
	uint32_t table_pages;
	int status;
};

#define GOOD_SHARED memfd_good_shared, MEMFD_SHARED_PAGES
#define GOOD_TX memfd_good_tx, MEMFD_TX_PAGES
#define NAME_64                                                                                    \
	"0123456789012345678901234567890123456789012345678901234567890123"

static const struct introduction introductions[] = {
	{ "all good", "attacker", GOOD_SHARED, GOOD_TX, 1, 0 },
	{ "shared unsealed", "attacker", memfd_unsealed, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EPERM },
	{ "shared may shrink", "attacker", memfd_no_shrink_seal, MEMFD_SHARED_PAGES, GOOD_TX, 1,
	  -EPERM },
	{ "shared may be sealed on", "attacker", memfd_no_final_seal, MEMFD_SHARED_PAGES, GOOD_TX,
	  1, -EPERM },
	{ "tx writable", "attacker", GOOD_SHARED, memfd_tx_without_write_seal, MEMFD_TX_PAGES, 1,
	  -EPERM },
	{ "tx sealed against its owner", "attacker", GOOD_SHARED, memfd_tx_write_sealed,
	  MEMFD_TX_PAGES, 1, -EPERM },
	{ "hugetlb", "attacker", memfd_hugetlb, 512, GOOD_TX, 1, -EINVAL },
	{ "empty", "attacker", memfd_empty, 0, GOOD_TX, 1, -EINVAL },
	{ "empty, said to be full", "attacker", memfd_empty, MEMFD_SHARED_PAGES, GOOD_TX, 1,
	  -EINVAL },
	{ "odd size", "attacker", memfd_odd, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "larger than said", "attacker", memfd_page_more, MEMFD_SHARED_PAGES, GOOD_TX, 1,
	  -EINVAL },
	{ "smaller than said", "attacker", memfd_good_shared, MEMFD_SHARED_PAGES + 1, GOOD_TX, 1,
	  -EINVAL },
	{ "huge and sparse", "attacker", memfd_huge, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "over the quota", "attacker", memfd_huge, 1 << 20, GOOD_TX, 1, -EDQUOT },
	{ "pages that overflow", "attacker", memfd_huge, 0xffffffff, GOOD_TX, 1, -EDQUOT },
	{ "a file", "attacker", memfd_file, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "a file on tmpfs", "attacker", memfd_tmpfs_file, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EPERM },
	{ "a pipe", "attacker", memfd_pipe, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "a socket", "attacker", memfd_socket, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "a directory", "attacker", memfd_directory, MEMFD_SHARED_PAGES, GOOD_TX, 1, -EINVAL },
	{ "tx a device", "attacker", GOOD_SHARED, memfd_null, MEMFD_TX_PAGES, 1, -EINVAL },
	{ "tx a path", "attacker", GOOD_SHARED, memfd_path, MEMFD_TX_PAGES, 1, -EINVAL },
	{ "no grant table", "attacker", GOOD_SHARED, GOOD_TX, 0, -EINVAL },
	{ "a grant table beyond its region", "attacker", GOOD_SHARED, GOOD_TX,
	  MEMFD_SHARED_PAGES + 1, -EINVAL },
	{ "a grant table without end", "attacker", GOOD_SHARED, GOOD_TX, 0xffffffff, -EINVAL },
	{ "no name", "", GOOD_SHARED, GOOD_TX, 1, -EINVAL },
	{ "a name without end", NAME_64, GOOD_SHARED, GOOD_TX, 1, -EINVAL },
	{ "a name with a slash", "a/b", GOOD_SHARED, GOOD_TX, 1, -EINVAL },
	{ "a name with a newline", "a\nb", GOOD_SHARED, GOOD_TX, 1, -EINVAL },
	{ "a name beyond ASCII", "caf\xc3\xa9", GOOD_SHARED, GOOD_TX, 1, -EINVAL },
	{ "a name that is alive", "peer", GOOD_SHARED, GOOD_TX, 1, -EEXIST },
};

/* A refusal leaves the connection as it was: a sound introduction follows. */
static void introduction_run(struct stage *on, const struct introduction *c)
{
	struct hypercall_introduce body = { .shared_pages = c->shared_pages,
					    .tx_pages = c->tx_pages,
					    .gnttab_pages = c->table_pages };
	int fds[2] = { c->shared(), c->tx() };
	int status;

	memcpy(body.name, c->vm, strnlen(c->vm, sizeof(body.name)));
	if (fds[0] >= 0 && fds[1] >= 0) {
		status = raw_guest_call(&on->attacker, HYPERCALL_INTRODUCE, &body, sizeof(body),
					fds, 2, NULL);
		if (status != c->status)
			hostile_fail(on, "answered with %d instead of %d", status, c->status);
	} else {
		print_message("%s: this machine cannot make one\n", c->name);
	}
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (c->status && raw_guest_introduce(&on->attacker, "attacker"))
		hostile_fail(on, "nothing sound is taken after it");
}

static void test_introductions(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(introductions); i++) {
		hostile_begin(&stage, introductions[i].name);
		if (dial(&stage))
			introduction_run(&stage, &introductions[i]);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* Raw packets: any bytes, any number of descriptors. */
static void send_packet(int socket, const void *bytes, size_t length, unsigned int nr_fds)
{
	union {
		char bytes[CMSG_SPACE(16 * sizeof(int))];
		struct cmsghdr header;
	} control = { .bytes = { 0 } };
	struct iovec iov = { (void *)bytes, length };
	struct msghdr packet = { .msg_iov = &iov, .msg_iovlen = 1 };
	int fds[16];

	if (nr_fds) {
		for (unsigned int i = 0; i < nr_fds; i++)
			fds[i] = i % 2 ? memfd_good_tx() : memfd_good_shared();
		packet.msg_control = &control;
		packet.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		control.header.cmsg_level = SOL_SOCKET;
		control.header.cmsg_type = SCM_RIGHTS;
		control.header.cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(&control.header), fds, nr_fds * sizeof(int));
	}
	sendmsg(socket, &packet, MSG_NOSIGNAL);
	for (unsigned int i = 0; i < nr_fds; i++)
		close(fds[i]);
}

enum { HANGS_UP = 1 };

/* The status that a packet is answered with, or HANGS_UP. */
static int answer(struct stage *on)
{
	struct pollfd pfd = { .fd = on->attacker.socket, .events = POLLIN };
	struct hypercall reply;
	int result;

	if (poll(&pfd, 1, RAW_TIMEOUT_MS) <= 0)
		return -ETIMEDOUT;
	result = hypercall_receive(on->attacker.socket, &reply);
	hypercall_close_fds(&reply);
	return result == 0 ? HANGS_UP : result < 0 ? result : reply.status;
}

struct packet {
	const char *name;
	uint16_t type, version;
	size_t length; /* of the body */
	unsigned int nr_fds;
	int status;
	bool then_hangs_up;
};

enum { INTRODUCE_BYTES = sizeof(struct hypercall_introduce) };

static const struct packet packets[] = {
	{ "type 0", 0, 1, 0, 0, -ENOSYS, false },
	{ "an unknown type", 99, 1, 10, 0, -ENOSYS, false },
	{ "an unknown type with descriptors", 99, 1, 10, 4, -ENOSYS, false },
	{ "the highest type", 0x7fff, 1, 0, 0, -ENOSYS, false },
	{ "version 0", 1, 0, INTRODUCE_BYTES, 2, -EPROTO, true },
	{ "version 2", 1, 2, INTRODUCE_BYTES, 2, -EPROTO, true },
	{ "version 2 of an unknown type", 99, 2, 0, 0, -EPROTO, true },
	{ "too long", 1, 1, 300, 2, HANGS_UP, true },
	{ "far too long", 1, 1, 60000, 0, HANGS_UP, true },
	{ "five descriptors", 1, 1, INTRODUCE_BYTES, 5, HANGS_UP, true },
	{ "sixteen descriptors", 1, 1, INTRODUCE_BYTES, 16, HANGS_UP, true },
	{ "no descriptors", 1, 1, INTRODUCE_BYTES, 0, -EBADMSG, false },
	{ "one descriptor", 1, 1, INTRODUCE_BYTES, 1, -EBADMSG, false },
	{ "three descriptors", 1, 1, INTRODUCE_BYTES, 3, -EBADMSG, false },
	{ "a byte too many", 1, 1, INTRODUCE_BYTES + 1, 2, -EBADMSG, false },
	{ "a channel before the introduction", 2, 1, 2, 0, -ESRCH, false },
	{ "a binding before the introduction", 3, 1, 8, 0, -ESRCH, false },
	{ "a close before the introduction", 4, 1, 4, 0, -ESRCH, false },
	{ "the store before the introduction", 5, 1, 0, 0, -ESRCH, false },
	{ "a vif before the introduction", 6, 1, 28, 0, -ESRCH, false },
	{ "the store with descriptors", 5, 1, 0, 2, -EBADMSG, false },
};

static void packet_run(struct stage *on, const struct packet *c)
{
	static uint8_t bytes[65536];
	struct hypercall_header header = { c->type, c->version, 1 };
	int status;

	memcpy(bytes, &header, sizeof(header));
	send_packet(on->attacker.socket, bytes, sizeof(header) + c->length, c->nr_fds);
	status = answer(on);
	if (status != c->status)
		hostile_fail(on, "answered with %d instead of %d", status, c->status);
	if (c->then_hangs_up) {
		if (status != HANGS_UP && answer(on) != HANGS_UP)
			hostile_fail(on, "the connection lives");
	} else if (raw_guest_introduce(&on->attacker, "attacker")) {
		hostile_fail(on, "nothing sound is taken after it");
	}
}

static void test_packets(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(packets); i++) {
		hostile_begin(&stage, packets[i].name);
		if (dial(&stage))
			packet_run(&stage, &packets[i]);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

static void test_introduction_cut_at_each_byte(void **state)
{
	struct {
		struct hypercall_header header;
		struct hypercall_introduce body;
	} whole = { { HYPERCALL_INTRODUCE, HYPERCALL_VERSION, 1 },
		    { .name = "attacker",
		      .shared_pages = MEMFD_SHARED_PAGES,
		      .tx_pages = MEMFD_TX_PAGES,
		      .gnttab_pages = 1 } };

	hostile_begin(&stage, "an introduction cut at each byte");
	for (size_t length = 0; length < sizeof(whole) && !stage.failed; length++) {
		int expected = length < sizeof(whole.header) ? HANGS_UP : -EBADMSG, status;

		if (!dial(&stage))
			break;
		send_packet(stage.attacker.socket, &whole, length, 2);
		status = answer(&stage);
		if (status != expected)
			hostile_fail(&stage, "%zu bytes: %d instead of %d", length, status,
				     expected);
		raw_guest_close(&stage.attacker);
	}
	assert_true(hostile_end(&stage));
}

/* Kept open, since one that is let go makes room for another. */
static void store_connections_run_out(struct stage *on)
{
	struct hypercall replies[64];
	int n = 0, status = 0;

	while (n < 64 && !status) {
		status = raw_guest_call(&on->attacker, HYPERCALL_STORE_OPEN, NULL, 0, NULL, 0,
					&replies[n]);
		n += !status;
	}
	if (n == 64 || status != -ENOSPC)
		hostile_fail(on, "%d store connections, then %d", n, status);
	while (n--)
		hypercall_close_fds(&replies[n]);
}

/* A guest may have so much and no more, and no one else's. */
static void test_channels_and_connections(void **state)
{
	struct hypercall_evtchn_alloc alloc = { .remote = 0 };
	struct hypercall_evtchn_alloc nobody = { .remote = 30000 };
	struct hypercall_evtchn_bind foreign = { .remote = 0, .remote_port = 1 };
	struct hypercall_evtchn port = { .port = 1 };
	struct raw_guest *attacker = &stage.attacker;
	int status, n = 0;

#define CALL(type, body) raw_guest_call(attacker, type, &(body), sizeof(body), NULL, 0, NULL)
	hostile_begin(&stage, "channels and connections");
	assert_true(dial(&stage));
	assert_int_equal(raw_guest_introduce(attacker, "attacker"), 0);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_ALLOC_UNBOUND, nobody), -ESRCH);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_BIND_INTERDOMAIN, foreign), -EINVAL);
	foreign.remote = stage.peer.domid;
	assert_int_equal(CALL(HYPERCALL_EVTCHN_BIND_INTERDOMAIN, foreign), -EINVAL);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_CLOSE, port), -EINVAL);
	while ((status = CALL(HYPERCALL_EVTCHN_ALLOC_UNBOUND, alloc)) == 0)
		n++;
	assert_int_equal(status, -ENOSPC);
	assert_in_range(n, 2, EVTCHN_PORTS_PER_DOMAIN);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_CLOSE, port), 0);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_CLOSE, port), -EINVAL);
	assert_int_equal(CALL(HYPERCALL_EVTCHN_ALLOC_UNBOUND, alloc), 0);
#undef CALL
	store_connections_run_out(&stage);
	assert_true(hostile_end(&stage));
}

static void test_introduced_twice(void **state)
{
	struct hypercall_introduce body = { .name = "again",
					    .shared_pages = MEMFD_SHARED_PAGES,
					    .tx_pages = MEMFD_TX_PAGES,
					    .gnttab_pages = 1 };
	int fds[2] = { memfd_good_shared(), memfd_good_tx() };

	hostile_begin_connected(&stage, "introduced twice");
	assert_int_equal(raw_guest_call(&stage.attacker, HYPERCALL_INTRODUCE, &body, sizeof(body),
					fds, 2, NULL),
			 -EALREADY);
	close(fds[0]);
	close(fds[1]);
	expect_alive(&stage);
	assert_true(hostile_end(&stage));
}

/* Keys that make no vif. Each twists what is about to be written; 0 is not
 * written at all. */

static void no_tx_ring(struct raw_guest *guest)
{
	guest->tx_ring_ref = 0;
}

static void no_rx_ring(struct raw_guest *guest)
{
	guest->rx_ring_ref = 0;
}

static void ring_ref_text(struct raw_guest *guest)
{
	char path[XENBUS_PATH_BYTES + 16];

	guest->tx_ring_ref = 0;
	snprintf(path, sizeof(path), "%s/tx-ring-ref", guest->frontend);
	store_write(guest->store, STORE_NO_TRANSACTION, path, "12 monkeys", 10);
}

static void ring_ref_too_large(struct raw_guest *guest)
{
	char path[XENBUS_PATH_BYTES + 16];

	guest->tx_ring_ref = 0;
	snprintf(path, sizeof(path), "%s/tx-ring-ref", guest->frontend);
	store_write(guest->store, STORE_NO_TRANSACTION, path, "4294967304", 10);
}

static void one_ring_for_both(struct raw_guest *guest)
{
	guest->rx_ring_ref = guest->tx_ring_ref;
}

static void tx_ring_not_granted(struct raw_guest *guest)
{
	guest->tx_ring_ref = 500;
}

static void tx_ring_out_of_range(struct raw_guest *guest)
{
	guest->tx_ring_ref = 0xfffffffe;
}

static void tx_ring_readonly(struct raw_guest *guest)
{
	guest->tx_ring_ref = gnttab_grant(&guest->gnttab, 0, RAW_FRAME_TX_RING, true);
}

static void tx_ring_in_tx_page(struct raw_guest *guest)
{
	guest->tx_ring_ref = guest->tx_refs[0];
}

static void tx_ring_in_table(struct raw_guest *guest)
{
	guest->tx_ring_ref = gnttab_grant(&guest->gnttab, 0, 0, false);
}

static void rx_ring_foreign(struct raw_guest *guest)
{
	guest->rx_ring_ref = gnttab_grant(&guest->gnttab, 44, RAW_FRAME_RX_RING, false);
}

static void no_channel(struct raw_guest *guest)
{
	guest->tx_channel.port = guest->rx_channel.port = 0;
}

static void tx_channel_unknown(struct raw_guest *guest)
{
	guest->tx_channel.port = 60;
}

static void rx_channel_unknown(struct raw_guest *guest)
{
	guest->rx_channel.port = 0x10000;
}

struct key_case {
	const char *name;
	void (*twist)(struct raw_guest *guest);
	int err;
	const char *reason;
};

#define NO_RING "tx-ring-ref or rx-ring-ref is missing or no reference"

static const struct key_case key_cases[] = {
	{ "no tx-ring-ref", no_tx_ring, EINVAL, NO_RING },
	{ "no rx-ring-ref", no_rx_ring, EINVAL, NO_RING },
	{ "a tx-ring-ref that is no number", ring_ref_text, EINVAL, NO_RING },
	{ "a tx-ring-ref beyond 32 bits", ring_ref_too_large, EINVAL, NO_RING },
	{ "one ring for both", one_ring_for_both, EINVAL, "tx and rx ring are one page" },
	{ "tx ring not granted", tx_ring_not_granted, EINVAL, "tx-ring-ref is not granted" },
	{ "tx ring out of range", tx_ring_out_of_range, EINVAL, "tx-ring-ref is not granted" },
	{ "tx ring readonly", tx_ring_readonly, EINVAL, "tx-ring-ref is not granted" },
	{ "tx ring in a tx page", tx_ring_in_tx_page, EINVAL, "tx-ring-ref is not granted" },
	{ "tx ring in the grant table", tx_ring_in_table, EINVAL, "tx-ring-ref is not granted" },
	{ "rx ring granted to another", rx_ring_foreign, EINVAL, "rx-ring-ref is not granted" },
	{ "no event channel", no_channel, EINVAL, "event-channel is missing or no port" },
	{ "unknown event channel", tx_channel_unknown, EINVAL,
	  "event channel (tx) cannot be bound" },
	{ "unknown second event channel", rx_channel_unknown, EINVAL,
	  "event channel (rx) cannot be bound" },
};

static int attach_unconnected(struct stage *on, bool split)
{
	int err = 0;

	if (!dial(on))
		return -ECONNREFUSED;
	err = raw_guest_introduce(&on->attacker, "attacker");
	if (!err)
		err = raw_guest_create_vif(&on->attacker);
	return err ? err : raw_guest_prepare(&on->attacker, split);
}

static void key_case_run(struct stage *on, const struct key_case *c)
{
	uint32_t granted, in_use;
	struct grant_view view;
	int err = attach_unconnected(on, true);

	if (!err) {
		c->twist(&on->attacker);
		err = raw_guest_connect(&on->attacker, RAW_WAITS);
	}
	if (err != -ECONNABORTED)
		hostile_fail(on, "connecting ends with %d", err);
	expect_refused(on, c->err, c->reason);
	grant_view_init(&view, &on->attacker.arena, RAW_TABLE_PAGES, 0);
	grant_census(&view, &granted, &in_use);
	if (in_use)
		hostile_fail(on, "%u grants are still in use", in_use);
}

static void test_keys(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(key_cases); i++) {
		hostile_begin(&stage, key_cases[i].name);
		key_case_run(&stage, &key_cases[i]);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* Every way to Connected serves, with one channel or two. */
static void test_habits(void **state)
{
	static const struct {
		const char *name;
		enum raw_habit habit;
	} habits[] = {
		{ "waits for InitWait", RAW_WAITS },
		{ "waits, by Initialised", RAW_WAITS_IN_3 },
		{ "all at once", RAW_ALL_AT_ONCE },
	};

	failures = 0;
	for (size_t i = 0; i < COUNT_OF(habits); i++)
		for (int split = 0; split < 2; split++) {
			hostile_begin(&stage, habits[i].name);
			if (attach_unconnected(&stage, split) ||
			    raw_guest_connect(&stage.attacker, habits[i].habit))
				hostile_fail(&stage, "does not connect");
			expect_alive(&stage);
			failures += !hostile_end(&stage);
		}
	assert_int_equal(failures, 0);
}

static void leave_at(struct stage *on, int step)
{
	struct raw_guest *attacker = &on->attacker;
	bool goes_on = dial(on);

	if (goes_on && step > 0)
		goes_on = !raw_guest_introduce(attacker, "attacker");
	if (goes_on && step > 1)
		goes_on = !raw_guest_create_vif(attacker);
	if (goes_on && step > 2)
		goes_on = !raw_guest_prepare(attacker, true);
	if (goes_on && step > 3)
		goes_on = !raw_guest_set_state(attacker, XenbusStateConnected);
	if (goes_on && step > 4)
		goes_on = !raw_guest_set_state(attacker, XenbusStateInitialising);
	if (goes_on && step > 5)
		goes_on = !raw_guest_connect(attacker, RAW_WAITS);
	if (!goes_on)
		hostile_fail(on, "does not get to step %d", step);
	raw_guest_close(attacker);
}

static void test_gone_at_each_step(void **state)
{
	hostile_begin(&stage, "gone at each step");
	for (int round = 0; round < 20 && !stage.failed; round++)
		for (int step = 0; step < 7 && !stage.failed; step++)
			leave_at(&stage, step);
	assert_true(hostile_end(&stage));
}

/* How long it takes until all are hung up on. */
static int64_t idle_ms(struct stage *on)
{
	static struct raw_guest idle[IDLE];
	int64_t begin;

	for (int i = 0; i < IDLE; i++) {
		raw_guest_init(&idle[i]);
		if (raw_guest_dial(&idle[i], on->daemon.rundir))
			hostile_fail(on, "cannot connect for the %dth time", i);
	}
	begin = clock_ms();
	for (int i = 0; i < IDLE; i++) {
		struct pollfd pfd = { .fd = idle[i].socket, .events = POLLIN };

		if (poll(&pfd, 1, RAW_TIMEOUT_MS) <= 0 || !(pfd.revents & POLLHUP))
			hostile_fail(on, "idle connection %d is kept", i);
		raw_guest_close(&idle[i]);
	}
	return clock_ms() - begin;
}

/* More strangers than one user may have, none of which says a word. They go in
 * time, once of three times: the machine, too, may stand still. */
static void test_idle_connections(void **state)
{
	int64_t took = 2 * HANDSHAKE_MS;

	hostile_begin(&stage, "idle connections");
	for (int i = 0; i < 3 && took >= 2 * HANDSHAKE_MS; i++)
		took = idle_ms(&stage);
	assert_true(took < 2 * HANDSHAKE_MS);
	if (raw_guest_open(&stage.attacker, stage.daemon.rundir, "attacker", RAW_WAITS))
		hostile_fail(&stage, "nobody can connect after them");
	expect_alive(&stage);
	assert_true(hostile_end(&stage));
}

/* Every eventfd of the channels full or drained, blocking or not, at any
 * moment, while the backend has to signal and to read them. */
struct toggler {
	int fds[4];
	uint32_t stop;
};

static void *toggle(void *arg)
{
	struct toggler *toggler = arg;

	while (!load_acquire(&toggler->stop))
		for (int i = 0; i < 4; i++) {
			fcntl(toggler->fds[i], F_SETFL, O_RDWR);
			fcntl(toggler->fds[i], F_SETFL, O_RDWR | O_NONBLOCK);
		}
	return NULL;
}

static void fill(int fd)
{
	static const uint64_t most = 0xfffffffffffffffe;

	fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
	assert_true(write(fd, &most, sizeof(most)) == sizeof(most) || errno == EAGAIN);
}

/* Frames to itself and to the peer, each time asking to be told. */
static unsigned int send_asking(struct stage *on)
{
	struct raw_guest *attacker = &on->attacker;
	netif_tx_request_t slot = raw_guest_slot(attacker, 0, 60, 0);
	netif_tx_response_t response;

	raw_guest_fill_header(attacker, raw_guest_tx_page(attacker, 0), attacker->vif.mac);
	ring_arm(&attacker->tx, 1);
	ring_produce_tx_request(&attacker->tx, &slot);
	raw_guest_push(attacker);
	return raw_guest_responses(attacker, &response, 1, RAW_TIMEOUT_MS) == 1;
}

static void test_full_eventfds_block_nobody(void **state)
{
	struct raw_guest *attacker = &stage.attacker;
	struct canary_report report;
	struct toggler toggler = { .stop = 0 };
	unsigned int answered = 0;
	pthread_t thread;
	int64_t end;

	hostile_begin_connected(&stage, "full, blocking eventfds");
	assert_false(stage.failed);
	fill(attacker->tx_channel.wait_fd);
	fill(attacker->rx_channel.wait_fd);
	toggler.fds[0] = attacker->tx_channel.wait_fd;
	toggler.fds[1] = attacker->tx_channel.signal_fd;
	toggler.fds[2] = attacker->rx_channel.wait_fd;
	toggler.fds[3] = attacker->rx_channel.signal_fd;
	assert_int_equal(pthread_create(&thread, NULL, toggle, &toggler), 0);
	end = hostile_until(TOGGLE_MS);
	for (; (clock_ms() < end || answered < ASKED_LEAST) && !stage.failed; answered++)
		if (!send_asking(&stage))
			hostile_fail(&stage, "not answered any more after %u frames", answered);
	store_release(&toggler.stop, 1);
	pthread_join(thread, NULL);
	if (!canary_check(stage.canary, &report))
		hostile_fail(&stage, "the canary lost frames");
	print_message("%u frames with full eventfds, canary's longest gap %llu ms\n", answered,
		      (unsigned long long)report.longest_gap_ms);
	assert_true(answered >= ASKED_LEAST);
	expect_alive(&stage);
	assert_true(hostile_end(&stage));
}

/* The other way round: the guest takes the very events that it sends, between
 * the backend's being told of them and its reading them. */
static void *drain(void *arg)
{
	struct toggler *toggler = arg;
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };

	while (!load_acquire(&toggler->stop)) {
		preadv2(toggler->fds[1], &iov, 1, -1, RWF_NOWAIT);
		preadv2(toggler->fds[3], &iov, 1, -1, RWF_NOWAIT);
	}
	return NULL;
}

static void push_for(struct stage *on, int duration_ms)
{
	struct raw_guest *attacker = &on->attacker;
	netif_tx_response_t responses[TX_RING_ENTRIES];
	int64_t end = hostile_until(duration_ms);

	while (clock_ms() < end) {
		netif_tx_request_t slot = raw_guest_slot(attacker, 0, 60, 0);

		if (ring_free(&attacker->tx))
			ring_produce_tx_request(&attacker->tx, &slot);
		raw_guest_push(attacker);
		raw_guest_responses(attacker, responses, TX_RING_ENTRIES, 0);
	}
}

static void test_drained_eventfds_block_nobody(void **state)
{
	struct raw_guest *attacker = &stage.attacker;
	netif_tx_response_t responses[TX_RING_ENTRIES];
	struct toggler toggler = { .stop = 0 };
	pthread_t thread;

	hostile_begin_connected(&stage, "drained, blocking eventfds");
	assert_false(stage.failed);
	raw_guest_fill_header(attacker, raw_guest_tx_page(attacker, 0), attacker->vif.mac);
	toggler.fds[1] = attacker->tx_channel.signal_fd;
	toggler.fds[3] = attacker->rx_channel.signal_fd;
	fcntl(toggler.fds[1], F_SETFL, O_RDWR);
	fcntl(toggler.fds[3], F_SETFL, O_RDWR);
	assert_int_equal(pthread_create(&thread, NULL, drain, &toggler), 0);
	push_for(&stage, DRAIN_MS);
	store_release(&toggler.stop, 1);
	pthread_join(thread, NULL);
	raw_guest_push(attacker);
	while (ring_free(&attacker->tx) < TX_RING_ENTRIES &&
	       raw_guest_responses(attacker, responses, 1, RAW_TIMEOUT_MS) == 1)
		;
	expect_alive(&stage);
	assert_true(hostile_end(&stage));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_introductions),
		cmocka_unit_test(test_packets),
		cmocka_unit_test(test_introduction_cut_at_each_byte),
		cmocka_unit_test(test_channels_and_connections),
		cmocka_unit_test(test_introduced_twice),
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_habits),
		cmocka_unit_test(test_gone_at_each_step),
		cmocka_unit_test(test_idle_connections),
		cmocka_unit_test(test_full_eventfds_block_nobody),
		cmocka_unit_test(test_drained_eventfds_block_nobody),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
