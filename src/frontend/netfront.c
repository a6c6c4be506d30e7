#include "frontend/netfront.h"

#include <errno.h>
#include <stdlib.h>

#include "ring/poll.h"

static uint32_t table_pages_for(unsigned int queues)
{
	uint32_t refs = GRANT_RESERVED_REFS + queues * FRONT_QUEUE_GRANTS;

	return (refs + GRANTS_PER_PAGE - 1) / GRANTS_PER_PAGE;
}

static uint32_t whole_huge_pages(uint32_t pages)
{
	return (pages + ARENA_HUGE_PAGES - 1) / ARENA_HUGE_PAGES * ARENA_HUGE_PAGES;
}

static int memory_open(struct netfront *front)
{
	unsigned int queues = front->max_queues;
	uint32_t shared_pages = front->table_pages + queues * FRONT_QUEUE_SHARED_PAGES;
	int err = -ENOMEM;

	front->queues = calloc(queues, sizeof(*front->queues));
	front->refs = calloc(queues * FRONT_QUEUE_GRANTS, sizeof(*front->refs));
	if (front->queues && front->refs)
		err = arena_create(&front->arena, whole_huge_pages(shared_pages),
				   whole_huge_pages(queues * FRONT_TX_PAGES));
	if (!err)
		return 0;
	free(front->refs);
	free(front->queues);
	return err;
}

static void memory_close(struct netfront *front)
{
	arena_close(&front->arena);
	free(front->refs);
	free(front->queues);
}

int netfront_init(struct netfront *front, unsigned int max_queues)
{
	int err;

	*front = (struct netfront){ .max_queues = max_queues,
				    .nr_queues = 1,
				    .aggregation = { .frames = 1 },
				    .polling = { .weight = POLL_WEIGHT, .spin_usecs = -1 },
				    .table_pages = table_pages_for(max_queues) };
	err = memory_open(front);
	if (err)
		return err;
	for (unsigned int i = 0; i < max_queues; i++)
		front->queues[i].tx_channel = front->queues[i].rx_channel = EVTCHN_NONE;
	err = gnttab_init(&front->gnttab, &front->arena, front->table_pages);
	if (err)
		goto close_memory;
	err = signaller_init(&front->signaller);
	if (err)
		goto fini_gnttab;
	return 0;

fini_gnttab:
	gnttab_fini(&front->gnttab);
close_memory:
	memory_close(front);
	return err;
}

void netfront_fini(struct netfront *front)
{
	netfront_close_channels(front);
	signaller_fini(&front->signaller);
	gnttab_fini(&front->gnttab);
	memory_close(front);
}

void netfront_set_takes(struct netfront *front, unsigned int takes)
{
	for (unsigned int i = 0; i < front->max_queues; i++)
		front->queues[i].rx.takes = takes;
}

void netfront_set_reads_whole(struct netfront *front, bool whole)
{
	for (unsigned int i = 0; i < front->max_queues; i++)
		front->queues[i].rx.reads_whole = whole;
}

void netfront_set_offers(struct netfront *front, unsigned int offers)
{
	for (unsigned int i = 0; i < front->max_queues; i++)
		front->queues[i].tx.offers = offers;
}

/* The table has room for all there is to grant and was empty, so this cannot
 * fail. */
static grant_ref_t grant(struct netfront *front, domid_t to, uint32_t frame, bool readonly)
{
	grant_ref_t ref = gnttab_grant(&front->gnttab, to, frame, readonly);

	assert(ref && front->nr_refs < front->max_queues * FRONT_QUEUE_GRANTS);
	front->refs[front->nr_refs++] = ref;
	return ref;
}

