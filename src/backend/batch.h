/*
 * Scratch memory of one batch, one of each a worker: what is read from a guest
 * on its way through the bridge, and what is being copied to one.
 */
#ifndef BACKEND_BATCH_H
#define BACKEND_BATCH_H

#include "backend/slots.h"
#include "bridge/frame.h"
#include "ring/hypervisor.h"

/* From a guest: chains as read, their data slots, frames laid over them. */
struct batch {
	struct frame frames[BATCH_FRAMES];
	struct slots_chain chains[BATCH_FRAMES];
	uint16_t first[BATCH_FRAMES]; /* each chain's first entry in slots[] */
	/* A ring holds 256 requests; the last chain may read beyond its share. */
	netif_tx_request_t slots[TX_RING_ENTRIES + SLOTS_DATA_TOLERATED];
	struct grant_borrow borrows[TX_RING_ENTRIES + SLOTS_DATA_TOLERATED];
	struct fragment rest[TX_RING_ENTRIES + SLOTS_DATA_TOLERATED + BATCH_FRAMES];
	unsigned int nr_chains;
	unsigned int nr_slots;
	unsigned int nr_frames;
};

enum { COPIES_MAX = 2 * RX_RING_ENTRIES, VIF_QUEUES_MAX = 16 };

/* To a guest: fragments to be copied, the responses they belong to, and the
 * frames that these make up. */
struct copies {
	struct grant_copy list[COPIES_MAX];
	uint8_t frame_of[COPIES_MAX];
	union {
		netif_rx_response_t data;
		netif_extra_info_t extra;
	} responses[RX_RING_ENTRIES];
	struct {
		uint16_t first, count; /* responses */
		uint32_t length;
		bool extra; /* the second response is an extra info */
		bool refused;
	} frames[BATCH_FRAMES];
	bool urgent; /* one of the frames is */
	unsigned int nr_copies;
	unsigned int nr_responses;
	unsigned int nr_frames;
};

/* A list on its way to a vif of several queues, laid out queue by queue. */
struct spread {
	unsigned int n[VIF_QUEUES_MAX];
	struct frame *frames[VIF_QUEUES_MAX][BATCH_FRAMES];
};

#endif
