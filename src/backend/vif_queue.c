#include "backend/vif_queue.h"

#include <errno.h>
#include <stddef.h>

#include "backend/vif.h"
#include "backend/vif_rx.h"
#include "backend/vif_tx.h"
#include "io/state.h"

void vif_queue_fault(struct vif_queue *queue, const char *why)
{
	if (vif_stop(queue->vif))
		return;
	__atomic_store_n(&queue->vif->fault, why, __ATOMIC_RELEASE);
	worker_alarm(queue->worker); /* any thread may */
}

static struct vif_queue *queue_of(struct poll_item *item)
{
	return (struct vif_queue *)((char *)item - offsetof(struct vif_queue, item));
}

/* Both sides fell asleep only if the second look finds nothing. True: work. A
 * guest that must wait for credit need not tell of more. */
static bool queue_arm(struct poll_item *item)
{
	struct vif_queue *queue = queue_of(item);
	bool waits = vif_is_stopped(queue->vif) || queue->out_of_credit;
	int pending = waits ? 0 : ring_arm(&queue->tx, 1);

	if (pending < 0)
		vif_queue_fault(queue, "tx request index out of the ring");
	return pending > 0;
}

static void queue_listen(struct poll_item *item)
{
	struct vif_queue *queue = queue_of(item);

	if (vif_is_stopped(queue->vif))
		return;
	engine_arm(queue->worker->engine, &queue->tx_source.source);
	if (queue->rx_channel.port)
		engine_arm(queue->worker->engine, &queue->rx_source.source);
}

bool vif_queue_may_send(struct vif_queue *queue, uint32_t bytes)
{
	struct credit *credit = &queue->vif->credit;

	if (credit_take(credit, bytes, queue->worker->polls.now_ns))
		return true;
	queue->out_of_credit = true;
	counter_add(&queue->stats.credit_waits, 1);
	timers_set(&queue->worker->timers, &queue->renewal, credit_due_ns(credit));
	return false;
}

static void renewal_expired(struct timer *timer)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)timer - offsetof(struct vif_queue, renewal));

	queue->out_of_credit = false;
	poll_schedule(&queue->worker->polls, &queue->item);
}

void vif_queue_renew(struct vif_queue *queue)
{
	struct worker *worker = queue->worker;

	credit_set(&queue->vif->credit, &queue->vif->config.rate, worker->polls.clock_ns());
	timers_cancel(&worker->timers, &queue->renewal);
	renewal_expired(&queue->renewal);
}

/* One batch from the guest; what it weighs. */
static unsigned int receive(struct vif_queue *queue, unsigned int weight)
{
	struct batch *batch = &queue->worker->batch;
	unsigned int done = vif_tx_receive(queue, batch, weight);

	if (batch->nr_frames)
		worker_forward(queue->worker, queue->vif->bridge, &queue->vif->port, batch->frames,
			       batch->nr_frames);
	vif_tx_complete(queue, batch);
	return done;
}

/* A weight beyond a batch is several of them. */
static bool queue_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct vif_queue *queue = queue_of(item);
	unsigned int batch, got;
	bool more = false;

	if (vif_is_stopped(queue->vif))
		return false;
	notifier_show(&queue->rx_edge);
	if (load_relaxed(&queue->backlog.frames))
		more = vif_rx_drain(queue, done);
	if (!ring_pending(&queue->tx)) /* as it mostly is while we spin */
		weight = 0;
	while (weight && !queue->out_of_credit && !vif_is_stopped(queue->vif)) {
		batch = weight < BATCH_FRAMES ? weight : BATCH_FRAMES;
		got = receive(queue, batch);
		*done += got;
		weight -= batch;
		if (got < batch)
			break;
	}
	if (!queue->out_of_credit)
		more = more || ring_pending(&queue->tx) > 0;
	return more && !vif_is_stopped(queue->vif);
}

static void queue_timer_expired(struct timer *timer)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)timer - offsetof(struct vif_queue, timer));
	uint64_t next;

	if (vif_is_stopped(queue->vif))
		return;
	next = vif_rx_expire(queue);
	if (load_relaxed(&queue->backlog.frames))
		poll_schedule(&queue->worker->polls, &queue->item);
	if (next)
		worker_set_timer(queue->worker, timer, next);
}

static void tx_readable(struct worker_source *source)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)source - offsetof(struct vif_queue, tx_source));

	evtchn_take(&queue->tx_channel);
}

