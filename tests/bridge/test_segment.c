#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/segment.h"
#include "support/packet.h"
#include "support/random.h"
#include "support/seeds.h"

enum { PIECES = 1100, MAX_FRAGMENTS = 2 * PIECES };

static uint8_t payload[PACKET_MAX_BYTES];
static uint8_t big_bytes[PACKET_MAX_BYTES];

static void fill_payload(uint64_t *state)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(state);
}

static enum frame_gso gso_of(const struct packet *packet)
{
	return packet->udp ? GSO_UDP : packet->version == 4 ? GSO_TCPV4 : GSO_TCPV6;
}

/* Laid out in pieces of `piece` bytes; 0: of random ones. */
static void build_big(const struct packet *packet, uint16_t gso_size, uint32_t piece,
		      uint64_t *state, struct frame *frame)
{
	static struct fragment pieces[PIECES], rest[PIECES];
	uint32_t length = packet_write(packet, big_bytes);
	uint32_t at = 0;
	unsigned int nr = 0;

	while (at < length) {
		uint32_t take = piece ? piece : 60 + random_below(state, 9000);

		if (take > length - at)
			take = length - at;
		pieces[nr++] = (struct fragment){ big_bytes + at, take };
		at += take;
	}
	frame_build(frame, pieces, nr, rest);
	frame->csum = CSUM_BLANK;
	frame->gso_type = (uint8_t)gso_of(packet);
	frame->gso_size = gso_size;
	frame->gso_fixed_id = packet->fixed_id;
	frame->source = 77;
}

/* The i-th segment, bit for bit what the plain writer makes of it. */
static void check_segment(const struct frame *frame, const struct packet *big, uint16_t gso_size,
			  uint32_t i, bool complete)
{
	static uint8_t expected[PACKET_MAX_BYTES], got[PACKET_MAX_BYTES];
	struct packet packet;
	uint32_t length;

	assert_true(packet_segment(big, gso_size, i, &packet));
	packet.blank = !complete;
	length = packet_write(&packet, expected);
	assert_int_equal(frame->length, length);
	frame_copy_out(frame, 0, length, got);
	if (memcmp(got, expected, length) != 0)
		fail_msg("segment %u of %u bytes by %u", i, big->payload_bytes, gso_size);
	assert_int_equal(frame->csum, complete ? CSUM_VALID : CSUM_BLANK);
	assert_int_equal(frame->gso_type, GSO_NONE);
	assert_int_equal(frame->source, 77);
}

/* Cuts all of it, with so much memory at a time; how many segments. */
static uint32_t cut_and_check(const struct frame *frame, const struct packet *big, bool complete,
			      unsigned int max_frames, unsigned int max_fragments)
{
	static struct frame frames[BATCH_FRAMES];
	static struct fragment fragments[MAX_FRAGMENTS];
	struct segment segment;
	struct packet none;
	uint32_t total = 0;
	unsigned int n;

	assert_int_equal(segment_init(&segment, frame, complete), SEGMENT_OK);
	do {
		uint32_t left = segment_left(&segment);

		n = segment_cut(&segment, frames, max_frames, fragments, max_fragments);
		assert_true(n > 0 || !left);
		assert_int_equal(segment_left(&segment), left - n);
		for (unsigned int i = 0; i < n; i++)
			check_segment(&frames[i], big, frame->gso_size, total + i, complete);
		total += n;
	} while (n);
	assert_false(packet_segment(big, frame->gso_size, total, &none));
	return total;
}

static void equals_the_plain_one_walk(uint64_t random)
{
	fill_payload(&random);
	for (unsigned int i = 0; i < 1500; i++) {
		struct packet packet;
		struct frame frame;
		uint16_t size;

		packet_random(&packet, &random, payload);
		packet.udp = random_below(&random, 4) == 0;
		packet.fixed_id = packet.df && random_below(&random, 4) == 0;
		size = (uint16_t)(packet.payload_bytes / 100 + 8 + random_below(&random, 2000));
		build_big(&packet, size, 0, &random, &frame);
		cut_and_check(&frame, &packet, i & 1, 1 + random_below(&random, BATCH_FRAMES),
			      frame.nr_frags + 1u + random_below(&random, 200));
	}
}

static void equals_the_plain_one(void **state)
{
	seeds_walk(equals_the_plain_one_walk);
}

static const struct packet tcp4 = { .version = 4, .df = true, .ttl = 64, .payload = payload,
				    .tcp_options = 12, .option_byte = 1,
				    .flags = PACKET_ACK | PACKET_PSH | PACKET_FIN | PACKET_CWR };

static void counts_segments(void **state)
{
	static const struct {
		const char *name;
		uint32_t payload;
		uint16_t size;
		uint32_t piece, count;
	} cases[] = {
		{ "64 KB", 65160, 1448, 4096, 45 },
		{ "in one piece", 65160, 1448, 70000, 45 },
		{ "in pieces of 64", 65160, 1448, 64, 45 },
		{ "one more byte", 65161, 1448, 4096, 46 },
		{ "the smallest size", 6000, 8, 4096, 750 },
		{ "just one", 1448, 1448, 4096, 1 },
		{ "one and a byte", 1449, 1448, 4096, 2 },
		{ "all in the head", 40, 10, 4096, 4 },
		{ "no payload", 0, 1448, 4096, 1 },
	};
	uint64_t random = 5;

	fill_payload(&random);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct packet packet = tcp4;
		struct frame frame;

		packet.payload_bytes = cases[i].payload;
		build_big(&packet, cases[i].size, cases[i].piece, &random, &frame);
		if (cut_and_check(&frame, &packet, true, BATCH_FRAMES, MAX_FRAGMENTS) !=
		    cases[i].count)
			fail_msg("%s", cases[i].name);
	}
}

