#include "support/unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/csum.h"

/* RFC 1071 as it stands there: 16 bits at a time. */
static uint16_t reference(const uint8_t *data, size_t length)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < length; i++) {
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return (uint16_t)~sum;
}

static void fill_random(uint8_t *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)rand();
}

static void add_equals_the_reference(void **state)
{
	static uint8_t bytes[70000];

	srand(1);
	fill_random(bytes, sizeof(bytes));
	for (size_t align = 0; align < 16; align++)
		for (size_t length = 0; length <= 256; length++)
			assert_int_equal(csum_fold(csum_add(0, bytes + align, length)),
					 reference(bytes + align, length));
	for (unsigned int i = 0; i < 200; i++) {
		size_t align = (size_t)rand() % 64;
		size_t length = (size_t)rand() % (sizeof(bytes) - 64);

		assert_int_equal(csum_fold(csum_add(0, bytes + align, length)),
				 reference(bytes + align, length));
	}
	memset(bytes, 0xff, sizeof(bytes)); /* the most carries */
	assert_int_equal(csum_fold(csum_add(0, bytes, sizeof(bytes))), 0);
	memset(bytes, 0, sizeof(bytes));
	assert_int_equal(csum_fold(csum_add(0, bytes, sizeof(bytes))), 0xffff);
}

static void sums_go_on(void **state)
{
	uint8_t bytes[301];

	srand(2);
	fill_random(bytes, sizeof(bytes));
	for (size_t cut = 0; cut <= sizeof(bytes); cut += 2)
		assert_int_equal(csum_fold(csum_add(csum_add(0, bytes, cut), bytes + cut,
						    sizeof(bytes) - cut)),
				 reference(bytes, sizeof(bytes)));
}

/* UDP 192.168.10.4:0x51ae to 192.168.10.5:0x08ae, "FreeBSD\n" (FreeBSD's tests). */
static const uint8_t freebsd_frame[] = {
	0x02, 0, 0, 0, 0, 5, 0x02, 0, 0, 0, 0, 4, 0x08, 0x00,
	0x45, 0x00, 0x00, 0x24, 0x00, 0x04, 0x00, 0x00, 0x40, 0x11, 0xe5, 0x6b,
	192, 168, 10, 4, 192, 168, 10, 5,
	0x51, 0xae, 0x08, 0xae, 0x00, 0x10, 0x00, 0x00,
	'F', 'r', 'e', 'e', 'B', 'S', 'D', '\n',
};

static void build(struct frame *frame, const uint8_t *bytes, uint32_t length,
		  struct fragment *rest)
{
	frame_build(frame, &(struct fragment){ bytes, length }, 1, rest);
	frame->csum = CSUM_BLANK;
}

static void freebsd_vector(void **state)
{
	struct fragment rest;
	struct frame frame;

	assert_int_equal(csum_fold(csum_add(0, freebsd_frame + 14, 20)), 0);
	build(&frame, freebsd_frame, sizeof(freebsd_frame), &rest);
	assert_true(csum_complete(&frame));
	assert_int_equal(frame.bytes[40], 0xdd);
	assert_int_equal(frame.bytes[41], 0xe2);
	assert_int_equal(frame.csum, CSUM_VALID);
}

/* A frame is written as its headers: e Ethernet, v VLAN tag, s service tag,
 * 4 IPv4, o IPv4 with options, 6 IPv6, h hop-by-hop, r routing, d destination
 * options, f fragment header, t TCP, u UDP, i ICMP. */
struct shape {
	const char *name;
	const char *headers;
	uint32_t payload;
	bool found;
};

static const struct shape shapes[] = {
	{ "UDP over IPv4", "e4u", 8, true },
	{ "TCP over IPv4", "e4t", 100, true },
	{ "TCP over IPv4, options", "eot", 33, true },
	{ "TCP over IPv6", "e6t", 1, true },
	{ "UDP over IPv6", "e6u", 1400, true },
	{ "UDP over IPv6, extensions", "e6hdru", 77, true },
	{ "VLAN tag", "ev4u", 9, true },
	{ "two tags", "esv6t", 1201, true },
	{ "no payload", "e4u", 0, true },
	{ "a large frame", "e4t", 65000, true },
	{ "three tags", "evvv4u", 8, false },
	{ "ICMP", "e4i", 8, false },
	{ "IPv6 fragment", "e6fu", 8, false },
	{ "extensions beyond the head", "e6hhhhhhhhhhu", 200, false },
	{ "Ethernet alone", "e", 100, false },
};

