/*
 * From request slots to frames' outlines: the rules of netif.h for packets of
 * several slots, applied to slots that a stranger wrote.
 *
 * Pure: reads the ring through its typed copies, each slot once, and moves
 * nothing. Knows no grants; whether the bytes may be had is asked later.
 */
#ifndef BACKEND_SLOTS_H
#define BACKEND_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/frame.h"
#include "ring/ring.h"

enum {
	SLOTS_DATA_MAX = 19,	   /* accepted: 18 (netif.h) and one for an odd start */
	SLOTS_DATA_TOLERATED = 21, /* answered with errors; more is an attack */
	SLOTS_EXTRAS_MAX = 4,
	SLOTS_CHAIN_MAX = SLOTS_DATA_TOLERATED + SLOTS_EXTRAS_MAX,
};

enum slots_verdict {
	SLOTS_FRAME, /* a frame, if its grants hold */
	SLOTS_ERROR, /* every slot is answered with an error, the vif lives */
	SLOTS_FATAL, /* the vif stops */
};

/* Why, for both kinds of refusal; slots.c has the texts. */
enum slots_reason {
	SLOTS_OK,
	SLOTS_TOO_MANY,	      /* 20 or 21 data slots */
	SLOTS_FAR_TOO_MANY,   /* fatal: more */
	SLOTS_CUT,	      /* fatal: more_data on the last published request */
	SLOTS_EXTRA_CUT,      /* fatal: an extra info announced, none published */
	SLOTS_EXTRA_UNKNOWN,  /* fatal: its type */
	SLOTS_EXTRA_TOO_MANY, /* fatal */
	SLOTS_GSO_SIZE,	      /* fatal: 0 */
	SLOTS_GSO_TYPE,	      /* fatal: unknown */
	SLOTS_NOT_OFFERED,    /* an extra for a feature that was not advertised */
	SLOTS_PARTS_EXCEED,   /* later slots hold more than the total */
	SLOTS_TOO_SHORT,      /* total below an Ethernet header */
	SLOTS_CROSSES_PAGE,   /* fatal: offset + size > 4096 */
	SLOTS_REASONS
};

const char *slots_reason_text(enum slots_reason reason);

struct slots_chain {
	uint8_t verdict; /* enum slots_verdict */
	uint8_t reason;	 /* enum slots_reason */
	uint8_t nr_data; /* entries written to data[] */
	uint8_t nr_extras;
	bool plain;	  /* a frame of one slot, and no more to it */
	uint8_t gso_type; /* XEN_NETIF_GSO_TYPE_* */
	uint16_t gso_size;
	uint16_t flags; /* of the first slot */
	uint32_t total; /* bytes of the frame */
};

/* The usual chain: one slot, with nothing to be said but of its checksum. */
static inline bool slots_is_plain(const netif_tx_request_t *slot)
{
	return !(slot->flags & ~(NETTXF_csum_blank | NETTXF_data_validated)) &&
	       slot->size >= FRAME_HEADER_BYTES && slot->offset + slot->size <= PAGE_BYTES;
}

/* All others, whose first slot is in data[0]. */
void slots_read_more(const struct ring *ring, uint32_t at, uint32_t available,
		     struct slots_chain *chain, netif_tx_request_t data[SLOTS_DATA_TOLERATED]);

/* Reads the chain that starts at index `at`, of which `available` requests are
 * published (>= 1). data[] gets its data slots, with the first one's size made
 * its own part of the total. nr_data + nr_extras requests were read; after
 * SLOTS_FATAL no figure but the reason means anything. */
static inline void slots_read(const struct ring *ring, uint32_t at, uint32_t available,
			      struct slots_chain *chain,
			      netif_tx_request_t data[SLOTS_DATA_TOLERATED])
{
	ring_copy_tx_request(ring, at, &data[0]);
	*chain = (struct slots_chain){ .nr_data = 1,
				       .plain = slots_is_plain(&data[0]),
				       .flags = data[0].flags,
				       .total = data[0].size };
	if (!chain->plain)
		slots_read_more(ring, at, available, chain, data);
}

#endif
