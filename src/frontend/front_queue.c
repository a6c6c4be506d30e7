#include "frontend/front_queue.h"

#include <time.h>

enum front_fault front_queue_fault(const struct front_queue *queue)
{
	return queue->tx.fault ? queue->tx.fault : queue->rx.fault;
}

enum { SAMPLE_MS = 10 }; /* of the rate, so that no wait outlasts half a ring */

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

void front_queue_aggregate(struct front_queue *queue, const struct coalesce_limits *limits)
{
	coalesce_init(&queue->tx_edge, queue->tx.ring.mask + 1);
	coalesce_configure(&queue->tx_edge, &(struct coalesce_config){ .plain = *limits,
								       .irq = *limits,
								       .sample_ms = SAMPLE_MS });
	queue->is_aggregating = limits->frames != 1;
	queue->tx_published = queue->tx.frames;
}

/* What was published before may be due, or the backend has looked by itself. */
static bool publish_nothing(struct front_queue *queue, bool forced)
{
	if (!queue->tx_edge.owed)
		return false;
	if (forced)
		return coalesce_flush(&queue->tx_edge, 0);
	return coalesce_expired(&queue->tx_edge, now_ns(), ring_is_awaited(&queue->tx.ring));
}

/* True: the backend is to be told. */
static bool publish_tx(struct front_queue *queue, bool forced)
{
	struct ring *ring = &queue->tx.ring;
	struct coalesce_news news = {
		.frames = (uint32_t)(queue->tx.frames - queue->tx_published),
		.slots = ring->produced - ring->published,
		.in_flight = queue->tx.in_flight,
		.forced = forced,
	};

	if (!queue->is_aggregating)
		return ring_publish(ring);
	if (!news.slots)
		return publish_nothing(queue, forced);
	news.now_ns = now_ns();
	queue->tx_published = queue->tx.frames;
	news.armed = ring_publish(ring);
	return coalesce_published(&queue->tx_edge, &news) == COALESCE_SEND;
}

void front_queue_publish(struct front_queue *queue, struct signaller *signaller, bool forced)
{
	struct evtchn *rx = queue->rx_channel.port ? &queue->rx_channel : &queue->tx_channel;

	if (publish_tx(queue, forced))
		evtchn_notify(&queue->tx_channel, signaller);
	if (ring_publish(&queue->rx.ring))
		evtchn_notify(rx, signaller);
}

bool front_queue_arm(struct front_queue *queue, uint32_t tx_bytes)
{
	bool sleep = front_rx_arm(&queue->rx);

	if (tx_bytes && !front_tx_arm(&queue->tx, tx_bytes))
		sleep = false;
	return sleep;
}

static void note_event(struct front_events *events, struct ring *ring)
{
	events->taken++;
	events->spurious += ring_pending(ring) == 0;
}

void front_queue_take_event(struct front_queue *queue, bool rx)
{
	struct evtchn *channel = rx ? &queue->rx_channel : &queue->tx_channel;

	if (!channel->port || !evtchn_take(channel))
		return;
	if (!rx)
		note_event(&queue->tx_events, &queue->tx.ring);
	if (rx || !queue->rx_channel.port)
		note_event(&queue->rx_events, &queue->rx.ring);
}

static void close_channel(struct front_queue *queue, struct evtchn *channel)
{
	queue->events_sent += channel->sent;
	queue->events_received += channel->received;
	queue->events_merged += channel->merged;
	evtchn_fini(channel);
}

void front_queue_close_channels(struct front_queue *queue)
{
	close_channel(queue, &queue->tx_channel);
	close_channel(queue, &queue->rx_channel);
}
