#include "backend/vif_queue.h"

#include <errno.h>
#include <stddef.h>

#include "backend/vif.h"
#include "backend/vif_rx.h"
#include "backend/vif_tx.h"

void vif_queue_fault(struct vif_queue *queue, const char *why)
{
	if (vif_stop(queue->vif))
		return;
	__atomic_store_n(&queue->vif->fault, why, __ATOMIC_RELEASE);
	worker_alarm(queue->worker); /* any thread may */
}

/* Both sides fell asleep only if the second look finds nothing. True: work. */
static bool look_again(struct vif_queue *queue)
{
	int pending = ring_arm(&queue->tx, 1);

	if (pending < 0)
		vif_queue_fault(queue, "tx request index out of the ring");
	if (pending > 0)
		counter_add(&queue->stats.rearm_races, 1);
	return pending > 0;
}

static void listen(struct vif_queue *queue)
{
	engine_arm(queue->worker->engine, &queue->tx_source.source);
	if (queue->rx_channel.port)
		engine_arm(queue->worker->engine, &queue->rx_source.source);
}

/* Events that bring no work cost us a look each: after a few in a row we look
 * away, with each one for longer, and a timer looks in their stead (XSA-391).
 * When it has, we listen again: a guest that has stopped costs nothing. */
static void listen_unless_spurious(struct vif_queue *queue)
{
	unsigned int excess = queue->spurious_run - VIF_SPURIOUS_MAX;

	if (queue->quiet_until_ms > queue->worker->now_ms)
		return;
	if (queue->spurious_run <= VIF_SPURIOUS_MAX || queue->spurious_run == queue->quieted_run) {
		listen(queue);
		return;
	}
	queue->quieted_run = queue->spurious_run;
	queue->quiet_until_ms =
		queue->worker->now_ms + (excess < 7 ? 1u << excess : VIF_QUIET_MAX_MS);
	worker_set_timer(queue->worker, &queue->timer, queue->quiet_until_ms);
}

/* A turn's result, held against the event that called for it. */
static void note_turn(struct vif_queue *queue, bool worked)
{
	if (worked) {
		queue->spurious_run = queue->quieted_run = 0;
		queue->quiet_until_ms = 0;
	} else if (queue->woken) {
		counter_add(&queue->stats.spurious, 1);
		queue->spurious_run++;
	}
	queue->woken = false;
}

static bool queue_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)item - offsetof(struct vif_queue, item));
	struct batch *batch = &queue->worker->batch;
	unsigned int drained = 0;
	bool more = false;

	if (vif_is_stopped(queue->vif))
		return false;
	if (load_relaxed(&queue->backlog.frames))
		more = vif_rx_drain(queue, &drained);
	*done = vif_tx_receive(queue, batch, weight < BATCH_FRAMES ? weight : BATCH_FRAMES);
	if (batch->nr_frames)
		worker_forward(queue->worker, queue->vif->bridge, &queue->vif->port, batch->frames,
			       batch->nr_frames);
	vif_tx_complete(queue, batch);
	note_turn(queue, *done || drained);
	if (vif_is_stopped(queue->vif))
		return false;
	if (more || *done == weight || look_again(queue))
		return true;
	if (!vif_is_stopped(queue->vif))
		listen_unless_spurious(queue);
	return false;
}

static void queue_timer_expired(struct worker_timer *timer)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)timer - offsetof(struct vif_queue, timer));
	uint64_t next;

	if (vif_is_stopped(queue->vif))
		return;
	next = vif_rx_expire(queue);
	if (queue->quiet_until_ms && queue->quiet_until_ms > queue->worker->now_ms)
		next = next && next < queue->quiet_until_ms ? next : queue->quiet_until_ms;
	else if (queue->quiet_until_ms || load_relaxed(&queue->backlog.frames))
		poll_schedule(&queue->worker->polls, &queue->item);
	if (queue->quiet_until_ms <= queue->worker->now_ms)
		queue->quiet_until_ms = 0;
	if (next)
		worker_set_timer(queue->worker, timer, next);
}

static void tx_readable(struct worker_source *source)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)source - offsetof(struct vif_queue, tx_source));

	queue->woken |= evtchn_take(&queue->tx_channel);
}

static void rx_readable(struct worker_source *source)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)source - offsetof(struct vif_queue, rx_source));

	queue->woken |= evtchn_take(&queue->rx_channel);
}

