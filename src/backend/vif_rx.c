#include "backend/vif_rx.h"

#include <string.h>

#include "backend/urgent.h"
#include "backend/vif.h"

/* Response slots: a page each, and one for what is said of a GSO frame. */
static uint32_t slots_for(const struct frame *frame)
{
	return (frame->length + PAGE_BYTES - 1) / PAGE_BYTES + (frame->gso_type != GSO_NONE);
}

static void drop(struct vif_queue *queue, enum drop_reason reason)
{
	counter_add(&queue->vif->port.counters.to.drops[reason], 1);
}

static uint16_t flags_of(const struct frame *frame)
{
	uint16_t extra = frame->gso_type ? NETRXF_extra_info : 0;

	if (frame->csum == CSUM_BLANK)
		return extra | NETRXF_csum_blank | NETRXF_data_validated;
	return extra | (frame->csum == CSUM_VALID ? NETRXF_data_validated : 0);
}

/* One posted buffer for up to a page of the frame; its reference. */
static grant_ref_t response_stage(struct vif_queue *queue, struct copies *copies, uint32_t bytes,
				  uint16_t flags)
{
	netif_rx_request_t request;

	ring_copy_rx_request(&queue->rx, queue->rx.in_cons, &request);
	ring_consume(&queue->rx, 1);
	copies->responses[copies->nr_responses++].data =
		(netif_rx_response_t){ .id = request.id, .flags = flags, .status = (int16_t)bytes };
	return request.gref;
}

/* The request whose slot it takes is used up with its buffer untouched. */
static void extra_stage(struct vif_queue *queue, struct copies *copies, const struct frame *frame)
{
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.size = frame->gso_size;
	extra.u.gso.type = frame->gso_type == GSO_TCPV4 ? XEN_NETIF_GSO_TYPE_TCPV4
							: XEN_NETIF_GSO_TYPE_TCPV6;
	ring_consume(&queue->rx, 1);
	copies->responses[copies->nr_responses++].extra = extra;
}

/* Adds copies that fill pages from one piece of the frame after another. */
struct stage_cursor {
	grant_ref_t ref;
	uint32_t in_page;   /* bytes of the current page filled */
	uint32_t page_room; /* bytes of the frame meant for the current page */
	uint32_t left;	    /* bytes of the frame that have no page yet */
};

static void next_page(struct vif_queue *queue, struct copies *copies, struct stage_cursor *cursor,
		      uint16_t flags)
{
	cursor->page_room = cursor->left < PAGE_BYTES ? cursor->left : PAGE_BYTES;
	cursor->left -= cursor->page_room;
	cursor->in_page = 0;
	cursor->ref = response_stage(queue, copies, cursor->page_room,
				     flags | (cursor->left ? NETRXF_more_data : 0));
}

