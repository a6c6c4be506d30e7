/*
 * A request: a message on its way to its answer. request.c takes messages apart
 * and sends answers; what each of them does is in request_node, request_watch,
 * request_transaction, request_domain and request_control.
 */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/connection.h"
#include "store/path.h"

struct request {
	struct store_connection *connection;
	const struct wire_message *message;
	struct transaction *transaction; /* of the message, or a direct one */
	bool ended;			 /* the transaction, by this request */
	struct node *root;		 /* committed: the tree's new root */
	const struct watch *watch;	 /* set by this request */
	char path[PATH_BYTES];
	size_t length; /* of the answer */
	char answer[WIRE_PAYLOAD_BYTES];
};

/* 0, or a negative error that becomes the answer. An answer left empty by an
 * operation that gives no data becomes "OK". */
typedef int request_operation(struct request *request);

/* The answer's bytes: 0 or -E2BIG. */
int request_answer(struct request *request, const void *bytes, size_t length);
int request_answer_text(struct request *request, const char *text);

/* The string that starts at `offset` of the payload, with the offset behind
 * its NUL; NULL if there is none. */
const char *request_string(const struct request *request, size_t *offset);
/* The payload as one string and no more, or NULL. */
const char *request_only_string(const struct request *request);
/* The payload's first string as request->path; that and no more. */
int request_path(struct request *request, size_t *offset);
int request_only_path(struct request *request);
/* A decimal number. 0 or -EINVAL; NULL is one. */
int request_number(const char *text, uint32_t max, uint32_t *number);

/* Does what a message asks for, queues the answer, tells of changes. */
void request_run(struct store_connection *connection, const struct wire_message *message);

#endif