static int rings_map(struct vif_queue *queue, const char **why)
{
	union ring_page *page;
	int16_t status;

	*why = "tx and rx ring are one page";
	if (queue->config.tx_ring_ref == queue->config.rx_ring_ref)
		return -EINVAL;
	*why = "tx-ring-ref is not granted";
	page = hypervisor_map_ring(queue->vif->domain, queue->config.tx_ring_ref, &status);
	if (!page)
		return -EINVAL;
	ring_attach_back(&queue->tx, page, TX_RING_ENTRIES);
	*why = "rx-ring-ref is not granted";
	page = hypervisor_map_ring(queue->vif->domain, queue->config.rx_ring_ref, &status);
	if (!page) {
		hypervisor_unmap_ring(queue->vif->domain, queue->config.tx_ring_ref);
		return -EINVAL;
	}
	ring_attach_back(&queue->rx, page, RX_RING_ENTRIES);
	return 0;
}

static void rings_unmap(struct vif_queue *queue)
{
	hypervisor_unmap_ring(queue->vif->domain, queue->config.tx_ring_ref);
	hypervisor_unmap_ring(queue->vif->domain, queue->config.rx_ring_ref);
}

static int channels_bind(struct vif_queue *queue, const char **why)
{
	int err = hypervisor_bind_evtchn(queue->vif->domain, queue->config.tx_port,
					 &queue->tx_channel);

	*why = "event channel (tx) cannot be bound";
	if (err)
		return err;
	if (queue->config.tx_port == queue->config.rx_port) {
		queue->rx_channel.signal_fd = queue->tx_channel.signal_fd;
		return 0;
	}
	*why = "event channel (rx) cannot be bound";
	err = hypervisor_bind_evtchn(queue->vif->domain, queue->config.rx_port, &queue->rx_channel);
	if (err)
		hypervisor_close_evtchn(queue->vif->domain, &queue->tx_channel);
	return err;
}

int vif_queue_open(struct vif_queue *queue, struct vif *vif, const struct vif_queue_config *config,
		   uint32_t backlog_bytes, const char **why)
{
	int err;

	*queue = (struct vif_queue){
		.vif = vif,
		.item = { .poll = queue_poll,
			  .weight = (POLL_WEIGHT + vif->nr_queues - 1) / vif->nr_queues },
		.config = *config,
		.tx_channel = EVTCHN_NONE,
		.rx_channel = EVTCHN_NONE,
		.timer = { .expired = queue_timer_expired },
		.note = { .item = &queue->item },
	};
	pthread_mutex_init(&queue->lock, NULL);
	*why = "out of memory";
	err = backlog_init(&queue->backlog, backlog_bytes);
	if (err)
		return err;
	err = rings_map(queue, why);
	if (err)
		goto fini_backlog;
	err = channels_bind(queue, why);
	if (err)
		goto unmap_rings;
	return 0;

unmap_rings:
	rings_unmap(queue);
fini_backlog:
	backlog_fini(&queue->backlog);
	return err;
}

void vif_queue_close(struct vif_queue *queue)
{
	if (!queue->rx_channel.port)
		queue->rx_channel = EVTCHN_NONE; /* its descriptor is the other's */
	hypervisor_close_evtchn(queue->vif->domain, &queue->rx_channel);
	hypervisor_close_evtchn(queue->vif->domain, &queue->tx_channel);
	rings_unmap(queue);
	backlog_fini(&queue->backlog);
	pthread_mutex_destroy(&queue->lock);
}

int vif_queue_attach(struct vif_queue *queue, struct worker *worker)
{
	int err = worker_add(worker, &queue->tx_source, queue->tx_channel.wait_fd, &queue->item,
			     tx_readable);

	queue->worker = worker;
	if (err || !queue->rx_channel.port)
		return err;
	err = worker_add(worker, &queue->rx_source, queue->rx_channel.wait_fd, &queue->item,
			 rx_readable);
	if (err)
		worker_remove(worker, &queue->tx_source);
	return err;
}

void vif_queue_start(struct vif_queue *queue)
{
	vif_tx_refuse_old(queue);
	poll_schedule(&queue->worker->polls, &queue->item);
}

void vif_queue_detach(struct vif_queue *queue)
{
	poll_remove(&queue->worker->polls, &queue->item);
	worker_cancel_timer(queue->worker, &queue->timer);
	worker_remove(queue->worker, &queue->tx_source);
	if (queue->rx_channel.port)
		worker_remove(queue->worker, &queue->rx_source);
}
