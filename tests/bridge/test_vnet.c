#include "support/unit.h"

#include <string.h>

#include "bridge/csum.h"
#include "bridge/vnet.h"
#include "support/packet.h"

enum { NEEDS = VIRTIO_NET_HDR_F_NEEDS_CSUM, VALID = VIRTIO_NET_HDR_F_DATA_VALID };

static uint8_t payload[4000];
static uint8_t bytes[PACKET_MAX_BYTES];

static const struct packet tcp4 = { .version = 4, .payload = payload, .payload_bytes = 3000,
				    .flags = PACKET_ACK, .tcp_options = 12, .option_byte = 1 };
static const struct packet tcp6 = { .version = 6, .payload = payload, .payload_bytes = 3000,
				    .flags = PACKET_ACK, .extensions = 1, .tags = 1 };
static const struct packet udp4 = { .version = 4, .payload = payload, .payload_bytes = 3000,
				    .udp = true };
static const struct packet udp6 = { .version = 6, .payload = payload, .payload_bytes = 3000,
				    .udp = true };
static const struct packet cwr4 = { .version = 4, .payload = payload, .payload_bytes = 3000,
				    .flags = PACKET_ACK | PACKET_CWR };

static void build(const struct packet *packet, struct frame *frame, struct fragment *rest)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 7);
	frame_build(frame, &(struct fragment){ bytes, packet_write(packet, bytes) }, 1, rest);
}

/* What comes from the kernel. `start` and `offset` are relative to the right ones. */
static void reads_facts(void **state)
{
	static const struct {
		const char *name;
		const struct packet *packet;
		uint8_t flags, gso_type;
		uint16_t gso_size;
		int start, offset;
		enum vnet_fault fault;
		enum frame_csum csum;
		enum frame_gso gso;
	} cases[] = {
		{ "nothing known", &tcp4, 0, 0, 0, 0, 0, VNET_OK, CSUM_NONE, GSO_NONE },
		{ "checked", &tcp4, VALID, 0, 0, 0, 0, VNET_OK, CSUM_VALID, GSO_NONE },
		{ "TCP blank", &tcp4, NEEDS, 0, 0, 0, 0, VNET_OK, CSUM_BLANK, GSO_NONE },
		{ "both flags", &tcp4, NEEDS | VALID, 0, 0, 0, 0, VNET_OK, CSUM_BLANK, GSO_NONE },
		{ "UDP blank", &udp6, NEEDS, 0, 0, 0, 0, VNET_OK, CSUM_BLANK, GSO_NONE },
		{ "another place", &tcp4, NEEDS, 0, 0, 2, 0, VNET_OK, CSUM_VALID, GSO_NONE },
		{ "another field", &tcp4, NEEDS, 0, 0, 0, 2, VNET_OK, CSUM_VALID, GSO_NONE },
		{ "start beyond", &tcp4, NEEDS, 0, 0, 4000, 0, VNET_CSUM_PLACE, 0, 0 },
		{ "field beyond", &tcp4, NEEDS, 0, 0, 0, 4000, VNET_CSUM_PLACE, 0, 0 },
		{ "TSO 4", &tcp4, NEEDS, 1, 1448, 0, 0, VNET_OK, CSUM_BLANK, GSO_TCPV4 },
		{ "TSO 4 and ECN", &tcp4, NEEDS, 0x81, 1448, 0, 0, VNET_OK, CSUM_BLANK, GSO_TCPV4 },
		{ "TSO 6", &tcp6, NEEDS, 4, 100, 0, 0, VNET_OK, CSUM_BLANK, GSO_TCPV6 },
		{ "TSO 6 with ECN", &tcp6, NEEDS, 0x84, 9, 0, 0, VNET_OK, CSUM_BLANK, GSO_TCPV6 },
		{ "USO 4", &udp4, NEEDS, 5, 1472, 0, 0, VNET_OK, CSUM_BLANK, GSO_UDP },
		{ "USO 6", &udp6, NEEDS, 5, 2999, 0, 0, VNET_OK, CSUM_BLANK, GSO_UDP },
		{ "one segment", &udp6, NEEDS, 5, 3000, 0, 0, VNET_OK, CSUM_BLANK, GSO_NONE },
		{ "UFO", &udp4, NEEDS, 3, 1472, 0, 0, VNET_GSO_TYPE, 0, 0 },
		{ "USO with ECN", &udp4, NEEDS, 0x85, 1472, 0, 0, VNET_GSO_TYPE, 0, 0 },
		{ "ECN alone", &tcp4, NEEDS, 0x80, 1448, 0, 0, VNET_GSO_TYPE, 0, 0 },
		{ "type 2", &tcp4, NEEDS, 2, 1448, 0, 0, VNET_GSO_TYPE, 0, 0 },
		{ "size 0", &tcp4, NEEDS, 1, 0, 0, 0, VNET_GSO_SIZE, 0, 0 },
		{ "TSO without checksum", &tcp4, 0, 1, 1448, 0, 0, VNET_GSO_CSUM, 0, 0 },
		{ "TSO, checked", &tcp4, VALID, 1, 1448, 0, 0, VNET_GSO_CSUM, 0, 0 },
		{ "TSO, wrong start", &tcp4, NEEDS, 1, 1448, 2, 0, VNET_GSO_CSUM, 0, 0 },
		{ "TSO, wrong field", &tcp4, NEEDS, 1, 1448, 0, -2, VNET_GSO_CSUM, 0, 0 },
		{ "TSO 6 on IPv4", &tcp4, NEEDS, 4, 1448, 0, 0, VNET_GSO_PROTOCOL, 0, 0 },
		{ "TSO 4 on IPv6", &tcp6, NEEDS, 1, 1448, 0, 0, VNET_GSO_PROTOCOL, 0, 0 },
		{ "TSO 4 on UDP", &udp4, NEEDS, 1, 1448, 0, 0, VNET_GSO_PROTOCOL, 0, 0 },
		{ "USO on TCP", &tcp4, NEEDS, 5, 1448, 0, 0, VNET_GSO_PROTOCOL, 0, 0 },
	};
	struct fragment rest;
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct packet *packet = cases[i].packet;
		struct virtio_net_hdr header = {
			.flags = cases[i].flags,
			.gso_type = cases[i].gso_type,
			.gso_size = cases[i].gso_size,
			.csum_start = (uint16_t)((int)packet_transport(packet) + cases[i].start),
			.csum_offset = (uint16_t)((packet->udp ? 6 : 16) + cases[i].offset),
		};
		enum vnet_fault fault;

		build(packet, &frame, &rest);
		fault = vnet_read(&header, &frame);
		if (fault != cases[i].fault)
			fail_msg("%s: %s", cases[i].name, vnet_fault_name(fault));
		if (fault != VNET_OK)
			continue;
		if (frame.csum != cases[i].csum || frame.gso_type != cases[i].gso ||
		    frame.gso_size != (frame.gso_type ? cases[i].gso_size : 0))
			fail_msg("%s: other facts", cases[i].name);
	}
}

