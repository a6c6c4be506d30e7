#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/bridge.h"
#include "support/memory_port.h"

enum { PORTS = 4, MTU = 1500 };

static const struct fdb_config fdb_config = {
	.entries = 256,
	.ageing_ms = 300000,
	.secret = { 11, 22 },
};

static struct bridge *bridge;
static struct lane lane;
static struct memory_port ports[PORTS];

static int start(void **state)
{
	bridge = bridge_create("xenbr0", MTU, &fdb_config);
	for (unsigned int i = 0; i < PORTS; i++) {
		memory_port_init(&ports[i], "port", MTU);
		if (bridge_attach(bridge, &ports[i].port))
			return -1;
	}
	return 0;
}

static int stop(void **state)
{
	for (unsigned int i = 0; i < PORTS; i++)
		if (ports[i].port.index != PORT_NONE)
			bridge_detach(bridge, &ports[i].port);
	bridge_destroy(bridge);
	return 0;
}

/* An address in letters: a..h hosts, * broadcast, m another group, r reserved,
 * R the last reserved, n the first that is not, z zero. */
static void put_mac(uint8_t *at, char letter)
{
	static const uint8_t reserved[6] = { 0x01, 0x80, 0xc2, 0x00, 0x00, 0x00 };

	memset(at, letter == '*' ? 0xff : 0, 6);
	if (letter >= 'a' && letter <= 'h')
		memcpy(at, (uint8_t[]){ 2, 0, 0, 0, 0, (uint8_t)letter }, 6);
	if (letter == 'm')
		memcpy(at, (uint8_t[]){ 1, 0, 0x5e, 0, 0, 1 }, 6);
	if (letter == 'r' || letter == 'R' || letter == 'n')
		memcpy(at, reserved, 6);
	if (letter != 'r' && (letter == 'R' || letter == 'n'))
		at[5] = letter == 'R' ? 0x0f : 0x10;
}

static uint8_t store[BATCH_FRAMES][FRAME_HEAD_BYTES];

/* A frame "to, from" in one of the batch's stores; longer ones repeat bytes. */
static void make_frame(struct frame *frame, unsigned int i, const char *macs, uint32_t length)
{
	static uint8_t payload[70000];
	static struct fragment rest[BATCH_FRAMES][2];
	uint32_t first = length < FRAME_HEAD_BYTES ? length : FRAME_HEAD_BYTES;
	struct fragment pieces[2] = { { store[i], first }, { payload, length - first } };

	memset(store[i], 0, sizeof(store[i]));
	put_mac(store[i], macs[0]);
	put_mac(store[i] + 6, macs[1]);
	store[i][12] = 0x88;
	store[i][13] = 0xb5;
	frame_build(frame, pieces, 2, rest[i]);
	frame->source = i;
}

static void send_one(unsigned int from, const char *macs, uint32_t length)
{
	struct frame frame;

	make_frame(&frame, 0, macs, length);
	bridge_forward(bridge, &lane, &ports[from].port, &frame, 1, 1000);
}

static void expect_conservation(void)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		const struct port_counters *counters = &ports[i].port.counters[0];

		assert_int_equal(counters->from.frames,
				 counters->from.forwarded + counters_dropped_from(counters));
		assert_int_equal(counters->to.intended,
				 counters->to.frames + counters_dropped_to(counters));
	}
}

static void clear_all(void)
{
	for (unsigned int i = 0; i < PORTS; i++) {
		memory_port_clear(&ports[i]);
		memset(&ports[i].port.counters, 0, sizeof(ports[i].port.counters));
	}
}

