#include "../io/engines.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/lane.h"
#include "bridge/tap.h"
#include "support/netns.h"

enum { FRAMES = 40, MTU = 1500 };

static struct frame frames[BATCH_FRAMES];
static uint8_t bytes[70000];

static void make_bytes(uint8_t number)
{
	for (unsigned int i = 14; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 3 + number);
	memset(bytes, 0xff, 6);
	memcpy(bytes + 6, (uint8_t[]){ 2, 0, 0, 0, 0, 1, 0x88, 0xb5 }, 8);
}

static struct lane lane;

static int open_up(const char *name)
{
	char filled[16] = "";
	int fd;

	memcpy(filled, name, strlen(name));
	fd = tap_open(filled, false);
	if (fd < 0)
		fail_msg("%s: %s", name, strerror(-fd));
	assert_string_equal(filled, name);
	assert_int_equal(netns_set_up(name, true), 0);
	return fd;
}

static void open_tap(struct tap *tap, int *packet, const char *name, struct engine *engine)
{
	assert_int_equal(tap_init(tap, name, open_up(name), MTU, engine), 0);
	*packet = netns_open_packet_socket(name);
	assert_true(*packet >= 0);
}

static void frames_come_in(void **state)
{
	static const uint32_t lengths[] = { 60, 127, 128, 129, 1514, 60 };
	static uint8_t copy[2048];
	struct engine_source source, *ready;
	struct tap tap;
	int packet;

	open_tap(&tap, &packet, "in0", *state);
	assert_int_equal(engine_add(*state, &source, tap.lanes[0].fd, &tap), 0);
	assert_int_equal(tap_receive(&tap, &lane, frames, BATCH_FRAMES), 0);
	engine_arm(*state, &source);
	for (uint8_t i = 0; i < COUNT_OF(lengths); i++) {
		make_bytes(i);
		assert_int_equal(send(packet, bytes, lengths[i], 0), lengths[i]);
	}
	assert_int_equal(engines_wait(*state, &ready, 5000000000), 1);
	assert_ptr_equal(ready->owner, &tap);
	assert_int_equal(tap_receive(&tap, &lane, frames, BATCH_FRAMES), COUNT_OF(lengths));
	for (uint8_t i = 0; i < COUNT_OF(lengths); i++) {
		make_bytes(i);
		assert_int_equal(frames[i].length, lengths[i]);
		assert_int_equal(frames[i].csum, CSUM_NONE);
		frame_copy_out(&frames[i], 0, lengths[i], copy);
		assert_memory_equal(copy, bytes, lengths[i]);
	}
	assert_int_equal(tap_receive(&tap, &lane, frames, BATCH_FRAMES), 0);
	engine_remove(*state, &source);
	close(packet);
	tap_fini(&tap);
}

/* As many as are asked for, and the others at the next call. */
static void batches_are_bounded(void **state)
{
	struct tap tap;
	unsigned int got = 0;
	int packet;
	int n;

	open_tap(&tap, &packet, "bound0", *state);
	make_bytes(0);
	for (unsigned int i = 0; i < FRAMES; i++)
		assert_int_equal(send(packet, bytes, 100 + i, 0), 100 + i);
	while ((n = tap_receive(&tap, &lane, frames, 7)) > 0) {
		assert_in_range(n, 1, 7);
		for (int i = 0; i < n; i++)
			assert_int_equal(frames[i].length, 100 + got + (unsigned int)i);
		got += (unsigned int)n;
	}
	assert_int_equal(n, 0);
	assert_int_equal(got, FRAMES);
	close(packet);
	tap_fini(&tap);
}

/* The link's MTU is above what the port was told: what comes in is whole, and
 * whether it fits is asked where it goes to. */
