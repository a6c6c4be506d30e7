#include "bench/ring_front.h"

#include <errno.h>

int ring_front_init(struct ring_front *front, struct ring_link *link, const struct ring_load *load)
{
	int err;

	*front = (struct ring_front){ .load = load, .link = link };
	err = load->wake ? signaller_init(&front->signaller) : 0;
	if (err)
		return err;
	ring_kind_open(&front->end, load->kind, load->shape, false, link->pages);
	for (unsigned int id = RING_LINK_SLOTS; id--;)
		front->free[front->nr_free++] = (uint16_t)id;
	return 0;
}

void ring_front_fini(struct ring_front *front)
{
	if (front->load->wake)
		signaller_fini(&front->signaller);
}

/* One answer. */
static int take(struct ring_front *front, const struct ring_message *message)
{
	const struct ring_load *load = front->load;

	if (message->id >= RING_LINK_SLOTS || !front->in_flight[message->id])
		return -EPROTO;
	front->in_flight[message->id] = false;
	front->free[front->nr_free++] = message->id;
	if (load->shape == RING_TX)
		return 0;
	if (message->length != load->size || message->offset)
		return -EBADMSG;
	return payload_read(front->head, front->link->payloads[message->id], load->size,
			    front->consumed)
		       ? 0
		       : -EBADMSG;
}

/* All that there is; how many. */
static int take_all(struct ring_front *front)
{
	int n = front->load->kind->reap(&front->end, front->batch, RING_LINK_SLOTS), err = 0;

	for (int i = 0; !err && i < n; i++) {
		err = take(front, &front->batch[i]);
		front->consumed++;
	}
	return err ? err : n;
}

static void produce(struct ring_front *front, struct ring_message *message)
{
	const struct ring_link *link = front->link;
	const struct ring_load *load = front->load;
	uint16_t id = front->free[--front->nr_free];

	front->in_flight[id] = true;
	*message = (struct ring_message){
		.ref = load->kind->grants ? link->refs[id] : id,
		.offset = link->offsets[id],
		.length = (uint16_t)(load->shape == RING_TX ? load->size : PAGE_BYTES),
		.id = id,
	};
	if (load->shape == RING_TX)
		payload_write(link->payloads[id], load->size, front->produced);
	front->produced++;
}

/* Whole batches only. */
static bool refill(struct ring_front *front)
{
	const struct ring_load *load = front->load;
	bool any = front->nr_free >= load->batch;

	while (front->nr_free >= load->batch) {
		for (unsigned int i = 0; i < load->batch; i++)
			produce(front, &front->batch[i]);
		load->kind->post(&front->end, front->batch, load->batch);
		if (!load->kind->publish(&front->end) || !load->wake)
			continue;
		evtchn_notify(&front->link->front, &front->signaller);
		signaller_flush(&front->signaller);
	}
	return any;
}

/* What is missing for a batch wakes us, not the first message. */
static void wait_turn(struct ring_front *front)
{
	if (!front->load->wake)
		ring_link_relax(front->load);
	else if (front->load->kind->arm(&front->end, front->load->batch - front->nr_free))
		ring_link_sleep(&front->link->front);
}

int ring_front_turn(struct ring_front *front)
{
	int taken = take_all(front);

	if (taken < 0)
		return taken;
	if (!refill(front) && !taken)
		wait_turn(front);
	return taken;
}