static uint8_t *put16(uint8_t *at, unsigned int value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static unsigned int type_of(char header)
{
	return header == 'v' ? 0x8100 : header == 's' ? 0x88a8 : header == '6' ? 0x86dd :
	       header == '4' || header == 'o' ? 0x0800 : 0x88b5;
}

static uint8_t protocol_of(char header)
{
	return header == 't' ? IPPROTO_TCP : header == 'u' ? IPPROTO_UDP :
	       header == 'h' ? IPPROTO_HOPOPTS : header == 'r' ? IPPROTO_ROUTING :
	       header == 'd' ? IPPROTO_DSTOPTS : header == 'f' ? IPPROTO_FRAGMENT : IPPROTO_ICMP;
}

static unsigned int bytes_of(char header)
{
	return header == 'e' ? 14 : header == 'v' || header == 's' ? 4 : header == '4' ? 20 :
	       header == 'o' ? 32 : header == '6' ? 40 : header == 't' ? 20 : 8;
}

static void write_header(uint8_t *at, const char *header, unsigned int behind)
{
	switch (*header) {
	case 'e':
	case 'v':
	case 's':
		put16(at + bytes_of(*header) - 2, type_of(header[1]));
		break;
	case '4':
	case 'o':
		at[0] = (uint8_t)(0x40 | bytes_of(*header) / 4);
		put16(at + 2, behind);
		put16(at + 6, 0x4000);
		at[9] = protocol_of(header[1]);
		break;
	case '6':
		at[0] = 0x60;
		put16(at + 4, behind - 40);
		at[6] = protocol_of(header[1]);
		break;
	case 't':
		at[12] = 0x50;
		break;
	case 'u':
		put16(at + 4, behind);
		break;
	default:
		memset(at, 0, 8);
		at[0] = header[1] ? protocol_of(header[1]) : 0;
	}
}

/* Random bytes with those headers. The length; where each header starts. */
static uint32_t write_shape(const struct shape *shape, uint8_t *bytes, uint32_t *ip,
			    uint32_t *transport)
{
	uint32_t length = shape->payload;
	uint32_t at = 0;

	for (const char *header = shape->headers; *header; header++)
		length += bytes_of(*header);
	fill_random(bytes, length);
	for (const char *header = shape->headers; *header; header++) {
		write_header(bytes + at, header, length - at);
		if (strchr("4o6", *header))
			*ip = at;
		*transport = at;
		at += bytes_of(*header);
	}
	return length;
}

/* What the receiver of the frame computes: 0xffff before the complement. */
static uint16_t received_sum(const uint8_t *bytes, uint32_t length, uint32_t ip,
			     uint32_t transport, uint8_t protocol)
{
	static uint8_t all[70000];
	uint8_t *at = all;
	bool v4 = bytes[ip] >> 4 == 4;

	memcpy(at, bytes + ip + (v4 ? 12 : 8), v4 ? 8 : 32);
	at += v4 ? 8 : 32;
	at = put16(at, protocol);
	at = put16(at, length - transport);
	memcpy(at, bytes + transport, length - transport);
	at += length - transport;
	return reference(all, (size_t)(at - all));
}

static void complete_one(const struct shape *shape, unsigned int piece, unsigned int padding)
{
	static uint8_t bytes[70000], out[70000];
	static struct fragment pieces[70000], rest[70000];
	struct csum_place place;
	struct frame frame;
	uint32_t ip = 0, transport = 0;
	uint32_t length = write_shape(shape, bytes, &ip, &transport);
	uint32_t whole = length + padding;
	unsigned int nr = 0;

	for (uint32_t at = 0; at < whole; at += piece, nr++)
		pieces[nr] = (struct fragment){ bytes + at,
						whole - at < piece ? whole - at : piece };
	frame_build(&frame, pieces, nr, rest);
	frame.csum = CSUM_BLANK;
	if (csum_complete(&frame) != shape->found)
		fail_msg("%s: pieces of %u", shape->name, piece);
	frame_copy_out(&frame, 0, whole, out);
	if (!shape->found) {
		assert_int_equal(frame.csum, CSUM_BLANK);
		assert_memory_equal(out, bytes, whole);
		return;
	}
	assert_true(csum_find(&frame, &place));
	assert_int_equal(place.network, ip);
	assert_int_equal(place.transport, transport);
	assert_int_equal(place.end, length);
	if (received_sum(out, length, ip, transport, place.protocol) != 0)
		fail_msg("%s: pieces of %u: wrong sum", shape->name, piece);
	out[place.field] = bytes[place.field];
	out[place.field + 1] = bytes[place.field + 1];
	assert_memory_equal(out, bytes, whole); /* nothing else was touched */
}

static void completes_every_shape(void **state)
{
	static const unsigned int pieces[] = { 1, 3, 128, 129, 1000, 4095, 70000 };

	srand(3);
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		for (size_t p = 0; p < COUNT_OF(pieces); p++)
			for (unsigned int padding = 0; padding < 20; padding += 19)
				complete_one(&shapes[i], pieces[p], padding);
}

/* Bytes of a good frame changed so that it contradicts itself. */
static void contradictions_are_refused(void **state)
{
	static const struct {
		const char *name;
		struct shape shape;
		unsigned int at;
		uint8_t value;
	} cases[] = {
		{ "IPv4 version", { "", "e4u", 8, true }, 14, 0x55 },
		{ "IPv4 header of 16", { "", "e4u", 8, true }, 14, 0x44 },
		{ "IPv4 header beyond the packet", { "", "e4u", 8, true }, 14, 0x4f },
		{ "IPv4 longer than the frame", { "", "e4u", 8, true }, 17, 37 },
		{ "IPv4 cut before UDP ends", { "", "e4u", 8, true }, 17, 27 },
		{ "IPv4 shorter than its header", { "", "e4u", 8, true }, 17, 19 },
		{ "first fragment", { "", "e4u", 8, true }, 20, 0x20 },
		{ "last fragment", { "", "e4u", 8, true }, 21, 0x01 },
		{ "UDP length 7", { "", "e4u", 8, true }, 39, 7 },
		{ "UDP length beyond IP", { "", "e4u", 8, true }, 39, 17 },
		{ "TCP header of 16", { "", "e4t", 8, true }, 46, 0x40 },
		{ "TCP header beyond IP", { "", "e4t", 8, true }, 46, 0x80 },
		{ "IPv6 version", { "", "e6u", 8, true }, 14, 0x40 },
		{ "IPv6 longer than the frame", { "", "e6u", 8, true }, 19, 17 },
		{ "IPv6 without payload", { "", "e6u", 8, true }, 19, 0 },
		{ "extension beyond IPv6", { "", "e6hu", 8, true }, 55, 2 },
		{ "extension beyond the head", { "", "e6hu", 2000, true }, 55, 200 },
		{ "routing, a segment left", { "", "e6ru", 8, true }, 57, 1 },
		{ "no next header", { "", "e6u", 8, true }, 20, 59 },
	};
	uint8_t bytes[4096];
	struct fragment rest;
	struct frame frame;
	uint32_t ip = 0, transport = 0;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t length = write_shape(&cases[i].shape, bytes, &ip, &transport);

		build(&frame, bytes, length, &rest);
		if (!csum_complete(&frame))
			fail_msg("%s: refused before the change", cases[i].name);
		bytes[cases[i].at] = cases[i].value;
		build(&frame, bytes, length, &rest);
		if (csum_complete(&frame) || memcmp(frame.bytes, bytes, frame.head) != 0)
			fail_msg("%s", cases[i].name);
	}
}

