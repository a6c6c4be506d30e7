/*
 * One queue of a vif in a guest: a pair of rings over their pages, and the
 * event channels that go with them. Queues share nothing but the grant table
 * (netfront.h); what is of one flow belongs on one of them, to stay in order.
 */
#ifndef FRONTEND_FRONT_QUEUE_H
#define FRONTEND_FRONT_QUEUE_H

#include "frontend/front_rx.h"
#include "frontend/front_tx.h"
#include "ring/coalesce.h"
#include "ring/evtchn.h"

/* The pages of a queue's shared region: two rings, then the RX pages. */
enum {
	FRONT_QUEUE_TX_RING,
	FRONT_QUEUE_RX_RING,
	FRONT_QUEUE_RX_PAGES,
	FRONT_QUEUE_SHARED_PAGES = FRONT_QUEUE_RX_PAGES + FRONT_RX_PAGES,
	FRONT_QUEUE_GRANTS = FRONT_QUEUE_SHARED_PAGES + FRONT_TX_PAGES,
};

/* The events that one ring was woken by. */
struct front_events {
	uint64_t taken;
	uint64_t spurious; /* nothing had come */
};

struct front_queue {
	struct front_tx tx;
	struct front_rx rx;
	struct evtchn tx_channel; /* both rings' if rx_channel has no port */
	struct evtchn rx_channel;
	struct coalesce tx_edge; /* what the backend is told of frames to be sent */
	bool is_aggregating;	 /* it may be told later: so it matters what time it is */
	uint64_t tx_published;	 /* frames */
	struct front_events tx_events, rx_events;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	uint64_t events_sent, events_received, events_merged; /* of channels that are gone */
};

/* What the peer did in this queue, if anything. */
enum front_fault front_queue_fault(const struct front_queue *queue);

/* From now on the backend is told of frames in such groups; nothing is owed. */
void front_queue_aggregate(struct front_queue *queue, const struct coalesce_limits *limits);

/* Publishes both rings, and queues the signals that the peer asked for: of frames
 * to be sent now or later, unless that is `forced`. */
void front_queue_publish(struct front_queue *queue, struct signaller *signaller, bool forced);

/* When that is to be called (again) at the latest, in ns of CLOCK_MONOTONIC;
 * UINT64_MAX: nothing is put off. */
static inline uint64_t front_queue_due(const struct front_queue *queue)
{
	return queue->is_aggregating ? queue->tx_edge.due_ns : UINT64_MAX;
}

/* Clears the pending event of a channel, if there is one, and counts what it brought
 * the rings that it is for. */
void front_queue_take_event(struct front_queue *queue, bool rx);

/* Announces sleep on frames and, if tx_bytes, on room for a frame of that
 * length. False: there are frames, or room. */
bool front_queue_arm(struct front_queue *queue, uint32_t tx_bytes);

/* Drops the descriptors of both channels, keeping their counts. */
void front_queue_close_channels(struct front_queue *queue);

#endif
