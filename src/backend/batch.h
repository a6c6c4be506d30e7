/*
 * Scratch memory of one batch, one of each a worker: what is read from a guest
 * on its way through the bridge, and what goes to one of several queues.
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

enum { VIF_QUEUES_MAX = 16 };

/* A list on its way to a vif of several queues, laid out queue by queue. */
struct spread {
	unsigned int n[VIF_QUEUES_MAX];
	struct frame *frames[VIF_QUEUES_MAX][BATCH_FRAMES];
};

#endif
