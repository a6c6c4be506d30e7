#include "backend/vif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vif_rx.h"

static const struct port_ops vif_port_ops = { .transmit = vif_rx_transmit };

void vif_set_offloads(struct vif *vif, uint32_t offloads)
{
	uint8_t takes = offload_takes(&vif->config.guest, offloads);

	vif->config.offloads = offloads;
	port_set_takes(&vif->port, takes,
		       offloads & 1 << OFFLOAD_GRO && takes & (PORT_GSO_TCPV4 | PORT_GSO_TCPV6));
}

static void tune_on_worker(void *arg)
{
	struct vif_queue *queue = arg;

	vif_queue_tune(queue, &queue->vif->config.tuning);
}

void vif_set_tuning(struct vif *vif, const struct tuning *tuning)
{
	vif->config.tuning = *tuning;
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		worker_call(vif->queues[i].worker, tune_on_worker, &vif->queues[i]);
}

static void renew_on_worker(void *arg)
{
	vif_queue_renew(arg);
}

void vif_set_rate(struct vif *vif, const struct rate *rate)
{
	vif->config.rate = *rate;
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		worker_call(vif->queues[i].worker, renew_on_worker, &vif->queues[i]);
}

/* Closes the first n queues. */
static void queues_close(struct vif *vif, unsigned int n)
{
	while (n--)
		vif_queue_close(&vif->queues[n]);
}

/* Its share of what the vif may keep. */
static uint32_t backlog_share(const struct vif_config *config)
{
	uint32_t bytes = config->backlog_bytes;

	for (unsigned int n = 1; n < config->nr_queues && bytes > VIF_BACKLOG_MIN; n *= 2)
		bytes /= 2;
	return bytes;
}

/* A page that two rings share would make nonsense of both. */
static bool rings_are_apart(const struct vif_config *config)
{
	for (unsigned int i = 0; i < config->nr_queues; i++) {
		const struct vif_queue_config *a = &config->queues[i];

		for (unsigned int k = 0; k < i; k++) {
			const struct vif_queue_config *b = &config->queues[k];

			if (a->tx_ring_ref == b->tx_ring_ref || a->tx_ring_ref == b->rx_ring_ref ||
			    a->rx_ring_ref == b->tx_ring_ref || a->rx_ring_ref == b->rx_ring_ref)
				return false;
		}
	}
	return true;
}

static int queues_open(struct vif *vif, const char **why)
{
	const struct vif_config *config = &vif->config;
	uint32_t backlog = backlog_share(config);

	*why = "two queues share a ring page";
	if (!rings_are_apart(config))
		return -EINVAL;

	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		int err = vif_queue_open(&vif->queues[i], vif, &config->queues[i], backlog, why);

		if (!err)
			continue;
		queues_close(vif, i);
		return err;
	}
	return 0;
}

int vif_open(struct vif **out, struct foreign_domain *domain, const struct vif_config *config,
	     const char **why)
{
	size_t size = sizeof(struct vif) + config->nr_queues * sizeof(struct vif_queue);
	struct vif *vif = aligned_alloc(64, (size + 63) & ~(size_t)63);
	int err;

	*why = "out of memory";
	if (!vif)
		return -ENOMEM;
	memset(vif, 0, size);
	vif->port = (struct port){ .ops = &vif_port_ops, .index = PORT_NONE, .mtu = config->mtu };
	vif->config = *config;
	vif->domain = domain;
	vif->nr_queues = config->nr_queues;
	memcpy(vif->port.name, config->name, sizeof(vif->port.name));
	vif_set_offloads(vif, config->offloads);
	err = queues_open(vif, why);
	if (err)
		free(vif);
	else
		*out = vif;
	return err;
}

void vif_close(struct vif *vif)
{
	queues_close(vif, vif->nr_queues);
	free(vif);
}

struct attach_call {
	struct vif_queue *queue;
	struct worker *worker;
	int err;
};

static void attach_on_worker(void *arg)
{
	struct attach_call *call = arg;

	call->err = vif_queue_attach(call->queue, call->worker);
}

static void start_on_worker(void *arg)
{
	vif_queue_start(arg);
}

static void detach_on_worker(void *arg)
{
	vif_queue_detach(arg);
}

static int queue_attach(struct vif_queue *queue, struct workers *workers)
{
	struct attach_call call = { .queue = queue, .worker = workers_take(workers) };

	worker_call(call.worker, attach_on_worker, &call);
	if (call.err)
		workers_give(workers, call.worker);
	return call.err;
}

/* Detaches the first n queues. */
static void queues_detach(struct vif *vif, unsigned int n)
{
	while (n--) {
		struct worker *worker = vif->queues[n].worker;

		worker_call(worker, detach_on_worker, &vif->queues[n]);
		workers_give(vif->workers, worker);
	}
}

