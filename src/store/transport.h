/*
 * How a client's requests and answers travel, and where its events wait: over
 * a stream socket, or straight into a server of the same thread. client.c is
 * made of it and of nothing else; opening, closing and store_next_event() are
 * here, too.
 */
#ifndef STORE_TRANSPORT_H
#define STORE_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/client.h"
#include "store/wire.h"

/* What a request was answered with. */
struct answer {
	uint32_t type;
	uint32_t req_id;
	bool come;
	int rc;
	uint32_t length;
	char payload[WIRE_PAYLOAD_BYTES + 1]; /* with a NUL behind it */
};

/* One request and its answer: 0 or -errno (-E2BIG: longer than a message). */
int transport_call(struct store_client *client, uint32_t type, uint32_t transaction,
		   const char *payload, size_t length, struct answer *answer);

#endif