static void rx_readable(struct worker_source *source)
{
	struct vif_queue *queue =
		(struct vif_queue *)((char *)source - offsetof(struct vif_queue, rx_source));

	evtchn_take(&queue->rx_channel);
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

static int channel_bind(struct vif_queue *queue, evtchn_port_t remote, evtchn_port_t bound,
			struct evtchn *channel)
{
	struct foreign_domain *domain = queue->vif->domain;

	return bound ? hypervisor_regain_evtchn(domain, bound, channel)
		     : hypervisor_bind_evtchn(domain, remote, channel);
}

static int channels_bind(struct vif_queue *queue, const char **why)
{
	const struct vif_queue_config *config = &queue->config;
	int err = channel_bind(queue, config->tx_port, config->tx_bound, &queue->tx_channel);

	*why = "event channel (tx) cannot be bound";
	if (err)
		return err;
	if (config->tx_port == config->rx_port) {
		queue->rx_channel.signal_fd = queue->tx_channel.signal_fd;
		return 0;
	}
	*why = "event channel (rx) cannot be bound";
	err = channel_bind(queue, config->rx_port, config->rx_bound, &queue->rx_channel);
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
			  .arm = queue_arm,
			  .listen = queue_listen,
			  .tuning.weight = POLL_WEIGHT },
		.config = *config,
		.tx_channel = EVTCHN_NONE,
		.rx_channel = EVTCHN_NONE,
		.timer = { .expired = queue_timer_expired },
		.renewal = { .expired = renewal_expired },
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
	notifier_init(&queue->tx_edge, &queue->tx, &queue->tx_channel);
	notifier_init(&queue->rx_edge, &queue->rx, &queue->rx_channel);
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
	notifier_attach(&queue->tx_edge, worker, NULL);
	notifier_attach(&queue->rx_edge, worker, queue->vif->shared ? &queue->lock : NULL);
	if (err || !queue->rx_channel.port)
		return err;
	err = worker_add(worker, &queue->rx_source, queue->rx_channel.wait_fd, &queue->item,
			 rx_readable);
	if (err)
		worker_remove(worker, &queue->tx_source);
	return err;
}

/* A vif's weight is what all its queues take. */
static uint32_t share_of(uint32_t weight, unsigned int queues)
{
	return (weight + queues - 1) / queues;
}

void vif_queue_tune(struct vif_queue *queue, const struct tuning *tuning)
{
	notifier_tune(&queue->tx_edge, tuning, TUNING_TX);
	notifier_tune(&queue->rx_edge, tuning, TUNING_RX);
	store_relaxed(&queue->rx_urgent, tuning->value[TUNING_RX_URGENT]);
	tuning_poll(tuning, &queue->item.tuning);
	queue->item.tuning.weight = share_of(queue->item.tuning.weight, queue->vif->nr_queues);
	if (tuning->set & 1ull << TUNING_NAPI_BUDGET)
		store_relaxed(&queue->worker->polls.budget, tuning->value[TUNING_NAPI_BUDGET]);
	if (tuning->set & 1ull << TUNING_NAPI_BUDGET_USECS)
		store_relaxed(&queue->worker->polls.budget_usecs,
			      tuning->value[TUNING_NAPI_BUDGET_USECS]);
}

void vif_queue_start(struct vif_queue *queue)
{
	vif_queue_tune(queue, &queue->vif->config.tuning);
	vif_queue_renew(queue);
	if (!queue->config.tx_bound)
		vif_tx_refuse_old(queue);
	else /* what waited for buffers waits on */
		worker_set_timer(queue->worker, &queue->timer, queue->worker->now_ms);
	poll_schedule(&queue->worker->polls, &queue->item);
}

void vif_queue_detach(struct vif_queue *queue)
{
	poll_remove(&queue->worker->polls, &queue->item);
	timers_cancel(&queue->worker->timers, &queue->timer);
	timers_cancel(&queue->worker->timers, &queue->renewal);
	notifier_detach(&queue->tx_edge);
	notifier_detach(&queue->rx_edge);
	worker_remove(queue->worker, &queue->tx_source);
	if (queue->rx_channel.port)
		worker_remove(queue->worker, &queue->rx_source);
}

void vif_queue_suspend(struct vif_queue *queue)
{
	rings_unmap(queue);
	queue->config.tx_bound = queue->tx_channel.port;
	queue->config.rx_bound = queue->rx_channel.port;
}

/* The pages are where they were: only the in-use bits are set again. */
int vif_queue_resume(struct vif_queue *queue)
{
	struct foreign_domain *domain = queue->vif->domain;
	int16_t status;

	if (hypervisor_map_ring(domain, queue->config.tx_ring_ref, &status) &&
	    hypervisor_map_ring(domain, queue->config.rx_ring_ref, &status))
		return 0;
	return -EINVAL;
}

void vif_queue_carry(struct vif_queue *queue, struct state *state)
{
	bool stalled = queue->stalled;

	ring_carry(&queue->tx, state);
	ring_carry(&queue->rx, state);
	evtchn_carry_counters(&queue->tx_channel, state);
	evtchn_carry_counters(&queue->rx_channel, state);
	notifier_carry(&queue->tx_edge, state);
	notifier_carry(&queue->rx_edge, state);
	poll_item_carry(&queue->item, state);
	backlog_carry(&queue->backlog, state);
	state_u64(state, &queue->stalled_since_ms);
	state_bool(state, &stalled);
	queue->stalled = stalled;
	state_bytes(state, &queue->stats, sizeof(queue->stats));
}
