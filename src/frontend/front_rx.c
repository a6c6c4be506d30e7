#include "frontend/front_rx.h"

/* A frame while its slots are read. */
struct chain {
	unsigned int slots; /* in all */
	unsigned int data;  /* of them, with bytes of the frame */
	unsigned int parts;
	uint32_t length;
	bool failed; /* the backend says so in one of its slots */
	uint8_t csum, gso_type;
	uint16_t gso_size;
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
	rx->waiting = false;
	rx->fault = FRONT_SOUND;
	for (uint16_t id = 0; id < FRONT_RX_PAGES; id++)
		post_page(rx, id);
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
	chain->data++;
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

static int take_gso(struct front_rx *rx, const netif_extra_info_t *extra, struct chain *chain)
{
	bool v4 = extra->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV4;
	bool v6 = extra->u.gso.type == XEN_NETIF_GSO_TYPE_TCPV6;

	if (!(v4 && rx->takes & SPLITVIF_OFFLOAD_GSO_TCPV4) &&
	    !(v6 && rx->takes & SPLITVIF_OFFLOAD_GSO_TCPV6))
		return broken(rx, FRONT_RX_GSO);
	if (!extra->u.gso.size)
		return broken(rx, FRONT_RX_GSO_SIZE);
	chain->gso_type = v4 ? SPLITVIF_GSO_TCPV4 : SPLITVIF_GSO_TCPV6;
	chain->gso_size = extra->u.gso.size;
	chain->csum = SPLITVIF_CSUM_BLANK; /* it is the segments' */
	return 0;
}

/* GSO is all that is ever taken, and there is but one of it. */
static int take_extra(struct front_rx *rx, int pending, struct chain *chain)
{
	netif_extra_info_t extra;

	if ((int)chain->slots == pending)
		return broken(rx, FRONT_RX_EXTRA_CUT);
	ring_copy_rx_extra(&rx->ring, rx->ring.in_cons + chain->slots, &extra);
	if (extra.type != XEN_NETIF_EXTRA_TYPE_GSO || extra.flags & XEN_NETIF_EXTRA_FLAG_MORE)
		return broken(rx, FRONT_RX_EXTRA);
	chain->slots++;
	return take_gso(rx, &extra, chain);
}

/* The first slot's flags speak of the whole frame. */
static int take_flags(struct front_rx *rx, int pending, uint16_t flags, struct chain *chain)
{
	if (chain->data > 1)
		return flags & NETRXF_extra_info ? broken(rx, FRONT_RX_EXTRA_LATE) : 0;
	if (flags & NETRXF_csum_blank)
		chain->csum = SPLITVIF_CSUM_BLANK;
	else if (flags & NETRXF_data_validated)
		chain->csum = SPLITVIF_CSUM_VALID;
	return flags & NETRXF_extra_info ? take_extra(rx, pending, chain) : 0;
}

static uint32_t longest(const struct chain *chain)
{
	return SPLITVIF_FRAME_BYTES + (chain->gso_type ? SPLITVIF_GSO_EXCESS : 0);
}

/* All slots of the next frame. Nothing is consumed yet. */
static int read_chain(struct front_rx *rx, int pending, struct chain *chain)
{
	netif_rx_response_t response;

	do {
		if ((int)chain->slots == pending)
			return broken(rx, FRONT_RX_CUT);
		if (chain->data == SPLITVIF_FRAME_PARTS)
			return broken(rx, FRONT_RX_LONG);
		ring_copy_rx_response(&rx->ring, rx->ring.in_cons + chain->slots, &response);
		if (take_slot(rx, &response, chain) ||
		    take_flags(rx, pending, response.flags, chain))
			return -1;
	} while (response.flags & NETRXF_more_data);
	return chain->length > longest(chain) ? broken(rx, FRONT_RX_LONG) : 0;
}

/* Consumes the chain's slots; the caller has its pages now. */
static inline void deliver(struct front_rx *rx, const struct chain *chain,
			   struct splitvif_frame *frame)
{
	*frame = (struct splitvif_frame){ .parts = &rx->parts[rx->next_part],
					  .nr_parts = chain->parts,
					  .length = chain->length,
					  .csum = chain->csum,
					  .gso_type = chain->gso_type,
					  .gso_size = chain->gso_size };
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
	uint16_t ids[FRONT_RX_SLOTS];

	for (unsigned int i = 0; i < chain->slots; i++)
		ids[i] = rx->posted[(rx->ring.in_cons + i) & rx->ring.mask];
	ring_consume(&rx->ring, chain->slots);
	for (unsigned int i = 0; i < chain->slots; i++)
		post_page(rx, ids[i]);
	rx->errors++;
}

/* The usual slot: a frame of its own, with nothing said of it but its checksum. */
static bool is_plain(const netif_rx_response_t *response, uint16_t id)
{
	return response->id == id && response->status >= SPLITVIF_FRAME_MIN &&
	       response->offset + response->status <= PAGE_BYTES &&
	       !(response->flags & ~(NETRXF_csum_blank | NETRXF_data_validated));
}

/* Bytes, into the second-level cache (a batch of long frames is more than the
 * first one holds) while other frames are looked at: the backend's processor had
 * them last. */
static void fetch(const uint8_t *bytes, uint32_t length)
{
	for (uint32_t at = 0; at < length; at += 64)
		__builtin_prefetch(bytes + at, 0, 2);
}

/* Takes the next frame if it is a plain one. */
static bool receive_plain(struct front_rx *rx, struct splitvif_frame *frame)
{
	static const uint8_t csums[] = {
		[NETRXF_data_validated] = SPLITVIF_CSUM_VALID,
		[NETRXF_csum_blank] = SPLITVIF_CSUM_BLANK,
		[NETRXF_data_validated | NETRXF_csum_blank] = SPLITVIF_CSUM_BLANK,
	};
	uint16_t id = rx->posted[rx->ring.in_cons & rx->ring.mask];
	struct iovec *part = &rx->parts[rx->next_part];
	netif_rx_response_t response;
	struct chain chain = { .slots = 1, .parts = 1 };

	ring_copy_rx_response(&rx->ring, rx->ring.in_cons, &response);
	if (!is_plain(&response, id))
		return false;
	part->iov_base = rx->pages + (size_t)id * PAGE_BYTES + response.offset;
	part->iov_len = (size_t)response.status;
	chain.length = (uint32_t)response.status;
	fetch(part->iov_base, rx->reads_whole ? chain.length : 1);
	chain.csum = csums[response.flags];
	deliver(rx, &chain, frame);
	return true;
}

unsigned int front_rx_pending(struct front_rx *rx)
{
	int pending = rx->fault ? 0 : ring_pending(&rx->ring);

	if (pending < 0)
		broken(rx, FRONT_RX_INDEX);
	return pending > 0 ? (unsigned int)pending : 0;
}

unsigned int front_rx_receive(struct front_rx *rx, struct splitvif_frame *frames, unsigned int n)
{
	int pending = (int)front_rx_pending(rx);
	unsigned int taken = 0;

	rx->waiting = false;
	ring_prefetch(&rx->ring, (uint32_t)pending < n ? (uint32_t)pending : n,
		      sizeof(netif_rx_request_t));
	while (pending > 0 && taken < n) {
		struct chain chain = { 0 };

		if (receive_plain(rx, &frames[taken])) {
			pending--;
			taken++;
			continue;
		}
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

void front_rx_wait(struct front_rx *rx)
{
	rx->waits += !rx->waiting;
	rx->waiting = true;
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