/* One after the other, with what was learned before: who gets it, or why not. */
static void each_frame_goes_its_way(void **state)
{
	static const struct {
		const char *name;
		unsigned int from;
		const char *macs;
		uint32_t length;
		const char *to; /* a mark per port that gets it */
		enum drop_reason reason;
	} steps[] = {
		{ "unknown: everywhere else", 0, "ba", 60, ".***", DROP_REASONS },
		{ "known", 1, "ab", 60, "*...", DROP_REASONS },
		{ "both known", 0, "ba", 60, ".*..", DROP_REASONS },
		{ "from a third", 2, "ac", 1514, "*...", DROP_REASONS },
		{ "broadcast", 2, "*c", 60, "**.*", DROP_REASONS },
		{ "group", 3, "md", 60, "***.", DROP_REASONS },
		{ "where it came from", 0, "ae", 60, "....", DROP_SAME_PORT },
		{ "to itself", 0, "aa", 60, "....", DROP_SAME_PORT },
		{ "moved", 3, "ba", 60, ".*..", DROP_REASONS },
		{ "after the move", 1, "ab", 60, "...*", DROP_REASONS },
		{ "reserved group", 0, "rf", 60, "....", DROP_RESERVED_GROUP },
		{ "its source is not learned", 1, "fb", 60, "*.**", DROP_REASONS },
		{ "last reserved group", 0, "Ra", 60, "....", DROP_RESERVED_GROUP },
		{ "next to it", 0, "na", 60, ".***", DROP_REASONS },
		{ "group as source", 0, "bm", 60, "....", DROP_BAD_FRAME },
		{ "broadcast as source", 0, "b*", 60, "....", DROP_BAD_FRAME },
		{ "zero as source", 0, "bz", 60, "....", DROP_BAD_FRAME },
		{ "zero as destination", 0, "za", 60, ".***", DROP_REASONS },
		{ "13 bytes", 0, "ba", 13, "....", DROP_BAD_FRAME },
		{ "14 bytes", 0, "ba", 14, ".*..", DROP_REASONS },
		{ "empty", 0, "ba", 0, "....", DROP_BAD_FRAME },
	};

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const struct port_counters *from = &ports[steps[i].from].port.counters[0];

		clear_all();
		send_one(steps[i].from, steps[i].macs, steps[i].length);
		for (unsigned int p = 0; p < PORTS; p++)
			if (ports[p].n != (steps[i].to[p] == '*') ||
			    ports[p].port.counters[0].to.intended != ports[p].n)
				fail_msg("%s: port %u", steps[i].name, p);
		if (steps[i].reason != DROP_REASONS && from->from.drops[steps[i].reason] != 1)
			fail_msg("%s: reason", steps[i].name);
		assert_int_equal(from->from.forwarded, steps[i].reason == DROP_REASONS);
		assert_int_equal(from->from.bytes, steps[i].length);
		expect_conservation();
	}
}

/* Many destinations in one batch: one visit each, everybody's order kept. */
static void one_visit_per_destination(void **state)
{
	static struct frame frames[BATCH_FRAMES];
	static const char *const mix[] = { "ba", "ca", "ba", "*a", "da", "aa" };
	unsigned int expected[PORTS] = { 0 };

	send_one(0, "*a", 60);
	send_one(1, "*b", 60);
	send_one(2, "*c", 60);
	send_one(3, "*d", 60);
	clear_all();
	for (unsigned int i = 0; i < BATCH_FRAMES; i++) {
		const char *macs = mix[i % COUNT_OF(mix)];

		make_frame(&frames[i], i, macs, 60 + i);
		for (unsigned int p = 1; p < PORTS; p++)
			expected[p] += macs[0] == '*' || macs[0] == "abcd"[p];
	}
	bridge_forward(bridge, &lane, &ports[0].port, frames, BATCH_FRAMES, 1000);
	assert_int_equal(ports[0].visits, 0);
	for (unsigned int p = 1; p < PORTS; p++) {
		assert_int_equal(ports[p].visits, 1);
		assert_int_equal(ports[p].n, expected[p]);
		for (unsigned int i = 0; i < ports[p].n; i++) {
			unsigned int mark = ports[p].sources[i];

			assert_true(i == 0 || mark > ports[p].sources[i - 1]);
			assert_int_equal(ports[p].lengths[i], 60 + mark);
			assert_memory_equal(ports[p].bytes[i], store[mark], 60);
		}
	}
	expect_conservation();
}

