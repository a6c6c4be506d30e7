#include "store/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/forget.h"
#include "store/path.h"

static const char *const special_names[SPECIALS] = {
	[SPECIAL_INTRODUCE] = "@introduceDomain",
	[SPECIAL_RELEASE] = "@releaseDomain",
};

static void server_free(struct store_server *server)
{
	for (unsigned int i = 0; i < SPECIALS; i++)
		free(server->specials[i].permissions);
	if (server->tree)
		tree_destroy(server->tree);
	free(server);
}

struct store_server *store_server_create(void)
{
	struct store_server *server = calloc(1, sizeof(*server));
	bool complete;

	if (!server)
		return NULL;
	server->tree = tree_create();
	complete = server->tree;
	for (unsigned int i = 0; i < SPECIALS; i++) {
		/* All zero: domain 0's, closed to others. */
		server->specials[i].permissions = calloc(1, sizeof(struct permission));
		server->specials[i].nr_permissions = 1;
		complete = complete && server->specials[i].permissions;
	}
	if (!complete) {
		server_free(server);
		return NULL;
	}
	server->domains[0].introduced = true;
	return server;
}

void store_server_destroy(struct store_server *server)
{
	if (!server)
		return;
	while (server->connections)
		store_server_close(server->connections);
	server_free(server);
}

struct store_connection *store_server_open(struct store_server *server, uint16_t domid,
					   void (*wants_output)(void *arg), void *arg)
{
	struct store_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return NULL;
	connection->server = server;
	connection->domid = domid;
	connection->wants_output = wants_output;
	connection->arg = arg;
	connection->next = server->connections;
	server->connections = connection;
	return connection;
}

void connection_drop_watches(struct store_connection *connection)
{
	struct domain *domain = &connection->server->domains[connection->domid];

	domain->watches -= watch_clear(&connection->watches);
}

void connection_drop_transactions(struct store_connection *connection)
{
	struct domain *domain = &connection->server->domains[connection->domid];
	struct transaction *transaction;

	while ((transaction = connection->transactions)) {
		connection->transactions = transaction->next;
		transaction_fini(transaction);
		free(transaction);
		domain->transactions--;
	}
}

void store_server_close(struct store_connection *connection)
{
	struct store_connection **at = &connection->server->connections;

	while (*at != connection)
		at = &(*at)->next;
	*at = connection->next;
	connection_drop_watches(connection);
	connection_drop_transactions(connection);
	wire_buffer_fini(&connection->output);
	free(connection);
}

int store_server_input(struct store_connection *connection, const void *bytes, size_t length)
{
	const char *at = bytes;
	struct wire_message message;
	int rc = 0;

	while (!connection->failed &&
	       (rc = wire_read(&connection->input, &at, &length, &message)) > 0)
		request_run(connection, &message);
	if (rc < 0)
		connection->failed = true;
	return connection->failed ? -EPROTO : 0;
}

bool store_server_has_failed(const struct store_connection *connection)
{
	return connection->failed;
}

size_t store_server_output(const struct store_connection *connection, const void **bytes)
{
	*bytes = connection->output.bytes + connection->output.start;
	return wire_buffer_length(&connection->output);
}

void store_server_sent(struct store_connection *connection, size_t length)
{
	wire_sent(&connection->output, length);
}

void connection_send(struct store_connection *connection, const struct wire_message *message)
{
	size_t bound = connection->domid ? OUTPUT_GUEST_BYTES : OUTPUT_BYTES;
	size_t length =
		wire_buffer_length(&connection->output) + WIRE_HEADER_BYTES + message->length;

	if (connection->failed)
		return;
	if (length > bound || wire_append(&connection->output, message))
		connection->failed = true;
	if (connection->wants_output)
		connection->wants_output(connection->arg);
}

/* An event that does not fit into a message is lost to its watcher, as it is
 * with Xen's own daemon. */
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

static void fire(struct store_server *server, const struct change *change, struct node *before)
{
	struct store_connection *connection;
	struct watch *watch;

	for (connection = server->connections; connection; connection = connection->next)
		for (watch = connection->watches; watch; watch = watch->next) {
			const char *path =
				watch_concerns(watch, change, before, server->tree->root);

			if (path)
				connection_send_event(connection, path, watch->token);
		}
}

void server_adopt(struct store_server *server, struct transaction *transaction, struct node *root)
{
	struct node *before = node_get(server->tree->root);

	tree_adopt(server->tree, root);
	for (const struct change *change = transaction->changes; change; change = change->next)
		fire(server, change, before);
	node_put(before);
}

struct special_event *server_special(struct store_server *server, const char *name)
{
	for (unsigned int i = 0; i < SPECIALS; i++)
		if (!strcmp(name, special_names[i]))
			return &server->specials[i];
	return NULL;
}

static void fire_special(struct store_server *server, enum special special)
{
	const struct special_event *event = &server->specials[special];
	struct store_connection *connection;
	struct watch *watch;

	for (connection = server->connections; connection; connection = connection->next) {
		if (!(permission_access(event->permissions, event->nr_permissions,
					connection->domid) &
		      PERMISSION_READ))
			continue;
		for (watch = connection->watches; watch; watch = watch->next)
			if (!strcmp(watch->path, special_names[special]))
				connection_send_event(connection, watch->path, watch->token);
	}
}

/* A transaction begun before could bring back permissions of a domain that is
 * gone: its client has to begin again. */
static void doom_transactions(struct store_server *server)
{
	struct store_connection *connection;
	struct transaction *transaction;

	for (connection = server->connections; connection; connection = connection->next)
		for (transaction = connection->transactions; transaction;
		     transaction = transaction->next)
			transaction->doomed = true;
}

static void forget_special(struct special_event *event, uint16_t domid)
{
	unsigned int kept = 1;

	if (event->permissions[0].domid == domid)
		event->permissions[0] = (struct permission){ .domid = 0 };
	for (unsigned int i = 1; i < event->nr_permissions; i++)
		if (event->permissions[i].domid != domid)
			event->permissions[kept++] = event->permissions[i];
	event->nr_permissions = kept;
}

static int remove_traces(struct store_server *server, uint16_t domid)
{
	struct transaction transaction;
	struct node *root;
	int rc;

	for (unsigned int i = 0; i < SPECIALS; i++)
		forget_special(&server->specials[i], domid);
	doom_transactions(server);
	transaction_init(&transaction, server->tree, 0, true);
	rc = forget_domain(&transaction, domid);
	if (!rc)
		rc = transaction_commit(&transaction, &root);
	if (!rc)
		server_adopt(server, &transaction, root);
	transaction_fini(&transaction);
	server->domains[domid].haunted = rc != 0;
	return rc;
}

int store_server_introduce(struct store_server *server, uint16_t domid)
{
	struct domain *domain = &server->domains[domid];
	int rc;

	if (domain->introduced)
		return -EEXIST;
	if (domain->haunted) {
		rc = remove_traces(server, domid);
		return rc ? rc : -EAGAIN;
	}
	domain->introduced = true;
	fire_special(server, SPECIAL_INTRODUCE);
	return 0;
}

void store_server_release(struct store_server *server, uint16_t domid)
{
	bool introduced = server->domains[domid].introduced;

	if (domid == 0)
		return;
	server->domains[domid].introduced = false;
	remove_traces(server, domid);
	if (introduced)
		fire_special(server, SPECIAL_RELEASE);
}
