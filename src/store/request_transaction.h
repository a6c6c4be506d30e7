/*
 * The begin and the end of a transaction, and which one a message belongs to.
 * Numbers are a connection's own. A guest's are counted over all of them.
 */
#ifndef STORE_REQUEST_TRANSACTION_H
#define STORE_REQUEST_TRANSACTION_H

#include "store/request.h"

/* The connection's transaction of that number, or NULL. */
struct transaction *request_find_transaction(struct store_connection *connection, uint32_t id);

request_operation request_transaction_start, request_transaction_end;

#endif
