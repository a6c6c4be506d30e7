/* A VM's frames between its TAP and the parts of a vif. */
#include "support/unit.h"

#include <string.h>

#include "bridge/port.h"
#include "frontend/guest_vnet.h"
#include "support/packet.h"

enum {
	NEEDS = VIRTIO_NET_HDR_F_NEEDS_CSUM,
	ALL = 31,
	NO_IPV6 = ALL & ~SPLITVIF_OFFLOAD_CSUM_IPV6,
	PARTS = 3,
	FIRST = 2112, /* the smallest first part */
};

static uint8_t payload[PACKET_MAX_BYTES];
static uint8_t whole[PACKET_MAX_BYTES], plain[PACKET_MAX_BYTES];
static uint8_t pages[PARTS][4096];
static struct iovec parts[PARTS];

/* The frame of a description, as it stands in parts. Its other facts are 0. */
static struct splitvif_frame lay(const struct packet *packet)
{
	uint32_t length = packet_write(packet, whole), at = 0;

	for (unsigned int i = 0; i < PARTS; i++) {
		parts[i] = (struct iovec){ pages[i], i ? 4096 : FIRST };
		memcpy(pages[i], whole + at, parts[i].iov_len);
		at += (uint32_t)parts[i].iov_len;
	}
	assert_true(length <= at);
	return (struct splitvif_frame){ .parts = parts, .nr_parts = PARTS, .length = length };
}

static void gather(const struct splitvif_frame *frame, uint8_t *to)
{
	for (unsigned int i = 0; i < frame->nr_parts; i++) {
		memcpy(to, frame->parts[i].iov_base, frame->parts[i].iov_len);
		to += frame->parts[i].iov_len;
	}
}

enum expect { SAME, COMPLETE, DROP };

static const struct {
	const char *name;
	struct packet packet;
	uint8_t flags, gso_type;
	uint16_t gso_size;
	int field; /* added to the checksum's place */
	unsigned int offers;
	enum expect expect;
	enum splitvif_csum csum;
	enum splitvif_gso gso;
} reads[] = {
	{ "nothing known", { .version = 4 }, 0, 0, 0, 0, ALL, SAME, SPLITVIF_CSUM_NONE, 0 },
	{ "checked", { .version = 4 }, 2, 0, 0, 0, ALL, SAME, SPLITVIF_CSUM_VALID, 0 },
	{ "blank", { .version = 4, .blank = 1 }, NEEDS, 0, 0, 0, ALL, SAME, 2, 0 },
	{ "blank UDP", { .version = 6, .udp = 1, .blank = 1 }, NEEDS, 0, 0, 0, ALL, SAME, 2, 0 },
	{ "IPv6 no more", { .version = 6, .blank = 1 }, NEEDS, 0, 0, 0, NO_IPV6, COMPLETE, 1, 0 },
	{ "tagged",
	  { .version = 6, .tags = 2, .blank = 1 },
	  NEEDS,
	  0,
	  0,
	  0,
	  NO_IPV6,
	  COMPLETE,
	  1,
	  0 },
	{ "IPv4 goes on", { .version = 4, .blank = 1 }, NEEDS, 0, 0, 0, NO_IPV6, SAME, 2, 0 },
	{ "TSO 4", { .version = 4, .blank = 1 }, NEEDS, 1, 1448, 0, ALL, SAME, 2, 1 },
	{ "TSO 6", { .version = 6, .blank = 1 }, NEEDS, 4, 1428, 0, ALL, SAME, 2, 2 },
	{ "USO", { .version = 4, .udp = 1, .blank = 1 }, NEEDS, 5, 1472, 0, ALL, DROP, 0, 0 },
	{ "TSO unasked", { .version = 4 }, 0, 1, 1448, 0, ALL, DROP, 0, 0 },
	{ "outside", { .version = 4 }, NEEDS, 0, 0, 9000, ALL, DROP, 0, 0 },
};

static void reads_facts(void **state)
{
	for (size_t i = 0; i < COUNT_OF(reads); i++) {
		struct packet packet = reads[i].packet;
		struct virtio_net_hdr header = { .flags = reads[i].flags,
						 .gso_type = reads[i].gso_type,
						 .gso_size = reads[i].gso_size };
		struct splitvif_frame frame;
		bool good;

		print_message("%s\n", reads[i].name);
		packet.payload = payload;
		packet.payload_bytes = 5000;
		packet.flags = PACKET_ACK;
		header.csum_start = (uint16_t)packet_transport(&packet);
		header.csum_offset = (uint16_t)((packet.udp ? 6 : 16) + reads[i].field);
		frame = lay(&packet);
		good = guest_vnet_read(&header, reads[i].offers, &frame);
		assert_int_equal(good, reads[i].expect != DROP);
		if (!good)
			continue;
		assert_int_equal(frame.csum, reads[i].csum);
		assert_int_equal(frame.gso_type, reads[i].gso);
		assert_int_equal(frame.gso_size, reads[i].gso ? reads[i].gso_size : 0);
		packet.blank &= reads[i].expect != COMPLETE;
		packet_write(&packet, whole);
		gather(&frame, plain);
		assert_memory_equal(plain, whole, frame.length);
	}
}