static void frames_beyond_the_mtu_come_in_whole(void **state)
{
	static const uint32_t lengths[] = { 518, 1400, 1514, 77 };
	static uint8_t copy[2048];
	struct tap tap;
	int packet;

	assert_int_equal(tap_init(&tap, "above0", open_up("above0"), 500, *state), 0);
	packet = netns_open_packet_socket("above0");
	make_bytes(0);
	for (size_t i = 0; i < COUNT_OF(lengths); i++)
		assert_int_equal(send(packet, bytes, lengths[i], 0), lengths[i]);
	assert_int_equal(tap_receive(&tap, &lane, frames, BATCH_FRAMES), COUNT_OF(lengths));
	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		assert_int_equal(frames[i].length, lengths[i]);
		frame_copy_out(&frames[i], 0, lengths[i], copy);
		assert_memory_equal(copy, bytes, lengths[i]);
	}
	assert_int_equal(counters_dropped_from(&tap.port.counters[0]), 0);
	close(packet);
	tap_fini(&tap);
}

/* A frame in that many pieces behind its head. */
static void make_frame(struct frame *frame, struct fragment *pieces, struct fragment *rest,
		       uint32_t length, unsigned int nr)
{
	pieces[0] = (struct fragment){ bytes, FRAME_HEAD_BYTES };
	for (unsigned int i = 1; i <= nr; i++)
		pieces[i] = (struct fragment){ bytes + FRAME_HEAD_BYTES + i - 1, 1 };
	if (nr)
		pieces[nr].length = length - FRAME_HEAD_BYTES - (nr - 1);
	frame_build(frame, pieces, nr + 1, rest);
}

static void frames_go_out(void **state)
{
	static const struct {
		uint32_t length;
		unsigned int pieces;
	} cases[] = { { 128, 0 }, { 300, 1 }, { 1514, 18 }, { 1514, 900 }, { 200, 2 } };
	static struct fragment pieces[1000], rest[FRAMES][1000];
	struct frame *list[FRAMES];
	uint8_t got[2048];
	uint64_t sum = 0;
	struct tap tap;
	int packet;

	open_tap(&tap, &packet, "out0", *state);
	make_bytes(3);
	for (unsigned int i = 0; i < FRAMES; i++) {
		unsigned int c = i % COUNT_OF(cases);

		make_frame(&frames[i], pieces, rest[i], cases[c].length, cases[c].pieces);
		list[i] = &frames[i];
		sum += cases[c].length;
	}
	assert_int_equal(tap.port.ops->transmit(&tap.port, &lane, list, FRAMES), FRAMES);
	for (unsigned int i = 0; i < FRAMES; i++) {
		uint32_t length = cases[i % COUNT_OF(cases)].length;

		assert_int_equal(recv(packet, got, sizeof(got), 0), length);
		assert_memory_equal(got, bytes, length);
	}
	assert_int_equal(tap.port.counters[0].to.frames, FRAMES);
	assert_int_equal(tap.port.counters[0].to.bytes, sum);
	close(packet);
	tap_fini(&tap);
}

/* What the kernel or writev(2) will not have is counted; the rest goes. */
static void refused_frames_are_counted(void **state)
{
	static struct fragment pieces[3][2000], rest[3][2000];
	struct frame *list[3] = { &frames[0], &frames[1], &frames[2] };
	const struct port_counters *counters;
	struct tap tap;
	int packet;

	open_tap(&tap, &packet, "refuse0", *state);
	counters = &tap.port.counters[0];
	make_bytes(0);
	make_frame(&frames[0], pieces[0], rest[0], 200, 1);
	make_frame(&frames[1], pieces[1], rest[1], 1400, 1100);
	make_frame(&frames[2], pieces[2], rest[2], 200, 1);
	assert_int_equal(tap.port.ops->transmit(&tap.port, &lane, list, 3), 2);
	assert_int_equal(counters->to.drops[DROP_BAD_FRAME], 1);
	frames[0].head = 9; /* shorter than an Ethernet header */
	frames[0].nr_frags = 0;
	assert_int_equal(tap.port.ops->transmit(&tap.port, &lane, list, 1), 0);
	assert_int_equal(counters->to.drops[DROP_BAD_FRAME], 2);

	assert_int_equal(netns_set_up("refuse0", false), 0);
	assert_int_equal(tap.port.ops->transmit(&tap.port, &lane, list + 2, 1), 0);
	assert_int_equal(counters->to.drops[DROP_RING_FULL], 1);
	assert_int_equal(tap_receive(&tap, &lane, frames + 3, 4), 0);

	assert_int_equal(netns_delete_link("refuse0"), 0);
	assert_int_equal(tap.port.ops->transmit(&tap.port, &lane, list + 2, 1), 0);
	assert_int_equal(counters->to.drops[DROP_SHUTDOWN], 1);
	assert_int_equal(tap_receive(&tap, &lane, frames + 3, 4), -EBADFD);
	assert_int_equal(counters->to.frames, 2);
	close(packet);
	tap_fini(&tap);
}

