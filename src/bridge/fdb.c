#include "bridge/fdb.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/port.h"

/*
 * An address lives in its first bucket or, if that was full when it came, in
 * its second; every bucket counts the addresses that it sent on, so that a
 * look-up opens the second one only when it may find something there.
 *
 * There are twice as many places as addresses allowed. So most addresses find
 * room in their first bucket. Where both are full, an address of the first
 * moves to its other bucket: it is the limit that refuses, and hardly ever
 * chance (one in about 100,000 in a full table).
 */

enum { BUCKET_ENTRIES = 4, SWEEP_MS = 1000, REFRESH_MS = 1000 };

struct entry {
	uint64_t key; /* the address above the port; 0: free */
	uint64_t seen_ms : 48;
	uint64_t sent_on : 16; /* of the bucket; in its first entry only */
};

struct bucket {
	_Alignas(64) struct entry entries[BUCKET_ENTRIES];
};

static_assert(sizeof(struct bucket) == 64, "one cache line");

struct fdb {
	struct bucket *buckets;
	uint32_t mask;
	uint32_t capacity;
	uint32_t max_per_port;
	uint32_t ageing_ms;
	uint32_t refresh_ms;
	uint64_t swept_ms;
	uint64_t secret[2];
	struct fdb_stats stats;
	uint32_t per_port[PORT_NONE + 1];
};

struct places {
	struct bucket *first;
	struct bucket *second;
};

static uint32_t power_of_two(uint32_t at_least)
{
	uint32_t n = 8;

	while (n < at_least && n < 1u << 30)
		n *= 2;
	return n;
}

struct fdb *fdb_create(const struct fdb_config *config)
{
	struct fdb *fdb = calloc(1, sizeof(*fdb));
	uint32_t buckets = power_of_two(config->entries) / BUCKET_ENTRIES * 2;

	if (!fdb)
		return NULL;
	fdb->buckets = aligned_alloc(64, buckets * sizeof(struct bucket));
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
	free(fdb->buckets);
	free(fdb);
}

/* The address in the upper 48 bits. */
static uint64_t key_of(const uint8_t mac[6])
{
	uint64_t key = 0;

	memcpy((uint8_t *)&key + 2, mac, 6);
	return key;
}

static uint64_t address_of(uint64_t key)
{
	return key & ~(uint64_t)0xffff;
}

static uint16_t port_of(const struct entry *entry)
{
	return (uint16_t)entry->key;
}

/* Both halves of a 128-bit product, folded (as wyhash mixes). */
static struct places places_of(const struct fdb *fdb, uint64_t address)
{
	unsigned __int128 product = (unsigned __int128)(address ^ fdb->secret[0]) *
				    (fdb->secret[1] ^ 0xa0761d6478bd642f);
	uint64_t hash = (uint64_t)product ^ (uint64_t)(product >> 64);
	uint32_t first = (uint32_t)hash & fdb->mask;
	uint32_t second = (uint32_t)(hash >> 32) & fdb->mask;

	return (struct places){
		&fdb->buckets[first],
		&fdb->buckets[second == first ? second ^ 1 : second],
	};
}

static struct entry *find_in(struct bucket *bucket, uint64_t address)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++)
		if (address_of(bucket->entries[i].key) == address)
			return &bucket->entries[i];
	return NULL;
}

static struct entry *find(struct places places, uint64_t address)
{
	struct entry *entry = find_in(places.first, address);

	if (!entry && places.first->entries[0].sent_on)
		entry = find_in(places.second, address);
	return entry;
}

static uint64_t age_of(const struct entry *entry, uint64_t now_ms)
{
	return now_ms > entry->seen_ms ? now_ms - entry->seen_ms : 0;
}

static bool is_expired(const struct fdb *fdb, const struct entry *entry, uint64_t now_ms)
{
	return age_of(entry, now_ms) >= fdb->ageing_ms;
}

static bool lives_in(const struct bucket *bucket, const struct entry *entry)
{
	return entry >= bucket->entries && entry < bucket->entries + BUCKET_ENTRIES;
}

static void remove_entry(struct fdb *fdb, struct entry *entry)
{
	struct places places = places_of(fdb, address_of(entry->key));

	if (!lives_in(places.first, entry))
		places.first->entries[0].sent_on--;
	fdb->per_port[port_of(entry)]--;
	fdb->stats.entries--;
	entry->key = 0;
}

static void age_out(struct fdb *fdb, struct entry *entry)
{
	remove_entry(fdb, entry);
	fdb->stats.aged++;
}

uint16_t fdb_lookup(const struct fdb *fdb, const uint8_t mac[6], uint64_t now_ms)
{
	uint64_t address = key_of(mac);
	const struct entry *entry = find(places_of(fdb, address), address);

	return entry && entry->key && !is_expired(fdb, entry, now_ms) ? port_of(entry) : PORT_NONE;
}

static struct entry *find_room(struct fdb *fdb, struct bucket *bucket, uint64_t now_ms)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket->entries[i];

		if (entry->key && is_expired(fdb, entry, now_ms))
			age_out(fdb, entry);
		if (!entry->key)
			return entry;
	}
	return NULL;
}

