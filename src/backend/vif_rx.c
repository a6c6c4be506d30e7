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

/* Response slots: a page each, and one for what is said of a GSO frame. */
static uint32_t slots_for(const struct frame *frame)
{
	return (frame->length + PAGE_BYTES - 1) / PAGE_BYTES + (frame->gso_type != GSO_NONE);
}

static void drop(const struct visit *visit, enum drop_reason reason)
{
	counter_add(&visit->counters->to.drops[reason], 1);
}

static uint16_t flags_of(const struct frame *frame)
{
	uint16_t extra = frame->gso_type ? NETRXF_extra_info : 0;

	if (frame->csum == CSUM_BLANK)
		return extra | NETRXF_csum_blank | NETRXF_data_validated;
	return extra | (frame->csum == CSUM_VALID ? NETRXF_data_validated : 0);
}

/* One posted buffer for up to a page of the frame; its reference. */
static grant_ref_t response_stage(const struct visit *visit, uint32_t bytes, uint16_t flags)
{
	struct copies *copies = visit->copies;
	struct ring *rx = &visit->queue->rx;
	netif_rx_request_t request;

	ring_copy_rx_request(rx, rx->in_cons, &request);
	ring_consume(rx, 1);
	copies->responses[copies->nr_responses++].data =
		(netif_rx_response_t){ .id = request.id, .flags = flags, .status = (int16_t)bytes };
	return request.gref;
}

/* The request whose slot it takes is used up with its buffer untouched. */
static void extra_stage(const struct visit *visit, const struct frame *frame)
{
	struct copies *copies = visit->copies;
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.size = frame->gso_size;
	extra.u.gso.type = frame->gso_type == GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
							: XEN_NETIF_GSO_TYPE_TCPV6;
	ring_consume(&visit->queue->rx, 1);
	copies->responses[copies->nr_responses++].extra = extra;
}

/* Adds copies that fill pages from one piece of the frame after another. */
struct stage_cursor {
	grant_ref_t ref;
	uint32_t in_page;   /* bytes of the current page filled */
	uint32_t page_room; /* bytes of the frame meant for the current page */
	uint32_t left;	    /* bytes of the frame that have no page yet */
};

static void next_page(const struct visit *visit, struct stage_cursor *cursor, uint16_t flags)
{
	cursor->page_room = cursor->left < PAGE_BYTES ? cursor->left : PAGE_BYTES;
	cursor->left -= cursor->page_room;
	cursor->in_page = 0;
	cursor->ref = response_stage(visit, cursor->page_room,
				     flags | (cursor->left ? NETRXF_more_data : 0));
}

static void piece_stage(const struct visit *visit, struct stage_cursor *cursor, const uint8_t *data,
			uint32_t length)
{
	struct copies *copies = visit->copies;

	while (length) {
		uint32_t room, part;

		if (cursor->in_page == cursor->page_room)
			next_page(visit, cursor, 0);
		room = cursor->page_room - cursor->in_page;
		part = length < room ? length : room;
		copies->frame_of[copies->nr_copies] = (uint8_t)copies->nr_frames;
		copies->list[copies->nr_copies++] = (struct grant_copy){
			.ref = cursor->ref,
			.offset = (uint16_t)cursor->in_page,
			.length = (uint16_t)part,
			.source = data,
		};
		cursor->in_page += part;
		data += part;
		length -= part;
	}
}

/* Takes the buffers that the frame needs. The caller has seen that they, and
 * room for the copies, are there. */
static void frame_stage(const struct visit *visit, const struct frame *frame)
{
	struct copies *copies = visit->copies;
	struct stage_cursor cursor = { .left = frame->length };
	unsigned int first = copies->nr_responses;

	next_page(visit, &cursor, flags_of(frame));
	if (frame->gso_type)
		extra_stage(visit, frame);
	piece_stage(visit, &cursor, frame->bytes, frame->head);
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		piece_stage(visit, &cursor, frame->frags[i].data, frame->frags[i].length);
	copies->frames[copies->nr_frames].first = (uint16_t)first;
	copies->frames[copies->nr_frames].count = (uint16_t)(copies->nr_responses - first);
	copies->frames[copies->nr_frames].length = frame->length;
	copies->frames[copies->nr_frames].extra = frame->gso_type != GSO_NONE;
	copies->frames[copies->nr_frames].refused = false;
	copies->nr_frames++;
	if (visit->queue->rx_edge.is_timed)
		copies->urgent |= urgent_is(frame, load_relaxed(&visit->queue->rx_urgent));
}

