#include "bridge/fdb.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "bridge/atomic.h"
#include "bridge/port.h"
#include "io/state.h"

/*
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

enum {
	BUCKET_ENTRIES = 4,
	SWEEP_MS = 1000,
	REFRESH_MS = 1000,
	MOVES_AWAITED = 4,
	HUGE_PAGE_BYTES = 2 << 20,
	CACHED_ENTRIES = 512, /* so few stay in the cache by themselves */
};

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

/* The address in the upper 48 bits, in registers: put together in memory it would
 * wait for its own two stores. */
static uint64_t key_of(const uint8_t mac[6])
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return (uint64_t)high << 48 | (uint64_t)low << 16;
}

static uint64_t address_of(uint64_t key)
{
	return key & ~(uint64_t)0xffff;
}

static uint64_t key_in(const struct entry *entry)
{
	return atomic_read(&entry->key);
}

static uint16_t port_of(const struct entry *entry)
{
	return (uint16_t)key_in(entry);
}

static uint64_t seen_ms(const struct entry *entry)
{
	return atomic_read(&entry->seen) >> 16;
}

static void set_seen(struct entry *entry, uint64_t ms)
{
	atomic_write(&entry->seen, ms << 16 | (uint16_t)entry->seen);
}

static uint16_t sent_on(const struct bucket *bucket)
{
	return (uint16_t)atomic_read(&bucket->entries[0].seen);
}

static void add_sent_on(struct bucket *bucket, int n)
{
	atomic_write(&bucket->entries[0].seen, bucket->entries[0].seen + (uint64_t)(int64_t)n);
}

/* Both halves of a 128-bit product, folded (as wyhash mixes). */
static inline struct places places_of(const struct fdb *fdb, uint64_t address)
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

/* *key as it was found: a moment later the place may be another's. */
static inline struct entry *find_in(struct bucket *bucket, uint64_t address, uint64_t *key)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		*key = key_in(&bucket->entries[i]);
		if (address_of(*key) == address)
			return &bucket->entries[i];
	}
	return NULL;
}

static inline struct entry *find_key(struct places places, uint64_t address, uint64_t *key)
{
	struct entry *entry = find_in(places.first, address, key);

	if (!entry && sent_on(places.first))
		entry = find_in(places.second, address, key);
	return entry;
}

static inline struct entry *find(struct places places, uint64_t address)
{
	uint64_t key;

	return find_key(places, address, &key);
}

static inline uint64_t age_of(const struct entry *entry, uint64_t now_ms)
{
	uint64_t seen = seen_ms(entry);

	return now_ms > seen ? now_ms - seen : 0;
}

static inline bool is_expired(const struct fdb *fdb, const struct entry *entry, uint64_t now_ms)
{
	return age_of(entry, now_ms) >= fdb->ageing_ms;
}

static bool lives_in(const struct bucket *bucket, const struct entry *entry)
{
	return entry >= bucket->entries && entry < bucket->entries + BUCKET_ENTRIES;
}

/* Numbers that are looked at without the lock. */
static void count(uint32_t *number, int n)
{
	atomic_poke(number, *number + (uint32_t)n);
}

static void remove_entry(struct fdb *fdb, struct entry *entry)
{
	struct places places = places_of(fdb, address_of(entry->key));

	if (!lives_in(places.first, entry))
		add_sent_on(places.first, -1);
	count(&fdb->per_port[port_of(entry)], -1);
	count(&fdb->stats.entries, -1);
	atomic_write(&entry->key, 0);
}

static void age_out(struct fdb *fdb, struct entry *entry)
{
	remove_entry(fdb, entry);
	fdb->stats.aged++;
}

void fdb_prefetch(const struct fdb *fdb, const uint8_t mac[6])
{
	if (atomic_peek(&fdb->stats.entries) > CACHED_ENTRIES)
		__builtin_prefetch(places_of(fdb, key_of(mac)).first);
}

uint16_t fdb_lookup(const struct fdb *fdb, const uint8_t mac[6], uint64_t now_ms)
{
	uint64_t address = key_of(mac);
	struct places places = places_of(fdb, address);
	uint64_t moves = atomic_read(&fdb->moves), before;
	uint64_t key;
	const struct entry *entry = find_key(places, address, &key);

	for (int i = 0; !entry && i < MOVES_AWAITED; i++) {
		before = moves;
		moves = atomic_read(&fdb->moves);
		if (moves == before)
			return PORT_NONE;
		entry = find_key(places, address, &key);
	}
	if (!entry || !address || is_expired(fdb, entry, now_ms))
		return PORT_NONE;
	return (uint16_t)key;
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

/* The age before the address: whoever finds this finds that. */
static void settle(struct entry *entry, struct places places, uint64_t key, uint64_t ms)
{
	if (!lives_in(places.first, entry))
		add_sent_on(places.first, 1);
	set_seen(entry, ms);
	atomic_write(&entry->key, key);
}

/* Moves one address of a full bucket to the other one it may live in. The
 * entry that became free, or NULL. */
static struct entry *make_room(struct fdb *fdb, struct bucket *bucket, uint64_t now_ms)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket->entries[i];
		struct places places = places_of(fdb, address_of(entry->key));
		bool spilled = bucket != places.first;
		struct entry *room = find_room(fdb, spilled ? places.first : places.second, now_ms);

		if (!room)
			continue;
		settle(room, places, entry->key, seen_ms(entry));
		atomic_write(&fdb->moves, fdb->moves + 1);
		if (spilled)
			add_sent_on(places.first, -1);
		atomic_write(&entry->key, 0);
		return entry;
	}
	return NULL;
}

