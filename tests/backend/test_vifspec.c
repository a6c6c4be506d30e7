/*
 * vifspecs, good and bad: each word missing, twice, unknown, out of range and
 * too long; and that what is printed says the same again.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vifspec.h"

static struct vifspec parsed(const char *text)
{
	char error[VIFSPEC_ERROR_BYTES] = "";
	struct vifspec spec;

	if (vifspec_parse(&spec, text, error))
		fail_msg("'%s': %s", text, error);
	return spec;
}

static void test_nothing_is_asked_for(void **state)
{
	struct vifspec nothing = { .mtu = 0 };
	struct vifspec spec = parsed("");

	assert_memory_equal(&spec, &nothing, sizeof(spec));
	spec = parsed(",,");
	assert_memory_equal(&spec, &nothing, sizeof(spec));
}

static void test_every_word(void **state)
{
	struct vifspec spec =
		parsed("mac=00:16:3E:00:0a:01,bridge=xenbr1,mtu=9000,ip=10.1.2.3/16,vifname=up0,"
		       "script=/etc/xen/scripts/vif-route,devid=3,type=own-tap,backend=0,"
		       "gatewaydev=eth9,rate=1MB/s@20ms,untrusted");
	const uint8_t mac[6] = { 0x00, 0x16, 0x3e, 0x00, 0x0a, 0x01 };

	assert_memory_equal(spec.mac, mac, 6);
	assert_string_equal(spec.bridge, "xenbr1");
	assert_int_equal(spec.mtu, 9000);
	assert_string_equal(spec.ip, "10.1.2.3/16");
	assert_string_equal(spec.vifname, "up0");
	assert_string_equal(spec.script, "/etc/xen/scripts/vif-route");
	assert_true(spec.has_devid);
	assert_int_equal(spec.devid, 3);
	assert_int_equal(spec.type, VIFSPEC_OWN_TAP);
	assert_string_equal(spec.gatewaydev, "eth9");
	assert_int_equal(spec.rate.bytes, 20000);
	assert_int_equal(spec.rate.usecs, 20000);
	assert_true(spec.untrusted);
	spec = parsed("type=vif,trusted,netdev=eth1,backend=Domain-0");
	assert_int_equal(spec.type, VIFSPEC_BRIDGED);
	assert_false(spec.untrusted);
	assert_string_equal(spec.gatewaydev, "eth1");
}

/* As xl-network-configuration(5) has them. */
static void test_rates(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes;
		uint32_t usec;
	} rates[] = {
		{ "rate=10Mb/s", 62500, 50000 },	 { "rate=250KB/s", 12500, 50000 },
		{ "rate=1MB/s@20ms", 20000, 20000 },	 { "rate=1GB/s@100us", 100000, 100 },
		{ "rate=8b/s@1s", 1, 1000000 },		 { "rate=1000B/s@1000ms", 1000, 1000000 },
		{ "rate=10Gb/s@50ms", 62500000, 50000 }, { "rate=5MB@2s", 5000000, 2000000 },
	};

	for (size_t i = 0; i < COUNT_OF(rates); i++) {
		struct vifspec spec = parsed(rates[i].text);

		if (spec.rate.bytes != rates[i].bytes || spec.rate.usecs != rates[i].usec)
			fail_msg("%s: %llu each %u us", rates[i].text,
				 (unsigned long long)spec.rate.bytes,
				 (unsigned int)spec.rate.usecs);
	}
}

