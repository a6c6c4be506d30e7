#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/fdb.h"
#include "bridge/port.h"
#include "io/state.h"

enum { ENTRIES = 1024, AGEING_MS = 300000 };

static const struct fdb_config config = {
	.entries = ENTRIES,
	.ageing_ms = AGEING_MS,
	.secret = { 0x0123456789abcdef, 0xfedcba9876543210 },
};

static struct fdb *create(uint32_t max_per_port)
{
	struct fdb_config limited = config;
	struct fdb *fdb;

	limited.max_per_port = max_per_port;
	fdb = fdb_create(&limited);
	assert_non_null(fdb);
	return fdb;
}

static uint8_t *mac_of(uint32_t number)
{
	static uint8_t macs[4][6];
	static unsigned int next;
	uint8_t *mac = macs[next++ % 4];

	mac[0] = 0x02;
	mac[1] = 0x16;
	for (unsigned int i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(number >> (24 - 8 * i));
	return mac;
}

static struct fdb_stats stats_of(struct fdb *fdb)
{
	struct fdb_stats stats;

	fdb_stats(fdb, &stats);
	return stats;
}

/* l learn on port, L a learning that is refused, ? look up and expect port
 * (PORT_NONE: unknown); all of one address, at times of their own. */
static void one_address_over_time(void **state)
{
	static const struct {
		const char *name;
		char what;
		uint16_t port;
		uint64_t now_ms;
	} steps[] = {
		{ "nothing yet", '?', PORT_NONE, 1000 },
		{ "learn", 'l', 3, 1000 },
		{ "known", '?', 3, 1000 },
		{ "known until it ages", '?', 3, 1000 + AGEING_MS - 1 },
		{ "aged", '?', PORT_NONE, 1000 + AGEING_MS },
		{ "a clock that went back", '?', 3, 500 },
		{ "refresh", 'l', 3, 3000 },
		{ "refreshed", '?', 3, 3000 + AGEING_MS - 1 },
		{ "move", 'l', 9, 4000 },
		{ "moved", '?', 9, 4000 },
		{ "a move refreshes", '?', 9, 4000 + AGEING_MS - 1 },
		{ "learn again after it aged", 'l', 5, 5000 + AGEING_MS },
		{ "on the other port", '?', 5, 5000 + AGEING_MS },
	};
	struct fdb *fdb = create(0);

	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		const uint8_t *mac = mac_of(7);

		if (steps[i].what == 'l' && !fdb_learn(fdb, mac, steps[i].port, steps[i].now_ms))
			fail_msg("%s: refused", steps[i].name);
		if (steps[i].what == '?' && fdb_lookup(fdb, mac, steps[i].now_ms) != steps[i].port)
			fail_msg("%s", steps[i].name);
	}
	assert_int_equal(stats_of(fdb).entries, 1);
	assert_int_equal(stats_of(fdb).learned, 2);
	assert_int_equal(stats_of(fdb).moved, 1);
	assert_int_equal(stats_of(fdb).aged, 1);
	assert_int_equal(stats_of(fdb).refused, 0);
	fdb_destroy(fdb);
}