/* All of them, or none. */
static int queues_attach(struct vif *vif)
{
	unsigned int n = 0;
	int err = 0;

	while (n < vif->nr_queues && !(err = queue_attach(&vif->queues[n], vif->workers)))
		n++;
	if (err)
		queues_detach(vif, n);
	return err;
}

static void queues_start(struct vif *vif)
{
	for (unsigned int n = 0; n < vif->nr_queues; n++)
		worker_call(vif->queues[n].worker, start_on_worker, &vif->queues[n]);
}

int vif_attach(struct vif *vif, struct workers *workers, struct bridge *bridge)
{
	int err;

	vif->bridge = bridge;
	vif->workers = workers;
	vif->shared = workers->nr > 1;
	err = queues_attach(vif);
	if (err)
		return err;
	err = bridge_attach(bridge, &vif->port);
	if (err)
		queues_detach(vif, vif->nr_queues);
	else
		queues_start(vif);
	return err;
}

/* First nothing comes in any more, so that nothing is learned of the port when
 * it goes; then nothing goes out through it. */
void vif_detach(struct vif *vif)
{
	vif_stop(vif);
	workers_pass(vif->workers);
	bridge_detach(vif->bridge, &vif->port);
	workers_pass(vif->workers);
	queues_detach(vif, vif->nr_queues);
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		vif_rx_discard(&vif->queues[i]);
}

void vif_suspend(struct vif *vif)
{
	queues_detach(vif, vif->nr_queues);
	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		vif_queue_suspend(&vif->queues[i]);
		vif->config.queues[i] = vif->queues[i].config;
	}
}

void vif_resume(struct vif *vif)
{
	int err = queues_attach(vif);

	for (unsigned int i = 0; !err && i < vif->nr_queues; i++)
		err = vif_queue_resume(&vif->queues[i]);
	if (err)
		vif_queue_fault(&vif->queues[0], "its rings are no longer granted");
	queues_start(vif);
}

bool vif_is_stalled(const struct vif *vif)
{
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		if (load_relaxed(&vif->queues[i].stalled))
			return true;
	return false;
}

static void stats_sum(struct vif_queue_stats *sum, const struct vif_queue_stats *stats)
{
	sum->tx_requests += counter_read(&stats->tx_requests);
	sum->tx_responses += counter_read(&stats->tx_responses);
	sum->tx_errors += counter_read(&stats->tx_errors);
	sum->credit_waits += counter_read(&stats->credit_waits);
	sum->rx_requests += counter_read(&stats->rx_requests);
	sum->rx_responses += counter_read(&stats->rx_responses);
	sum->rx_errors += counter_read(&stats->rx_errors);
	sum->borrows += counter_read(&stats->borrows);
	sum->copies += counter_read(&stats->copies);
	sum->copied_bytes += counter_read(&stats->copied_bytes);
}

static void channel_sum(struct vif_totals *totals, const struct evtchn *channel)
{
	totals->irqs += counter_read(&channel->received);
	totals->kicks += counter_read(&channel->sent);
	totals->merged += counter_read(&channel->merged);
}

static void item_sum(struct vif_totals *totals, const struct poll_item *item)
{
	totals->rounds += counter_read(&item->rounds);
	totals->empty_rounds += counter_read(&item->empty_rounds);
	totals->spurious += counter_read(&item->spurious);
	totals->late += counter_read(&item->late);
	totals->rearm_races += counter_read(&item->races);
	totals->deferrals += counter_read(&item->deferrals);
	totals->throttlings += counter_read(&item->throttlings);
	for (unsigned int i = 0; i < POLL_BUCKETS; i++)
		totals->per_round[i] += counter_read(&item->per_round[i]);
}

static void edge_sum(struct vif_totals *totals, const struct notifier *edge)
{
	totals->suppressed += counter_read(&edge->suppressed);
	totals->delayed += counter_read(&edge->delayed);
}

void vif_totals(const struct vif *vif, struct vif_totals *totals)
{
	*totals = (struct vif_totals){ 0 };
	for (unsigned int i = 0; i < vif->nr_queues; i++) {
		const struct vif_queue *queue = &vif->queues[i];

		stats_sum(&totals->stats, &queue->stats);
		channel_sum(totals, &queue->tx_channel);
		channel_sum(totals, &queue->rx_channel);
		edge_sum(totals, &queue->tx_edge);
		edge_sum(totals, &queue->rx_edge);
		item_sum(totals, &queue->item);
		totals->queued += load_relaxed(&queue->backlog.frames);
	}
}
