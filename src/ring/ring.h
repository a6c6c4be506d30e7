/*
 * One side's private handle on a shared ring page.
 *
 * A ring page carries requests one way and responses the other, and both ways
 * follow one rule, so it is written once: each side *consumes* what the peer
 * produces and *produces* what the peer consumes. The handle says which of
 * the page's four indices those are. Sizes, positions and limits live here and
 * never in shared memory; what the peer writes is checked before it is used.
 *
 * Indices are free-running 32-bit counters; a slot is index & (entries - 1).
 * Slots are read and written by the typed functions at the end, over Xen's own
 * types. A handle belongs to one thread.
 */
#ifndef RING_RING_H
#define RING_RING_H

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "ring/barrier.h"
#include "ring/netif.h"

union ring_page {
	netif_tx_sring_t tx;
	netif_rx_sring_t rx;
	struct xen_netif_ctrl_sring ctrl;
	uint8_t bytes[PAGE_BYTES];
};

struct ring {
	union ring_page *page;
	uint32_t *in_prod;   /* written by the peer */
	uint32_t *in_event;  /* written by us: "tell me when you reach this" */
	uint32_t *out_prod;  /* written by us */
	uint32_t *out_event; /* written by the peer */
	uint32_t mask;	     /* entries - 1 */
	uint32_t window;     /* how far in_prod may run ahead of what we published */
	uint32_t in_seen;    /* last in_prod accepted */
	uint32_t in_cons;    /* next slot to consume */
	uint32_t produced;   /* next slot to produce; out_prod follows on publication */
	uint32_t published;  /* last out_prod written */
};

/* Writes the initial indices to the page and takes the frontend's side. Only
 * the frontend initialises a ring; a backend that did would lose buffers that
 * were posted before it came. */
void ring_init_front(struct ring *ring, union ring_page *page, uint32_t entries);

/* Takes the backend's side of an initialised page; consumption starts at the
 * response index found there. */
void ring_attach_back(struct ring *ring, union ring_page *page, uint32_t entries);

struct state;

/* Saves where this side stands, or goes on from there on an attached page. */
void ring_carry(struct ring *ring, struct state *state);

/* How many slots the peer has published and we have not consumed, or -EPROTO
 * if its index moved backwards or beyond what the ring can hold. */
static inline int ring_pending(struct ring *ring)
{
	uint32_t prod = load_acquire(ring->in_prod); /* A: pairs with A in ring_publish */
	uint32_t ahead = prod - ring->in_cons;

	if (ahead > ring->published + ring->window - ring->in_cons ||
	    ahead < ring->in_seen - ring->in_cons)
		return -EPROTO;
	ring->in_seen = prod;
	return (int)ahead;
}

static inline void ring_consume(struct ring *ring, uint32_t slots)
{
	ring->in_cons += slots;
}

/* Frontend: request slots that are neither outstanding nor unread. */
static inline uint32_t ring_free(const struct ring *ring)
{
	return ring->mask + 1 - (ring->produced - ring->in_cons);
}

/* Makes what was produced visible to the peer; how many slots that is. After that,
 * and a ring_fence(), which may be that of several rings, it is known whether the
 * peer sleeps. */
static inline uint32_t ring_show(struct ring *ring)
{
	uint32_t slots = ring->produced - ring->published;

	if (slots)
		store_release(ring->out_prod, ring->produced); /* A: slots before the index */
	ring->published = ring->produced;
	return slots;
}

static inline void ring_fence(void)
{
	full_fence(); /* B: index before the look at the event; pairs with B in ring_arm */
}

/* Did the peer ask to be told of one of the `slots` that were shown last? (Its event
 * index lies among them.) */
static inline bool ring_wants(const struct ring *ring, uint32_t slots)
{
	return ring->published - load_relaxed(ring->out_event) < slots;
}

/* All three, for one ring: true if the peer asked to be told. */
static inline bool ring_publish(struct ring *ring)
{
	uint32_t slots = ring_show(ring);

	if (!slots)
		return false;
	ring_fence();
	return ring_wants(ring, slots);
}

/* Does the peer still wait for an event of what is published? Read anew after a
 * fence: a peer that has looked by itself since has moved its event index on. */
static inline bool ring_is_awaited(const struct ring *ring)
{
	full_fence(); /* B: as in ring_publish, for an event that was put off */
	return (int32_t)(ring->published - load_relaxed(ring->out_event)) >= 0;
}