static void queue_prepare(struct netfront *front, unsigned int number, domid_t backend)
{
	struct front_queue *queue = &front->queues[number];
	struct arena *arena = &front->arena;
	uint32_t shared = front->table_pages + number * FRONT_QUEUE_SHARED_PAGES;
	uint32_t rx = shared + FRONT_QUEUE_RX_PAGES;
	uint32_t tx = arena->shared.pages + number * FRONT_TX_PAGES;

	queue->tx_ring_ref = grant(front, backend, shared + FRONT_QUEUE_TX_RING, false);
	queue->rx_ring_ref = grant(front, backend, shared + FRONT_QUEUE_RX_RING, false);
	for (uint32_t i = 0; i < FRONT_RX_PAGES; i++)
		queue->rx.refs[i] = grant(front, backend, rx + i, false);
	for (uint32_t i = 0; i < FRONT_TX_PAGES; i++)
		queue->tx.refs[i] = grant(front, backend, tx + i, true);
	front_tx_reset(&queue->tx,
		       (union ring_page *)arena_page(arena, shared + FRONT_QUEUE_TX_RING),
		       arena_page(arena, tx));
	front_queue_aggregate(queue, &front->aggregation);
	front_rx_reset(&queue->rx,
		       (union ring_page *)arena_page(arena, shared + FRONT_QUEUE_RX_RING),
		       arena_page(arena, rx));
	ring_publish(&queue->rx.ring);
}

int netfront_prepare(struct netfront *front, domid_t backend, unsigned int nr_queues)
{
	if (front->live || gnttab_reap(&front->gnttab))
		return -EBUSY;
	front->nr_refs = 0;
	front->nr_queues = nr_queues;
	for (unsigned int i = 0; i < nr_queues; i++)
		queue_prepare(front, i, backend);
	front->live = true;
	return 0;
}

static void forsake_all(struct netfront *front)
{
	front->live = false;
	for (unsigned int i = 0; i < front->max_queues; i++)
		front_tx_forsake(&front->queues[i].tx);
}

unsigned int netfront_revoke(struct netfront *front)
{
	forsake_all(front);
	while (front->nr_refs)
		gnttab_revoke(&front->gnttab, front->refs[--front->nr_refs]);
	return gnttab_reap(&front->gnttab);
}

void netfront_bury(struct netfront *front)
{
	forsake_all(front);
	front->nr_refs = 0;
	gnttab_void(&front->gnttab);
	netfront_close_channels(front);
}

enum front_fault netfront_fault(const struct netfront *front)
{
	enum front_fault fault = FRONT_SOUND;

	for (unsigned int i = 0; i < front->nr_queues && !fault; i++)
		fault = front_queue_fault(&front->queues[i]);
	return fault;
}

static void flush(struct netfront *front, bool forced)
{
	if (!front->live || !front->queues[0].tx_channel.port)
		return;
	for (unsigned int i = 0; i < front->nr_queues; i++)
		front_queue_publish(&front->queues[i], &front->signaller, forced);
	signaller_flush(&front->signaller);
}

void netfront_flush(struct netfront *front)
{
	flush(front, false);
}

int netfront_aggregate(struct netfront *front, const struct coalesce_limits *limits)
{
	if (!limits->usecs && !limits->frames)
		return -EINVAL;
	flush(front, true);
	front->aggregation = *limits;
	for (unsigned int i = 0; front->live && i < front->nr_queues; i++)
		front_queue_aggregate(&front->queues[i], limits);
	return 0;
}

uint64_t netfront_due(const struct netfront *front)
{
	uint64_t due = UINT64_MAX;

	for (unsigned int i = 0; front->live && i < front->nr_queues; i++)
		if (front_queue_due(&front->queues[i]) < due)
			due = front_queue_due(&front->queues[i]);
	return due;
}

bool netfront_arm_queue(struct netfront *front, struct front_queue *queue, uint32_t tx_bytes)
{
	if (!front->live)
		return true;
	flush(front, tx_bytes); /* who waits for room must not be the one who keeps it */
	return front_queue_arm(queue, tx_bytes) || netfront_fault(front);
}

bool netfront_arm(struct netfront *front, uint32_t tx_bytes)
{
	bool sleep = netfront_arm_queue(front, &front->queues[0], tx_bytes);

	for (unsigned int i = 1; front->live && i < front->nr_queues; i++)
		sleep &= front_queue_arm(&front->queues[i], 0);
	return sleep || netfront_fault(front);
}

bool netfront_wait(struct netfront *front, uint32_t tx_bytes)
{
	if (!front->live)
		return true;
	flush(front, tx_bytes);
	for (unsigned int i = 0; i < front->nr_queues; i++)
		front_rx_wait(&front->queues[i].rx);
	return !tx_bytes || front_tx_arm(&front->queues[0].tx, tx_bytes) || netfront_fault(front);
}

void netfront_close_channels(struct netfront *front)
{
	for (unsigned int i = 0; i < front->max_queues; i++)
		front_queue_close_channels(&front->queues[i]);
}
