/*
 * What the server's two halves share, and nobody else: server.c keeps
 * connections, output and events, request.c does what messages ask for.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/permission.h"
#include "store/transaction.h"
#include "store/tree.h"
#include "store/watch.h"
#include "store/wire.h"

enum {
	QUOTA_WATCHES = 128, /* of a guest, over all its connections */
	QUOTA_TRANSACTIONS = 10,
	OUTPUT_GUEST_BYTES = 1024 * 1024, /* that one connection lets lie */
	OUTPUT_BYTES = 16 * 1024 * 1024,
};

struct domain {
	uint16_t watches;
	uint16_t transactions;
	bool introduced;
	bool haunted; /* gone, but its traces could not all be removed yet */
};

/* The two events that are no nodes, and who may know of them. */
enum special { SPECIAL_INTRODUCE, SPECIAL_RELEASE, SPECIALS };

struct special_event {
	struct permission *permissions;
	unsigned int nr_permissions;
};

struct store_server {
	struct tree *tree;
	struct special_event specials[SPECIALS];
	struct store_connection *connections;
	struct domain domains[UINT16_MAX + 1];
};

struct store_connection {
	struct store_connection *next;
	struct store_server *server;
	void (*wants_output)(void *arg);
	void *arg;
	uint16_t domid;
	bool failed;
	uint32_t last_transaction;
	struct transaction *transactions;
	struct watch *watches;
	struct wire_buffer output;
	struct wire_reader input;
};

/* Queues a message; on failure the connection has failed. */
void connection_send(struct store_connection *connection, const struct wire_message *message);
void connection_send_event(struct store_connection *connection, const char *path,
			   const char *token);
void connection_drop_watches(struct store_connection *connection);
void connection_drop_transactions(struct store_connection *connection);

/* Makes what a transaction gave the tree, and tells the watches. */
void server_adopt(struct store_server *server, struct transaction *transaction, struct node *root);

/* "@introduceDomain" or "@releaseDomain", or NULL. */
struct special_event *server_special(struct store_server *server, const char *name);

/* Does what a message asks for and queues the answer. */
void request_run(struct store_connection *connection, const struct wire_message *message);

#endif
