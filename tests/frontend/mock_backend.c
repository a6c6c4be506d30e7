#include "mock_backend.h"

#include "support/unit.h"

void mock_attach(struct mock_backend *mock, struct netfront *front)
{
	int16_t status;

	grant_view_init(&mock->view, &front->arena, front->table_pages, 0);
	ring_attach_back(&mock->tx,
			 (union ring_page *)grant_map(&mock->view, front->queues[0].tx_ring_ref,
						      true, &status),
			 TX_RING_ENTRIES);
	assert_int_equal(status, GNTST_okay);
	ring_attach_back(&mock->rx,
			 (union ring_page *)grant_map(&mock->view, front->queues[0].rx_ring_ref,
						      true, &status),
			 RX_RING_ENTRIES);
	assert_int_equal(status, GNTST_okay);
}

static void shift_ring(struct ring *ring, uint32_t start)
{
	ring->in_seen += start;
	ring->in_cons += start;
	ring->produced += start;
	ring->published += start;
}

void mock_shift(struct mock_backend *mock, struct netfront *front, uint32_t start)
{
	union ring_page *pages[] = { front->queues[0].tx.ring.page, front->queues[0].rx.ring.page };

	/* Slots keep their places only if start is a multiple of the ring. */
	assert_int_equal(start % RX_RING_ENTRIES, 0);
	for (int i = 0; i < 2; i++) {
		pages[i]->tx.req_prod += start;
		pages[i]->tx.rsp_prod += start;
		pages[i]->tx.req_event += start;
		pages[i]->tx.rsp_event += start;
	}
	shift_ring(&front->queues[0].tx.ring, start);
	shift_ring(&front->queues[0].rx.ring, start);
	mock_attach(mock, front);
}

bool mock_take_tx(struct mock_backend *mock, netif_tx_request_t *request)
{
	int pending = ring_pending(&mock->tx);

	assert_true(pending >= 0);
	if (!pending)
		return false;
	ring_copy_tx_request(&mock->tx, mock->tx.in_cons, request);
	ring_consume(&mock->tx, 1);
	return true;
}

bool mock_take_extra(struct mock_backend *mock, netif_extra_info_t *extra)
{
	int pending = ring_pending(&mock->tx);

	assert_true(pending >= 0);
	if (!pending)
		return false;
	ring_copy_tx_extra(&mock->tx, mock->tx.in_cons, extra);
	ring_consume(&mock->tx, 1);
	return true;
}

uint32_t mock_take_frame(struct mock_backend *mock, uint8_t *bytes, uint16_t *ids,
			 unsigned int *slots)
{
	netif_tx_request_t request;
	uint32_t total = 0, first_at = 0, rest = 0;
	const uint8_t *first = NULL;
	int16_t status;

	for (*slots = 0; mock_take_tx(mock, &request); ids[(*slots)++] = request.id) {
		const uint8_t *page = grant_resolve(&mock->view, request.gref, request.offset,
						    *slots ? request.size : 1, false, &status);

		assert_non_null(page);
		if (!*slots) {
			total = request.size;
			first = page;
			first_at = (uint32_t)PAGE_BYTES - request.offset;
			first_at = first_at < total ? first_at : total;
		} else {
			memcpy(bytes + first_at + rest, page, request.size);
			rest += request.size;
		}
		if (!(request.flags & NETTXF_more_data)) {
			(*slots)++;
			ids[*slots - 1] = request.id;
			break;
		}
	}
	if (first)
		memcpy(bytes, first, total - rest);
	return total;
}

void mock_answer_tx(struct mock_backend *mock, uint16_t id, int16_t status)
{
	netif_tx_response_t response = { .id = id, .status = status };

	ring_produce_tx_response(&mock->tx, &response);
}

void mock_send_slot(struct mock_backend *mock, const uint8_t *bytes, uint16_t offset,
		    uint16_t flags, int16_t status)
{
	netif_rx_request_t request;
	netif_rx_response_t response;
	int16_t grant_status;
	uint8_t *page;

	assert_true(ring_pending(&mock->rx) > 0);
	ring_copy_rx_request(&mock->rx, mock->rx.in_cons, &request);
	ring_consume(&mock->rx, 1);
	if (bytes && status > 0) {
		page = grant_resolve(&mock->view, request.gref, offset, (uint32_t)status, true,
				     &grant_status);
		assert_non_null(page);
		memcpy(page, bytes, (size_t)status);
	}
	response = (netif_rx_response_t){ request.id, offset, flags, status };
	ring_produce_rx_response(&mock->rx, &response);
}

void mock_send_extra(struct mock_backend *mock, const netif_extra_info_t *extra)
{
	assert_true(ring_pending(&mock->rx) > 0);
	ring_consume(&mock->rx, 1);
	ring_produce_rx_extra(&mock->rx, extra);
}

unsigned int mock_send_frame(struct mock_backend *mock, const uint8_t *bytes, uint32_t length)
{
	unsigned int slots = 0;

	for (uint32_t at = 0; at < length; slots++) {
		uint32_t here = length - at < PAGE_BYTES ? length - at : PAGE_BYTES;

		mock_send_slot(mock, bytes + at, 0, at + here < length ? NETRXF_more_data : 0,
			       (int16_t)here);
		at += here;
	}
	return slots;
}

unsigned int mock_rx_posted(struct mock_backend *mock)
{
	int pending = ring_pending(&mock->rx);

	assert_true(pending >= 0);
	return (unsigned int)pending;
}

bool mock_publish_tx(struct mock_backend *mock)
{
	return ring_publish(&mock->tx);
}

bool mock_publish_rx(struct mock_backend *mock)
{
	return ring_publish(&mock->rx);
}