static void a_full_destination_harms_no_other(void **state)
{
	static struct frame frames[BATCH_FRAMES];

	for (unsigned int i = 0; i < BATCH_FRAMES; i++)
		make_frame(&frames[i], i, "*a", 60);
	ports[2].room = 10;
	bridge_forward(bridge, &lane, &ports[0].port, frames, BATCH_FRAMES, 1000);
	assert_int_equal(ports[1].n, BATCH_FRAMES);
	assert_int_equal(ports[2].n, 10);
	assert_int_equal(ports[3].n, BATCH_FRAMES);
	assert_int_equal(ports[2].port.counters[0].to.drops[DROP_QUEUE_FULL], BATCH_FRAMES - 10);
	assert_int_equal(ports[0].port.counters[0].from.forwarded, BATCH_FRAMES);
	expect_conservation();
}

static void mtu_is_the_destinations(void **state)
{
	static const struct {
		const char *name;
		uint32_t mtu, length;
		uint16_t type;
		bool fits;
	} cases[] = {
		{ "exactly", 1500, 1514, 0x0800, true },
		{ "a byte more", 1500, 1515, 0x0800, false },
		{ "with a tag", 1500, 1518, 0x8100, true },
		{ "with a tag, a byte more", 1500, 1519, 0x8100, false },
		{ "with a service tag", 1500, 1518, 0x88a8, true },
		{ "jumbo", 9000, 9014, 0x0800, true },
		{ "largest", 65535, 65549, 0x0800, true },
	};
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		clear_all();
		make_frame(&frame, 0, "*a", cases[i].length);
		frame.bytes[12] = (uint8_t)(cases[i].type >> 8);
		frame.bytes[13] = (uint8_t)cases[i].type;
		ports[1].port.mtu = cases[i].mtu;
		ports[2].port.mtu = 70000;
		bridge_forward(bridge, &lane, &ports[0].port, &frame, 1, 1000);
		if (ports[1].n != cases[i].fits || ports[2].n != 1)
			fail_msg("%s", cases[i].name);
		assert_int_equal(ports[1].port.counters[0].to.drops[DROP_TOO_BIG], !cases[i].fits);
		assert_int_equal(ports[1].visits, cases[i].fits);
		assert_int_equal(ports[0].port.counters[0].from.forwarded, 1);
		expect_conservation();
	}
}

/* A UDP frame (FreeBSD's vector) whose checksum was left to whoever is next. */
static void make_udp(struct frame *frame, bool broken)
{
	static const uint8_t packet[] = {
		0x45, 0x00, 0x00, 0x24, 0x00, 0x04, 0x00, 0x00, 0x40, 0x11, 0xe5, 0x6b,
		192,  168,  10,	  4,	192,  168,  10,	  5,	0x51, 0xae, 0x08, 0xae,
		0x00, 0x10, 0x12, 0x34, 'F',  'r',  'e',  'e',	'B',  'S',  'D',  '\n',
	};

	make_frame(frame, 0, "*a", 60);
	frame->bytes[12] = 0x08;
	frame->bytes[13] = broken ? 0x06 : 0x00;
	memcpy(frame->bytes + 14, packet, sizeof(packet));
	frame->csum = CSUM_BLANK;
}

static void blank_checksums_are_completed(void **state)
{
	static const struct {
		const char *name;
		bool takes[3]; /* ports 1 to 3 */
		bool broken;
		unsigned int completed[3];
		uint8_t field[3]; /* its first byte, as it arrives */
	} cases[] = {
		{ "nobody takes blank", { 0, 0, 0 }, false, { 1, 0, 0 }, { 0xdd, 0xdd, 0xdd } },
		{ "all take blank", { 1, 1, 1 }, false, { 0, 0, 0 }, { 0x12, 0x12, 0x12 } },
		{ "one does", { 1, 0, 0 }, false, { 0, 1, 0 }, { 0x12, 0xdd, 0xdd } },
		{ "not TCP or UDP", { 0, 0, 0 }, true, { 0, 0, 0 }, { 0x12, 0x12, 0x12 } },
	};
	const uint8_t blank = PORT_CSUM_IPV4 | PORT_CSUM_IPV6;
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		clear_all();
		for (unsigned int p = 0; p < 3; p++)
			ports[p + 1].port.takes = cases[i].takes[p] ? blank : 0;
		make_udp(&frame, cases[i].broken);
		bridge_forward(bridge, &lane, &ports[0].port, &frame, 1, 1000);
		for (unsigned int p = 0; p < 3; p++) {
			const struct memory_port *port = &ports[p + 1];

			if (port->n != 1 || port->bytes[0][40] != cases[i].field[p] ||
			    port->port.counters[0].csum_completed != cases[i].completed[p])
				fail_msg("%s: port %u", cases[i].name, p + 1);
		}
	}
}