/* Cut anywhere, a frame that claims its old length is refused. */
static void cut_frames_are_refused(void **state)
{
	uint8_t bytes[4096];
	struct fragment rest;
	struct frame frame;
	uint32_t ip = 0, transport = 0;

	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		uint32_t length;

		if (!shapes[i].found || shapes[i].payload > 2000)
			continue;
		length = write_shape(&shapes[i], bytes, &ip, &transport);
		for (uint32_t cut = 0; cut < length; cut++) {
			build(&frame, bytes, cut, &rest);
			if (csum_complete(&frame))
				fail_msg("%s cut at %u of %u", shapes[i].name, cut, length);
		}
	}
}

/* UDP's 0 means "no checksum": the sum that comes out as 0 goes as 0xffff. */
static void zero_becomes_all_ones(void **state)
{
	uint8_t bytes[sizeof(freebsd_frame)];
	struct fragment rest;
	struct frame frame;

	memcpy(bytes, freebsd_frame, sizeof(bytes));
	put16(bytes + 42, (0xdde2 + (('F' << 8) | 'r')) % 0xffff);
	build(&frame, bytes, sizeof(bytes), &rest);
	assert_true(csum_complete(&frame));
	assert_int_equal(frame.bytes[40], 0xff);
	assert_int_equal(frame.bytes[41], 0xff);
}

/* Random bytes in pieces; their memory is the test's to write. */
static uint8_t at_bytes[3000];

static void build_pieces(struct frame *frame, uint32_t length, unsigned int piece)
{
	static struct fragment pieces[3000], rest[3000];
	unsigned int nr = 0;

	for (uint32_t at = 0; at < length; at += piece, nr++)
		pieces[nr] = (struct fragment){ at_bytes + at,
						length - at < piece ? length - at : piece };
	frame_build(frame, pieces, nr, rest);
}

/* Anywhere, also across the head's end and between two fragments: the sum from
 * the start on is right afterwards, and nothing else has changed. */
