/*
 * What is one flow and what is not, by what differs between two frames; and
 * how flows spread over queues.
 */
#include "support/unit.h"

#include <string.h>

#include "bridge/flow.h"
#include "support/packet.h"

enum { FLOWS = 4096, FRAGMENT_AT = 14 + 6, PORTS_AT = 14 + 20 };

static const uint8_t payload[200] = { 1, 2, 3 };
static uint8_t bytes[PACKET_MAX_BYTES];

static struct packet flow(unsigned int version, bool udp)
{
	return (struct packet){
		.version = version,
		.udp = udp,
		.ttl = 64,
		.host = 1,
		.port = 4000,
		.seq = 1000,
		.flags = PACKET_ACK,
		.payload = payload,
		.payload_bytes = 100,
	};
}

static uint32_t hash_of(uint32_t length)
{
	struct fragment whole = { bytes, length }, rest;
	struct frame frame;

	memset(&frame, length & 1 ? 0xee : 0x11,
	       sizeof(frame)); /* nothing beyond the head counts */
	frame_build(&frame, &whole, 1, &rest);
	return flow_hash(&frame);
}

static uint32_t hash_packet(const struct packet *packet)
{
	return hash_of(packet_write(packet, bytes));
}

static void test_what_belongs_together(void **state)
{
	for (unsigned int kind = 0; kind < 4; kind++) {
		const struct packet first = flow(kind & 1 ? 4 : 6, kind & 2);
		const uint32_t hash = hash_packet(&first);
		struct packet packet = first;

		packet.seq = packet.ack = packet.id = packet.window = 77;
		packet.ttl = packet.tos = 3;
		packet.flags = PACKET_FIN | PACKET_ACK | PACKET_PSH;
		packet.payload_bytes = 199;
		assert_int_equal(hash_packet(&packet), hash);
		packet = first;
		packet.tags = 1;
		assert_int_equal(hash_packet(&packet), hash);
		packet.tags = 2;
		assert_int_equal(hash_packet(&packet), hash);
		packet = first;
		packet.port++;
		assert_int_not_equal(hash_packet(&packet), hash);
		packet = first;
		packet.host++;
		assert_int_not_equal(hash_packet(&packet), hash);
	}
}

static void test_ports_behind_ip_options(void **state)
{
	struct packet packet = flow(4, true);
	uint32_t hash = hash_packet(&packet);

	packet.ip_options = 8;
	assert_int_equal(hash_packet(&packet), hash);
	packet.port++;
	assert_int_not_equal(hash_packet(&packet), hash);
}

/* Later fragments have no ports, so the first must do without, too. */
static void test_fragments_keep_together(void **state)
{
	static const uint16_t places[] = { 0x2000, 0x2001, 0x0010 };
	struct packet packet = flow(4, true);
	uint32_t length, hash = 0;

	for (size_t i = 0; i < COUNT_OF(places); i++) {
		length = packet_write(&packet, bytes);
		bytes[FRAGMENT_AT] = (uint8_t)(places[i] >> 8);
		bytes[FRAGMENT_AT + 1] = (uint8_t)places[i];
		bytes[PORTS_AT] = (uint8_t)i;
		if (i)
			assert_int_equal(hash_of(length), hash);
		hash = hash_of(length);
	}
	bytes[FRAGMENT_AT] = 0x40; /* "don't fragment" makes none */
	bytes[FRAGMENT_AT + 1] = 0;
	assert_int_not_equal(hash_of(length), hash);
}

static void test_no_ip_goes_by_mac(void **state)
{
	uint32_t hash;

	memset(bytes, 0x5a, sizeof(bytes));
	hash = hash_of(60);
	bytes[30] = 1;
	assert_int_equal(hash_of(60), hash);
	bytes[11] = 1;
	assert_int_not_equal(hash_of(60), hash);
	bytes[11] = 0x5a;
	bytes[0] = 1;
	assert_int_not_equal(hash_of(60), hash);
}

/* Cut anywhere: a hash of what is there, and the sanitizers see the rest. */
static void test_cut_headers(void **state)
{
	for (unsigned int kind = 0; kind < 4; kind++) {
		struct packet packet = flow(kind & 1 ? 4 : 6, kind & 2);
		uint32_t length = packet_write(&packet, bytes);

		for (uint32_t cut = 14; cut < length; cut++)
			assert_int_equal(hash_of(cut), hash_of(cut));
	}
}

static void test_flows_spread(void **state)
{
	for (unsigned int n = 1; n <= 16; n++) {
		unsigned int counts[16] = { 0 };

		for (unsigned int i = 0; i < FLOWS; i++) {
			struct packet packet = flow(i & 1 ? 4 : 6, i & 2);
			unsigned int queue;

			packet.port = (uint16_t)(40000 + i / 4);
			queue = flow_queue(hash_packet(&packet), n);
			assert_in_range(queue, 0, n - 1);
			counts[queue]++;
		}
		for (unsigned int i = 0; i < n; i++)
			assert_in_range(counts[i], FLOWS / n * 3 / 4, FLOWS / n * 5 / 4 + 1);
	}
}

/* Connections that one program opens in a row. */
static void test_neighbours_spread(void **state)
{
	for (unsigned int i = 0; i < 2 * 3 * 256; i++) {
		unsigned int n = 2 + i % 3, step = 1 + i / 3 % 2, counts[4] = { 0 };

		for (unsigned int k = 0; k < 16 * n; k++) {
			struct packet packet = flow(i & 1 ? 4 : 6, i & 2);

			packet.port = (uint16_t)(32768 + 53 * i + step * k);
			counts[flow_queue(hash_packet(&packet), n)]++;
		}
		for (unsigned int queue = 0; queue < n; queue++)
			assert_in_range(counts[queue], 1, 16 * n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_belongs_together),
		cmocka_unit_test(test_ports_behind_ip_options),
		cmocka_unit_test(test_fragments_keep_together),
		cmocka_unit_test(test_no_ip_goes_by_mac),
		cmocka_unit_test(test_cut_headers),
		cmocka_unit_test(test_flows_spread),
		cmocka_unit_test(test_neighbours_spread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