/* Without a descriptor of its own, a port that goes leaves the device alone. */
static void a_descriptor_can_be_kept(void **state)
{
	int fd = open_up("lent0");
	struct tap tap;

	assert_int_equal(tap_init(&tap, "lent0", fd, MTU, *state), 0);
	assert_int_equal(tap_receive(&tap, &lane, frames, 0), 0);
	tap.lanes[0].fd = -1;
	tap_fini(&tap);
	assert_true(if_nametoindex("lent0") > 0);
	close(fd);
	assert_int_equal(if_nametoindex("lent0"), 0);
}

static void names_and_owners(void **state)
{
	char any[16] = "";
	char pattern[16] = "vm%d";
	char same[16] = "busy0";
	char loopback[16] = "lo";
	int first = open_up("busy0");
	int filled = tap_open(any, false);
	int numbered = tap_open(pattern, false);

	assert_true(filled >= 0 && numbered >= 0);
	assert_string_equal(any, "tap0");
	assert_string_equal(pattern, "vm0");
	assert_int_equal(tap_open(same, false), -EBUSY);
	assert_string_equal(same, "busy0");
	assert_int_equal(tap_open(loopback, false), -EINVAL);
	close(first);
	first = tap_open(same, false);
	assert_true(first >= 0);
	close(first);
	close(filled);
	close(numbered);
	assert_int_equal(if_nametoindex("busy0"), 0);
}

static void persistence_is_kept(void **state)
{
	char name[16] = "keep0";
	int fd = tap_open(name, true);
	unsigned int index = if_nametoindex("keep0");

	assert_true(fd >= 0 && index);
	close(fd);
	assert_int_equal(if_nametoindex("keep0"), index);
	fd = tap_open(name, false); /* adopted, and still persistent */
	assert_true(fd >= 0);
	close(fd);
	assert_int_equal(if_nametoindex("keep0"), index);
	fd = tap_open(name, false);
	assert_int_equal(tap_set_persistent(fd, false), 0);
	close(fd);
	assert_int_equal(if_nametoindex("keep0"), 0);
}

static void carrier_follows(void **state)
{
	int fd = open_up("carrier0");

	assert_int_equal(netns_has_carrier("carrier0"), 1);
	assert_int_equal(tap_set_carrier(fd, false), 0);
	assert_int_equal(netns_has_carrier("carrier0"), 0);
	assert_int_equal(tap_set_carrier(fd, true), 0);
	assert_int_equal(netns_has_carrier("carrier0"), 1);
	assert_int_equal(tap_set_carrier(-1, true), -EBADF);
	close(fd);
}

int main(void)
{
	static const struct engine_case cases[] = {
		{ "frames come in", frames_come_in },
		{ "batches are bounded", batches_are_bounded },
		{ "frames beyond the MTU come in whole", frames_beyond_the_mtu_come_in_whole },
		{ "frames go out", frames_go_out },
		{ "refused frames are counted", refused_frames_are_counted },
		{ "a descriptor can be kept", a_descriptor_can_be_kept },
		{ "names and owners", names_and_owners },
		{ "persistence is kept", persistence_is_kept },
		{ "carrier follows", carrier_follows },
	};

	return netns_enter() ? engines_run(cases, COUNT_OF(cases)) : 77;
}