static bool is_swept(const struct fdb *fdb, uint64_t now_ms)
{
	uint64_t swept_ms = atomic_read(&fdb->swept_ms);

	return swept_ms && now_ms < swept_ms + SWEEP_MS;
}

/* At a limit, expired entries elsewhere must not count; once a second, so that
 * a flood of addresses cannot make every frame cost a pass over the table. */
static void sweep(struct fdb *fdb, uint64_t now_ms)
{
	if (is_swept(fdb, now_ms))
		return;
	atomic_write(&fdb->swept_ms, now_ms);
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
	return atomic_peek(&fdb->stats.entries) >= fdb->capacity ||
	       atomic_peek(&fdb->per_port[port]) >= fdb->max_per_port;
}

static bool refuse(struct fdb *fdb)
{
	__atomic_fetch_add(&fdb->refused, 1, __ATOMIC_RELAXED);
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
	count(&fdb->per_port[port], 1);
	count(&fdb->stats.entries, 1);
	fdb->stats.learned++;
	return true;
}

static bool move(struct fdb *fdb, struct entry *entry, uint16_t port, uint64_t now_ms)
{
	if (fdb->per_port[port] >= fdb->max_per_port)
		return refuse(fdb);
	count(&fdb->per_port[port_of(entry)], -1);
	count(&fdb->per_port[port], 1);
	fdb->stats.moved++;
	set_seen(entry, now_ms);
	atomic_write(&entry->key, address_of(entry->key) | port);
	return true;
}

/* Seen where it was, and not long ago: nothing to change. */
static bool is_known(const struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	const struct entry *entry = find(places_of(fdb, address), address);

	return entry && age_of(entry, now_ms) <= fdb->refresh_ms &&
	       key_in(entry) == (address | port);
}

/* So that a flood of addresses from several threads does not queue for the
 * lock, to be refused. */
static bool is_refused(const struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	return is_at_limit(fdb, port) && is_swept(fdb, now_ms) &&
	       !find(places_of(fdb, address), address);
}

static bool learn(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	struct entry *entry = find(places_of(fdb, address), address);

	if (entry && is_expired(fdb, entry, now_ms)) {
		age_out(fdb, entry);
		entry = NULL;
	}
	if (!entry)
		return insert(fdb, address, port, now_ms);
	if (port_of(entry) != port)
		return move(fdb, entry, port, now_ms);
	if (age_of(entry, now_ms) > fdb->refresh_ms)
		set_seen(entry, now_ms);
	return true;
}

bool fdb_learn(struct fdb *fdb, const uint8_t mac[6], uint16_t port, uint64_t now_ms)
{
	uint64_t address = key_of(mac);
	bool learned;

	if (!address) /* a free entry would pass for it */
		return refuse(fdb);
	if (is_known(fdb, address, port, now_ms))
		return true;
	if (is_refused(fdb, address, port, now_ms))
		return refuse(fdb);
	pthread_mutex_lock(&fdb->lock);
	learned = learn(fdb, address, port, now_ms);
	pthread_mutex_unlock(&fdb->lock);
	return learned;
}

void fdb_forget_port(struct fdb *fdb, uint16_t port)
{
	pthread_mutex_lock(&fdb->lock);
	for (uint32_t b = 0; b <= fdb->mask && fdb->per_port[port]; b++) {
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			struct entry *entry = &fdb->buckets[b].entries[i];

			if (entry->key && port_of(entry) == port)
				remove_entry(fdb, entry);
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
				remove_entry(fdb, &fdb->buckets[b].entries[i]);
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
		if (!entry->key || is_expired(fdb, entry, now_ms))
			continue;
		memcpy(list[n].mac, (const uint8_t *)&entry->key + 2, 6);
		list[n].port = port_of(entry);
		list[n].age_ms = age_of(entry, now_ms);
		n++;
	}
	pthread_mutex_unlock(&fdb->lock);
	return n;
}

static void save_entry(const struct entry *entry, struct state *state)
{
	uint64_t key = entry->key, seen = seen_ms(entry);

	if (!key)
		return;
	state_more(state, true);
	state_u64(state, &key);
	state_u64(state, &seen);
}

static void restore_entry(struct fdb *fdb, struct state *state, const uint16_t *ports)
{
	uint64_t key, seen;
	uint16_t port;

	state_u64(state, &key);
	state_u64(state, &seen);
	port = (uint16_t)key < BRIDGE_MAX_PORTS ? ports[(uint16_t)key] : PORT_NONE;
	if (address_of(key) && port != PORT_NONE)
		insert(fdb, address_of(key), port, seen);
}

static void carry_stats(struct fdb *fdb, struct state *state)
{
	state_u64(state, &fdb->stats.learned);
	state_u64(state, &fdb->stats.moved);
	state_u64(state, &fdb->stats.aged);
	state_u64(state, &fdb->refused);
}

void fdb_carry(struct fdb *fdb, struct state *state, const uint16_t *ports)
{
	pthread_mutex_lock(&fdb->lock);
	for (uint32_t b = 0; !state->restores && b <= fdb->mask; b++)
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++)
			save_entry(&fdb->buckets[b].entries[i], state);
	while (state_more(state, false))
		restore_entry(fdb, state, ports);
	carry_stats(fdb, state);
	pthread_mutex_unlock(&fdb->lock);
}
