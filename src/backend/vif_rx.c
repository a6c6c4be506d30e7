#include "backend/vif_rx.h"

#include <string.h>

#include "backend/urgent.h"
#include "backend/vif.h"
#include "bridge/flow.h"

/* One worker's stay at a queue: whose it is, and by whom. */
struct visit {
	struct vif_queue *queue;
	struct worker *by;
	struct copies *copies;		/* that worker's */
	struct port_counters *counters; /* that worker's, of the vif's port */
};

static struct visit visit_begin(struct vif_queue *queue, struct worker *by)
{
	if (queue->vif->shared)
		pthread_mutex_lock(&queue->lock);
	return (struct visit){
		.queue = queue,
		.by = by,
		.copies = &by->copies,
		.counters = port_counters(&queue->vif->port, &by->lane),
	};
}

static void visit_end(const struct visit *visit)
{
	if (visit->queue->vif->shared)
		pthread_mutex_unlock(&visit->queue->lock);
}

static void drop(const struct visit *visit, enum drop_reason reason)
{
	counter_add(&visit->counters->to.drops[reason], 1);
}

/* The guest's last buffer is used: it can go on only if it knows. */
static bool is_last(const struct ring *ring)
{
	return ring->in_seen == ring->in_cons;
}

/* What several sources have for a guest whose own turn comes in this round is one
 * publication: an index of which it hears once is one line that changes hands, and not
 * one for each of them. */
static bool may_hold(const struct visit *visit, uint32_t frames)
{
	const struct vif_queue *queue = visit->queue;

	return !queue->rx_edge.lock && queue->item.state == POLL_SCHEDULED &&
	       queue->rx_edge.frames + frames < BATCH_FRAMES;
}

/* Executes what is staged, answers, and notifies at most once. */
static void flush(const struct visit *visit)
{
	struct vif_queue *queue = visit->queue;
	unsigned int frames = visit->copies->nr_frames;
	struct copies_made made;
	bool urgent;

	if (!frames)
		return;
	ring_prefetch_indices(&queue->rx);
	copies_make(visit->copies, queue->vif->domain, &queue->rx, &made);
	counter_add(&visit->counters->to.frames, made.frames);
	counter_add(&visit->counters->to.bytes, made.bytes);
	counter_add(&visit->counters->to.drops[DROP_BAD_GREF], made.refused);
	counter_add(&queue->stats.rx_errors, made.refused);
	counter_add(&queue->stats.copies, made.copies);
	counter_add(&queue->stats.copied_bytes, made.copied_bytes);
	counter_add(&queue->stats.rx_requests, made.slots);
	counter_add(&queue->stats.rx_responses, made.slots);
	urgent = visit->copies->urgent || is_last(&queue->rx);
	if (!urgent && may_hold(visit, frames))
		notifier_hold(&queue->rx_edge, frames);
	else
		notifier_publish(&queue->rx_edge, visit->by, frames, urgent);
	visit->copies->urgent = false;
}

/* True if the frame found buffers. *pending is what the ring still holds. */
static bool frame_deliver(const struct visit *visit, const struct frame *frame, uint32_t *pending)
{
	struct vif_queue *queue = visit->queue;
	uint32_t need = copies_slots(frame);

	if (need > *pending)
		return false;
	if (!copies_have_room(visit->copies, frame))
		flush(visit);
	copies_stage(visit->copies, &queue->rx, frame);
	if (queue->rx_edge.is_timed)
		visit->copies->urgent |= urgent_is(frame, load_relaxed(&queue->rx_urgent));
	*pending -= need;
	return true;
}

/* When to look again at what waits. A frontend that never tells of buffers is
 * asked often, but only while something waits for them. */
static uint64_t next_look(const struct vif_queue *queue)
{
	bool often = !queue->vif->config.rx_notify && !backlog_is_empty(&queue->backlog);

	return queue->worker->now_ms + (often ? 1 : 100);
}

static void wait_for_buffers(struct vif_queue *queue)
{
	if (!queue->stalled_since_ms)
		queue->stalled_since_ms = queue->worker->now_ms;
	worker_set_timer(queue->worker, &queue->timer, next_look(queue));
}

/* Keeps a copy for later, and sees to it that we hear of new buffers. */
static bool frame_queue(const struct visit *visit, const struct frame *frame)
{
	struct vif_queue *queue = visit->queue;
	bool first = backlog_is_empty(&queue->backlog);

	if (queue->stalled) {
		drop(visit, DROP_STALLED);
		return false;
	}
	if (!backlog_push(&queue->backlog, frame, visit->by->now_ms)) {
		drop(visit, DROP_QUEUE_FULL);
		notifier_note_drop(&queue->rx_edge);
		return false;
	}
	if (first) /* the turn's end arms the ring */
		worker_summon(queue->worker, visit->by, &queue->note);
	return true;
}

static bool pending_buffers(struct vif_queue *queue, uint32_t *pending)
{
	int n = ring_pending(&queue->rx);

	if (n < 0)
		vif_queue_fault(queue, "rx request index out of the ring");
	*pending = n < 0 ? 0 : (uint32_t)n;
	return n >= 0;
}

static unsigned int queue_transmit(struct vif_queue *queue, struct worker *by,
				   struct frame *const *list, unsigned int n)
{
	struct visit visit = visit_begin(queue, by);
	unsigned int taken = 0;
	uint32_t pending;