static void settle(struct entry *entry, struct places places, uint64_t key, uint64_t seen_ms)
{
	if (!lives_in(places.first, entry))
		places.first->entries[0].sent_on++;
	entry->key = key;
	entry->seen_ms = seen_ms;
}

/* Moves one address of a full bucket to the other one it may live in. The
 * entry that became free, or NULL. */
static struct entry *make_room(struct fdb *fdb, struct bucket *bucket, uint64_t now_ms)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket->entries[i];
		struct places places = places_of(fdb, address_of(entry->key));
		bool spilled = bucket != places.first;
		struct entry *room = find_room(fdb, spilled ? places.first : places.second,
					       now_ms);

		if (!room)
			continue;
		settle(room, places, entry->key, entry->seen_ms);
		if (spilled)
			places.first->entries[0].sent_on--;
		entry->key = 0;
		return entry;
	}
	return NULL;
}

/* At a limit, expired entries elsewhere must not count; once a second, so that
 * a flood of addresses cannot make every frame cost a pass over the table. */
static void sweep(struct fdb *fdb, uint64_t now_ms)
{
	if (now_ms < fdb->swept_ms + SWEEP_MS && fdb->swept_ms)
		return;
	fdb->swept_ms = now_ms;
	for (uint32_t b = 0; b <= fdb->mask; b++) {
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			struct entry *entry = &fdb->buckets[b].entries[i];

			if (entry->key && is_expired(fdb, entry, now_ms))
				age_out(fdb, entry);
		}
	}
}

static bool is_at_limit(const struct fdb *fdb, uint16_t port)
{
	return fdb->stats.entries >= fdb->capacity || fdb->per_port[port] >= fdb->max_per_port;
}

static bool refuse(struct fdb *fdb)
{
	fdb->stats.refused++;
	return false;
}

static bool insert(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	struct places places = places_of(fdb, address);
	struct entry *entry;

	if (is_at_limit(fdb, port))
		sweep(fdb, now_ms);
	if (is_at_limit(fdb, port))
		return refuse(fdb);
	entry = find_room(fdb, places.first, now_ms);
	if (!entry)
		entry = find_room(fdb, places.second, now_ms);
	if (!entry)
		entry = make_room(fdb, places.first, now_ms);
	if (!entry)
		return refuse(fdb);
	settle(entry, places, address | port, now_ms);
	fdb->per_port[port]++;
	fdb->stats.entries++;
	fdb->stats.learned++;
	return true;
}

static bool move(struct fdb *fdb, struct entry *entry, uint16_t port, uint64_t now_ms)
{
	if (fdb->per_port[port] >= fdb->max_per_port)
		return refuse(fdb);
	fdb->per_port[port_of(entry)]--;
	fdb->per_port[port]++;
	fdb->stats.moved++;
	entry->key = address_of(entry->key) | port;
	entry->seen_ms = now_ms;
	return true;
}

bool fdb_learn(struct fdb *fdb, const uint8_t mac[6], uint16_t port, uint64_t now_ms)
{
	uint64_t address = key_of(mac);
	struct entry *entry;

	if (!address) /* a free entry would pass for it */
		return refuse(fdb);
	entry = find(places_of(fdb, address), address);
	if (entry && is_expired(fdb, entry, now_ms)) {
		age_out(fdb, entry);
		entry = NULL;
	}
	if (!entry)
		return insert(fdb, address, port, now_ms);
	if (port_of(entry) != port)
		return move(fdb, entry, port, now_ms);
	if (age_of(entry, now_ms) > fdb->refresh_ms)
		entry->seen_ms = now_ms;
	return true;
}

void fdb_forget_port(struct fdb *fdb, uint16_t port)
{
	for (uint32_t b = 0; b <= fdb->mask && fdb->per_port[port]; b++) {
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			struct entry *entry = &fdb->buckets[b].entries[i];

			if (entry->key && port_of(entry) == port)
				remove_entry(fdb, entry);
		}
	}
}

void fdb_flush(struct fdb *fdb)
{
	memset(fdb->buckets, 0, (fdb->mask + 1) * sizeof(struct bucket));
	memset(fdb->per_port, 0, sizeof(fdb->per_port));
	fdb->stats.entries = 0;
}

void fdb_stats(const struct fdb *fdb, struct fdb_stats *stats)
{
	*stats = fdb->stats;
}

uint32_t fdb_list(const struct fdb *fdb, uint64_t now_ms, struct fdb_entry *list, uint32_t max)
{
	const struct entry *entry = fdb->buckets[0].entries;
	const struct entry *end = fdb->buckets[fdb->mask].entries + BUCKET_ENTRIES;
	uint32_t n = 0;

	for (; entry < end && n < max; entry++) {
		if (!entry->key || is_expired(fdb, entry, now_ms))
			continue;
		memcpy(list[n].mac, (const uint8_t *)&entry->key + 2, 6);
		list[n].port = port_of(entry);
		list[n].age_ms = age_of(entry, now_ms);
		n++;
	}
	return n;
}