static void ports_come_and_go(void **state)
{
	static struct port many[BRIDGE_MAX_PORTS];
	struct bridge_stats stats;
	unsigned int i;

	assert_string_equal(bridge_name(bridge), "xenbr0");
	assert_int_equal(bridge_mtu(bridge), MTU);
	send_one(1, "*b", 60);
	bridge_detach(bridge, &ports[1].port);
	assert_int_equal(ports[1].port.index, PORT_NONE);
	assert_null(bridge_port(bridge, 1));
	clear_all();
	send_one(0, "ba", 60); /* its address went with it: flooded */
	assert_int_equal(ports[1].n, 0);
	assert_int_equal(ports[2].n, 1);
	assert_int_equal(ports[3].n, 1);
	bridge_stats(bridge, &stats);
	assert_int_equal(stats.flooded, 2);
	assert_int_equal(stats.fdb.entries, 1);

	for (i = 0; i < BRIDGE_MAX_PORTS - 3; i++)
		assert_int_equal(bridge_attach(bridge, &many[i]), 0);
	assert_int_equal(many[0].index, 1); /* the free slot first */
	assert_int_equal(bridge_ports(bridge), BRIDGE_MAX_PORTS);
	assert_ptr_equal(bridge_port(bridge, 1), &many[0]);
	assert_int_equal(bridge_attach(bridge, &ports[1].port), -ENOSPC);
	while (i--)
		bridge_detach(bridge, &many[i]);
	bridge_detach(bridge, &ports[2].port);
	bridge_detach(bridge, &ports[3].port);
	clear_all();
	send_one(0, "*a", 60);
	assert_int_equal(ports[0].port.counters[0].from.drops[DROP_NO_DEST], 1);
	send_one(0, "ba", 60);
	assert_int_equal(ports[0].port.counters[0].from.drops[DROP_NO_DEST], 2);
	expect_conservation();
}

static void random_frames_add_up(void **state)
{
	static struct frame frames[BATCH_FRAMES];
	static const char letters[] = "abcdefgh*mrRnz";

	srand(5);
	for (unsigned int round = 0; round < 2000; round++) {
		unsigned int n = (unsigned int)rand() % (BATCH_FRAMES + 1);

		for (unsigned int i = 0; i < n; i++) {
			char macs[2] = { letters[rand() % 14], letters[rand() % 14] };

			make_frame(&frames[i], i, macs, (uint32_t)rand() % 1600);
		}
		ports[3].room = (unsigned int)rand() % BATCH_FRAMES;
		bridge_forward(bridge, &lane, &ports[rand() % PORTS].port, frames, n, round);
		for (unsigned int p = 0; p < PORTS; p++)
			memory_port_clear(&ports[p]);
	}
	expect_conservation();
	assert_true(ports[0].port.counters[0].from.forwarded > 1000);
	assert_true(ports[3].port.counters[0].to.drops[DROP_QUEUE_FULL] > 100);
}

/* Whether frames come in one batch or one by one makes no difference to where they
 * go, nor to what is learned: also in runs with the same addresses, among which
 * some are no frames, and sources that move or are refused. */