	if (vif_is_stopped(queue->vif) || !pending_buffers(queue, &pending)) {
		counter_add(&visit.counters->to.drops[DROP_SHUTDOWN], n);
		visit_end(&visit);
		return 0;
	}
	ring_prefetch(&queue->rx, pending < n ? pending : n, sizeof(netif_rx_request_t));
	for (unsigned int i = 0; i < n; i++) {
		if (!queue->vif->config.guest.sg && list[i]->length > PAGE_BYTES)
			drop(&visit, DROP_TOO_BIG);
		else if (backlog_is_empty(&queue->backlog) &&
			 frame_deliver(&visit, list[i], &pending))
			taken++;
		else
			taken += frame_queue(&visit, list[i]);
	}
	flush(&visit);
	visit_end(&visit);
	return taken;
}

/* Each flow to a queue of its own choice, in order. */
static unsigned int spread_transmit(struct vif *vif, struct worker *by, struct frame *const *list,
				    unsigned int n)
{
	struct spread *spread = &by->spread;
	unsigned int taken = 0;

	memset(spread->n, 0, sizeof(spread->n));
	for (unsigned int i = 0; i < n; i++) {
		unsigned int queue = flow_queue(flow_hash(list[i]), vif->nr_queues);

		spread->frames[queue][spread->n[queue]++] = list[i];
	}
	for (unsigned int i = 0; i < vif->nr_queues; i++)
		if (spread->n[i])
			taken += queue_transmit(&vif->queues[i], by, spread->frames[i],
						spread->n[i]);
	return taken;
}

unsigned int vif_rx_transmit(struct port *port, struct lane *lane, struct frame *const *list,
			     unsigned int n)
{
	struct vif *vif = (struct vif *)port;

	if (vif->nr_queues == 1)
		return queue_transmit(&vif->queues[0], worker_of(lane), list, n);
	return spread_transmit(vif, worker_of(lane), list, n);
}

static void buffers_came(struct vif_queue *queue)
{
	queue->stalled_since_ms = 0;
	if (!queue->stalled)
		return;
	store_relaxed(&queue->stalled, 0);
	worker_alarm(queue->worker);
}

/* Asks to be told when enough buffers for the oldest frame are posted. */
static bool arm_for(struct vif_queue *queue, uint32_t need)
{
	int pending = ring_arm(&queue->rx, need);

	if (pending < 0) {
		vif_queue_fault(queue, "rx request index out of the ring");
		return false;
	}
	if ((uint32_t)pending >= need)
		return true;
	wait_for_buffers(queue);
	return false;
}

/* As far as buffers go. */
static unsigned int drain(const struct visit *visit, uint32_t pending)
{
	struct vif_queue *queue = visit->queue;
	struct fragment rest[2];
	struct frame frame;
	unsigned int n = 0;
	uint64_t since;

	for (; n < POLL_WEIGHT && backlog_front(&queue->backlog, &frame, rest, &since); n++) {
		if (copies_slots(&frame) > pending)
			break;
		frame_deliver(visit, &frame, &pending);
		flush(visit); /* the head lives in `frame` */
		backlog_pop(&queue->backlog);
		buffers_came(queue);
	}
	return n;
}

/* For what still waits; true if there are buffers for it already. */
static bool arm_for_front(struct vif_queue *queue)
{
	struct fragment rest[2];
	struct frame frame;
	uint64_t since;

	return backlog_front(&queue->backlog, &frame, rest, &since) &&
	       arm_for(queue, copies_slots(&frame));
}

bool vif_rx_drain(struct vif_queue *queue, unsigned int *drained)
{
	struct visit visit = visit_begin(queue, queue->worker);
	bool more = false;
	uint32_t pending;

	if (pending_buffers(queue, &pending)) {
		*drained = drain(&visit, pending);
		more = arm_for_front(queue);
	}
	visit_end(&visit);
	return more;
}

/* Workers' clocks differ by a turn: a frame may come from what is the future
 * here. */
static bool is_older(uint64_t since, uint64_t now, uint64_t age)
{
	return now > since && now - since >= age;
}

static void drop_the_old(const struct visit *visit, uint64_t now)
{
	struct backlog *backlog = &visit->queue->backlog;
	bool notified = visit->queue->vif->config.rx_notify;
	uint64_t age = notified ? VIF_BACKLOG_AGE_MS : VIF_BACKLOG_AGE_POLLED_MS;
	struct fragment rest[2];
	struct frame frame;
	uint64_t since;

	while (backlog_front(backlog, &frame, rest, &since) && is_older(since, now, age)) {
		backlog_pop(backlog);
		drop(visit, DROP_NO_RX_BUFFER);
	}
}

static uint64_t expire(const struct visit *visit, uint64_t now)
{
	struct vif_queue *queue = visit->queue;
	uint32_t pending;

	drop_the_old(visit, now);
	if (!pending_buffers(queue, &pending))
		return 0;
	if (backlog_is_empty(&queue->backlog) && pending)
		buffers_came(queue);
	if (queue->stalled_since_ms && !queue->stalled &&
	    now - queue->stalled_since_ms >= VIF_STALL_MS) {
		store_relaxed(&queue->stalled, 1);
		worker_alarm(queue->worker);
	}
	if (backlog_is_empty(&queue->backlog) && !queue->stalled_since_ms)
		return 0;
	return next_look(queue);
}

uint64_t vif_rx_expire(struct vif_queue *queue)
{
	struct visit visit = visit_begin(queue, queue->worker);
	uint64_t next = expire(&visit, queue->worker->now_ms);

	visit_end(&visit);
	return next;
}

void vif_rx_discard(struct vif_queue *queue)
{
	struct port_counters *counters = &queue->vif->port.counters[0];

	counter_add(&counters->to.drops[DROP_SHUTDOWN], queue->backlog.frames);
	while (!backlog_is_empty(&queue->backlog))
		backlog_pop(&queue->backlog);
}