static void similar_addresses_differ(void **state)
{
	static const uint8_t base[6] = { 2, 2, 2, 2, 2, 2 };
	struct fdb *fdb = create(0);
	uint8_t mac[6];

	assert_true(fdb_learn(fdb, base, 1, 1));
	for (unsigned int bit = 0; bit < 48; bit++) {
		memcpy(mac, base, 6);
		mac[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_int_equal(fdb_lookup(fdb, mac, 1), PORT_NONE);
	}
	memset(mac, 0, 6);
	assert_int_equal(fdb_lookup(fdb, mac, 1), PORT_NONE);
	assert_false(fdb_learn(fdb, mac, 1, 1)); /* no address at all */
	fdb_destroy(fdb);
}

/* Every address up to the capacity finds its place and is found there. */
static void fills_to_its_capacity(void **state)
{
	struct fdb *fdb = create(0);

	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_true(fdb_learn(fdb, mac_of(i), (uint16_t)(i % 100), 1));
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(fdb_lookup(fdb, mac_of(i), 1), i % 100);
	assert_int_equal(stats_of(fdb).entries, ENTRIES);
	assert_false(fdb_learn(fdb, mac_of(ENTRIES), 1, 1));
	assert_int_equal(fdb_lookup(fdb, mac_of(ENTRIES), 1), PORT_NONE);
	assert_true(fdb_learn(fdb, mac_of(5), 101, 2)); /* moving needs no room */
	assert_int_equal(stats_of(fdb).refused, 1);
	fdb_destroy(fdb);
}

static void a_flood_of_addresses_is_bounded(void **state)
{
	struct fdb *fdb = create(50);
	uint32_t taken = 0;

	assert_true(fdb_learn(fdb, mac_of(0xffffffff), 2, 1));
	for (uint32_t i = 0; i < 1000000; i++)
		taken += fdb_learn(fdb, mac_of(i), 1, 1);
	assert_int_equal(taken, 50);
	assert_int_equal(stats_of(fdb).entries, 51);
	assert_int_equal(stats_of(fdb).refused, 1000000 - 50);
	assert_int_equal(fdb_lookup(fdb, mac_of(0xffffffff), 1), 2);
	assert_true(fdb_learn(fdb, mac_of(0xfffffffe), 2, 1));	/* others learn on */
	assert_false(fdb_learn(fdb, mac_of(0xfffffffe), 1, 1)); /* nor can it take theirs */
	assert_int_equal(fdb_lookup(fdb, mac_of(0xfffffffe), 1), 2);
	fdb_destroy(fdb);
}

static void expired_entries_make_room(void **state)
{
	struct fdb *fdb = create(0);
	uint64_t later = 1 + AGEING_MS;

	for (uint32_t i = 0; i < ENTRIES; i++)
		fdb_learn(fdb, mac_of(i), 1, 1);
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_true(fdb_learn(fdb, mac_of(1000000 + i), 2, later));
	for (uint32_t i = 0; i < ENTRIES; i++) {
		assert_int_equal(fdb_lookup(fdb, mac_of(i), later), PORT_NONE);
		assert_int_equal(fdb_lookup(fdb, mac_of(1000000 + i), later), 2);
	}
	assert_int_equal(stats_of(fdb).aged, ENTRIES);
	assert_int_equal(stats_of(fdb).entries, ENTRIES);
	fdb_destroy(fdb);
}

static void forgets_a_port(void **state)
{
	struct fdb *fdb = create(ENTRIES / 2);

	for (unsigned int round = 0; round < 20; round++) {
		for (uint32_t i = 0; i < ENTRIES; i++)
			assert_true(fdb_learn(fdb, mac_of(i), (uint16_t)(i % 2), 1));
		fdb_forget_port(fdb, 1);
		assert_int_equal(stats_of(fdb).entries, ENTRIES / 2);
		for (uint32_t i = 0; i < ENTRIES; i++)
			assert_int_equal(fdb_lookup(fdb, mac_of(i), 1), i % 2 ? PORT_NONE : 0);
	}
	fdb_flush(fdb);
	assert_int_equal(stats_of(fdb).entries, 0);
	for (uint32_t i = 0; i < ENTRIES; i++)
		assert_int_equal(fdb_lookup(fdb, mac_of(i), 1), PORT_NONE);
	fdb_destroy(fdb);
}

static void lists_the_living(void **state)
{
	static struct fdb_entry list[ENTRIES];
	static bool seen[100];
	struct fdb *fdb = create(0);

	for (uint32_t i = 0; i < 100; i++)
		fdb_learn(fdb, mac_of(i), (uint16_t)i, i < 50 ? 1 : 1000);
	assert_int_equal(fdb_list(fdb, 1500, list, ENTRIES), 100);
	assert_int_equal(fdb_list(fdb, 1500, list, 30), 30);
	assert_int_equal(fdb_list(fdb, 500 + AGEING_MS, list, ENTRIES), 50);
	for (unsigned int i = 0; i < 50; i++) {
		assert_in_range(list[i].port, 50, 99);
		assert_false(seen[list[i].port]);
		seen[list[i].port] = true;
		assert_memory_equal(list[i].mac, mac_of(list[i].port), 6);
		assert_int_equal(list[i].age_ms, AGEING_MS - 500);
	}
	fdb_destroy(fdb);
}

/* Against a table too simple to be wrong, with all operations mixed. */
static void agrees_with_a_plain_table(void **state)
{
	enum { MACS = 1500, STEPS = 300000, PORTS = 8 };
	static struct {
		uint16_t port;
		uint64_t seen;
	} plain[MACS];
	struct fdb *fdb = create(0);
	uint64_t now = 1;

	srand(4);
	for (unsigned int i = 0; i < MACS; i++)
		plain[i].port = PORT_NONE;
	for (unsigned int step = 0; step < STEPS; step++) {
		uint32_t i = (uint32_t)rand() % MACS;
		uint16_t port = (uint16_t)(rand() % PORTS);
		bool alive = plain[i].port != PORT_NONE && now - plain[i].seen < AGEING_MS;

		if (rand() % 20000 == 0)
			now += AGEING_MS / 2;
		else if (rand() % 20000 == 0) {
			fdb_forget_port(fdb, port);
			for (unsigned int k = 0; k < MACS; k++)
				if (plain[k].port == port)
					plain[k].port = PORT_NONE;
		} else if (rand() % 2) {
			assert_int_equal(fdb_lookup(fdb, mac_of(i), now),
					 alive ? plain[i].port : PORT_NONE);
		} else if (fdb_learn(fdb, mac_of(i), port, now)) {
			plain[i].port = port;
			plain[i].seen = now;
		} else {
			assert_int_equal(stats_of(fdb).entries, ENTRIES);
			assert_false(alive);
		}
	}
	fdb_destroy(fdb);
}

/* Ports have other numbers then; one of them is no more. */
static void test_it_is_carried(void **state)
{
	uint16_t ports[BRIDGE_MAX_PORTS];
	struct fdb *fdb = create(0), *fresh = create(0);
	struct state saved, restored;

	memset(ports, 0xff, sizeof(ports));
	for (uint16_t port = 0; port < 4; port++)
		ports[port] = port == 3 ? PORT_NONE : 10 + port;
	for (uint32_t i = 0; i < 400; i++)
		assert_true(fdb_learn(fdb, mac_of(i), (uint16_t)(i % 4), 1000 + i));
	state_save(&saved);
	fdb_carry(fdb, &saved, NULL);
	assert_int_equal(state_seal(&saved), 0);
	assert_int_equal(state_restore(&restored, saved.bytes, saved.at, NULL, 0), 0);
	fdb_carry(fresh, &restored, ports);
	assert_null(restored.fault);
	for (uint32_t i = 0; i < 400; i++) {
		uint16_t port = i % 4 == 3 ? PORT_NONE : (uint16_t)(10 + i % 4);

		assert_int_equal(fdb_lookup(fresh, mac_of(i), 2000), port);
		assert_int_equal(fdb_lookup(fresh, mac_of(i), 1000 + i + AGEING_MS), PORT_NONE);
	}
	assert_int_equal(stats_of(fresh).entries, 300);
	assert_int_equal(stats_of(fresh).learned, 400);
	state_fini(&saved);
	fdb_destroy(fdb);
	fdb_destroy(fresh);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_address_over_time),
		cmocka_unit_test(similar_addresses_differ),
		cmocka_unit_test(fills_to_its_capacity),
		cmocka_unit_test(a_flood_of_addresses_is_bounded),
		cmocka_unit_test(expired_entries_make_room),
		cmocka_unit_test(forgets_a_port),
		cmocka_unit_test(lists_the_living),
		cmocka_unit_test(agrees_with_a_plain_table),
		cmocka_unit_test(test_it_is_carried),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