static void completes_at_any_place(void **state)
{
	static uint8_t before[3000], after[3000];
	struct frame frame;

	srand(4);
	for (unsigned int i = 0; i < 3000; i++) {
		uint32_t length = 4 + (uint32_t)rand() % 2000;
		uint32_t start = (uint32_t)rand() % (length - 2);
		uint32_t offset = (uint32_t)rand() % (length - start - 1);
		uint16_t expected;

		if (i % 4 == 0) { /* the field lies about the head's end */
			length = 400;
			start = 0;
			offset = 120 + (uint32_t)rand() % 16;
		}
		fill_random(at_bytes, length);
		memcpy(before, at_bytes, length);
		build_pieces(&frame, length, i % 3 ? 1 + (unsigned int)rand() % 300 : 1);
		assert_true(csum_complete_at(&frame, start, offset));
		assert_int_equal(frame.csum, CSUM_VALID);
		frame_copy_out(&frame, 0, length, after);
		/* what stood there went into the sum, as the pseudo-header's does */
		expected = reference(before + start, length - start);
		assert_int_equal(after[start + offset] << 8 | after[start + offset + 1],
				 expected ? expected : 0xffff);
		memcpy(after + start + offset, before + start + offset, 2);
		assert_memory_equal(after, before, length);
	}
}

static void no_place_in_the_frame(void **state)
{
	static const struct {
		const char *name;
		uint32_t start, offset;
		bool done;
	} cases[] = {
		{ "the last two bytes", 98, 0, true },
		{ "one byte too far", 98, 1, false },
		{ "start at the end", 100, 0, false },
		{ "start beyond the end", 101, 0, false },
		{ "offset beyond the end", 0, 100, false },
		{ "both at their most", 0xffff, 0xffff, false },
		{ "a sum that wraps", 1, UINT32_MAX, false },
	};
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		build_pieces(&frame, 100, 100);
		if (csum_complete_at(&frame, cases[i].start, cases[i].offset) != cases[i].done ||
		    (frame.csum == CSUM_VALID) != cases[i].done)
			fail_msg("%s", cases[i].name);
	}
}

static void verify_sees_every_bit(void **state)
{
	static uint8_t bytes[4096];
	static struct fragment rest;
	struct csum_place place;
	struct frame frame;
	uint32_t ip = 0, transport = 0;

	srand(5);
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		uint32_t length;

		if (shapes[i].payload > 2000)
			continue;
		length = write_shape(&shapes[i], bytes, &ip, &transport);
		build(&frame, bytes, length, &rest);
		if (!csum_complete(&frame)) {
			assert_false(csum_verify(&frame));
			continue;
		}
		frame_copy_out(&frame, 0, length, bytes);
		assert_true(csum_find(&frame, &place));
		assert_true(csum_verify(&frame));
		for (uint32_t at = place.payload; at < length; at++) {
			bytes[at] ^= (uint8_t)(1 << at % 8);
			build(&frame, bytes, length, &rest);
			if (csum_verify(&frame))
				fail_msg("%s: byte %u", shapes[i].name, at);
			bytes[at] ^= (uint8_t)(1 << at % 8);
		}
		/* UDP may do without over IPv4, not over IPv6 (RFC 8200, 8.1) */
		put16(bytes + place.field, 0);
		build(&frame, bytes, length, &rest);
		assert_int_equal(csum_verify(&frame),
				 place.protocol == IPPROTO_UDP && place.version == 4);
	}
}

/* A blank frame completed by its place is the frame completed by its headers. */
static void blank_then_complete_at(void **state)
{
	static uint8_t bytes[70000], one[70000], other[70000];
	struct csum_place place;
	struct fragment rest;
	struct frame frame;
	uint32_t ip = 0, transport = 0;

	srand(6);
	for (size_t i = 0; i < COUNT_OF(shapes); i++) {
		uint32_t length = write_shape(&shapes[i], bytes, &ip, &transport);

		build(&frame, bytes, length, &rest);
		if (!csum_find(&frame, &place))
			continue;
		csum_blank(&frame, &place);
		assert_int_equal(frame.csum, CSUM_BLANK);
		assert_true(csum_complete_at(&frame, place.transport,
					     (uint32_t)(place.field - place.transport)));
		frame_copy_out(&frame, 0, length, one);
		assert_true(csum_complete(&frame));
		frame_copy_out(&frame, 0, length, other);
		assert_memory_equal(one, other, length);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(add_equals_the_reference),
		cmocka_unit_test(sums_go_on),
		cmocka_unit_test(freebsd_vector),
		cmocka_unit_test(completes_every_shape),
		cmocka_unit_test(contradictions_are_refused),
		cmocka_unit_test(cut_frames_are_refused),
		cmocka_unit_test(zero_becomes_all_ones),
		cmocka_unit_test(completes_at_any_place),
		cmocka_unit_test(no_place_in_the_frame),
		cmocka_unit_test(verify_sees_every_bit),
		cmocka_unit_test(blank_then_complete_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
