#include "bridge/fdb_place.h"
#include "io/state.h"

static void save_entry(const struct entry *entry, struct state *state)
{
	uint64_t key = entry->key, seen = fdb_seen_ms(entry);

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
	if (fdb_address_of(key) && port != PORT_NONE)
		fdb_place_insert(fdb, fdb_address_of(key), port, seen);
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