static void gso_headers_must_parse(void **state)
{
	struct virtio_net_hdr header = { .flags = NEEDS, .gso_type = 1, .gso_size = 1448,
					 .csum_start = 34, .csum_offset = 16 };
	struct fragment rest;
	struct frame frame;

	build(&tcp4, &frame, &rest);
	frame.bytes[14] = 0x55;
	assert_int_equal(vnet_read(&header, &frame), VNET_GSO_HEADERS);
}

/* The inner checksum of a frame in a tunnel: what a network card would do. */
static void completes_another_place(void **state)
{
	struct packet inner = udp4;
	struct virtio_net_hdr header = { .flags = NEEDS };
	struct fragment rest;
	struct frame frame;
	uint8_t out[4096];
	uint32_t length;

	inner.payload_bytes = 200;
	inner.blank = true;
	build(&inner, &frame, &rest);
	length = frame.length;
	/* an EtherType that nobody parses hides the headers, as a tunnel would */
	bytes[12] = 0x88;
	bytes[13] = 0xb5;
	frame_build(&frame, &(struct fragment){ bytes, length }, 1, &rest);
	header.csum_start = (uint16_t)packet_transport(&inner);
	header.csum_offset = 6;
	assert_int_equal(vnet_read(&header, &frame), VNET_OK);
	assert_int_equal(frame.csum, CSUM_VALID);
	frame_copy_out(&frame, 0, length, out);
	inner.blank = false;
	packet_write(&inner, bytes);
	assert_memory_equal(out + 14, bytes + 14, length - 14);
}

