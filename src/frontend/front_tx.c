#include "frontend/front_tx.h"

enum page_use {
	USE_FREE,
	USE_HELD,  /* reserved */
	USE_FIRST, /* outstanding: the first slot of a frame */
	USE_LATER, /* outstanding: a later one */
};

/* Which offset a page's frames start at. */
static uint32_t start_of(uint16_t page)
{
	return page % FRONT_TX_OFFSETS * 64u;
}

static uint32_t pages_for(uint32_t bytes)
{
	if (bytes <= FRONT_TX_FIRST_BYTES)
		return 1;
	return 1 + (bytes - FRONT_TX_FIRST_BYTES + PAGE_BYTES - 1) / PAGE_BYTES;
}

static_assert(1 + (SPLITVIF_FRAME_BYTES - FRONT_TX_FIRST_BYTES + PAGE_BYTES - 1) / PAGE_BYTES <=
		      XEN_NETIF_NR_SLOTS_MIN,
	      "every backend takes our longest frame (netif.h)");

static bool broken(struct front_tx *tx, enum front_fault fault)
{
	tx->fault = fault;
	return false;
}

static void free_page(struct front_tx *tx, uint16_t page)
{
	tx->use[page] = USE_FREE;
	tx->free[tx->nr_free++] = page;
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
	tx->nr_free = tx->nr_held = 0;
	tx->fault = FRONT_SOUND;
	for (uint16_t page = FRONT_TX_PAGES; page-- > 0;)
		free_page(tx, page);
}

static bool answer(struct front_tx *tx, const netif_tx_response_t *response)
{
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
	for (int i = 0; i < pending; i++) {
		ring_copy_tx_response(&tx->ring, tx->ring.in_cons, &response);
		if (!answer(tx, &response))
			return false;
		ring_consume(&tx->ring, 1);
	}
	return true;
}

/* Moves one free page into the reservation. */
static void hold_page(struct front_tx *tx, bool first)
{
	uint16_t page = tx->free[--tx->nr_free];
	uint32_t start = first ? start_of(page) : 0;

	tx->use[page] = USE_HELD;
	tx->held[tx->nr_held] = page;
	tx->parts[tx->nr_held++] = (struct iovec){
		.iov_base = tx->pages + (size_t)page * PAGE_BYTES + start,
		.iov_len = PAGE_BYTES - start,
	};
}

unsigned int front_tx_reserve(struct front_tx *tx, struct splitvif_frame *frames, unsigned int n,
			      uint32_t bytes)
{
	uint32_t each = pages_for(bytes);

	if (bytes > SPLITVIF_FRAME_BYTES)
		return 0;
	front_tx_commit(tx, NULL, 0); /* a reservation that was forgotten */
	if (tx->nr_free < n * each && !front_tx_reclaim(tx))
		return 0;
	if (tx->nr_free < n * each) {
		n = tx->nr_free / each;
		tx->full++;
	}
	for (unsigned int i = 0; i < n; i++) {
		frames[i] = (struct splitvif_frame){ .parts = &tx->parts[tx->nr_held],
						     .nr_parts = each };
		for (uint32_t j = 0; j < each; j++)
			hold_page(tx, j == 0);
	}
	return n;
}

static uint32_t room_of(const struct splitvif_frame *frame)
{
	return (uint32_t)frame->parts[0].iov_len + (frame->nr_parts - 1) * PAGE_BYTES;
}

/* The frame's slots: the first carries the whole length, the later ones their
 * own (netif.h, "TX: the first slot's size"). */
static void produce_frame(struct front_tx *tx, const struct splitvif_frame *frame)
{
	unsigned int at = (unsigned int)(frame->parts - tx->parts);
	uint32_t left = frame->length;

	for (unsigned int i = at; left; i++) {
		uint16_t page = tx->held[i];
		uint32_t start = i == at ? start_of(page) : 0;
		uint32_t here = left < PAGE_BYTES - start ? left : PAGE_BYTES - start;
		netif_tx_request_t request = {
			.gref = tx->refs[page],
			.offset = (uint16_t)start,
			.flags = here < left ? NETTXF_more_data : 0,
			.id = page,
			.size = (uint16_t)(i == at ? frame->length : here),
		};

		ring_produce_tx_request(&tx->ring, &request);
		tx->use[page] = i == at ? USE_FIRST : USE_LATER;
		left -= here;
	}
	tx->in_flight++;
	tx->frames++;
	tx->bytes += frame->length;
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
		if (frames[i].length < SPLITVIF_FRAME_MIN ||
		    frames[i].length > SPLITVIF_FRAME_BYTES ||
		    frames[i].length > room_of(&frames[i]))
			tx->refused++;
		else
			produce_frame(tx, &frames[i]);
	}
	while (tx->nr_held) {
		uint16_t page = tx->held[--tx->nr_held];

		if (tx->use[page] == USE_HELD)
			free_page(tx, page);
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
 * us for a batch and not for each frame. */
bool front_tx_arm(struct front_tx *tx, uint32_t bytes)
{
	uint32_t need = pages_for(bytes);
	uint32_t outstanding, wake;

	if (!front_tx_reclaim(tx) || tx->nr_free >= need)
		return false;
	outstanding = FRONT_TX_PAGES - tx->nr_free - tx->nr_held;
	wake = need - tx->nr_free > outstanding / 4 ? need - tx->nr_free : outstanding / 4;
	return sleep_for(tx, wake);
}

/* A frame has one slot at least, so as many answers are needed at least. */
bool front_tx_arm_answers(struct front_tx *tx, unsigned int in_flight)
{
	if (!front_tx_reclaim(tx) || tx->in_flight <= in_flight)
		return false;
	return sleep_for(tx, tx->in_flight - in_flight);
}