/* A frame of which one page was refused is refused whole. */
static void frame_settle(const struct visit *visit, unsigned int i)
{
	struct copies *copies = visit->copies;
	struct ring *rx = &visit->queue->rx;
	unsigned int first = copies->frames[i].first;

	for (unsigned int k = 0; k < copies->frames[i].count; k++) {
		if (k == 1 && copies->frames[i].extra) {
			ring_produce_rx_extra(rx, &copies->responses[first + k].extra);
			continue;
		}
		if (copies->frames[i].refused)
			copies->responses[first + k].data.status = NETIF_RSP_ERROR;
		ring_produce_rx_response(rx, &copies->responses[first + k].data);
	}
	if (copies->frames[i].refused) {
		drop(visit, DROP_BAD_GREF);
		counter_add(&visit->queue->stats.rx_errors, 1);
		return;
	}
	counter_add(&visit->counters->to.frames, 1);
	counter_add(&visit->counters->to.bytes, copies->frames[i].length);
}

/* The guest's last buffer is used: it can go on only if it knows. */
static bool is_last(const struct ring *ring)
{
	return ring->in_seen == ring->in_cons;
}

/* Executes what is staged, answers, and notifies at most once. */
static void copies_flush(const struct visit *visit)
{
	struct vif_queue *queue = visit->queue;
	struct copies *copies = visit->copies;
	unsigned int frames = copies->nr_frames;
	uint64_t bytes = 0;

	if (!frames)
		return;
	hypervisor_copy(queue->vif->domain, copies->list, copies->nr_copies);
	for (unsigned int i = 0; i < copies->nr_copies; i++)
		if (copies->list[i].status == GNTST_okay)
			bytes += copies->list[i].length;
		else
			copies->frames[copies->frame_of[i]].refused = true;
	counter_add(&queue->stats.copies, copies->nr_copies);
	counter_add(&queue->stats.copied_bytes, bytes);
	for (unsigned int i = 0; i < copies->nr_frames; i++)
		frame_settle(visit, i);
	counter_add(&queue->stats.rx_requests, copies->nr_responses);
	counter_add(&queue->stats.rx_responses, copies->nr_responses);
	copies->nr_copies = copies->nr_responses = copies->nr_frames = 0;
	notifier_publish(&queue->rx_edge, visit->by, frames, copies->urgent || is_last(&queue->rx));
	copies->urgent = false;
}

/* True if the frame found buffers. *pending is what the ring still holds. */
static bool frame_deliver(const struct visit *visit, const struct frame *frame, uint32_t *pending)
{
	const struct copies *copies = visit->copies;
	uint32_t need = slots_for(frame);

	if (need > *pending)
		return false;
	if (copies->nr_frames == BATCH_FRAMES ||
	    copies->nr_copies + need + frame->nr_frags + 1 > COPIES_MAX)
		copies_flush(visit);
	frame_stage(visit, frame);
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
	for (unsigned int i = 0; i < n; i++) {
		if (!queue->vif->config.guest.sg && list[i]->length > PAGE_BYTES)
			drop(&visit, DROP_TOO_BIG);
		else if (backlog_is_empty(&queue->backlog) &&
			 frame_deliver(&visit, list[i], &pending))
			taken++;
		else
			taken += frame_queue(&visit, list[i]);
	}
	copies_flush(&visit);
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
		if (slots_for(&frame) > pending)
			break;
		frame_deliver(visit, &frame, &pending);
		copies_flush(visit); /* the head lives in `frame` */
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
	       arm_for(queue, slots_for(&frame));
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
