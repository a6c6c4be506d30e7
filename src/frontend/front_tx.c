#include "frontend/front_tx.h"

enum page_use {
	USE_FREE,
	USE_HELD,  /* reserved */
	USE_FIRST, /* outstanding: the first slot of a frame */
	USE_LATER, /* outstanding: a later one */
};

static uint32_t pages_for(uint32_t bytes)
{
	if (bytes <= FRONT_TX_FIRST_BYTES)
		return 1;
	return 1 + (bytes - FRONT_TX_FIRST_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
}

static_assert(1 + (SPLITVIF_FRAME_BYTES - FRONT_TX_FIRST_BYTES + PAGE_BYTES - 1) / PAGE_BYTES <=
		      XEN_NETIF_NR_SLOTS_MIN,
	      "every backend takes our longest frame (netif.h)");

uint32_t front_tx_longest(const struct front_tx *tx)
{
	return tx->offers & SPLITVIF_OFFLOAD_SG ? SPLITVIF_FRAME_BYTES : PAGE_BYTES;
}

/* Pages of a frame for which nothing but its greatest length is known. */
static uint32_t pages_each(const struct front_tx *tx, uint32_t bytes)
{
	return tx->offers & SPLITVIF_OFFLOAD_SG ? pages_for(bytes) : 1;
}

/* How many frames there are pages and slots for. */
static unsigned int room_for(const struct front_tx *tx, uint32_t each)
{
	bool extra = tx->offers & (SPLITVIF_OFFLOAD_GSO_TCPV4 | SPLITVIF_OFFLOAD_GSO_TCPV6);
	unsigned int by_pages = tx->nr_free / each;
	unsigned int by_slots = ring_free(&tx->ring) / (each + extra);

	return by_pages < by_slots ? by_pages : by_slots;
}

static bool broken(struct front_tx *tx, enum front_fault fault)
{
	tx->fault = fault;
	return false;
}

/* Last in the queue: the backend's processor has just read the page, and to
 * write it again while it lies in that cache is dearer than to write one that
 * has left it (64 KB frames between two processors: 79 against 58 ns a KB). */
static void free_page(struct front_tx *tx, uint16_t page)
{
	tx->use[page] = USE_FREE;
	tx->free[(tx->free_first + tx->nr_free++) % FRONT_TX_PAGES] = page;
}

/* First in the queue: only this side has touched it, if anyone. */
static void unhold_page(struct front_tx *tx, uint16_t page)
{
	tx->use[page] = USE_FREE;
	tx->free[--tx->free_first % FRONT_TX_PAGES] = page;
	tx->nr_free++;
}

void front_tx_forsake(struct front_tx *tx)
{
	tx->lost += tx->in_flight;
	tx->in_flight = 0;
}

void front_tx_reset(struct front_tx *tx, union ring_page *ring, uint8_t *pages)
{
	front_tx_forsake(tx);
	ring_init_front(&tx->ring, ring, TX_RING_ENTRIES);
	tx->pages = pages;
	tx->free_first = tx->nr_free = tx->nr_held = tx->nr_extras = 0;
	tx->fault = FRONT_SOUND;
	for (uint16_t page = 0; page < FRONT_TX_PAGES; page++)
		free_page(tx, page);
}

static bool answer(struct front_tx *tx, const netif_tx_response_t *response)
{
	if (response->status == NETIF_RSP_NULL && tx->nr_extras) {
		tx->nr_extras--;
		return true;
	}
	if (response->id >= FRONT_TX_PAGES)
		return broken(tx, FRONT_TX_ID);
	if (tx->use[response->id] != USE_FIRST && tx->use[response->id] != USE_LATER)
		return broken(tx, FRONT_TX_INACTIVE);
	if (response->status > NETIF_RSP_OKAY || response->status < NETIF_RSP_DROPPED)
		return broken(tx, FRONT_TX_STATUS);
	if (tx->use[response->id] == USE_FIRST) {
		tx->in_flight--;
		tx->done += response->status == NETIF_RSP_OKAY;
		tx->errors += response->status != NETIF_RSP_OKAY;
	}
	free_page(tx, response->id);
	return true;
}

bool front_tx_reclaim(struct front_tx *tx)
{
	netif_tx_response_t response;
	int pending;

	if (tx->fault)
		return false;
	pending = ring_pending(&tx->ring);
	if (pending < 0)
		return broken(tx, FRONT_TX_INDEX);
	ring_prefetch(&tx->ring, (uint32_t)pending, sizeof(netif_tx_request_t));
	for (int i = 0; i < pending; i++) {
		ring_copy_tx_response(&tx->ring, tx->ring.in_cons, &response);
		if (!answer(tx, &response))
			return false;
		ring_consume(&tx->ring, 1);
	}
	return true;
}

/* Moves one free page into the reservation. It will be written soon, and the backend's
 * processor had it last. */
static void hold_page(struct front_tx *tx, bool spread)
{
	uint16_t page = tx->free[tx->free_first++ % FRONT_TX_PAGES];
	uint32_t start = spread ? page % FRONT_TX_OFFSETS * 64u : 0;

	tx->nr_free--;
	tx->use[page] = USE_HELD;
	tx->starts[page] = (uint16_t)start;
	tx->held[tx->nr_held] = page;
	tx->parts[tx->nr_held++] = (struct iovec){
		.iov_base = tx->pages + (size_t)page * PAGE_BYTES + start,
		.iov_len = PAGE_BYTES - start,
	};
	prefetch_for_write(tx->pages + (size_t)page * PAGE_BYTES + start);
}

unsigned int front_tx_reserve(struct front_tx *tx, struct splitvif_frame *frames, unsigned int n,
			      uint32_t bytes)
{
	uint32_t each = pages_each(tx, bytes);
	bool spread = each > 1 || bytes <= FRONT_TX_FIRST_BYTES;

	if (bytes > front_tx_longest(tx))
		return 0;
	front_tx_commit(tx, NULL, 0); /* a reservation that was forgotten */
	if (room_for(tx, each) < n && !front_tx_reclaim(tx))
		return 0;
	if (room_for(tx, each) < n) {
		n = room_for(tx, each);
		tx->full++;
	}
	for (unsigned int i = 0; i < n; i++) {
		frames[i] = (struct splitvif_frame){ .parts = &tx->parts[tx->nr_held],
						     .nr_parts = each };
		for (uint32_t j = 0; j < each; j++)
			hold_page(tx, spread && j == 0);
	}
	return n;
}

static uint32_t room_of(const struct splitvif_frame *frame)
{
	return (uint32_t)frame->parts[0].iov_len + (frame->nr_parts - 1) * PAGE_BYTES;
}

static void produce_extra(struct front_tx *tx, const struct splitvif_frame *frame)
{
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.size = frame->gso_size;
	extra.u.gso.type = frame->gso_type == SPLITVIF_GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
								 : XEN_NETIF_GSO_TYPE_TCPV6;
	ring_produce_tx_extra(&tx->ring, &extra);
	tx->nr_extras++;
}

/* What the first slot says of the whole frame. A blank checksum says, too, that
 * the data never left a safe place (netif.h). */
static uint16_t flags_of(const struct splitvif_frame *frame)
{
	static const uint8_t csum[] = {
		[SPLITVIF_CSUM_NONE] = 0,
		[SPLITVIF_CSUM_VALID] = NETTXF_data_validated,
		[SPLITVIF_CSUM_BLANK] = NETTXF_csum_blank | NETTXF_data_validated,
	};

	return csum[frame->csum] | (frame->gso_type ? NETTXF_extra_info : 0);
}

static void produce_slot(struct front_tx *tx, uint16_t page, uint16_t flags, uint32_t size,
			 enum page_use use)
{
	netif_tx_request_t request = {
		.gref = tx->refs[page],
		.offset = tx->starts[page],
		.flags = flags,
		.id = page,
		.size = (uint16_t)size,
	};

	ring_produce_tx_request(&tx->ring, &request);
	tx->use[page] = (uint8_t)use;
}

/* What a page holds of the bytes that are left. */
static uint32_t part_of(const struct front_tx *tx, uint16_t page, uint32_t left)
{
	uint32_t room = (uint32_t)PAGE_BYTES - tx->starts[page];

	return left < room ? left : room;
}

/* The frame's slots: the first carries the whole length, the later ones their
 * own; what is said of it stands between (netif.h, "Packet format"). */
static void produce_frame(struct front_tx *tx, const struct splitvif_frame *frame)
{
	const uint16_t *page = &tx->held[frame->parts - tx->parts];
	uint32_t here = part_of(tx, *page, frame->length), left = frame->length - here;

	produce_slot(tx, *page, flags_of(frame) | (left ? NETTXF_more_data : 0), frame->length,
		     USE_FIRST);
	if (frame->gso_type)
		produce_extra(tx, frame);
	for (; left; left -= here) {
		here = part_of(tx, *++page, left);
		produce_slot(tx, *page, here < left ? NETTXF_more_data : 0, here, USE_LATER);
	}
	tx->in_flight++;
	tx->frames++;
	tx->bytes += frame->length;
}

/* Behind one or two VLAN tags. The bytes are this side's own, in a first part
 * that has room for more than these, whatever the frame's length. */
static bool is_ipv6(const struct splitvif_frame *frame)
{
	const uint8_t *bytes = frame->parts[0].iov_base;
	unsigned int at = 12;

	while (at <= 16 && ((bytes[at] == 0x81 && bytes[at + 1] == 0) ||
			    (bytes[at] == 0x88 && bytes[at + 1] == 0xa8)))
		at += 4;
	return bytes[at] == 0x86 && bytes[at + 1] == 0xdd;
}

/* Whether what the frame asks for is among the offers. */
static bool is_taken(const struct front_tx *tx, const struct splitvif_frame *frame)
{
	static const uint8_t gso[] = {
		[SPLITVIF_GSO_TCPV4] = SPLITVIF_OFFLOAD_GSO_TCPV4,
		[SPLITVIF_GSO_TCPV6] = SPLITVIF_OFFLOAD_GSO_TCPV6,
	};

	if (frame->csum > SPLITVIF_CSUM_BLANK || frame->gso_type > SPLITVIF_GSO_TCPV6)
		return false;
	if (frame->gso_type)
		return tx->offers & gso[frame->gso_type] && frame->gso_size &&
		       frame->csum == SPLITVIF_CSUM_BLANK;
	return frame->csum != SPLITVIF_CSUM_BLANK || tx->offers & SPLITVIF_OFFLOAD_CSUM_IPV6 ||
	       !is_ipv6(frame);
}

/* The usual frame: one page, no more to be said than what the flags do. */
static bool is_plain(const struct splitvif_frame *frame)
{
	return frame->nr_parts == 1 && !frame->gso_type && frame->csum <= SPLITVIF_CSUM_VALID &&
	       frame->length >= SPLITVIF_FRAME_MIN && frame->length <= frame->parts->iov_len;
}

static bool is_sendable(const struct front_tx *tx, const struct splitvif_frame *frame)
{
	return frame->length >= SPLITVIF_FRAME_MIN && frame->length <= SPLITVIF_FRAME_BYTES &&
	       frame->length <= room_of(frame) && is_taken(tx, frame);
}

/* False for frames of a reservation that a reset has swept away. */
static bool is_reserved(const struct front_tx *tx, const struct splitvif_frame *frame)
{
	unsigned int at = (unsigned int)(frame->parts - tx->parts);

	return at < tx->nr_held && tx->use[tx->held[at]] == USE_HELD;
}

void front_tx_commit(struct front_tx *tx, struct splitvif_frame *frames, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		if (!frames[i].length || !is_reserved(tx, &frames[i]))
			continue;
		if (is_plain(&frames[i]) || is_sendable(tx, &frames[i]))
			produce_frame(tx, &frames[i]);
		else
			tx->refused++;
	}
	while (tx->nr_held) {
		uint16_t page = tx->held[--tx->nr_held];

		if (tx->use[page] == USE_HELD)
			unhold_page(tx, page);
	}
}

static bool sleep_for(struct front_tx *tx, uint32_t answers)
{
	int pending = ring_arm(&tx->ring, answers);

	if (pending < 0)
		return broken(tx, FRONT_TX_INDEX);
	return pending < (int)answers;
}

/* A quarter of what is outstanding makes one event, so that a full ring wakes
 * us for a batch and not for each frame. Among the answers may be some that
 * free a slot and no page: then the caller arms again. */
bool front_tx_arm(struct front_tx *tx, uint32_t bytes)
{
	uint32_t each = pages_each(tx, bytes);
	uint32_t outstanding;

	if (!front_tx_reclaim(tx) || room_for(tx, each))
		return false;
	outstanding = tx->ring.mask + 1 - ring_free(&tx->ring);
	return sleep_for(tx, each > outstanding / 4 ? each : outstanding / 4);
}

/* A frame has one slot at least, so as many answers are needed at least. */
bool front_tx_arm_answers(struct front_tx *tx, unsigned int in_flight)
{
	if (!front_tx_reclaim(tx) || tx->in_flight <= in_flight)
		return false;
	return sleep_for(tx, tx->in_flight - in_flight);
}
