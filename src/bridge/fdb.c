#include "bridge/fdb.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "bridge/fdb_place.h"

enum {
	REFRESH_MS = 1000,
	MOVES_AWAITED = 4,
	HUGE_PAGE_BYTES = 2 << 20,
	CACHED_ENTRIES = 512, /* so few stay in the cache by themselves */
};

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 8;

	while (n < at_least && n < 1u << 30)
		n *= 2;
	return n;
}

/* A big table is looked up all over: on huge pages, if there are any. */
static void *allocate_buckets(size_t bytes)
{
	bool is_big = bytes >= HUGE_PAGE_BYTES;
	void *buckets = aligned_alloc(is_big ? HUGE_PAGE_BYTES : 64, bytes);

	if (buckets && is_big)
		madvise(buckets, bytes, MADV_HUGEPAGE);
	return buckets;
}

struct fdb *fdb_create(const struct fdb_config *config)
{
	struct fdb *fdb = aligned_alloc(64, sizeof(*fdb));
	uint32_t buckets = power_of_two(config->entries) / BUCKET_ENTRIES * 2;

	if (!fdb)
		return NULL;
	memset(fdb, 0, sizeof(*fdb));
	pthread_mutex_init(&fdb->lock, NULL);
	fdb->buckets = allocate_buckets(buckets * sizeof(struct bucket));
	if (!fdb->buckets) {
		free(fdb);
		return NULL;
	}
	memset(fdb->buckets, 0, buckets * sizeof(struct bucket));
	fdb->mask = buckets - 1;
	fdb->capacity = buckets / 2 * BUCKET_ENTRIES;
	fdb->max_per_port = config->max_per_port ? config->max_per_port : UINT32_MAX;
	fdb->ageing_ms = config->ageing_ms;
	fdb->refresh_ms = config->ageing_ms / 8 < REFRESH_MS ? config->ageing_ms / 8 : REFRESH_MS;
	memcpy(fdb->secret, config->secret, sizeof(fdb->secret));
	return fdb;
}

void fdb_destroy(struct fdb *fdb)
{
	pthread_mutex_destroy(&fdb->lock);
	free(fdb->buckets);
	free(fdb);
}

void fdb_prefetch(const struct fdb *fdb, const uint8_t mac[6])
{
	if (atomic_peek(&fdb->stats.entries) > CACHED_ENTRIES)
		__builtin_prefetch(fdb_places_of(fdb, fdb_key_of(mac)).first);
}

uint16_t fdb_lookup(const struct fdb *fdb, const uint8_t mac[6], uint64_t now_ms)
{
	uint64_t address = fdb_key_of(mac);
	struct places places = fdb_places_of(fdb, address);
	uint64_t moves = atomic_read(&fdb->moves), before;
	uint64_t key;
	const struct entry *entry = fdb_find_key(places, address, &key);

	for (int i = 0; !entry && i < MOVES_AWAITED; i++) {
		before = moves;
		moves = atomic_read(&fdb->moves);
		if (moves == before)
			return PORT_NONE;
		entry = fdb_find_key(places, address, &key);
	}
	if (!entry || !address || fdb_is_expired(fdb, entry, now_ms))
		return PORT_NONE;
	return (uint16_t)key;
}

/* Seen where it was, and not long ago: nothing to change. */
static bool is_known(const struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	const struct entry *entry = fdb_find(fdb_places_of(fdb, address), address);

	return entry && fdb_age_of(entry, now_ms) <= fdb->refresh_ms &&
	       fdb_key_in(entry) == (address | port);
}

/* So that a flood of addresses from several threads does not queue for the
 * lock, to be refused. */
static bool is_refused(const struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	return fdb_place_is_full(fdb, port) && fdb_place_is_swept(fdb, now_ms) &&
	       !fdb_find(fdb_places_of(fdb, address), address);
}

bool fdb_learn(struct fdb *fdb, const uint8_t mac[6], uint16_t port, uint64_t now_ms)
{
	uint64_t address = fdb_key_of(mac);
	bool learned;

	if (!address) /* a free entry would pass for it */
		return fdb_place_refuse(fdb);
	if (is_known(fdb, address, port, now_ms))
		return true;
	if (is_refused(fdb, address, port, now_ms))
		return fdb_place_refuse(fdb);
	pthread_mutex_lock(&fdb->lock);
	learned = fdb_place_learn(fdb, address, port, now_ms);
	pthread_mutex_unlock(&fdb->lock);
	return learned;
}

void fdb_forget_port(struct fdb *fdb, uint16_t port)
{
	pthread_mutex_lock(&fdb->lock);
	for (uint32_t b = 0; b <= fdb->mask && fdb->per_port[port]; b++) {
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			struct entry *entry = &fdb->buckets[b].entries[i];

			if (entry->key && fdb_port_of(entry) == port)
				fdb_place_remove(fdb, entry);
		}
	}
	pthread_mutex_unlock(&fdb->lock);
}

void fdb_flush(struct fdb *fdb)
{
	pthread_mutex_lock(&fdb->lock);
	for (uint32_t b = 0; b <= fdb->mask; b++)
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++)
			if (fdb->buckets[b].entries[i].key)
				fdb_place_remove(fdb, &fdb->buckets[b].entries[i]);
	pthread_mutex_unlock(&fdb->lock);
}

void fdb_stats(struct fdb *fdb, struct fdb_stats *stats)
{
	pthread_mutex_lock(&fdb->lock);
	*stats = fdb->stats;
	stats->refused = __atomic_load_n(&fdb->refused, __ATOMIC_RELAXED);
	pthread_mutex_unlock(&fdb->lock);
}

uint32_t fdb_list(struct fdb *fdb, uint64_t now_ms, struct fdb_entry *list, uint32_t max)
{
	const struct entry *entry = fdb->buckets[0].entries;
	const struct entry *end = fdb->buckets[fdb->mask].entries + BUCKET_ENTRIES;
	uint32_t n = 0;

	pthread_mutex_lock(&fdb->lock);
	for (; entry < end && n < max; entry++) {
		if (!entry->key || fdb_is_expired(fdb, entry, now_ms))
			continue;
		memcpy(list[n].mac, (const uint8_t *)&entry->key + 2, 6);
		list[n].port = fdb_port_of(entry);
		list[n].age_ms = fdb_age_of(entry, now_ms);
		n++;
	}
	pthread_mutex_unlock(&fdb->lock);
	return n;
}
