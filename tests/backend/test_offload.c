/*
 * The words of ethtool's offloads, and what a guest's own words make of them.
 */
#include "support/unit.h"

#include "backend/offload.h"
#include "bridge/port.h"

enum {
	V4 = PORT_CSUM_IPV4,
	V6 = PORT_CSUM_IPV6,
	G4 = PORT_GSO_TCPV4,
	G6 = PORT_GSO_TCPV6,
	RX = 1 << OFFLOAD_RX_CSUM,
	GSO = 1 << OFFLOAD_GSO,
	GRO = 1 << OFFLOAD_GRO,
};

static void test_words(void **state)
{
	static const struct {
		enum offload offload;
		const char *name, *key;
	} cases[] = {
		{ OFFLOAD_RX_CSUM, "rx-checksumming", "rx" },
		{ OFFLOAD_TX_CSUM, "tx-checksumming", "tx" },
		{ OFFLOAD_SG, "scatter-gather", "sg" },
		{ OFFLOAD_TSO, "tcp-segmentation-offload", "tso" },
		{ OFFLOAD_GSO, "generic-segmentation-offload", "gso" },
		{ OFFLOAD_GRO, "generic-receive-offload", "gro" },
	};
	static const char *const unknown[] = { "", "RX", "ufo", "lro", "sg ", "rx-checksummin" };

	assert_int_equal(COUNT_OF(cases), OFFLOADS);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		assert_string_equal(offload_name(cases[i].offload), cases[i].name);
		assert_string_equal(offload_key(cases[i].offload), cases[i].key);
		assert_int_equal(offload_parse(cases[i].name), cases[i].offload);
		assert_int_equal(offload_parse(cases[i].key), cases[i].offload);
	}
	for (size_t i = 0; i < COUNT_OF(unknown); i++)
		assert_int_equal(offload_parse(unknown[i]), -1);
}

static void test_what_a_guest_takes(void **state)
{
	static const struct {
		const char *name;
		struct offload_guest guest;
		uint32_t on;
		uint8_t takes;
	} cases[] = {
		{ "one that says nothing", { 0 }, OFFLOADS_ALL, V4 },
		{ "one without checksums", { .no_csum = true }, OFFLOADS_ALL, 0 },
		{ "IPv6 checksums", { .ipv6_csum = true }, OFFLOADS_ALL, V4 | V6 },
		{ "IPv6 checksums alone", { .no_csum = true, .ipv6_csum = true }, OFFLOADS_ALL, V6 },
		{ "everything", { true, true, true, false, true }, OFFLOADS_ALL, V4 | V6 | G4 | G6 },
		{ "GSO without sg", { false, true, true, false, true }, OFFLOADS_ALL, V4 | V6 },
		{ "GSO for IPv4", { true, true, false, false, true }, OFFLOADS_ALL, V4 | V6 | G4 },
		{ "GSO for IPv6", { true, false, true, false, true }, OFFLOADS_ALL, V4 | V6 | G6 },
		{ "GSO without IPv4 checksums", { true, true, true, true, true }, OFFLOADS_ALL,
		  V6 | G6 },
		{ "GSO without IPv6 checksums", { true, true, true, false, false }, OFFLOADS_ALL,
		  V4 | G4 },
		{ "all off", { true, true, true, false, true }, 0, 0 },
		{ "rx off", { true, true, true, false, true }, OFFLOADS_ALL & ~RX, 0 },
		{ "gso off", { true, true, true, false, true }, OFFLOADS_ALL & ~GSO, V4 | V6 },
		{ "gro off", { true, true, true, false, true }, OFFLOADS_ALL & ~GRO,
		  V4 | V6 | G4 | G6 },
		{ "what it sends does not matter", { true, true, true, false, true }, RX | GSO,
		  V4 | V6 | G4 | G6 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t takes = offload_takes(&cases[i].guest, cases[i].on);

		if (takes != cases[i].takes)
			fail_msg("%s: %x", cases[i].name, takes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_what_a_guest_takes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