/* Announces that we sleep until `slots` more are published, then looks again.
 * Returns ring_pending(): if it is >= slots, do not sleep. */
static inline int ring_arm(struct ring *ring, uint32_t slots)
{
	store_relaxed(ring->in_event, ring->in_cons + slots);
	full_fence(); /* B: announcement before the second look */
	return ring_pending(ring);
}

/* Slots that the peer had last, and that we are about to read and then to write:
 * asked for at once, and as our own. */
static inline void ring_prefetch(const struct ring *ring, uint32_t slots, uint32_t slot_bytes)
{
	for (uint32_t i = 0; i < slots; i += 64 / slot_bytes)
		prefetch_for_write(
			&ring->page->bytes[RING_HEADER_BYTES +
					   ((ring->in_cons + i) & ring->mask) * slot_bytes]);
}

/* The line of the indices, as our own, some time before we publish. */
static inline void ring_prefetch_indices(const struct ring *ring)
{
	prefetch_for_write(ring->out_prod);
}

/* Typed slots. Each copy is taken once; what was checked is what is used. */

static inline void ring_copy_tx_request(const struct ring *ring, uint32_t index,
					netif_tx_request_t *copy)
{
	memcpy(copy, &ring->page->tx.ring[index & ring->mask].req, sizeof(*copy));
	compiler_fence();
}

static inline void ring_copy_tx_response(const struct ring *ring, uint32_t index,
					 netif_tx_response_t *copy)
{
	memcpy(copy, &ring->page->tx.ring[index & ring->mask].rsp, sizeof(*copy));
	compiler_fence();
}

static inline void ring_copy_rx_request(const struct ring *ring, uint32_t index,
					netif_rx_request_t *copy)
{
	memcpy(copy, &ring->page->rx.ring[index & ring->mask].req, sizeof(*copy));
	compiler_fence();
}

static inline void ring_copy_rx_response(const struct ring *ring, uint32_t index,
					 netif_rx_response_t *copy)
{
	memcpy(copy, &ring->page->rx.ring[index & ring->mask].rsp, sizeof(*copy));
	compiler_fence();
}

/* The same slot bytes as an extra info: extras stand where requests (TX) or
 * responses (RX) do (netif.h, "extra info"). */
static inline void ring_copy_tx_extra(const struct ring *ring, uint32_t index,
				      netif_extra_info_t *copy)
{
	memcpy(copy, &ring->page->tx.ring[index & ring->mask].req, sizeof(*copy));
	compiler_fence();
}

static inline void ring_copy_rx_extra(const struct ring *ring, uint32_t index,
				      netif_extra_info_t *copy)
{
	memcpy(copy, &ring->page->rx.ring[index & ring->mask].rsp, sizeof(*copy));
	compiler_fence();
}

/* Assigned, unlike the others: twelve bytes are copied by way of the stack, where the
 * first load waits for two stores, and they for all before them that wait for lines of
 * the peer's cache. The others' sizes go in one register. */
static inline void ring_produce_tx_request(struct ring *ring, const netif_tx_request_t *slot)
{
	ring->page->tx.ring[ring->produced++ & ring->mask].req = *slot;
}

static inline void ring_produce_tx_extra(struct ring *ring, const netif_extra_info_t *slot)
{
	memcpy(&ring->page->tx.ring[ring->produced++ & ring->mask].req, slot, sizeof(*slot));
}

static inline void ring_produce_tx_response(struct ring *ring, const netif_tx_response_t *slot)
{
	memcpy(&ring->page->tx.ring[ring->produced++ & ring->mask].rsp, slot, sizeof(*slot));
}

static inline void ring_produce_rx_request(struct ring *ring, const netif_rx_request_t *slot)
{
	memcpy(&ring->page->rx.ring[ring->produced++ & ring->mask].req, slot, sizeof(*slot));
}

static inline void ring_produce_rx_response(struct ring *ring, const netif_rx_response_t *slot)
{
	memcpy(&ring->page->rx.ring[ring->produced++ & ring->mask].rsp, slot, sizeof(*slot));
}

/* Makes an error of a response that is not published yet. */
static inline void ring_refuse_rx_response(struct ring *ring, uint32_t index)
{
	ring->page->rx.ring[index & ring->mask].rsp.status = NETIF_RSP_ERROR;
}

static inline void ring_produce_rx_extra(struct ring *ring, const netif_extra_info_t *slot)
{
	memcpy(&ring->page->rx.ring[ring->produced++ & ring->mask].rsp, slot, sizeof(*slot));
}

#endif
