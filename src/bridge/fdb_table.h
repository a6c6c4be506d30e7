/*
 * What the forwarding database is made of: entries, the buckets that hold them, and
 * how one is found. For the files of the database only: fdb.h is what others see.
 *
 * An address lives in its first bucket or, if that was full when it came, in
 * its second; every bucket counts the addresses that it sent on, so that a
 * look-up opens the second one only when it may find something there.
 *
 * There are twice as many places as addresses allowed. So most addresses find
 * room in their first bucket. Where both are full, an address of the first
 * moves to its other bucket: it is the limit that refuses, and hardly ever
 * chance (one in about 100,000 in a full table).
 *
 * Readers see an entry's address and port together, as one word; its age is
 * another, and one that is of the entry's former or next tenant does no harm:
 * a frame is flooded once, or once more goes where the address lived. Only an
 * address that is being moved could be missed altogether, on its way from a
 * place that was not looked at yet to one that was. So moves are counted
 * between the new place and the end of the old one, and who finds nothing looks
 * whether one was made meanwhile.
 */
#ifndef BRIDGE_FDB_TABLE_H
#define BRIDGE_FDB_TABLE_H

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "bridge/atomic.h"
#include "bridge/fdb.h"
#include "bridge/port.h"

enum { BUCKET_ENTRIES = 4 };

struct entry {
	uint64_t key;  /* the address above the port; 0: free */
	uint64_t seen; /* when, in ms, above what the bucket sent on (first entry only) */
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
	uint64_t secret[2];
	uint64_t moves; /* between an address' two buckets */
	/* Changed under the lock, in a cache line that readers do not need. */
	_Alignas(64) pthread_mutex_t lock;
	uint64_t swept_ms;
	uint64_t refused; /* without the lock, too */
	struct fdb_stats stats;
	uint32_t per_port[PORT_NONE + 1];
};

struct places {
	struct bucket *first;
	struct bucket *second;
};

/* The address in the upper 48 bits, in registers: put together in memory it would
 * wait for its own two stores. */
static inline uint64_t fdb_key_of(const uint8_t mac[6])
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return (uint64_t)high << 48 | (uint64_t)low << 16;
}

static inline uint64_t fdb_address_of(uint64_t key)
{
	return key & ~(uint64_t)0xffff;
}

static inline uint64_t fdb_key_in(const struct entry *entry)
{
	return atomic_read(&entry->key);
}

static inline uint16_t fdb_port_of(const struct entry *entry)
{
	return (uint16_t)fdb_key_in(entry);
}

static inline uint64_t fdb_seen_ms(const struct entry *entry)
{
	return atomic_read(&entry->seen) >> 16;
}

static inline void fdb_set_seen(struct entry *entry, uint64_t ms)
{
	atomic_write(&entry->seen, ms << 16 | (uint16_t)entry->seen);
}

static inline uint16_t fdb_sent_on(const struct bucket *bucket)
{
	return (uint16_t)atomic_read(&bucket->entries[0].seen);
}

static inline void fdb_add_sent_on(struct bucket *bucket, int n)
{
	atomic_write(&bucket->entries[0].seen, bucket->entries[0].seen + (uint64_t)(int64_t)n);
}

/* Both halves of a 128-bit product, folded (as wyhash mixes). */
static inline struct places fdb_places_of(const struct fdb *fdb, uint64_t address)
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

/* *key as it was found: a moment later the place may be another's. All four are
 * compared at once: which one it is no processor guesses. */
static inline struct entry *fdb_find_in(struct bucket *bucket, uint64_t address, uint64_t *key)
{
	uint64_t keys[BUCKET_ENTRIES];
	unsigned int found = 0, at;

	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		keys[i] = fdb_key_in(&bucket->entries[i]);
		found |= (unsigned int)(fdb_address_of(keys[i]) == address) << i;
	}
	at = (unsigned int)__builtin_ctz(found | 1u << (BUCKET_ENTRIES - 1));
	*key = keys[at];
	return found ? &bucket->entries[at] : NULL;
}

static inline struct entry *fdb_find_key(struct places places, uint64_t address, uint64_t *key)
{
	struct entry *entry = fdb_find_in(places.first, address, key);

	if (!entry && fdb_sent_on(places.first))
		entry = fdb_find_in(places.second, address, key);
	return entry;
}

static inline struct entry *fdb_find(struct places places, uint64_t address)
{
	uint64_t key;

	return fdb_find_key(places, address, &key);
}

static inline uint64_t fdb_age_of(const struct entry *entry, uint64_t now_ms)
{
	uint64_t seen = fdb_seen_ms(entry);

	return now_ms > seen ? now_ms - seen : 0;
}

static inline bool fdb_is_expired(const struct fdb *fdb, const struct entry *entry, uint64_t now_ms)
{
	return fdb_age_of(entry, now_ms) >= fdb->ageing_ms;
}

static inline bool fdb_lives_in(const struct bucket *bucket, const struct entry *entry)
{
	return entry >= bucket->entries && entry < bucket->entries + BUCKET_ENTRIES;
}

#endif