/* A checksum that is nobody's of ours is completed where it stands: in the head,
 * behind it, and on both sides of the first part's end. */
static void completes_odd_places(void **state)
{
	static const uint16_t fields[] = { 60, 126, 127, 128, 200, FIRST - 2, FIRST - 1, FIRST };
	struct packet packet = { .version = 4, .payload = payload, .payload_bytes = 5000 };

	for (size_t i = 0; i < COUNT_OF(fields); i++) {
		struct virtio_net_hdr header = { .flags = NEEDS,
						 .csum_start = 40,
						 .csum_offset = (uint16_t)(fields[i] - 40) };
		struct splitvif_frame frame = lay(&packet);
		uint32_t sum = 0;

		assert_true(guest_vnet_read(&header, ALL, &frame));
		assert_int_equal(frame.csum, SPLITVIF_CSUM_VALID);
		gather(&frame, plain);
		/* the sum had the field's old bytes in it: so must the check */
		for (uint32_t at = 40; at < frame.length; at++)
			sum += (uint32_t)whole[at] << (at % 2 ? 0 : 8);
		while (sum >> 16)
			sum = (sum & 0xffff) + (sum >> 16);
		sum = ~sum & 0xffff;
		assert_int_equal(plain[fields[i]] << 8 | plain[fields[i] + 1], sum);
		memcpy(plain + fields[i], whole + fields[i], 2);
		assert_memory_equal(plain, whole, frame.length);
	}
}

static uint32_t pour(const struct iovec *iov, unsigned int n, uint8_t *to)
{
	uint32_t length = 0;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(to + length, iov[i].iov_base, iov[i].iov_len);
		length += (uint32_t)iov[i].iov_len;
	}
	return length;
}

static const struct {
	const char *name;
	struct packet packet;
	enum splitvif_csum csum;
	enum splitvif_gso gso;
	uint16_t gso_size;
	bool good;
	uint8_t flags, gso_type;
} writes[] = {
	{ "nothing known", { .version = 4 }, 0, 0, 0, true, 0, 0 },
	{ "checked", { .version = 6 }, 1, 0, 0, true, VIRTIO_NET_HDR_F_DATA_VALID, 0 },
	{ "blank", { .version = 4, .blank = 1 }, 2, 0, 0, true, NEEDS, 0 },
	{ "TSO 4", { .version = 4, .blank = 1 }, 2, 1, 1448, true, NEEDS, 1 },
	{ "TSO 6", { .version = 6, .tags = 1, .blank = 1 }, 2, 2, 1428, true, NEEDS, 4 },
	{ "TSO 6 of IPv4", { .version = 4, .blank = 1 }, 2, 2, 1428, false, 0, 0 },
	{ "TSO of UDP", { .version = 4, .udp = 1, .blank = 1 }, 2, 1, 1448, false, 0, 0 },
};

/* Of the pages only what follows the head is written from where it stands. */
static void writes_header_head_and_rest(void **state)
{
	for (size_t i = 0; i < COUNT_OF(writes); i++) {
		struct packet packet = writes[i].packet;
		struct iovec iov[GUEST_VNET_IOVECS];
		struct splitvif_frame frame;
		struct guest_vnet vnet;
		unsigned int n;

		print_message("%s\n", writes[i].name);
		packet.payload = payload;
		packet.payload_bytes = 5000;
		packet.flags = PACKET_ACK;
		frame = lay(&packet);
		frame.csum = writes[i].csum;
		frame.gso_type = writes[i].gso;
		frame.gso_size = writes[i].gso_size;
		n = guest_vnet_write(&vnet, &frame, iov);
		assert_int_equal(n != 0, writes[i].good);
		if (!n)
			continue;
		assert_int_equal(vnet.header.flags, writes[i].flags);
		assert_int_equal(vnet.header.gso_type, writes[i].gso_type);
		assert_int_equal(vnet.header.gso_size, writes[i].gso_size);
		memset(pages[0], 0xee, FRAME_HEAD_BYTES); /* the other side changes its mind */
		assert_int_equal(pour(iov + 1, n - 1, plain), frame.length);
		assert_memory_equal(plain, whole, frame.length);
	}
}

static void offers_become_words_of_the_tap(void **state)
{
	assert_int_equal(guest_vnet_takes(SPLITVIF_OFFLOAD_SG), 0);
	assert_int_equal(guest_vnet_takes(ALL),
			 PORT_CSUM_IPV4 | PORT_CSUM_IPV6 | PORT_GSO_TCPV4 | PORT_GSO_TCPV6);
	assert_int_equal(guest_vnet_takes(NO_IPV6),
			 PORT_CSUM_IPV4 | PORT_GSO_TCPV4 | PORT_GSO_TCPV6);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_facts),
		cmocka_unit_test(completes_odd_places),
		cmocka_unit_test(writes_header_head_and_rest),
		cmocka_unit_test(offers_become_words_of_the_tap),
	};

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 37 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
