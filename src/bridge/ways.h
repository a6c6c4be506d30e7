/*
 * Where frames of one source go, by destination address, as long as nothing is learned:
 * looked up once a batch and not once a frame, where they go to several in turn.
 *
 * One of each lane. Direct-mapped: an address that takes another's place costs a look-up.
 */
#ifndef BRIDGE_WAYS_H
#define BRIDGE_WAYS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "bridge/counters.h"
#include "bridge/port.h"

enum { WAYS = 32, WAYS_NOTED = 16 };

/* Where a frame goes: to a port, to all others, or nowhere for a reason. */
struct way {
	struct port *port;
	enum drop_reason reason; /* DROP_REASONS: none */
	uint16_t index;
	bool is_known;	 /* the source, to the FDB: so the next frame's, if it is the same */
	bool is_lasting; /* of the next frame with these addresses, too */
};

struct ways {
	uint64_t era;
	unsigned int noted; /* in this era: of so many addresses few come again */
	struct ways_place {
		uint64_t era; /* of another one: empty */
		uint64_t address;
		struct way way;
	} places[WAYS];
};

/* Another source, or something was learned. */
static inline void ways_forget(struct ways *ways)
{
	ways->era++;
	ways->noted = 0;
}

static inline uint64_t ways_address_of(const uint8_t mac[6])
{
	uint32_t low;
	uint16_t high;

	memcpy(&low, mac, sizeof(low));
	memcpy(&high, mac + sizeof(low), sizeof(high));
	return (uint64_t)high << 32 | low;
}

/* By its last two bytes, in which addresses that were handed out in a row differ. */
static inline struct ways_place *ways_place_of(struct ways *ways, uint64_t address)
{
	return &ways->places[(address >> 40 ^ address >> 32) % WAYS];
}

/* NULL: unknown. */
static inline const struct way *ways_find(struct ways *ways, const uint8_t mac[6])
{
	uint64_t address = ways_address_of(mac);
	const struct ways_place *place = ways_place_of(ways, address);

	return place->address == address && place->era == ways->era ? &place->way : NULL;
}

/* More addresses than are worth noting: nor is it to look for them. */
static inline bool ways_are_many(const struct ways *ways)
{
	return ways->noted == WAYS_NOTED;
}

static inline void ways_note(struct ways *ways, const uint8_t mac[6], const struct way *way)
{
	uint64_t address = ways_address_of(mac);

	ways->noted++;
	*ways_place_of(ways, address) = (struct ways_place){ ways->era, address, *way };
}

#endif
