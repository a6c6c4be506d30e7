#include "bridge/fdb_place.h"

enum { SWEEP_MS = 1000 };

/* Numbers that are looked at without the lock. */
static void count(uint32_t *number, int n)
{
	atomic_poke(number, *number + (uint32_t)n);
}

void fdb_place_remove(struct fdb *fdb, struct entry *entry)
{
	struct places places = fdb_places_of(fdb, fdb_address_of(entry->key));

	if (!fdb_lives_in(places.first, entry))
		fdb_add_sent_on(places.first, -1);
	count(&fdb->per_port[fdb_port_of(entry)], -1);
	count(&fdb->stats.entries, -1);
	atomic_write(&entry->key, 0);
}

static void age_out(struct fdb *fdb, struct entry *entry)
{
	fdb_place_remove(fdb, entry);
	fdb->stats.aged++;
}

static struct entry *find_room(struct fdb *fdb, struct bucket *bucket, uint64_t now_ms)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket->entries[i];

		if (entry->key && fdb_is_expired(fdb, entry, now_ms))
			age_out(fdb, entry);
		if (!entry->key)
			return entry;
	}
	return NULL;
}

/* The age before the address: whoever finds this finds that. */
static void settle(struct entry *entry, struct places places, uint64_t key, uint64_t ms)
{
	if (!fdb_lives_in(places.first, entry))
		fdb_add_sent_on(places.first, 1);
	fdb_set_seen(entry, ms);
	atomic_write(&entry->key, key);
}

/* Moves one address of a full bucket to the other one it may live in. The
 * entry that became free, or NULL. */
static struct entry *make_room(struct fdb *fdb, struct bucket *bucket, uint64_t now_ms)
{
	for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
		struct entry *entry = &bucket->entries[i];
		struct places places = fdb_places_of(fdb, fdb_address_of(entry->key));
		bool spilled = bucket != places.first;
		struct entry *room = find_room(fdb, spilled ? places.first : places.second, now_ms);

		if (!room)
			continue;
		settle(room, places, entry->key, fdb_seen_ms(entry));
		atomic_write(&fdb->moves, fdb->moves + 1);
		if (spilled)
			fdb_add_sent_on(places.first, -1);
		atomic_write(&entry->key, 0);
		return entry;
	}
	return NULL;
}

bool fdb_place_is_swept(const struct fdb *fdb, uint64_t now_ms)
{
	uint64_t swept_ms = atomic_read(&fdb->swept_ms);

	return swept_ms && now_ms < swept_ms + SWEEP_MS;
}

/* At a limit, expired entries elsewhere must not count; once a second, so that
 * a flood of addresses cannot make every frame cost a pass over the table. */
static void sweep(struct fdb *fdb, uint64_t now_ms)
{
	if (fdb_place_is_swept(fdb, now_ms))
		return;
	atomic_write(&fdb->swept_ms, now_ms);
	for (uint32_t b = 0; b <= fdb->mask; b++) {
		for (unsigned int i = 0; i < BUCKET_ENTRIES; i++) {
			struct entry *entry = &fdb->buckets[b].entries[i];

			if (entry->key && fdb_is_expired(fdb, entry, now_ms))
				age_out(fdb, entry);
		}
	}
}

bool fdb_place_is_full(const struct fdb *fdb, uint16_t port)
{
	return atomic_peek(&fdb->stats.entries) >= fdb->capacity ||
	       atomic_peek(&fdb->per_port[port]) >= fdb->max_per_port;
}

bool fdb_place_refuse(struct fdb *fdb)
{
	__atomic_fetch_add(&fdb->refused, 1, __ATOMIC_RELAXED);
	return false;
}

bool fdb_place_insert(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	struct places places = fdb_places_of(fdb, address);
	struct entry *entry;

	if (fdb_place_is_full(fdb, port))
		sweep(fdb, now_ms);
	if (fdb_place_is_full(fdb, port))
		return fdb_place_refuse(fdb);
	entry = find_room(fdb, places.first, now_ms);
	if (!entry)
		entry = find_room(fdb, places.second, now_ms);
	if (!entry)
		entry = make_room(fdb, places.first, now_ms);
	if (!entry)
		return fdb_place_refuse(fdb);
	settle(entry, places, address | port, now_ms);
	count(&fdb->per_port[port], 1);
	count(&fdb->stats.entries, 1);
	fdb->stats.learned++;
	return true;
}

static bool move(struct fdb *fdb, struct entry *entry, uint16_t port, uint64_t now_ms)
{
	if (fdb->per_port[port] >= fdb->max_per_port)
		return fdb_place_refuse(fdb);
	count(&fdb->per_port[fdb_port_of(entry)], -1);
	count(&fdb->per_port[port], 1);
	fdb->stats.moved++;
	fdb_set_seen(entry, now_ms);
	atomic_write(&entry->key, fdb_address_of(entry->key) | port);
	return true;
}

bool fdb_place_learn(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms)
{
	struct entry *entry = fdb_find(fdb_places_of(fdb, address), address);

	if (entry && fdb_is_expired(fdb, entry, now_ms)) {
		age_out(fdb, entry);
		entry = NULL;
	}
	if (!entry)
		return fdb_place_insert(fdb, address, port, now_ms);
	if (fdb_port_of(entry) != port)
		return move(fdb, entry, port, now_ms);
	if (fdb_age_of(entry, now_ms) > fdb->refresh_ms)
		fdb_set_seen(entry, now_ms);
	return true;
}