/* Too little room for one segment: none, and nothing is lost by it. */
static void waits_for_room(void **state)
{
	struct packet packet = tcp4;
	struct fragment fragments[40];
	struct segment segment;
	struct frame frame, out;
	uint64_t random = 6;

	fill_payload(&random);
	packet.payload_bytes = 3000;
	build_big(&packet, 1000, 64, &random, &frame);
	assert_int_equal(segment_init(&segment, &frame, false), SEGMENT_OK);
	assert_int_equal(segment_cut(&segment, &out, 1, fragments, 15), 0);
	assert_int_equal(segment_left(&segment), 3);
	assert_int_equal(segment_cut(&segment, &out, 1, fragments, 17), 1);
	check_segment(&out, &packet, 1000, 0, false);
	assert_int_equal(segment_cut(&segment, &out, 0, fragments, 40), 0);
	assert_int_equal(segment_cut(&segment, &out, 1, fragments, 40), 1);
	check_segment(&out, &packet, 1000, 1, false);
}

static void faults_are_named(void **state)
{
	static const struct {
		const char *name;
		struct packet packet;
		enum frame_gso gso;
		uint16_t size;
		int at; /* a byte of the head changed, or -1 */
		uint8_t value;
		enum segment_fault fault;
	} cases[] = {
		{ "good", { .version = 4 }, GSO_TCPV4, 1000, -1, 0, SEGMENT_OK },
		{ "good UDP", { .version = 6, .udp = true }, GSO_UDP, 24, -1, 0, SEGMENT_OK },
		{ "no GSO", { .version = 4 }, GSO_NONE, 1000, -1, 0, SEGMENT_NOT_GSO },
		{ "size 0", { .version = 4 }, GSO_TCPV4, 0, -1, 0, SEGMENT_SIZE },
		{ "TCP by 7", { .version = 4 }, GSO_TCPV4, 7, -1, 0, SEGMENT_SIZE },
		{ "129 datagrams", { .version = 6, .udp = true }, GSO_UDP, 23, -1, 0,
		  SEGMENT_SIZE },
		{ "IPv6 as TCPV4", { .version = 6 }, GSO_TCPV4, 1000, -1, 0, SEGMENT_PROTOCOL },
		{ "IPv4 as TCPV6", { .version = 4 }, GSO_TCPV6, 1000, -1, 0, SEGMENT_PROTOCOL },
		{ "TCP as UDP", { .version = 4 }, GSO_UDP, 1000, -1, 0, SEGMENT_PROTOCOL },
		{ "UDP as TCP", { .version = 4, .udp = true }, GSO_TCPV4, 1000, -1, 0,
		  SEGMENT_PROTOCOL },
		{ "not IP", { .version = 4 }, GSO_TCPV4, 1000, 12, 0x07, SEGMENT_HEADERS },
		{ "IPv4 fragment", { .version = 4 }, GSO_TCPV4, 1000, 20, 0x20, SEGMENT_HEADERS },
		{ "IPv4 too long", { .version = 4 }, GSO_TCPV4, 1000, 16, 0xff, SEGMENT_HEADERS },
		{ "IPv4 too short", { .version = 4 }, GSO_TCPV4, 1000, 16, 0x01, SEGMENT_LENGTH },
		{ "IPv6 too short", { .version = 6 }, GSO_TCPV6, 1000, 18, 0x01, SEGMENT_LENGTH },
		{ "UDP too short", { .version = 4, .udp = true }, GSO_UDP, 1000, 38, 0x01,
		  SEGMENT_LENGTH },
		{ "TCP header of 16", { .version = 4 }, GSO_TCPV4, 1000, 46, 0x40,
		  SEGMENT_HEADERS },
		{ "options beyond the head",
		  { .version = 6, .extensions = 4, .tags = 1, .tcp_options = 24 },
		  GSO_TCPV6, 1000, -1, 0, SEGMENT_HEADERS },
	};
	uint64_t random = 7;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct packet packet = cases[i].packet;
		enum segment_fault fault;
		struct segment segment;
		struct frame frame;

		packet.payload = payload;
		packet.payload_bytes = 3000;
		build_big(&packet, cases[i].size, 4096, &random, &frame);
		frame.gso_type = (uint8_t)cases[i].gso;
		if (cases[i].at >= 0)
			frame.bytes[cases[i].at] = cases[i].value;
		fault = segment_init(&segment, &frame, true);
		if (fault != cases[i].fault)
			fail_msg("%s: %s", cases[i].name, segment_fault_name(fault));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_the_plain_one),
		cmocka_unit_test(counts_segments),
		cmocka_unit_test(waits_for_room),
		cmocka_unit_test(faults_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
