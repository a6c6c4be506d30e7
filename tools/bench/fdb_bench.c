#include "bench/fdb_bench.h"

#include <stdlib.h>
#include <string.h>

#include "bench/micro.h"
#include "bridge/fdb.h"
#include "bridge/port.h"
#include "io/log.h"
#include "support/random.h"

enum {
	CAPACITY = 65536,
	AGEING_MS = 300000,
	NOW_MS = 1000,
	PORT = 1,
	ROUND = 1024,  /* look-ups a piece of work */
	COLLIDERS = 64 /* tried; few of them find room */
};

static const uint32_t sizes[] = { 16, 256, 1000, 4096, 16384, 64000 };

enum { TABLES = sizeof(sizes) / sizeof(sizes[0]) };

/* What is looked up in which table, in an order without a pattern. */
struct query {
	const struct fdb *fdb;
	uint8_t (*macs)[6];
	uint32_t nr, next;
	bool hits;
};

struct fdb_bench {
	struct fdb *tables[TABLES], *collisions;
	struct query hits[TABLES], misses[TABLES], few, colliding, colliding_miss;
	struct micro micro;
};

static uint64_t look_up(void *arg)
{
	struct query *query = arg;
	uint32_t found = 0;

	for (unsigned int i = 0; i < ROUND; i++) {
		found += fdb_lookup(query->fdb, query->macs[query->next], NOW_MS) == PORT;
		query->next = query->next + 1 < query->nr ? query->next + 1 : 0;
	}
	return found == (query->hits ? ROUND : 0) ? ROUND : 0;
}

static void mac_of(uint32_t number, uint8_t mac[6])
{
	memcpy(mac,
	       (uint8_t[6]){ 0x00, 0x16, 0x3e, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
			     (uint8_t)number },
	       6);
}

/* `nr` addresses from `first` on, shuffled. */
static struct query make_query(const struct fdb *fdb, uint32_t first, uint32_t nr, bool hits)
{
	struct query query = {
		.fdb = fdb, .macs = malloc(nr * sizeof(*query.macs)), .nr = nr, .hits = hits
	};
	uint64_t state = 1;
	uint8_t mac[6];

	for (uint32_t i = 0; query.macs && i < nr; i++) {
		uint32_t other = random_below(&state, i + 1);

		mac_of(first + i, mac);
		memcpy(query.macs[i], query.macs[other], 6);
		memcpy(query.macs[other], mac, 6);
	}
	return query;
}

/* How many of them were accepted. */
static uint32_t learn(struct fdb *fdb, uint32_t nr)
{
	uint32_t learned = 0;
	uint8_t mac[6];

	for (uint32_t i = 0; i < nr; i++) {
		mac_of(i, mac);
		learned += fdb_learn(fdb, mac, PORT, NOW_MS);
	}
	return learned;
}

static int make_tables(struct fdb_bench *bench)
{
	const struct fdb_config config = { .entries = CAPACITY,
					   .ageing_ms = AGEING_MS,
					   .secret = { 0x123456789abcdef, 0xfedcba987654321 } };

	for (unsigned int i = 0; i < TABLES; i++) {
		struct fdb *fdb = bench->tables[i] = fdb_create(&config);

		if (!fdb || learn(fdb, sizes[i]) != sizes[i])
			return -1;
		bench->hits[i] = make_query(fdb, 0, sizes[i], true);
		bench->misses[i] = make_query(fdb, 1 << 20, sizes[i], false);
		micro_add(&bench->micro, look_up, &bench->hits[i], 0, "hit, %u entries", sizes[i]);
		micro_add(&bench->micro, look_up, &bench->misses[i], 0, "miss, %u entries",
			  sizes[i]);
	}
	bench->few = make_query(bench->tables[TABLES - 1], 0, 1000, true);
	micro_add(&bench->micro, look_up, &bench->few, 0, "hit of 1000, %u entries",
		  sizes[TABLES - 1]);
	return 0;
}

/*
 * With this secret the table's mixing multiplies by 0, so that all addresses share
 * their two places: as if somebody knew the secret and chose them. Nobody checks
 * that but the table itself: it must run out of room after a few.
 */
static int make_collisions(struct fdb_bench *bench)
{
	const struct fdb_config config = { .entries = CAPACITY,
					   .ageing_ms = AGEING_MS,
					   .secret = { 0, 0xa0761d6478bd642f } };
	uint32_t nr;

	bench->collisions = fdb_create(&config);
	nr = bench->collisions ? learn(bench->collisions, COLLIDERS) : COLLIDERS;
	if (!nr || nr == COLLIDERS)
		return -1;
	bench->colliding = make_query(bench->collisions, 0, nr, true);
	bench->colliding_miss = make_query(bench->collisions, 1 << 20, COLLIDERS, false);
	micro_add(&bench->micro, look_up, &bench->colliding, 0, "hit, %u that collide", nr);
	micro_add(&bench->micro, look_up, &bench->colliding_miss, 0, "miss, %u that collide", nr);
	return 0;
}

static void destroy(struct fdb_bench *bench)
{
	for (unsigned int i = 0; i < TABLES; i++) {
		if (bench->tables[i])
			fdb_destroy(bench->tables[i]);
		free(bench->hits[i].macs);
		free(bench->misses[i].macs);
	}
	if (bench->collisions)
		fdb_destroy(bench->collisions);
	free(bench->few.macs);
	free(bench->colliding.macs);
	free(bench->colliding_miss.macs);
}

int fdb_bench_run(const struct options *options, struct report *report)
{
	static struct fdb_bench bench;
	int status = EXIT_FAILED;

	micro_init(&bench.micro, options);
	if (make_tables(&bench))
		log_complain("cannot measure: fdb: a table refuses addresses; free some memory");
	else if (make_collisions(&bench))
		log_complain("cannot measure: fdb: addresses do not collide; please report it");
	else
		status = micro_run(&bench.micro, report);
	destroy(&bench);
	return status;
}
