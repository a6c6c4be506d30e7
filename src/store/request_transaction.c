#include "store/request_transaction.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/merge.h"

static struct transaction **find_transaction(struct store_connection *connection, uint32_t id)
{
	struct transaction **at = &connection->transactions;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

struct transaction *request_find_transaction(struct store_connection *connection, uint32_t id)
{
	return *find_transaction(connection, id);
}

/* The next id that is neither 0 nor in use. */
static uint32_t next_transaction(struct store_connection *connection)
{
	do
		connection->last_transaction++;
	while (connection->last_transaction == 0 ||
	       *find_transaction(connection, connection->last_transaction));
	return connection->last_transaction;
}

int request_transaction_start(struct request *request)
{
	struct store_connection *connection = request->connection;
	struct domain *domain = connection_domain(connection);
	struct transaction *transaction;
	char text[16];

	if (request->message->tx_id)
		return -EBUSY;
	if (connection->domid && domain->transactions >= QUOTA_TRANSACTIONS)
		return -ENOSPC;
	transaction = malloc(sizeof(*transaction));
	if (!transaction)
		return -ENOMEM;
	transaction_init(transaction, connection->server->tree, connection_subject(connection),
			 false);
	transaction->id = next_transaction(connection);
	transaction->next = connection->transactions;
	connection->transactions = transaction;
	domain->transactions++;
	snprintf(text, sizeof(text), "%" PRIu32, transaction->id);
	return request_answer_text(request, text);
}

int request_transaction_end(struct request *request)
{
	struct store_connection *connection = request->connection;
	const char *verdict = request_only_string(request);
	struct transaction *transaction = request->transaction;

	if (!verdict || (strcmp(verdict, "T") && strcmp(verdict, "F")))
		return -EINVAL;
	if (!request->message->tx_id)
		return -ENOENT;
	*find_transaction(connection, transaction->id) = transaction->next;
	connection_domain(connection)->transactions--;
	request->ended = true;
	return verdict[0] == 'T' ? merge_transaction(transaction, &request->root) : 0;
}
