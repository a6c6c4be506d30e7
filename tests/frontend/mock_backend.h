/*
 * The backend's side of a netfront in the same process: sees the same pages
 * through a grant view of its own, and answers legally or any other way.
 */
#ifndef TESTS_MOCK_BACKEND_H
#define TESTS_MOCK_BACKEND_H

#include "frontend/netfront.h"

struct mock_backend {
	struct grant_view view;
	struct ring tx, rx;
};

/* Over a prepared netfront, as domain 0. The channels are made up of two
 * eventfds whose other ends the mock keeps in `wakes`. */
void mock_attach(struct mock_backend *mock, struct netfront *front);

/* A netfront whose indices start just before the wrap of 32 bits. */
void mock_shift(struct mock_backend *mock, struct netfront *front, uint32_t start);

/* Takes the next TX request; false if there is none. */
bool mock_take_tx(struct mock_backend *mock, netif_tx_request_t *request);
/* Takes the next TX slot for an extra info; false if there is none. */
bool mock_take_extra(struct mock_backend *mock, netif_extra_info_t *extra);
/* Takes a whole frame and copies it out: its length, 0 if there is none. Its
 * requests' ids go to ids[], their number to *slots. */
uint32_t mock_take_frame(struct mock_backend *mock, uint8_t *bytes, uint16_t *ids,
			 unsigned int *slots);
void mock_answer_tx(struct mock_backend *mock, uint16_t id, int16_t status);

/* Takes the next RX request and answers it with these facts after copying
 * `bytes` in at the offset. */
void mock_send_slot(struct mock_backend *mock, const uint8_t *bytes, uint16_t offset,
		    uint16_t flags, int16_t status);
/* Takes the next RX request and puts what is said of a GSO frame in its slot. */
void mock_send_extra(struct mock_backend *mock, const netif_extra_info_t *extra);
/* A frame of that length cut into full pages. Slots used. */
unsigned int mock_send_frame(struct mock_backend *mock, const uint8_t *bytes, uint32_t length);
/* RX requests not taken yet. */
unsigned int mock_rx_posted(struct mock_backend *mock);

/* Makes answers visible. */
bool mock_publish_tx(struct mock_backend *mock);
bool mock_publish_rx(struct mock_backend *mock);

#endif
