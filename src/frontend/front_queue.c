#include "frontend/front_queue.h"

enum front_fault front_queue_fault(const struct front_queue *queue)
{
	return queue->tx.fault ? queue->tx.fault : queue->rx.fault;
}

void front_queue_publish(struct front_queue *queue, struct signaller *signaller)
{
	struct evtchn *rx = queue->rx_channel.port ? &queue->rx_channel : &queue->tx_channel;

	if (ring_publish(&queue->tx.ring))
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
