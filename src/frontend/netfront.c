#include "frontend/netfront.h"

#include <errno.h>

int netfront_init(struct netfront *front)
{
	int err;

	*front = (struct netfront){ .tx_channel = EVTCHN_NONE, .rx_channel = EVTCHN_NONE };
	err = arena_create(&front->arena, NETFRONT_SHARED_PAGES, NETFRONT_TX_PAGES);
	if (err)
		return err;
	err = gnttab_init(&front->gnttab, &front->arena, NETFRONT_TABLE_PAGES);
	if (err)
		goto close_arena;
	err = signaller_init(&front->signaller);
	if (err)
		goto fini_gnttab;
	return 0;

fini_gnttab:
	gnttab_fini(&front->gnttab);
close_arena:
	arena_close(&front->arena);
	return err;
}

void netfront_fini(struct netfront *front)
{
	netfront_close_channels(front);
	signaller_fini(&front->signaller);
	gnttab_fini(&front->gnttab);
	arena_close(&front->arena);
}

/* The table holds all of NETFRONT_GRANTS and was empty, so this cannot fail. */
static grant_ref_t grant(struct netfront *front, domid_t to, uint32_t frame, bool readonly)
{
	grant_ref_t ref = gnttab_grant(&front->gnttab, to, frame, readonly);

	assert(ref && front->nr_refs < NETFRONT_GRANTS);
	front->refs[front->nr_refs++] = ref;
	return ref;
}

int netfront_prepare(struct netfront *front, domid_t backend)
{
	union ring_page *tx_ring, *rx_ring;
	struct arena *arena = &front->arena;

	if (front->live || gnttab_reap(&front->gnttab))
		return -EBUSY;
	tx_ring = (union ring_page *)arena_page(arena, NETFRONT_TX_RING_FRAME);
	rx_ring = (union ring_page *)arena_page(arena, NETFRONT_RX_RING_FRAME);
	front->nr_refs = 0;
	front->tx_ring_ref = grant(front, backend, NETFRONT_TX_RING_FRAME, false);
	front->rx_ring_ref = grant(front, backend, NETFRONT_RX_RING_FRAME, false);
	for (uint32_t i = 0; i < FRONT_RX_PAGES; i++)
		front->rx.refs[i] = grant(front, backend, NETFRONT_RX_FRAME + i, false);
	for (uint32_t i = 0; i < FRONT_TX_PAGES; i++)
		front->tx.refs[i] = grant(front, backend, NETFRONT_SHARED_PAGES + i, true);
	front_tx_reset(&front->tx, tx_ring, arena->tx.base);
	front_rx_reset(&front->rx, rx_ring, arena_page(arena, NETFRONT_RX_FRAME));
	ring_publish(&front->rx.ring);
	front->live = true;
	return 0;
}

unsigned int netfront_revoke(struct netfront *front)
{
	front->live = false;
	front_tx_forsake(&front->tx);
	while (front->nr_refs)
		gnttab_revoke(&front->gnttab, front->refs[--front->nr_refs]);
	return gnttab_reap(&front->gnttab);
}

void netfront_bury(struct netfront *front)
{
	front->live = false;
	front->nr_refs = 0;
	front_tx_forsake(&front->tx);
	gnttab_void(&front->gnttab);
	netfront_close_channels(front);
}

enum front_fault netfront_fault(const struct netfront *front)
{
	return front->tx.fault ? front->tx.fault : front->rx.fault;
}

static struct evtchn *rx_channel(struct netfront *front)
{
	return front->rx_channel.port ? &front->rx_channel : &front->tx_channel;
}

void netfront_flush(struct netfront *front)
{
	if (!front->live || !front->tx_channel.port)
		return;
	if (ring_publish(&front->tx.ring))
		evtchn_notify(&front->tx_channel, &front->signaller);
	if (ring_publish(&front->rx.ring))
		evtchn_notify(rx_channel(front), &front->signaller);
	signaller_flush(&front->signaller);
}

bool netfront_arm(struct netfront *front, uint32_t tx_bytes)
{
	bool sleep;

	if (!front->live)
		return true;
	netfront_flush(front);
	sleep = front_rx_arm(&front->rx);
	if (tx_bytes && !front_tx_arm(&front->tx, tx_bytes))
		sleep = false;
	return sleep || netfront_fault(front);
}

void netfront_take_event(struct evtchn *channel)
{
	if (channel->port)
		evtchn_take(channel);
}

static void close_channel(struct netfront *front, struct evtchn *channel)
{
	front->events_sent += channel->sent;
	front->events_received += channel->received;
	evtchn_fini(channel);
}

void netfront_close_channels(struct netfront *front)
{
	close_channel(front, &front->tx_channel);
	close_channel(front, &front->rx_channel);
}
