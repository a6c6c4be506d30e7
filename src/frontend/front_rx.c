#include "frontend/front_rx.h"

/* A frame while its slots are read. */
struct chain {
	unsigned int slots;
	unsigned int parts;
	uint32_t length;
	bool failed; /* the backend says so in one of its slots */
};

static int broken(struct front_rx *rx, enum front_fault fault)
{
	rx->fault = fault;
	return -1;
}

static void post_page(struct front_rx *rx, uint16_t id)
{
	netif_rx_request_t request = { .id = id, .gref = rx->refs[id] };

	rx->posted[rx->ring.produced & rx->ring.mask] = id;
	ring_produce_rx_request(&rx->ring, &request);
}

void front_rx_reset(struct front_rx *rx, union ring_page *ring, uint8_t *pages)
{
	ring_init_front(&rx->ring, ring, RX_RING_ENTRIES);
	rx->pages = pages;
	rx->held_first = rx->held_next = 0;
	rx->ids_first = rx->ids_next = 0;
	rx->next_part = 0;
	rx->fault = FRONT_SOUND;
	for (uint16_t id = 0; id < FRONT_RX_PAGES; id++)
		post_page(rx, id);
}

/* Nothing with extras was negotiated, so the first one decides. */
static int refuse_extra(struct front_rx *rx, int pending, const struct chain *chain)
{
	netif_extra_info_t extra;

	if ((int)chain->slots == pending)
		return broken(rx, FRONT_RX_EXTRA_CUT);
	ring_copy_rx_extra(&rx->ring, rx->ring.in_cons + chain->slots, &extra);
	return broken(rx, extra.type == XEN_NETIF_EXTRA_TYPE_GSO ? FRONT_RX_GSO : FRONT_RX_EXTRA);
}

/* Checks one data slot and lays its bytes out as the next part. */
static int take_slot(struct front_rx *rx, const netif_rx_response_t *response, struct chain *chain)
{
	uint32_t slot = rx->ring.in_cons + chain->slots;
	uint16_t id = rx->posted[slot & rx->ring.mask];

	if (response->id != id)
		return broken(rx, FRONT_RX_ID);
	if (response->status > PAGE_BYTES)
		return broken(rx, FRONT_RX_SIZE);
	if (response->status > 0 && response->offset + response->status > PAGE_BYTES)
		return broken(rx, FRONT_RX_BOUNDS);
	chain->slots++;
	chain->failed |= response->status < 0;
	if (response->status <= 0)
		return 0;
	rx->parts[rx->next_part + chain->parts++] = (struct iovec){
		.iov_base = rx->pages + (size_t)id * PAGE_BYTES + response->offset,
		.iov_len = (size_t)response->status,
	};
	chain->length += (uint32_t)response->status;
	return 0;
}

/* All slots of the next frame. Nothing is consumed yet. */
static int read_chain(struct front_rx *rx, int pending, struct chain *chain)
{
	netif_rx_response_t response;

	do {
		if ((int)chain->slots == pending)
			return broken(rx, FRONT_RX_CUT);
		if (chain->slots == SPLITVIF_FRAME_PARTS)
			return broken(rx, FRONT_RX_LONG);
		ring_copy_rx_response(&rx->ring, rx->ring.in_cons + chain->slots, &response);
		if (take_slot(rx, &response, chain))
			return -1;
		if (response.flags & NETRXF_extra_info)
			return refuse_extra(rx, pending, chain);
	} while (response.flags & NETRXF_more_data);
	return chain->length > SPLITVIF_FRAME_BYTES ? broken(rx, FRONT_RX_LONG) : 0;
}

/* Consumes the chain's slots; the caller has its pages now. */
static void deliver(struct front_rx *rx, const struct chain *chain, struct splitvif_frame *frame)
{
	*frame = (struct splitvif_frame){ .parts = &rx->parts[rx->next_part],
					  .nr_parts = chain->parts,
					  .length = chain->length };
	for (unsigned int i = 0; i < chain->slots; i++)
		rx->held_ids[rx->ids_next++ % FRONT_RX_PAGES] =
			rx->posted[(rx->ring.in_cons + i) & rx->ring.mask];
	rx->held_parts[rx->held_next++ % FRONT_RX_PAGES] = (uint8_t)chain->slots;
	ring_consume(&rx->ring, chain->slots);
	rx->next_part += chain->parts;
	if (rx->next_part > FRONT_RX_PARTS - SPLITVIF_FRAME_PARTS)
		rx->next_part = 0;
	rx->frames++;
	rx->bytes += chain->length;
}

/* Consumes the chain's slots and posts their pages at once. */
static void discard(struct front_rx *rx, const struct chain *chain)
{
	uint16_t ids[SPLITVIF_FRAME_PARTS];

	for (unsigned int i = 0; i < chain->slots; i++)
		ids[i] = rx->posted[(rx->ring.in_cons + i) & rx->ring.mask];
	ring_consume(&rx->ring, chain->slots);
	for (unsigned int i = 0; i < chain->slots; i++)
		post_page(rx, ids[i]);
	rx->errors++;
}

unsigned int front_rx_receive(struct front_rx *rx, struct splitvif_frame *frames, unsigned int n)
{
	unsigned int taken = 0;
	int pending;

	if (rx->fault)
		return 0;
	pending = ring_pending(&rx->ring);
	if (pending < 0)
		broken(rx, FRONT_RX_INDEX);
	while (pending > 0 && taken < n) {
		struct chain chain = { 0 };

		if (read_chain(rx, pending, &chain))
			break;
		pending -= (int)chain.slots;
		if (chain.failed || chain.length < SPLITVIF_FRAME_MIN)
			discard(rx, &chain);
		else
			deliver(rx, &chain, &frames[taken++]);
	}
	return taken;
}

void front_rx_release(struct front_rx *rx, unsigned int n)
{
	while (n-- && rx->held_first != rx->held_next) {
		unsigned int pages = rx->held_parts[rx->held_first++ % FRONT_RX_PAGES];

		while (pages--)
			post_page(rx, rx->held_ids[rx->ids_first++ % FRONT_RX_PAGES]);
	}
}

bool front_rx_arm(struct front_rx *rx)
{
	int pending;

	if (rx->fault)
		return true; /* the control side wakes the caller */
	pending = ring_arm(&rx->ring, 1);
	if (pending < 0)
		broken(rx, FRONT_RX_INDEX);
	return pending <= 0;
}