static void a_batch_goes_as_its_frames_do(void **state)
{
	static const struct fdb_config few = {
		.entries = 64, .max_per_port = 3, .ageing_ms = 50, .secret = { 3, 4 }
	};
	static const char letters[] = "abcdefgh*mrRnz";
	static struct memory_port batched[PORTS], single[PORTS];
	static struct frame frames[BATCH_FRAMES], twin;
	struct bridge *one = bridge_create("batched", MTU, &few);
	struct bridge *other = bridge_create("single", MTU, &few);
	struct bridge_stats stats[2];
	char macs[2] = "ab";

	for (unsigned int p = 0; p < PORTS; p++) {
		memory_port_init(&batched[p], "port", MTU);
		memory_port_init(&single[p], "port", MTU);
		assert_int_equal(bridge_attach(one, &batched[p].port), 0);
		assert_int_equal(bridge_attach(other, &single[p].port), 0);
	}
	srand(6);
	for (unsigned int round = 0; round < 3000; round++) {
		unsigned int from = (unsigned int)rand() % PORTS;

		for (unsigned int i = 0; i < BATCH_FRAMES; i++) {
			if (rand() % 3 == 0)
				macs[rand() % 2] = letters[rand() % 14];
			make_frame(&frames[i], i, macs, rand() % 8 ? 60 : (uint32_t)rand() % 20);
			twin = frames[i];
			bridge_forward(other, &lane, &single[from].port, &twin, 1, round * 20);
		}
		bridge_forward(one, &lane, &batched[from].port, frames, BATCH_FRAMES, round * 20);
		for (unsigned int p = 0; p < PORTS; p++) {
			assert_int_equal(batched[p].n, single[p].n);
			assert_memory_equal(batched[p].sources, single[p].sources,
					    batched[p].n * sizeof(single[p].sources[0]));
			assert_memory_equal(batched[p].port.counters, single[p].port.counters,
					    sizeof(single[p].port.counters));
			memory_port_clear(&batched[p]);
			memory_port_clear(&single[p]);
		}
	}
	bridge_stats(one, &stats[0]);
	bridge_stats(other, &stats[1]);
	assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
	assert_true(stats[0].fdb.moved && stats[0].fdb.refused && stats[0].fdb.aged);
	for (unsigned int p = 0; p < PORTS; p++) {
		bridge_detach(one, &batched[p].port);
		bridge_detach(other, &single[p].port);
	}
	bridge_destroy(one);
	bridge_destroy(other);
}

/* Frames of an address too many go their way, those to it go everywhere; nobody
 * else's addresses suffer, and one that leaves makes room. */
static void a_full_port_learns_no_more(void **state)
{
	static const struct fdb_config few = {
		.entries = 64, .max_per_port = 3, .ageing_ms = 300000, .secret = { 5, 6 }
	};
	static const struct {
		const char *name;
		unsigned int from;
		const char *macs;
		const char *to;
		unsigned int entries, refused;
	} steps[] = {
		{ "the first", 0, "*a", ".***", 1, 0 },
		{ "the second", 0, "*b", ".***", 2, 0 },
		{ "the last", 0, "*c", ".***", 3, 0 },
		{ "one too many", 0, "*d", ".***", 3, 1 },
		{ "again", 0, "*d", ".***", 3, 2 },
		{ "one that it has", 0, "*a", ".***", 3, 2 },
		{ "another port's", 1, "*e", "*.**", 4, 2 },
		{ "to the last", 1, "ce", "*...", 4, 2 },
		{ "to the one too many", 1, "de", "*.**", 4, 2 },
		{ "one moves away", 2, "*b", "**.*", 4, 2 },
		{ "so there is room", 0, "*d", ".***", 5, 2 },
		{ "to what is no more too many", 1, "de", "*...", 5, 2 },
		{ "full again", 0, "*f", ".***", 5, 3 },
	};
	struct bridge_stats stats;

	stop(state);
	bridge = bridge_create("few", MTU, &few);
	for (unsigned int p = 0; p < PORTS; p++) {
		memory_port_init(&ports[p], "port", MTU);
		assert_int_equal(bridge_attach(bridge, &ports[p].port), 0);
	}
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		print_message("  %s\n", steps[i].name);
		clear_all();
		send_one(steps[i].from, steps[i].macs, 60);
		for (unsigned int p = 0; p < PORTS; p++)
			assert_int_equal(ports[p].n, steps[i].to[p] == '*');
		bridge_stats(bridge, &stats);
		assert_int_equal(stats.fdb.entries, steps[i].entries);
		assert_int_equal(stats.fdb.refused, steps[i].refused);
	}
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(each_frame_goes_its_way),
		CASE(one_visit_per_destination),
		CASE(a_full_destination_harms_no_other),
		CASE(mtu_is_the_destinations),
		CASE(blank_checksums_are_completed),
		CASE(ports_come_and_go),
		CASE(random_frames_add_up),
		CASE(a_batch_goes_as_its_frames_do),
		CASE(a_full_port_learns_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
