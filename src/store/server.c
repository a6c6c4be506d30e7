#include "store/server.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/forget.h"
#include "store/merge.h"
#include "store/request.h"

enum { SWEEP_BYTES = 1024 * 1024 };

static void server_free(struct store_server *server)
{
	for (unsigned int i = 0; i < SPECIALS; i++)
		special_fini(&server->specials[i]);
	watches_fini(&server->watches);
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
	for (unsigned int i = 0; i < SPECIALS; i++)
		complete = !special_init(&server->specials[i]) && complete;
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
	size_t waiting = wire_buffer_length(&connection->output);

	connection->sent += length < waiting ? length : waiting;
	wire_sent(&connection->output, length);
}

bool store_server_tick(struct store_server *server, uint64_t now_ms)
{
	struct store_connection *connection;
	bool waits = false;

	for (connection = server->connections; connection; connection = connection->next)
		waits = connection_expire(connection, now_ms) || waits;
	return waits;
}

/* What a change was, seen by those who may be told of it. */
struct telling {
	const struct store_server *server;
	struct node *before;
	const char *path; /* that these nodes are at */
	const struct node *old, *new;
};

static bool may_know(const struct node *node, struct subject who)
{
	return node && (node_access(node, who) & PERMISSION_READ);
}

/* Whoever could read the node neither before nor after learns nothing. */
static void tell_change(void *arg, const struct watch *watch, const char *path)
{
	struct telling *telling = arg;
	struct store_connection *connection = watch->owner;
	struct subject who = connection_subject(connection);

	if (path != telling->path) {
		telling->path = path;
		telling->old = tree_find(telling->before, path);
		telling->new = tree_find(telling->server->tree->root, path);
	}
	if (may_know(telling->old, who) || may_know(telling->new, who))
		connection_send_event(connection, path + watch->home, watch->token);
}

/* Snapshots share what has not changed since; many of them, of many guests that
 * change much, would keep much. So all of them together keep no more than what
 * was replaced lately. Not looked at with each change: that would cost more. */
static void sweep_snapshots(struct store_server *server)
{
	struct store_connection *connection;

	if (server->tree->replaced_bytes < server->sweep_bytes)
		return;
	server->sweep_bytes = server->tree->replaced_bytes + SWEEP_BYTES;
	for (connection = server->connections; connection; connection = connection->next)
		connection_sweep(connection);
}

void server_adopt(struct store_server *server, struct transaction *transaction, struct node *root)
{
	struct node *before = node_get(server->tree->root);

	tree_adopt(server->tree, root);
	for (const struct change *change = transaction->changes; change; change = change->next) {
		struct telling telling = { .server = server, .before = before };

		watch_concerned(&server->watches, change->path, change->removed, tell_change,
				&telling);
	}
	node_put(before);
	sweep_snapshots(server);
}

static void tell_special(void *arg, const struct watch *watch, const char *path)
{
	struct store_connection *connection = watch->owner;

	if (special_access(arg, connection_subject(connection)) & PERMISSION_READ)
		connection_send_event(connection, path, watch->token);
}

static void fire_special(struct store_server *server, enum special special)
{
	watch_concerned(&server->watches, special_name(special), false, tell_special,
			&server->specials[special]);
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

static int remove_traces(struct store_server *server, uint16_t domid)
{
	struct transaction transaction;
	struct node *root;
	int rc;

	for (unsigned int i = 0; i < SPECIALS; i++)
		special_forget(&server->specials[i], domid);
	doom_transactions(server);
	transaction_init(&transaction, server->tree, (struct subject){ .domid = 0 }, true);
	rc = forget_domain(&transaction, domid);
	if (!rc)
		rc = merge_transaction(&transaction, &root);
	if (!rc)
		server_adopt(server, &transaction, root);
	transaction_fini(&transaction);
	server->domains[domid].haunted = rc != 0;
	return rc;
}

/* Its own target, and those whose target it was. */
static void forget_targets(struct store_server *server, uint16_t domid)
{
	server->domains[domid].target = 0;
	for (unsigned int i = 0; i <= UINT16_MAX; i++)
		if (server->domains[i].target == domid)
			server->domains[i].target = 0;
}

static void fail_connections(struct store_server *server, uint16_t domid)
{
	struct store_connection *connection;

	for (connection = server->connections; connection; connection = connection->next)
		if (connection->domid == domid && !connection->failed)
			connection_fail(connection);
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

bool store_server_is_introduced(const struct store_server *server, uint16_t domid)
{
	return server->domains[domid].introduced;
}

void store_server_release(struct store_server *server, uint16_t domid)
{
	bool introduced = server->domains[domid].introduced;

	if (domid == 0)
		return;
	server->domains[domid].introduced = false;
	fail_connections(server, domid);
	forget_targets(server, domid);
	remove_traces(server, domid);
	if (introduced)
		fire_special(server, SPECIAL_RELEASE);
}