static void piece_stage(struct vif_queue *queue, struct copies *copies, struct stage_cursor *cursor,
			const uint8_t *data, uint32_t length)
{
	while (length) {
		uint32_t room, part;

		if (cursor->in_page == cursor->page_room)
			next_page(queue, copies, cursor, 0);
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
static void frame_stage(struct vif_queue *queue, struct copies *copies, const struct frame *frame)
{
	struct stage_cursor cursor = { .left = frame->length };
	unsigned int first = copies->nr_responses;

	next_page(queue, copies, &cursor, flags_of(frame));
	if (frame->gso_type)
		extra_stage(queue, copies, frame);
	piece_stage(queue, copies, &cursor, frame->bytes, frame->head);
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		piece_stage(queue, copies, &cursor, frame->frags[i].data, frame->frags[i].length);
	copies->frames[copies->nr_frames].first = (uint16_t)first;
	copies->frames[copies->nr_frames].count = (uint16_t)(copies->nr_responses - first);
	copies->frames[copies->nr_frames].length = frame->length;
	copies->frames[copies->nr_frames].extra = frame->gso_type != GSO_NONE;
	copies->frames[copies->nr_frames].refused = false;
	copies->nr_frames++;
	if (queue->rx_edge.is_timed)
		copies->urgent |= urgent_is(frame, queue->rx_urgent);
}

/* A frame of which one page was refused is refused whole. */
static void frame_settle(struct vif_queue *queue, struct copies *copies, unsigned int i)
{
	unsigned int first = copies->frames[i].first;

	for (unsigned int k = 0; k < copies->frames[i].count; k++) {
		if (k == 1 && copies->frames[i].extra) {
			ring_produce_rx_extra(&queue->rx, &copies->responses[first + k].extra);
			continue;
		}
		if (copies->frames[i].refused)
			copies->responses[first + k].data.status = NETIF_RSP_ERROR;
		ring_produce_rx_response(&queue->rx, &copies->responses[first + k].data);
	}
	if (copies->frames[i].refused) {
		drop(queue, DROP_BAD_GREF);
		counter_add(&queue->stats.rx_errors, 1);
		return;
	}
	counter_add(&queue->vif->port.counters.to.frames, 1);
	counter_add(&queue->vif->port.counters.to.bytes, copies->frames[i].length);
}

/* The guest's last buffer is used: it can go on only if it knows. */
static bool is_last(const struct ring *ring)
{
	return ring->in_seen == ring->in_cons;
}

/* Executes what is staged, answers, and notifies at most once. */
static void copies_flush(struct vif_queue *queue, struct copies *copies)
{
	unsigned int frames = copies->nr_frames;

	if (!frames)
		return;
	hypervisor_copy(queue->vif->domain, copies->list, copies->nr_copies);
	for (unsigned int i = 0; i < copies->nr_copies; i++)
		if (copies->list[i].status != GNTST_okay)
			copies->frames[copies->frame_of[i]].refused = true;
	for (unsigned int i = 0; i < copies->nr_frames; i++)
		frame_settle(queue, copies, i);
	counter_add(&queue->stats.rx_requests, copies->nr_responses);
	counter_add(&queue->stats.rx_responses, copies->nr_responses);
	copies->nr_copies = copies->nr_responses = copies->nr_frames = 0;
	notifier_publish(&queue->rx_edge, frames, copies->urgent || is_last(&queue->rx));
	copies->urgent = false;
}

/* True if the frame found buffers. *pending is what the ring still holds. */
static bool frame_deliver(struct vif_queue *queue, struct copies *copies, const struct frame *frame,
			  uint32_t *pending)
{
	uint32_t need = slots_for(frame);

	if (need > *pending)
		return false;
	if (copies->nr_frames == BATCH_FRAMES ||
	    copies->nr_copies + need + frame->nr_frags + 1 > COPIES_MAX)
		copies_flush(queue, copies);
	frame_stage(queue, copies, frame);
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
static bool frame_queue(struct vif_queue *queue, const struct frame *frame)
{
	bool first = backlog_is_empty(&queue->backlog);

	if (queue->stalled) {
		drop(queue, DROP_STALLED);
		return false;
	}
	if (!backlog_push(&queue->backlog, frame, queue->worker->now_ms)) {
		drop(queue, DROP_QUEUE_FULL);
		notifier_note_drop(&queue->rx_edge);
		return false;
	}
	if (first) {
		wait_for_buffers(queue);
		poll_schedule(&queue->worker->polls, &queue->item); /* its end arms the ring */
	}
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

unsigned int vif_rx_transmit(struct port *port, struct frame *const *list, unsigned int n)
{
	struct vif_queue *queue = &((struct vif *)port)->queues[0];
	struct copies *copies = &queue->worker->copies;
	unsigned int taken = 0;
	uint32_t pending;

	if (queue->vif->stopped || !pending_buffers(queue, &pending)) {
		counter_add(&port->counters.to.drops[DROP_SHUTDOWN], n);
		return 0;
	}
	for (unsigned int i = 0; i < n; i++) {
		if (!queue->vif->config.guest.sg && list[i]->length > PAGE_BYTES)
			drop(queue, DROP_TOO_BIG);
		else if (backlog_is_empty(&queue->backlog) &&
			 frame_deliver(queue, copies, list[i], &pending))
			taken++;
		else
			taken += frame_queue(queue, list[i]);
	}
	copies_flush(queue, copies);
	return taken;
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

bool vif_rx_drain(struct vif_queue *queue)
{
	struct copies *copies = &queue->worker->copies;
	struct fragment rest[2];
	struct frame frame;
	uint64_t since;
	uint32_t pending;

	if (!pending_buffers(queue, &pending))
		return false;
	for (unsigned int i = 0; i < POLL_WEIGHT; i++) {
		if (!backlog_front(&queue->backlog, &frame, rest, &since))
			break;
		if (slots_for(&frame) > pending)
			break;
		frame_deliver(queue, copies, &frame, &pending);
		copies_flush(queue, copies); /* the head lives in `frame` */
		backlog_pop(&queue->backlog);
		buffers_came(queue);
	}
	if (!backlog_front(&queue->backlog, &frame, rest, &since))
		return false;
	return arm_for(queue, slots_for(&frame));
}

uint64_t vif_rx_expire(struct vif_queue *queue)
{
	uint64_t age = queue->vif->config.rx_notify ? VIF_BACKLOG_AGE_MS
						    : VIF_BACKLOG_AGE_POLLED_MS;
	uint64_t now = queue->worker->now_ms;
	struct fragment rest[2];
	struct frame frame;
	uint64_t since;
	uint32_t pending;

	while (backlog_front(&queue->backlog, &frame, rest, &since) && now - since >= age) {
		backlog_pop(&queue->backlog);
		drop(queue, DROP_NO_RX_BUFFER);
	}
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

void vif_rx_discard(struct vif_queue *queue)
{
	counter_add(&queue->vif->port.counters.to.drops[DROP_SHUTDOWN], queue->backlog.frames);
	while (!backlog_is_empty(&queue->backlog))
		backlog_pop(&queue->backlog);
}
