/*
 * A connection: one client's input, output, watches and transactions. What the
 * server's parts share, and nobody else: server.c keeps connections and tells
 * of changes, request.c does what messages ask for.
 */
#ifndef STORE_CONNECTION_H
#define STORE_CONNECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/permission.h"
#include "store/special.h"
#include "store/transaction.h"
#include "store/tree.h"
#include "store/watch.h"
#include "store/wire.h"

enum {
	QUOTA_WATCHES = 128, /* of a guest, over all its connections */
	QUOTA_TRANSACTIONS = 10,
	OUTPUT_GUEST_BYTES = 1024 * 1024, /* that one connection lets lie */
	OUTPUT_BYTES = 16 * 1024 * 1024,
	OUTPUT_GUEST_MS = 20 * 1000, /* how long, at least; at most twice that */
};

struct domain {
	uint32_t watches; /* domain 0 may have any number */
	uint32_t transactions;
	uint16_t target; /* whose rights it has beside its own; 0: none */
	bool introduced;
	bool haunted; /* gone, but its traces could not all be removed yet */
};

struct store_server {
	struct tree *tree;
	struct watches watches;
	struct special_event specials[SPECIALS];
	struct store_connection *connections;
	uint64_t sweep_bytes; /* tree->replaced_bytes when snapshots are looked at */
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
	uint64_t queued, sent; /* bytes, since it was opened */
	uint64_t due;	       /* "sent" gets here in time; 0: nothing is awaited */
	uint64_t due_since_ms;
	struct wire_reader input;
};

struct domain *connection_domain(const struct store_connection *connection);
struct subject connection_subject(const struct store_connection *connection);

/* Queues a message; on failure the connection has failed. */
void connection_send(struct store_connection *connection, const struct wire_message *message);
/* An event that does not fit into a message is lost to its watcher, as it is
 * with Xen's own daemon. */
void connection_send_event(struct store_connection *connection, const char *path,
			   const char *token);

void connection_drop_watches(struct store_connection *connection);
void connection_drop_transactions(struct store_connection *connection);
/* Nothing more is done for it; its owner is told to close it. */
void connection_fail(struct store_connection *connection);
/* Fails it if what waits to be sent does so for too long. Whether anything
 * waits, of what is timed: a guest's. */
bool connection_expire(struct store_connection *connection, uint64_t now_ms);

/* Abandons transactions of a guest that keep what was replaced too long ago. */
void connection_sweep(struct store_connection *connection);

/* Makes what a transaction gave the tree, and tells the watches. */
void server_adopt(struct store_server *server, struct transaction *transaction, struct node *root);

#endif
