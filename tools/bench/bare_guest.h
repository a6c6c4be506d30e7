/*
 * A guest without a driver: memory, grants and the two rings of a frontend, used
 * as directly as they can be. It never waits and is never woken; whoever serves
 * the other side of the rings does so in turn, or polls.
 *
 * The page of a slot is the one of the slot's number, for both rings: responses
 * come in order. Frames of up to a page start at offsets that differ from page to
 * page, as a driver's do.
 */
#ifndef BENCH_BARE_GUEST_H
#define BENCH_BARE_GUEST_H

#include "bench/relay_frame.h"
#include "ring/grant.h"
#include "ring/hypervisor.h"
#include "ring/ring.h"

enum {
	BARE_TABLE_PAGES = 2,
	BARE_SLOTS = TX_RING_ENTRIES,
	BARE_CREDIT = 192, /* buffers' worth under way, of BARE_SLOTS */
};

struct bare_guest {
	struct arena arena;
	struct gnttab gnttab;
	struct ring tx, rx;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	grant_ref_t tx_refs[BARE_SLOTS], rx_refs[BARE_SLOTS];
	uint64_t sent, received; /* frames; they number them */
};

/* All RX pages are posted. 0, or -errno and nothing left. */
int bare_guest_create(struct bare_guest *guest);
void bare_guest_destroy(struct bare_guest *guest);

/* The backend's view of its memory. 0 or -errno. */
int bare_guest_map(const struct bare_guest *guest, struct foreign_domain *domain, domid_t domid,
		   struct evtchn_table *evtchns);

/* Slots of a frame, in either ring. */
static inline uint32_t bare_guest_slots(uint32_t size)
{
	return (size + PAGE_BYTES - 1) / PAGE_BYTES;
}

/* Sends n frames and publishes them; there must be room, after taking what was
 * answered. True if the other side wants to be told. */
bool bare_guest_send(struct bare_guest *guest, const struct relay_stream *stream,
		     enum relay_depth depth, unsigned int n);

/* Takes what was answered; slots that are free now. */
uint32_t bare_guest_room(struct bare_guest *guest);

/* Takes up to `max` frames, which must be the next ones of the stream, and posts
 * their pages anew. How many, or -EBADMSG. */
int bare_guest_receive(struct bare_guest *guest, uint32_t size, enum relay_depth depth,
		       unsigned int max);

#endif
