#include "bench/ring_kind.h"

static void xen_open(struct ring_end *end, uint8_t *pages)
{
	union ring_page *page = (union ring_page *)pages;

	if (end->back)
		ring_attach_back(&end->xen, page, RING_SLOTS);
	else
		ring_init_front(&end->xen, page, RING_SLOTS);
}

static void xen_post(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		const struct ring_message *message = &list[i];
		netif_tx_request_t tx = {
			.gref = message->ref,
			.offset = message->offset,
			.id = message->id,
			.size = message->length,
		};
		netif_rx_request_t rx = { .id = message->id, .gref = message->ref };

		if (end->shape == RING_TX)
			ring_produce_tx_request(&end->xen, &tx);
		else
			ring_produce_rx_request(&end->xen, &rx);
	}
}

static int pending(struct ring_end *end, unsigned int max)
{
	int n = ring_pending(&end->xen);

	return n > (int)max ? (int)max : n;
}

static int xen_reap(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	int n = pending(end, max);

	for (int i = 0; i < n; i++) {
		uint32_t index = end->xen.in_cons + (uint32_t)i;
		netif_tx_response_t tx;
		netif_rx_response_t rx;

		if (end->shape == RING_TX) {
			ring_copy_tx_response(&end->xen, index, &tx);
			list[i] = (struct ring_message){ .id = tx.id };
		} else {
			ring_copy_rx_response(&end->xen, index, &rx);
			list[i] = (struct ring_message){ .id = rx.id,
							 .offset = rx.offset,
							 .length = (uint16_t)rx.status };
		}
	}
	ring_consume(&end->xen, n > 0 ? (uint32_t)n : 0);
	return n;
}

static int xen_take(struct ring_end *end, struct ring_message *list, unsigned int max)
{
	int n = pending(end, max);

	for (int i = 0; i < n; i++) {
		uint32_t index = end->xen.in_cons + (uint32_t)i;
		netif_tx_request_t tx;
		netif_rx_request_t rx;

		if (end->shape == RING_TX) {
			ring_copy_tx_request(&end->xen, index, &tx);
			list[i] = (struct ring_message){ tx.gref, tx.offset, tx.size, tx.id };
		} else {
			ring_copy_rx_request(&end->xen, index, &rx);
			list[i] = (struct ring_message){ rx.gref, 0, PAGE_BYTES, rx.id };
		}
	}
	ring_consume(&end->xen, n > 0 ? (uint32_t)n : 0);
	return n;
}

static void xen_answer(struct ring_end *end, const struct ring_message *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		netif_tx_response_t tx = { .id = list[i].id, .status = NETIF_RSP_OKAY };
		netif_rx_response_t rx = { .id = list[i].id, .status = (int16_t)list[i].length };

		if (end->shape == RING_TX)
			ring_produce_tx_response(&end->xen, &tx);
		else
			ring_produce_rx_response(&end->xen, &rx);
	}
}

static bool xen_publish(struct ring_end *end)
{
	return ring_publish(&end->xen);
}

static bool xen_arm(struct ring_end *end, unsigned int n)
{
	int there = ring_arm(&end->xen, n);

	return there >= 0 && (unsigned int)there < n;
}

const struct ring_kind *ring_xen_kind(void)
{
	static const struct ring_kind kind = {
		"xen",	  true,	      xen_open,	   xen_post, xen_reap,
		xen_take, xen_answer, xen_publish, xen_arm,
	};

	return &kind;
}
