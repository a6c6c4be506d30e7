#include "backend/vif.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "backend/vif_rx.h"
#include "backend/vif_tx.h"

static const struct port_ops vif_port_ops = { .transmit = vif_rx_transmit };

struct evtchn *vif_rx_channel(struct vif *vif)
{
	return vif->rx_channel.port ? &vif->rx_channel : &vif->tx_channel;
}

void vif_fault(struct vif *vif, const char *why)
{
	if (vif->stopped)
		return;
	vif->stopped = true;
	__atomic_store_n(&vif->fault, why, __ATOMIC_RELEASE);
	worker_alarm(vif->worker);
}

/* Both sides fell asleep only if the second look finds nothing. True: work. */
static bool look_again(struct vif *vif)
{
	int pending = ring_arm(&vif->tx, 1);

	if (pending < 0)
		vif_fault(vif, "tx request index out of the ring");
	if (pending > 0)
		counter_add(&vif->stats.rearm_races, 1);
	return pending > 0;
}

static void listen(struct vif *vif)
{
	engine_arm(vif->worker->engine, &vif->tx_source.source);
	if (vif->rx_channel.port)
		engine_arm(vif->worker->engine, &vif->rx_source.source);
}

/* Events that bring no work cost us a look each: after a few in a row we look
 * away, with each one for longer, and a timer looks in their stead (XSA-391).
 * When it has, we listen again: a guest that has stopped costs nothing. */
static void listen_unless_spurious(struct vif *vif)
{
	unsigned int excess = vif->spurious_run - VIF_SPURIOUS_MAX;

	if (vif->quiet_until_ms > vif->worker->now_ms)
		return;
	if (vif->spurious_run <= VIF_SPURIOUS_MAX || vif->spurious_run == vif->quieted_run) {
		listen(vif);
		return;
	}
	vif->quieted_run = vif->spurious_run;
	vif->quiet_until_ms = vif->worker->now_ms + (excess < 7 ? 1u << excess : VIF_QUIET_MAX_MS);
	worker_set_timer(vif->worker, &vif->timer, vif->quiet_until_ms);
}

/* A turn's result, held against the event that called for it. */
static void note_turn(struct vif *vif, bool worked)
{
	if (worked) {
		vif->spurious_run = vif->quieted_run = 0;
		vif->quiet_until_ms = 0;
	} else if (vif->woken) {
		counter_add(&vif->stats.spurious, 1);
		vif->spurious_run++;
	}
	vif->woken = false;
}

static bool vif_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct vif *vif = (struct vif *)((char *)item - offsetof(struct vif, item));
	struct batch *batch = &vif->worker->batch;
	uint32_t waiting = vif->backlog.frames, drained;
	bool more;

	if (vif->stopped)
		return false;
	more = waiting && vif_rx_drain(vif);
	drained = waiting - vif->backlog.frames;
	*done = vif_tx_receive(vif, batch, weight < BATCH_FRAMES ? weight : BATCH_FRAMES);
	if (batch->nr_frames)
		bridge_forward(vif->bridge, &vif->port, batch->frames, batch->nr_frames,
			       vif->worker->now_ms);
	if (bridge_take_news(vif->bridge))
		worker_alarm(vif->worker);
	vif_tx_complete(vif, batch);
	note_turn(vif, *done || drained);
	if (vif->stopped)
		return false;
	if (more || *done == weight || look_again(vif))
		return true;
	if (!vif->stopped)
		listen_unless_spurious(vif);
	return false;
}

static void vif_timer_expired(struct worker_timer *timer)
{
	struct vif *vif = (struct vif *)((char *)timer - offsetof(struct vif, timer));
	uint64_t next;

	if (vif->stopped)
		return;
	next = vif_rx_expire(vif);
	if (vif->quiet_until_ms && vif->quiet_until_ms > vif->worker->now_ms)
		next = next && next < vif->quiet_until_ms ? next : vif->quiet_until_ms;
	else if (vif->quiet_until_ms || !backlog_is_empty(&vif->backlog))
		poll_schedule(&vif->worker->polls, &vif->item);
	if (vif->quiet_until_ms <= vif->worker->now_ms)
		vif->quiet_until_ms = 0;
	if (next)
		worker_set_timer(vif->worker, timer, next);
}

static void tx_readable(struct worker_source *source)
{
	struct vif *vif = (struct vif *)((char *)source - offsetof(struct vif, tx_source));

	vif->woken |= evtchn_take(&vif->tx_channel);
}

static void rx_readable(struct worker_source *source)
{
	struct vif *vif = (struct vif *)((char *)source - offsetof(struct vif, rx_source));

	vif->woken |= evtchn_take(&vif->rx_channel);
}

