/*
 * The transmit ring of a frontend: slots, ids, pages.
 *
 * A request's id is the number of its page, so pages, ids and outstanding
 * requests are one bookkeeping. A GSO frame takes one slot more than pages, for
 * what is said of it; that one has no id, and any response without a status of
 * its own (NETIF_RSP_NULL) answers it. Responses are consumed lazily, when pages run short;
 * the backend is asked for an event only by front_tx_arm().
 *
 * Frames start at offsets that differ from page to page, in steps of a cache
 * line: pages that all start alike collide in the L1 cache. Where a frame must
 * fit one page, a long one starts at its beginning.
 *
 * Knows neither grants (only their refs) nor channels.
 */
#ifndef FRONTEND_FRONT_TX_H
#define FRONTEND_FRONT_TX_H

#include "frontend/front_fault.h"
#include "frontend/splitvif.h"
#include "ring/ring.h"

enum {
	FRONT_TX_PAGES = 2 * TX_RING_ENTRIES, /* the ring's, and as many to cool down */
	FRONT_TX_OFFSETS = 32,		      /* different starts, 64 bytes apart */
	/* What the first page of a frame holds at least. */
	FRONT_TX_FIRST_BYTES = PAGE_BYTES - (FRONT_TX_OFFSETS - 1) * 64,
};

struct front_tx {
	struct ring ring;
	uint8_t *pages;
	grant_ref_t refs[FRONT_TX_PAGES];
	unsigned int offers;		 /* enum splitvif_offload: what the backend takes */
	uint8_t use[FRONT_TX_PAGES];	 /* enum in front_tx.c */
	uint16_t starts[FRONT_TX_PAGES]; /* where in it the frame begins */
	uint16_t free[FRONT_TX_PAGES];	 /* a queue: see front_tx.c */
	unsigned int free_first, nr_free;
	/* The open reservation: pages, and the parts of its frames, in step. */
	uint16_t held[FRONT_TX_PAGES];
	struct iovec parts[FRONT_TX_PAGES];
	unsigned int nr_held;
	unsigned int in_flight; /* frames */
	unsigned int nr_extras; /* slots outstanding that have no page */
	enum front_fault fault;
	uint64_t frames, bytes, done, errors, lost, refused, full;
};

/* Takes the ring page and FRONT_TX_PAGES contiguous pages into use, all free;
 * refs are the caller's to fill in. Requests outstanding before count as lost.
 * Counters go on. */
void front_tx_reset(struct front_tx *tx, union ring_page *ring, uint8_t *pages);

/* The longest frame that the backend takes. */
uint32_t front_tx_longest(const struct front_tx *tx);

/* Room for up to n frames of up to `bytes` bytes; how many. */
unsigned int front_tx_reserve(struct front_tx *tx, struct splitvif_frame *frames, unsigned int n,
			      uint32_t bytes);

/* Produces the requests of the frames with a length, as far as the backend
 * takes what they ask for, and frees what they left unused. Not yet published. */
void front_tx_commit(struct front_tx *tx, struct splitvif_frame *frames, unsigned int n);

/* Consumes the responses that are there. False if they are at fault. */
bool front_tx_reclaim(struct front_tx *tx);

/* Asks for an event once there may be room for a frame of `bytes`; true if one
 * will come (sleep), false if there is room already or a fault. */
bool front_tx_arm(struct front_tx *tx, uint32_t bytes);

/* The same until at most `in_flight` frames are outstanding. */
bool front_tx_arm_answers(struct front_tx *tx, unsigned int in_flight);

/* Whatever is outstanding will never be answered. */
void front_tx_forsake(struct front_tx *tx);

#endif
