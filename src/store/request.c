#include "store/request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/merge.h"
#include "store/request_control.h"
#include "store/request_domain.h"
#include "store/request_node.h"
#include "store/request_transaction.h"
#include "store/request_watch.h"

int request_answer(struct request *request, const void *bytes, size_t length)
{
	if (length > sizeof(request->answer))
		return -E2BIG;
	if (length)
		memcpy(request->answer, bytes, length);
	request->length = length;
	return 0;
}

int request_answer_text(struct request *request, const char *text)
{
	return request_answer(request, text, strlen(text) + 1);
}

const char *request_string(const struct request *request, size_t *offset)
{
	const char *text = request->message->payload + *offset;
	size_t left = request->message->length - *offset;
	size_t length = strnlen(text, left);

	if (length == left)
		return NULL;
	*offset += length + 1;
	return text;
}

const char *request_only_string(const struct request *request)
{
	size_t offset = 0;
	const char *text = request_string(request, &offset);

	return offset == request->message->length ? text : NULL;
}

int request_path(struct request *request, size_t *offset)
{
	const char *text = request_string(request, offset);

	return text ? path_resolve(request->path, text, request->connection->domid) : -EINVAL;
}

int request_only_path(struct request *request)
{
	size_t offset = 0;
	int rc = request_path(request, &offset);

	return !rc && offset != request->message->length ? -EINVAL : rc;
}

int request_number(const char *text, uint32_t max, uint32_t *number)
{
	uint64_t value = 0;
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (digits == 0 || digits > 10 || text[digits] != '\0')
		return -EINVAL;
	for (size_t i = 0; i < digits; i++)
		value = value * 10 + (uint64_t)(text[i] - '0');
	*number = (uint32_t)value;
	return value <= max ? 0 : -EINVAL;
}

enum operation_flags {
	OPERATION_DATA = 1,   /* an empty answer is an answer, not "OK" */
	OPERATION_CHANGE = 2, /* outside of a transaction: commits at once */
};

static const struct {
	request_operation *run;
	unsigned int flags;
} operations[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { request_control, OPERATION_DATA },
	[XS_DIRECTORY] = { request_directory, OPERATION_DATA },
	[XS_READ] = { request_read, OPERATION_DATA },
	[XS_GET_PERMS] = { request_get_permissions, OPERATION_DATA },
	[XS_WATCH] = { request_watch },
	[XS_UNWATCH] = { request_unwatch },
	[XS_TRANSACTION_START] = { request_transaction_start, OPERATION_DATA },
	[XS_TRANSACTION_END] = { request_transaction_end },
	[XS_INTRODUCE] = { request_introduce },
	[XS_RELEASE] = { request_release },
	[XS_GET_DOMAIN_PATH] = { request_get_domain_path, OPERATION_DATA },
	[XS_WRITE] = { request_write, OPERATION_CHANGE },
	[XS_MKDIR] = { request_mkdir, OPERATION_CHANGE },
	[XS_RM] = { request_rm, OPERATION_CHANGE },
	[XS_SET_PERMS] = { request_set_permissions, OPERATION_CHANGE },
	[XS_IS_DOMAIN_INTRODUCED] = { request_is_domain_introduced, OPERATION_DATA },
	[XS_RESUME] = { request_resume },
	[XS_SET_TARGET] = { request_set_target },
	[XS_RESET_WATCHES] = { request_reset_watches },
	[XS_DIRECTORY_PART] = { request_directory_part, OPERATION_DATA },
};

static void send_answer(const struct request *request, int rc)
{
	uint32_t type = request->message->type;
	const char *text = rc ? wire_error_name(-rc) : "OK";
	bool data = !rc && (operations[type].flags & OPERATION_DATA);
	struct wire_message message = {
		.type = rc ? (uint32_t)XS_ERROR : type,
		.req_id = request->message->req_id,
		.tx_id = request->message->tx_id,
		.length = data ? (uint32_t)request->length : (uint32_t)strlen(text) + 1,
		.payload = data ? request->answer : text,
	};

	connection_send(request->connection, &message);
}

/* The answer goes before the events of what was done. */
static void finish(struct request *request, int rc)
{
	struct store_connection *connection = request->connection;

	send_answer(request, rc);
	if (request->root)
		server_adopt(connection->server, request->transaction, request->root);
	if (request->watch)
		connection_send_event(connection, watch_own_path(request->watch),
				      request->watch->token);
}

static void run_direct(struct request *request)
{
	uint32_t type = request->message->type;
	struct transaction transaction;
	int rc;

	transaction_init(&transaction, request->connection->server->tree,
			 connection_subject(request->connection), true);
	request->transaction = &transaction;
	rc = operations[type].run(request);
	if (!rc && (operations[type].flags & OPERATION_CHANGE))
		rc = merge_transaction(&transaction, &request->root);
	finish(request, rc);
	transaction_fini(&transaction);
}

static void run_in_transaction(struct request *request)
{
	request->transaction =
		request_find_transaction(request->connection, request->message->tx_id);
	if (!request->transaction) {
		send_answer(request, -ENOENT);
		return;
	}
	finish(request, operations[request->message->type].run(request));
	if (request->ended) {
		transaction_fini(request->transaction);
		free(request->transaction);
	}
}

void request_run(struct store_connection *connection, const struct wire_message *message)
{
	struct request request = { .connection = connection, .message = message };

	if (message->type >= XS_TYPE_COUNT || !operations[message->type].run)
		send_answer(&request, -ENOSYS);
	else if (message->tx_id)
		run_in_transaction(&request);
	else
		run_direct(&request);
}