static int rings_map(struct vif *vif, const char **why)
{
	union ring_page *page;
	int16_t status;

	*why = "tx and rx ring are one page";
	if (vif->config.tx_ring_ref == vif->config.rx_ring_ref)
		return -EINVAL;
	*why = "tx-ring-ref is not granted";
	page = hypervisor_map_ring(vif->domain, vif->config.tx_ring_ref, &status);
	if (!page)
		return -EINVAL;
	ring_attach_back(&vif->tx, page, TX_RING_ENTRIES);
	*why = "rx-ring-ref is not granted";
	page = hypervisor_map_ring(vif->domain, vif->config.rx_ring_ref, &status);
	if (!page) {
		hypervisor_unmap_ring(vif->domain, vif->config.tx_ring_ref);
		return -EINVAL;
	}
	ring_attach_back(&vif->rx, page, RX_RING_ENTRIES);
	return 0;
}

static void rings_unmap(struct vif *vif)
{
	hypervisor_unmap_ring(vif->domain, vif->config.tx_ring_ref);
	hypervisor_unmap_ring(vif->domain, vif->config.rx_ring_ref);
}

static int channels_bind(struct vif *vif, const char **why)
{
	int err = hypervisor_bind_evtchn(vif->domain, vif->config.tx_port, &vif->tx_channel);

	*why = "event channel (tx) cannot be bound";
	if (err || vif->config.tx_port == vif->config.rx_port)
		return err;
	*why = "event channel (rx) cannot be bound";
	err = hypervisor_bind_evtchn(vif->domain, vif->config.rx_port, &vif->rx_channel);
	if (err)
		hypervisor_close_evtchn(vif->domain, &vif->tx_channel);
	return err;
}

void vif_set_offloads(struct vif *vif, uint32_t offloads)
{
	vif->config.offloads = offloads;
	vif->port.takes = offload_takes(&vif->config.guest, offloads);
	vif->port.merges = offloads & 1 << OFFLOAD_GRO &&
			   vif->port.takes & (PORT_GSO_TCPV4 | PORT_GSO_TCPV6);
}

int vif_open(struct vif **out, struct foreign_domain *domain, const struct vif_config *config,
	     const char **why)
{
	struct vif *vif = calloc(1, sizeof(*vif));
	int err = -ENOMEM;

	*why = "out of memory";
	if (!vif)
		return err;
	*vif = (struct vif){
		.port = { .ops = &vif_port_ops, .index = PORT_NONE, .mtu = config->mtu },
		.item = { .poll = vif_poll, .weight = POLL_WEIGHT },
		.config = *config,
		.domain = domain,
		.tx_channel = EVTCHN_NONE,
		.rx_channel = EVTCHN_NONE,
		.timer = { .expired = vif_timer_expired },
	};
	memcpy(vif->port.name, config->name, sizeof(vif->port.name));
	vif_set_offloads(vif, config->offloads);
	err = backlog_init(&vif->backlog, config->backlog_bytes);
	if (err)
		goto free_vif;
	err = rings_map(vif, why);
	if (err)
		goto fini_backlog;
	err = channels_bind(vif, why);
	if (err)
		goto unmap_rings;
	*out = vif;
	return 0;

unmap_rings:
	rings_unmap(vif);
fini_backlog:
	backlog_fini(&vif->backlog);
free_vif:
	free(vif);
	return err;
}

void vif_close(struct vif *vif)
{
	hypervisor_close_evtchn(vif->domain, &vif->rx_channel);
	hypervisor_close_evtchn(vif->domain, &vif->tx_channel);
	rings_unmap(vif);
	backlog_fini(&vif->backlog);
	free(vif);
}

int vif_attach(struct vif *vif, struct worker *worker, struct bridge *bridge)
{
	int err;

	vif->worker = worker;
	vif->bridge = bridge;
	err = worker_add(worker, &vif->tx_source, vif->tx_channel.wait_fd, &vif->item, tx_readable);
	if (err)
		return err;
	if (vif->rx_channel.port)
		err = worker_add(worker, &vif->rx_source, vif->rx_channel.wait_fd, &vif->item,
				 rx_readable);
	if (err)
		goto remove_tx;
	err = bridge_attach(bridge, &vif->port);
	if (err)
		goto remove_rx;
	vif_tx_refuse_old(vif);
	poll_schedule(&worker->polls, &vif->item);
	return 0;

remove_rx:
	if (vif->rx_channel.port)
		worker_remove(worker, &vif->rx_source);
remove_tx:
	worker_remove(worker, &vif->tx_source);
	return err;
}

void vif_detach(struct vif *vif)
{
	vif->stopped = true;
	bridge_detach(vif->bridge, &vif->port);
	poll_remove(&vif->worker->polls, &vif->item);
	worker_cancel_timer(vif->worker, &vif->timer);
	worker_remove(vif->worker, &vif->tx_source);
	if (vif->rx_channel.port)
		worker_remove(vif->worker, &vif->rx_source);
	vif_rx_discard(vif);
}
