/*
 * The receive ring of a frontend: slots, ids, pages.
 *
 * A request's id is the number of its page. Response i stands in the slot of
 * request i (netif.h), so the id that a slot must answer with is known here
 * and not taken from the peer. What is said of a GSO frame stands in the slot
 * after its first and uses up the request there, whose page comes back with the
 * frame's own, empty. Frames are handed out in place, in order, and
 * released oldest first; a page is posted again when its frame is released.
 *
 * Knows neither grants (only their refs) nor channels.
 */
#ifndef FRONTEND_FRONT_RX_H
#define FRONTEND_FRONT_RX_H

#include "frontend/front_fault.h"
#include "frontend/splitvif.h"
#include "ring/ring.h"

enum {
	FRONT_RX_PAGES = RX_RING_ENTRIES,
	/* Twice the pages: a frame's parts stay in one piece at the wrap. */
	FRONT_RX_PARTS = 2 * FRONT_RX_PAGES,
	FRONT_RX_SLOTS = SPLITVIF_FRAME_PARTS + 1, /* of one frame, the extra one included */
};

struct front_rx {
	struct ring ring;
	uint8_t *pages;
	unsigned int takes; /* enum splitvif_offload: what was promised to the backend */
	bool reads_whole;   /* the caller is about to read more of frames than headers */
	grant_ref_t refs[FRONT_RX_PAGES];
	uint16_t posted[FRONT_RX_PAGES]; /* by slot: the id that stands there */
	/* Frames that the caller has, oldest first: how many pages each, and
	 * which; both indices run free. */
	uint8_t held_parts[FRONT_RX_PAGES];
	uint32_t held_first, held_next;
	uint16_t held_ids[FRONT_RX_PAGES];
	uint32_t ids_first, ids_next;
	struct iovec parts[FRONT_RX_PARTS];
	unsigned int next_part;
	enum front_fault fault;
	bool waiting; /* the caller takes none, since the last that he took */
	uint64_t frames, bytes, errors, waits;
};

/* Takes the ring page and FRONT_RX_PAGES contiguous pages into use and posts
 * them all (not yet published); refs must stand. Counters go on. */
void front_rx_reset(struct front_rx *rx, union ring_page *ring, uint8_t *pages);

/* Up to n frames; how many. A fault ends it for good (rx->fault). */
unsigned int front_rx_receive(struct front_rx *rx, struct splitvif_frame *frames, unsigned int n);

/* Posts the pages of the n oldest frames again. Not yet published. */
void front_rx_release(struct front_rx *rx, unsigned int n);

/* Slots that wait; of a peer at fault, none. */
unsigned int front_rx_pending(struct front_rx *rx);

/* The caller takes no more for now: from where it is, no event is asked for. */
void front_rx_wait(struct front_rx *rx);

/* Asks for an event at the next response; true if none is there yet. */
bool front_rx_arm(struct front_rx *rx);

#endif
