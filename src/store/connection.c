#include "store/connection.h"

#include <stdlib.h>
#include <string.h>

struct domain *connection_domain(const struct store_connection *connection)
{
	return &connection->server->domains[connection->domid];
}

struct subject connection_subject(const struct store_connection *connection)
{
	return (struct subject){ .domid = connection->domid,
				 .target = connection_domain(connection)->target };
}

static void tell_owner(const struct store_connection *connection)
{
	if (connection->wants_output)
		connection->wants_output(connection->arg);
}

void connection_send(struct store_connection *connection, const struct wire_message *message)
{
	size_t bound = connection->domid ? OUTPUT_GUEST_BYTES : OUTPUT_BYTES;
	size_t length = WIRE_HEADER_BYTES + message->length;

	if (connection->failed)
		return;
	if (wire_buffer_length(&connection->output) + length > bound ||
	    wire_append(&connection->output, message))
		connection->failed = true;
	else
		connection->queued += length;
	tell_owner(connection);
}

void connection_send_event(struct store_connection *connection, const char *path, const char *token)
{
	char payload[WIRE_PAYLOAD_BYTES];
	size_t path_bytes = strlen(path) + 1, token_bytes = strlen(token) + 1;
	struct wire_message message = {
		.type = XS_WATCH_EVENT,
		.length = (uint32_t)(path_bytes + token_bytes),
		.payload = payload,
	};

	if (path_bytes + token_bytes > sizeof(payload))
		return;
	memcpy(payload, path, path_bytes);
	memcpy(payload + path_bytes, token, token_bytes);
	connection_send(connection, &message);
}

void connection_drop_watches(struct store_connection *connection)
{
	connection_domain(connection)->watches -=
		watch_clear(&connection->server->watches, &connection->watches);
}

void connection_drop_transactions(struct store_connection *connection)
{
	struct domain *domain = connection_domain(connection);
	struct transaction *transaction;

	while ((transaction = connection->transactions)) {
		connection->transactions = transaction->next;
		transaction_fini(transaction);
		free(transaction);
		domain->transactions--;
	}
}

void connection_fail(struct store_connection *connection)
{
	connection_drop_watches(connection);
	connection_drop_transactions(connection);
	connection->failed = true;
	tell_owner(connection);
}

bool connection_expire(struct store_connection *connection, uint64_t now_ms)
{
	if (!connection->domid || connection->failed)
		return false;
	if (connection->due && connection->sent < connection->due) {
		if (now_ms - connection->due_since_ms >= OUTPUT_GUEST_MS)
			connection_fail(connection);
		return !connection->failed;
	}
	connection->due = connection->sent < connection->queued ? connection->queued : 0;
	connection->due_since_ms = now_ms;
	return connection->due;
}

void connection_sweep(struct store_connection *connection)
{
	uint64_t now = connection->server->tree->replaced_bytes;
	struct transaction *transaction = connection->domid ? connection->transactions : NULL;

	for (; transaction; transaction = transaction->next)
		if (now - transaction->since_bytes > QUOTA_SNAPSHOT_BYTES)
			transaction_abandon(transaction);
}