/* What goes to the kernel. */
static void writes_headers(void **state)
{
	static const struct {
		const char *name;
		const struct packet *packet;
		enum frame_csum csum;
		enum frame_gso gso;
		uint16_t gso_size;
		enum vnet_fault fault;
		uint8_t flags, gso_type;
	} cases[] = {
		{ "nothing known", &tcp4, CSUM_NONE, GSO_NONE, 0, VNET_OK, 0, 0 },
		{ "checked", &tcp4, CSUM_VALID, GSO_NONE, 0, VNET_OK, VALID, 0 },
		{ "TCP blank", &tcp4, CSUM_BLANK, GSO_NONE, 0, VNET_OK, NEEDS, 0 },
		{ "UDP blank", &udp6, CSUM_BLANK, GSO_NONE, 0, VNET_OK, NEEDS, 0 },
		{ "TSO 4", &tcp4, CSUM_BLANK, GSO_TCPV4, 1448, VNET_OK, NEEDS, 1 },
		{ "TSO 4 with CWR", &cwr4, CSUM_BLANK, GSO_TCPV4, 1448, VNET_OK, NEEDS, 0x81 },
		{ "TSO 6, not blank", &tcp6, CSUM_VALID, GSO_TCPV6, 77, VNET_OK, NEEDS, 4 },
		{ "USO", &udp4, CSUM_BLANK, GSO_UDP, 1472, VNET_OK, NEEDS, 5 },
		{ "one segment", &tcp4, CSUM_BLANK, GSO_TCPV4, 3000, VNET_OK, NEEDS, 0 },
		{ "two segments", &tcp4, CSUM_BLANK, GSO_TCPV4, 2999, VNET_OK, NEEDS, 1 },
		{ "size 0", &tcp4, CSUM_BLANK, GSO_TCPV4, 0, VNET_GSO_SIZE, 0, 0 },
		{ "TSO 6 on IPv4", &tcp4, CSUM_BLANK, GSO_TCPV6, 9, VNET_GSO_PROTOCOL, 0, 0 },
		{ "USO on TCP", &tcp4, CSUM_BLANK, GSO_UDP, 9, VNET_GSO_PROTOCOL, 0, 0 },
	};
	struct virtio_net_hdr header;
	struct fragment rest;
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct packet *packet = cases[i].packet;
		uint32_t field = packet_transport(packet) + (packet->udp ? 6 : 16);
		enum vnet_fault fault;

		build(packet, &frame, &rest);
		memset(frame.bytes + field, 0x5a, 2); /* trash where the sum belongs */
		frame.csum = (uint8_t)cases[i].csum;
		frame.gso_type = (uint8_t)cases[i].gso;
		frame.gso_size = cases[i].gso_size;
		memset(&header, 0xff, sizeof(header));
		fault = vnet_write(&frame, &header);
		if (fault != cases[i].fault)
			fail_msg("%s: %s", cases[i].name, vnet_fault_name(fault));
		if (fault != VNET_OK)
			continue;
		if (header.flags != cases[i].flags || header.gso_type != cases[i].gso_type ||
		    header.gso_size != (header.gso_type ? cases[i].gso_size : 0))
			fail_msg("%s: other header", cases[i].name);
		assert_int_equal(header.hdr_len, header.gso_type ? packet_headers(packet) : 0);
		if (header.flags == NEEDS) {
			struct packet blank = *packet;

			blank.blank = true;
			packet_write(&blank, bytes);
			assert_int_equal(header.csum_start, packet_transport(packet));
			assert_int_equal(header.csum_start + header.csum_offset, field);
			assert_memory_equal(frame.bytes, bytes, frame.head);
		} else {
			assert_int_equal(frame.bytes[field], 0x5a);
		}
	}
}

static void unparsed_blank_goes_as_it_is(void **state)
{
	struct virtio_net_hdr header;
	struct fragment rest;
	struct frame frame;
	uint8_t before[FRAME_HEAD_BYTES];

	build(&tcp4, &frame, &rest);
	frame.bytes[14] = 0x55;
	frame.csum = CSUM_BLANK;
	memcpy(before, frame.bytes, sizeof(before));
	assert_int_equal(vnet_write(&frame, &header), VNET_OK);
	assert_int_equal(header.flags, 0);
	assert_memory_equal(frame.bytes, before, sizeof(before));
	frame.gso_type = GSO_TCPV4;
	frame.gso_size = 1000;
	assert_int_equal(vnet_write(&frame, &header), VNET_GSO_HEADERS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_facts),
		cmocka_unit_test(gso_headers_must_parse),
		cmocka_unit_test(completes_another_place),
		cmocka_unit_test(writes_headers),
		cmocka_unit_test(unparsed_blank_goes_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
