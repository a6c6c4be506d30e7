/* The bytes of the announcements. */
#include "support/unit.h"

#include <string.h>

#include "frontend/announce.h"

static const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x01, 0x02, 0x03 };

static void test_arp_announcement(void **state)
{
	static const uint8_t ip[4] = { 10, 77, 0, 2 };
	static const uint8_t expected[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x16, 0x3e, 0x01, 0x02, 0x03, 0x08, 0x06,
		0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x01, 0x00, 0x16, 0x3e, 0x01, 0x02, 0x03,
		10,   77,   0,	  2,	0,    0,    0,	  0,	0,    0,    10,	  77,	0,    2,
	};
	uint8_t frame[ANNOUNCE_BYTES];

	memset(frame, 0xee, sizeof(frame));
	assert_int_equal(announce_ipv4(frame, mac, ip), 60);
	assert_memory_equal(frame, expected, 60);
}

static void test_reverse_arp(void **state)
{
	static const uint8_t expected[60] = {
		0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x16, 0x3e, 0x01, 0x02, 0x03, 0x80, 0x35,
		0x00, 0x01, 0x08, 0x00, 6,    4,    0x00, 0x03, 0x00, 0x16, 0x3e, 0x01, 0x02, 0x03,
		0,    0,    0,	  0,	0x00, 0x16, 0x3e, 0x01, 0x02, 0x03, 0,	  0,	0,    0,
	};
	uint8_t frame[ANNOUNCE_BYTES];

	memset(frame, 0xee, sizeof(frame));
	assert_int_equal(announce_mac(frame, mac), 60);
	assert_memory_equal(frame, expected, 60);
}

static void test_neighbour_advertisement(void **state)
{
	static const uint8_t ip[16] = { 0xfe, 0x80, 0,	  0,	0,    0,    0,	  0,
					0x02, 0x16, 0x3e, 0xff, 0xfe, 0x01, 0x02, 0x03 };
	static const uint8_t expected[86] = {
		0x33, 0x33,
		0,    0,
		0,    1,
		0x00, 0x16,
		0x3e, 0x01,
		0x02, 0x03,
		0x86, 0xdd,
		0x60, 0,
		0,    0,
		0,    32,
		58,   255,
		0xfe, 0x80,
		0,    0,
		0,    0,
		0,    0,
		0x02, 0x16,
		0x3e, 0xff,
		0xfe, 0x01,
		0x02, 0x03,
		0xff, 0x02,
		0,    0,
		0,    0,
		0,    0,
		0,    0,
		0,    0,
		0,    0,
		0,    1,
		136,  0,
		0xbe, 0xef /* replaced below */,
		0x20, 0,
		0,    0,
		0xfe, 0x80,
		0,    0,
		0,    0,
		0,    0,
		0x02, 0x16,
		0x3e, 0xff,
		0xfe, 0x01,
		0x02, 0x03,
		2,    1,
		0x00, 0x16,
		0x3e, 0x01,
		0x02, 0x03,
	};
	uint8_t frame[ANNOUNCE_BYTES], got[ANNOUNCE_BYTES];
	uint32_t sum = 32 + 58;

	assert_int_equal(announce_ipv6(frame, mac, ip), 86);
	memcpy(got, frame, sizeof(got));
	got[56] = 0xbe;
	got[57] = 0xef;
	assert_memory_equal(got, expected, 86);
	/* What a receiver does: everything with its checksum sums to ones. */
	for (int i = 22; i < 86; i += 2)
		sum += (uint32_t)frame[i] << 8 | frame[i + 1];
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	assert_int_equal(sum, 0xffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_arp_announcement),
		cmocka_unit_test(test_reverse_arp),
		cmocka_unit_test(test_neighbour_advertisement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
