#include "ring/ring.h"

#include "io/state.h"

/* The four indices stand at the same place in every kind of ring page. */
static_assert(offsetof(netif_tx_sring_t, rsp_event) == offsetof(netif_rx_sring_t, rsp_event) &&
		      offsetof(netif_tx_sring_t, rsp_event) ==
			      offsetof(struct xen_netif_ctrl_sring, rsp_event),
	      "ring.h gives every ring one header");
static_assert(sizeof(union ring_page) == PAGE_BYTES, "a ring is one page");

void ring_init_front(struct ring *ring, union ring_page *page, uint32_t entries)
{
	memset(page->bytes, 0, RING_HEADER_BYTES);
	page->tx.req_event = 1;
	page->tx.rsp_event = 1;
	*ring = (struct ring){
		.page = page,
		.in_prod = &page->tx.rsp_prod,
		.in_event = &page->tx.rsp_event,
		.out_prod = &page->tx.req_prod,
		.out_event = &page->tx.req_event,
		.mask = entries - 1,
		.window = 0,
	};
}

void ring_attach_back(struct ring *ring, union ring_page *page, uint32_t entries)
{
	uint32_t start = load_relaxed(&page->tx.rsp_prod); /* no slot is read on its word */

	*ring = (struct ring){
		.page = page,
		.in_prod = &page->tx.req_prod,
		.in_event = &page->tx.req_event,
		.out_prod = &page->tx.rsp_prod,
		.out_event = &page->tx.rsp_event,
		.mask = entries - 1,
		.window = entries,
		.in_seen = start,
		.in_cons = start,
		.produced = start,
		.published = start,
	};
}

void ring_carry(struct ring *ring, struct state *state)
{
	state_u32(state, &ring->in_seen);
	state_u32(state, &ring->in_cons);
	state_u32(state, &ring->produced);
	state_u32(state, &ring->published);
	if (ring->in_seen - ring->in_cons > ring->mask + 1 ||
	    ring->in_cons - ring->produced > ring->mask + 1 ||
	    ring->produced - ring->published > ring->mask + 1)
		state_refuse(state, "the indices of a ring contradict one another");
}