static void test_what_is_refused(void **state)
{
	static const struct {
		const char *text, *named; /* what the complaint must have in it */
	} cases[] = {
		{ "mac=", "mac ''" },
		{ "mac=00:16:3e:00:00", "mac '00" },
		{ "mac=00:16:3e:00:00:01:02", "mac" },
		{ "mac=01:16:3e:00:00:01", "unicast" },
		{ "mac=00:00:00:00:00:00", "unicast" },
		{ "mac=0:16:3e:00:00:001", "unicast" },
		{ "mac", "without a value" },
		{ "mac=00:16:3e:00:00:01,mac=00:16:3e:00:00:02", "twice" },
		{ "bridge=", "bridge" },
		{ "bridge=a-bridge-of-17-ch", "1 to 15" },
		{ "bridge=a/b", "bridge" },
		{ "bridge=..", "bridge" },
		{ "bridge=a,bridge=b", "'bridge' twice" },
		{ "mtu=67", "68 to 65521" },
		{ "mtu=65522", "68 to 65521" },
		{ "mtu=-1500", "68 to 65521" },
		{ "mtu=1500x", "68 to 65521" },
		{ "mtu=99999999999999999999999", "68 to 65521" },
		{ "devid=8", "0 to 7" },
		{ "devid=-1", "0 to 7" },
		{ "devid=", "0 to 7" },
		{ "ip=10.0.0", "IPv4" },
		{ "ip=10.0.0.1/33", "IPv4" },
		{ "ip=10.0.0.1/", "IPv4" },
		{ "ip=0.0.0.0", "IPv4" },
		{ "ip=fe80::1", "IPv4" },
		{ "ip=10.0.0.1/000000000000000000024", "IPv4" },
		{ "vifname=a-name-that-is-long", "1 to 15" },
		{ "vifname=a b", "vifname" },
		{ "script=", "1 to 127" },
		{ "script=a b", "without spaces" },
		{ "gatewaydev=a/b", "gatewaydev" },
		{ "type=ioemu", "own-tap" },
		{ "model=e1000", "no device is emulated" },
		{ "backend=1", "no other backend" },
		{ "rate=10", "rate" },
		{ "rate=10Tb/s", "rate" },
		{ "rate=10Mb", "rate" },
		{ "rate=0Mb/s", "rate" },
		{ "rate=10Mb/s@", "rate" },
		{ "rate=10Mb/s@50", "rate" },
		{ "rate=10Mb/s@2s", "rate" },
		{ "rate=10MB", "rate" },
		{ "rate=10Mb@2s", "rate" },
		{ "rate=0MB@2s", "rate" },
		{ "rate=10MB@2s/s", "rate" },
		{ "rate=99999GB@2s", "rate" },
		{ "rate=10Mb/s@0ms", "rate" },
		{ "rate=18446744073709551615GB/s", "rate" },
		{ "rate=7b/s@1s", "rate" },
		{ "trusted=yes", "no value" },
		{ "brigde=xenbr0", "did you mean 'bridge'" },
		{ "mtuu=1500", "did you mean 'mtu'" },
		{ "nonsense", "unknown key 'nonsense'" },
		{ "=1", "unknown key ''" },
	};
	char error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		error[0] = '\0';
		if (vifspec_parse(&spec, cases[i].text, error) != -EINVAL)
			fail_msg("'%s' was taken", cases[i].text);
		if (!strstr(error, cases[i].named))
			fail_msg("'%s': '%s' has no '%s'", cases[i].text, error, cases[i].named);
	}
}

static void test_very_long(void **state)
{
	char text[8192], error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec;

	memset(text, 'x', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	assert_int_equal(vifspec_parse(&spec, text, error), -EINVAL);
	assert_non_null(strstr(error, "longer than"));
	memcpy(text, "script=", 7);
	text[7 + VIFSPEC_SCRIPT_BYTES] = '\0';
	assert_int_equal(vifspec_parse(&spec, text, error), -EINVAL);
	text[7 + VIFSPEC_SCRIPT_BYTES - 1] = '\0';
	assert_int_equal(vifspec_parse(&spec, text, error), 0);
}

static void test_printed_is_parsed(void **state)
{
	static const char *const specs[] = {
		"",
		"devid=0",
		"mac=00:16:3e:00:00:01,bridge=xenbr0,mtu=1500",
		"devid=7,type=own-tap,mac=02:00:00:00:00:01,bridge=br9,mtu=68,ip=10.0.0.1/8,"
		"vifname=x,script=s,gatewaydev=g,rate=333B/s@777777us,untrusted",
		"rate=10Gb/s@1us",
		"rate=8b/s@1s",
	};
	char text[VIFSPEC_TEXT_BYTES];

	for (size_t i = 0; i < COUNT_OF(specs); i++) {
		struct vifspec first = parsed(specs[i]), second;

		assert_true(vifspec_print(&first, ',', text, sizeof(text)));
		second = parsed(text);
		if (memcmp(&first, &second, sizeof(first)))
			fail_msg("'%s' became '%s'", specs[i], text);
	}
}

static void test_no_room_to_print(void **state)
{
	struct vifspec spec = parsed("mac=00:16:3e:00:00:01,bridge=xenbr0");
	char text[24];

	assert_false(vifspec_print(&spec, ',', text, sizeof(text)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nothing_is_asked_for),
		cmocka_unit_test(test_every_word),
		cmocka_unit_test(test_rates),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_very_long),
		cmocka_unit_test(test_printed_is_parsed),
		cmocka_unit_test(test_no_room_to_print),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
