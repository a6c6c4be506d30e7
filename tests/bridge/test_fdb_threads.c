/*
 * Readers of the forwarding database while others change it: an address that
 * stays is found at its port at any moment, whatever comes, goes and moves
 * around it; one that changes its port is found at either.
 */
#include "support/unit.h"

#include <pthread.h>
#include <time.h>

#include "bridge/fdb.h"
#include "bridge/port.h"
#include "support/random.h"

enum {
	ENTRIES = 256,
	STAYERS = 120,
	ROAMERS = 8,
	GUESTS = 2000, /* that come and go: more than there is room for */
	GUEST_PORT = 100,
	ROAM_PORTS = 50, /* this one and the next */
	READERS = 2,
	RUN_MS = 300,
};

struct crowd {
	struct fdb *fdb;
	bool stop;
	uint64_t looked, wrong, changes;
};

static void mac_write(uint8_t mac[6], uint32_t number)
{
	mac[0] = 0x02;
	mac[1] = 0;
	for (unsigned int i = 0; i < 4; i++)
		mac[2 + i] = (uint8_t)(number >> (24 - 8 * i));
}

static bool learn(struct fdb *fdb, uint32_t number, uint16_t port)
{
	uint8_t mac[6];

	mac_write(mac, number);
	return fdb_learn(fdb, mac, port, 1);
}

static uint16_t look_up(struct fdb *fdb, uint32_t number)
{
	uint8_t mac[6];

	mac_write(mac, number);
	return fdb_lookup(fdb, mac, 1);
}

static bool is_over(struct crowd *crowd)
{
	return __atomic_load_n(&crowd->stop, __ATOMIC_RELAXED);
}

static void *read_on(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t wrong = 0;

	while (!is_over(crowd)) {
		for (uint32_t i = 0; i < STAYERS; i++)
			wrong += look_up(crowd->fdb, i) != i % 7;
		for (uint32_t i = 0; i < ROAMERS; i++)
			wrong += look_up(crowd->fdb, STAYERS + i) / 2 != ROAM_PORTS / 2;
		__atomic_fetch_add(&crowd->looked, STAYERS + ROAMERS, __ATOMIC_RELAXED);
	}
	__atomic_fetch_add(&crowd->wrong, wrong, __ATOMIC_RELAXED);
	return NULL;
}

static void *change(void *arg)
{
	struct crowd *crowd = arg;
	uint64_t random = 1, changes = 0;

	while (!is_over(crowd)) {
		for (unsigned int i = 0; i < 500; i++) {
			uint32_t guest = (uint32_t)(random_next(&random) % GUESTS);

			changes += learn(crowd->fdb, 10000 + guest, GUEST_PORT);
		}
		for (uint32_t i = 0; i < ROAMERS; i++)
			learn(crowd->fdb, STAYERS + i, (uint16_t)(ROAM_PORTS + changes % 2));
		fdb_forget_port(crowd->fdb, GUEST_PORT);
		__atomic_store_n(&crowd->changes, changes, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool has_hardly_begun(const struct crowd *crowd)
{
	return __atomic_load_n(&crowd->looked, __ATOMIC_RELAXED) <= 1000 ||
	       __atomic_load_n(&crowd->changes, __ATOMIC_RELAXED) <= 1000;
}

static void test_what_stays_is_found(void **state)
{
	const struct fdb_config config = { .entries = ENTRIES,
					   .ageing_ms = 300000,
					   .secret = { 3, 4 } };
	struct crowd crowd = { .fdb = fdb_create(&config) };
	struct timespec run = { 0, RUN_MS * 1000000 };
	pthread_t readers[READERS], changer;
	struct fdb_stats stats;

	assert_non_null(crowd.fdb);
	for (uint32_t i = 0; i < STAYERS; i++)
		assert_true(learn(crowd.fdb, i, (uint16_t)(i % 7)));
	for (uint32_t i = 0; i < ROAMERS; i++)
		assert_true(learn(crowd.fdb, STAYERS + i, ROAM_PORTS));
	for (unsigned int i = 0; i < READERS; i++)
		assert_int_equal(pthread_create(&readers[i], NULL, read_on, &crowd), 0);
	assert_int_equal(pthread_create(&changer, NULL, change, &crowd), 0);
	do
		nanosleep(&run, NULL);
	while (has_hardly_begun(&crowd)); /* a busy machine may not have let them */
	__atomic_store_n(&crowd.stop, true, __ATOMIC_RELAXED);
	pthread_join(changer, NULL);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(readers[i], NULL);
	assert_int_equal(crowd.wrong, 0);
	assert_false(has_hardly_begun(&crowd));
	fdb_stats(crowd.fdb, &stats);
	assert_int_equal(stats.entries, STAYERS + ROAMERS); /* the guests were forgotten */
	assert_true(stats.moved > 0);
	fdb_destroy(crowd.fdb);
}

/* Two that learn at once: nothing is counted twice, no limit is passed. */
struct learner {
	struct fdb *fdb;
	uint16_t port;
	uint64_t learned;
};

static void *learn_all(void *arg)
{
	struct learner *learner = arg;

	for (uint32_t i = 0; i < 20000; i++)
		learner->learned += learn(learner->fdb, learner->port << 20 | i, learner->port);
	return NULL;
}

static void test_limits_hold_for_all(void **state)
{
	const struct fdb_config config = {
		.entries = 1024, .ageing_ms = 300000, .max_per_port = 100, .secret = { 3, 4 }
	};
	struct fdb *fdb = fdb_create(&config);
	struct learner learners[2] = { { fdb, 1, 0 }, { fdb, 2, 0 } };
	struct fdb_stats stats;
	pthread_t threads[2];

	for (unsigned int i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, learn_all, &learners[i]), 0);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	fdb_stats(fdb, &stats);
	assert_int_equal(learners[0].learned, 100);
	assert_int_equal(learners[1].learned, 100);
	assert_int_equal(stats.entries, 200);
	assert_int_equal(stats.refused, 40000 - 200);
	fdb_destroy(fdb);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_stays_is_found),
		cmocka_unit_test(test_limits_hold_for_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
