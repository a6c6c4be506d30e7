#include "bench/ring_front.h"

#include <errno.h>

int ring_front_init(struct ring_front *front, struct ring_link *link, const struct ring_load *load)
{
	int err;

	*front = (struct ring_front){ .load = load, .link = link };
	err = signaller_init(&front->signaller);
	if (err)
		return err;
	ring_init_front(&front->ring, link->page, RING_LINK_SLOTS);
	for (unsigned int id = RING_LINK_SLOTS; id--;)
		front->free[front->nr_free++] = (uint16_t)id;
	return 0;
}

void ring_front_fini(struct ring_front *front)
{
	signaller_fini(&front->signaller);
}

static int release(struct ring_front *front, uint16_t id)
{
	if (id >= RING_LINK_SLOTS || !front->in_flight[id])
		return -EPROTO;
	front->in_flight[id] = false;
	front->free[front->nr_free++] = id;
	return 0;
}

static int take_tx(struct ring_front *front, uint32_t index)
{
	netif_tx_response_t response;

	ring_copy_tx_response(&front->ring, index, &response);
	if (response.status != NETIF_RSP_OKAY)
		return -EBADMSG;
	return release(front, response.id);
}

static int take_rx(struct ring_front *front, uint32_t index)
{
	netif_rx_response_t response;
	int err;

	ring_copy_rx_response(&front->ring, index, &response);
	err = release(front, response.id);
	if (err)
		return err;
	if (response.status != (int16_t)front->load->size || response.offset)
		return -EBADMSG;
	if (!payload_read(front->head, front->link->payloads[response.id], front->load->size,
			  front->consumed))
		return -EBADMSG;
	return 0;
}

static int take(struct ring_front *front, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		int err = front->load->shape == RING_TX ? take_tx(front, front->ring.in_cons + i)
							: take_rx(front, front->ring.in_cons + i);

		if (err)
			return err;
		front->consumed++;
	}
	ring_consume(&front->ring, n);
	return 0;
}

static void produce(struct ring_front *front)
{
	const struct ring_link *link = front->link;
	uint16_t id = front->free[--front->nr_free];

	front->in_flight[id] = true;
	if (front->load->shape == RING_TX) {
		netif_tx_request_t request = {
			.gref = link->refs[id],
			.offset = link->offsets[id],
			.id = id,
			.size = (uint16_t)front->load->size,
		};

		payload_write(link->payloads[id], front->load->size, front->produced);
		ring_produce_tx_request(&front->ring, &request);
	} else {
		netif_rx_request_t request = { .id = id, .gref = link->refs[id] };

		ring_produce_rx_request(&front->ring, &request);
	}
	front->produced++;
}

/* Whole batches only. */
static bool refill(struct ring_front *front)
{
	bool any = front->nr_free >= front->load->batch;

	while (front->nr_free >= front->load->batch) {
		for (unsigned int i = 0; i < front->load->batch; i++)
			produce(front);
		if (!ring_publish(&front->ring) || !front->load->wake)
			continue;
		evtchn_notify(&front->link->front, &front->signaller);
		signaller_flush(&front->signaller);
	}
	return any;
}

/* What is missing for a batch wakes us, not the first message. */
static int wait_turn(struct ring_front *front)
{
	uint32_t missing = front->load->batch - front->nr_free;
	int pending;

	if (!front->load->wake) {
		ring_link_relax(front->load);
		return 0;
	}
	pending = ring_arm(&front->ring, missing);
	if (pending >= 0 && (uint32_t)pending < missing)
		ring_link_sleep(&front->link->front);
	return pending < 0 ? pending : 0;
}

int ring_front_turn(struct ring_front *front)
{
	int pending = ring_pending(&front->ring);
	int err = pending < 0 ? pending : take(front, (unsigned int)pending);

	if (err)
		return err;
	if (!refill(front) && !pending)
		err = wait_turn(front);
	return err ? err : pending;
}
