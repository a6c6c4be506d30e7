#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/path.h"

enum { DOMID_OF_CALLER = 0x7ff0 }; /* DOMID_SELF of xen.h */

/* A message on its way to its answer. */
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

static int answer(struct request *request, const void *bytes, size_t length)
{
	if (length > sizeof(request->answer))
		return -E2BIG;
	if (length)
		memcpy(request->answer, bytes, length);
	request->length = length;
	return 0;
}

static int answer_text(struct request *request, const char *text)
{
	return answer(request, text, strlen(text) + 1);
}

/* The string that starts at `offset` of the payload, with the offset behind
 * its NUL; NULL if there is none. */
static const char *payload_string(const struct request *request, size_t *offset)
{
	const char *text = request->message->payload + *offset;
	size_t left = request->message->length - *offset;
	size_t length = strnlen(text, left);

	if (length == left)
		return NULL;
	*offset += length + 1;
	return text;
}

/* The payload as one string and no more, or NULL. */
static const char *only_string(const struct request *request)
{
	size_t offset = 0;
	const char *text = payload_string(request, &offset);

	return offset == request->message->length ? text : NULL;
}

/* The payload's first string as request->path. */
static int take_path(struct request *request, size_t *offset)
{
	const char *text = payload_string(request, offset);

	return text ? path_resolve(request->path, text, request->connection->domid) : -EINVAL;
}

static int take_only_path(struct request *request)
{
	size_t offset = 0;
	int rc = take_path(request, &offset);

	return !rc && offset != request->message->length ? -EINVAL : rc;
}

static int parse_number(const char *text, uint32_t max, uint32_t *number)
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

static int run_read(struct request *request)
{
	struct node *node;
	int rc = take_only_path(request);

	if (!rc)
		rc = transaction_find(request->transaction, request->path, PERMISSION_READ, &node);
	return rc ? rc : answer(request, node->value, node->value_length);
}

static size_t names_length(const struct node *node)
{
	size_t length = 0;

	for (unsigned int i = 0; i < node->nr_children; i++)
		length += strlen(node->children[i]->name) + 1;
	return length;
}

static int run_directory(struct request *request)
{
	struct node *node;
	int rc = take_only_path(request);

	if (!rc)
		rc = transaction_find(request->transaction, request->path, PERMISSION_READ, &node);
	if (rc)
		return rc;
	if (names_length(node) > sizeof(request->answer))
		return -E2BIG;
	for (unsigned int i = 0; i < node->nr_children; i++) {
		size_t length = strlen(node->children[i]->name) + 1;

		memcpy(request->answer + request->length, node->children[i]->name, length);
		request->length += length;
	}
	return 0;
}

/* The names from byte `offset` of the list on, as many as fit whole, and an
 * empty one if that was the last. */
static void answer_names_from(struct request *request, const struct node *node, size_t offset)
{
	size_t room = sizeof(request->answer) - 1;
	size_t at = 0, length;

	for (unsigned int i = 0; i < node->nr_children; i++, at += length) {
		const char *name = node->children[i]->name;
		size_t skip = offset > at ? offset - at : 0;

		length = strlen(name) + 1;
		if (skip >= length)
			continue;
		if (request->length + length - skip > room)
			return;
		memcpy(request->answer + request->length, name + skip, length - skip);
		request->length += length - skip;
	}
	request->answer[request->length++] = '\0';
}

static int run_directory_part(struct request *request)
{
	struct node *node;
	uint32_t from;
	size_t offset = 0;
	int rc = take_path(request, &offset);

	if (!rc)
		rc = parse_number(payload_string(request, &offset), UINT32_MAX, &from);
	if (!rc && offset != request->message->length)
		rc = -EINVAL;
	if (!rc)
		rc = transaction_find(request->transaction, request->path, PERMISSION_READ, &node);
	if (rc)
		return rc;
	request->length = 1 + (size_t)snprintf(request->answer, sizeof(request->answer), "%" PRIu64,
					       node->generation);
	answer_names_from(request, node, from);
	return 0;
}

static int run_write(struct request *request)
{
	size_t offset = 0;
	int rc = take_path(request, &offset);

	return rc ? rc
		  : transaction_write(request->transaction, request->path,
				      request->message->payload + offset,
				      request->message->length - offset);
}

static int run_mkdir(struct request *request)
{
	int rc = take_only_path(request);

	return rc ? rc : transaction_mkdir(request->transaction, request->path);
}

static int run_rm(struct request *request)
{
	int rc = take_only_path(request);

	return rc ? rc : transaction_remove(request->transaction, request->path);
}

/* The special event that the payload's first string names, or NULL. */
static struct special_event *take_special(const struct request *request)
{
	size_t offset = 0;
	const char *text = payload_string(request, &offset);

	return text ? server_special(request->connection->server, text) : NULL;
}

static int answer_permissions(struct request *request, const struct permission *list,
			      unsigned int nr)
{
	char text[PERMISSION_TEXT_BYTES];

	for (unsigned int i = 0; i < nr; i++) {
		size_t length;

		permission_format(&list[i], text);
		length = strlen(text) + 1;
		if (request->length + length > sizeof(request->answer))
			return -E2BIG;
		memcpy(request->answer + request->length, text, length);
		request->length += length;
	}
	return 0;
}

static int run_get_permissions(struct request *request)
{
	const struct special_event *special = take_special(request);
	struct node *node;
	int rc;

	if (special && request->connection->domid)
		return -EACCES;
	if (special)
		return answer_permissions(request, special->permissions, special->nr_permissions);
	rc = take_only_path(request);
	if (!rc)
		rc = transaction_find(request->transaction, request->path, PERMISSION_READ, &node);
	return rc ? rc : answer_permissions(request, node->permissions, node->nr_permissions);
}

/* The permissions from byte `offset` of the payload on. Their number; *list is
 * the caller's to free. */
static int take_permissions(const struct request *request, size_t offset, struct permission **list)
{
	size_t most = (request->message->length - offset) / 3; /* "n0" and a NUL */
	const char *text;
	int nr = 0;

	if (most == 0)
		return -EINVAL;
	*list = malloc(most * sizeof(**list));
	if (!*list)
		return -ENOMEM;
	while ((text = payload_string(request, &offset)) && !permission_parse(&(*list)[nr], text))
		nr++;
	if (nr > 0 && offset == request->message->length && !text)
		return nr;
	free(*list);
	return -EINVAL;
}

static int set_special_permissions(struct request *request, struct special_event *special)
{
	size_t offset = strlen(request->message->payload) + 1;
	struct permission *list = NULL;
	int nr;

	if (request->connection->domid)
		return -EACCES;
	nr = take_permissions(request, offset, &list);
	if (nr < 0)
		return nr;
	free(special->permissions);
	special->permissions = list;
	special->nr_permissions = (unsigned int)nr;
	return 0;
}

static int run_set_permissions(struct request *request)
{
	struct special_event *special = take_special(request);
	struct permission *list;
	size_t offset = 0;
	int rc, nr;

	if (special)
		return set_special_permissions(request, special);
	rc = take_path(request, &offset);
	if (rc)
		return rc;
	nr = take_permissions(request, offset, &list);
	if (nr < 0)
		return nr;
	rc = transaction_set_permissions(request->transaction, request->path, list,
					 (unsigned int)nr);
	free(list);
	return rc;
}

/* The payload's path and token; nothing more but reserved bytes. */
static int take_watch(const struct request *request, const char **path, const char **token)
{
	size_t offset = 0;

	*path = payload_string(request, &offset);
	*token = *path ? payload_string(request, &offset) : NULL;
	return *token ? 0 : -EINVAL;
}

static int run_watch(struct request *request)
{
	struct store_connection *connection = request->connection;
	struct domain *domain = &connection->server->domains[connection->domid];
	const char *path, *token;
	struct watch *watch;
	int rc = take_watch(request, &path, &token);

	if (rc)
		return rc;
	rc = watch_add(&connection->watches, connection->domid, path, token, &watch);
	if (rc)
		return rc;
	domain->watches++;
	if (connection->domid && domain->watches > QUOTA_WATCHES) {
		watch_remove(&connection->watches, connection->domid, path, token);
		domain->watches--;
		return -E2BIG;
	}
	request->watch = watch;
	return 0;
}

static int run_unwatch(struct request *request)
{
	struct store_connection *connection = request->connection;
	const char *path, *token;
	int rc = take_watch(request, &path, &token);

	if (!rc)
		rc = watch_remove(&connection->watches, connection->domid, path, token);
	if (!rc)
		connection->server->domains[connection->domid].watches--;
	return rc;
}

/* Its own transaction, if it was sent in one, goes too. */
static int run_reset_watches(struct request *request)
{
	connection_drop_watches(request->connection);
	connection_drop_transactions(request->connection);
	return 0;
}

static struct transaction **find_transaction(struct store_connection *connection, uint32_t id)
{
	struct transaction **at = &connection->transactions;

	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
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

static int run_transaction_start(struct request *request)
{
	struct store_connection *connection = request->connection;
	struct domain *domain = &connection->server->domains[connection->domid];
	struct transaction *transaction;
	char text[16];

	if (request->message->tx_id)
		return -EBUSY;
	if (connection->domid && domain->transactions >= QUOTA_TRANSACTIONS)
		return -ENOSPC;
	transaction = malloc(sizeof(*transaction));
	if (!transaction)
		return -ENOMEM;
	transaction_init(transaction, connection->server->tree, connection->domid, false);
	transaction->id = next_transaction(connection);
	transaction->next = connection->transactions;
	connection->transactions = transaction;
	domain->transactions++;
	snprintf(text, sizeof(text), "%" PRIu32, transaction->id);
	return answer_text(request, text);
}

static int run_transaction_end(struct request *request)
{
	struct store_connection *connection = request->connection;
	const char *verdict = only_string(request);
	struct transaction *transaction = request->transaction;

	if (!verdict || (strcmp(verdict, "T") && strcmp(verdict, "F")))
		return -EINVAL;
	if (!request->message->tx_id)
		return -ENOENT;
	*find_transaction(connection, transaction->id) = transaction->next;
	connection->server->domains[connection->domid].transactions--;
	request->ended = true;
	return verdict[0] == 'T' ? transaction_commit(transaction, &request->root) : 0;
}

static int run_get_domain_path(struct request *request)
{
	char home[PATH_HOME_BYTES];
	uint32_t domid;
	int rc = parse_number(only_string(request), UINT16_MAX, &domid);

	if (rc)
		return rc;
	path_home(home, (uint16_t)domid);
	return answer_text(request, home);
}

static int run_is_domain_introduced(struct request *request)
{
	uint32_t domid;
	int rc = parse_number(only_string(request), UINT16_MAX, &domid);

	if (rc)
		return rc;
	return answer_text(request,
			   domid == DOMID_OF_CALLER ||
					   request->connection->server->domains[domid].introduced
				   ? "T"
				   : "F");
}

/* Domains come and go with the daemon's domain socket, not by message. */
static int run_toolstack_only(struct request *request)
{
	return request->connection->domid ? -EACCES : -ENOSYS;
}

enum operation_flags {
	OPERATION_DATA = 1,   /* an empty answer is an answer, not "OK" */
	OPERATION_CHANGE = 2, /* outside of a transaction: commits at once */
};

static const struct {
	request_operation *run;
	unsigned int flags;
} operations[XS_TYPE_COUNT] = {
	[XS_CONTROL] = { run_toolstack_only },
	[XS_DIRECTORY] = { run_directory, OPERATION_DATA },
	[XS_READ] = { run_read, OPERATION_DATA },
	[XS_GET_PERMS] = { run_get_permissions, OPERATION_DATA },
	[XS_WATCH] = { run_watch },
	[XS_UNWATCH] = { run_unwatch },
	[XS_TRANSACTION_START] = { run_transaction_start, OPERATION_DATA },
	[XS_TRANSACTION_END] = { run_transaction_end },
	[XS_INTRODUCE] = { run_toolstack_only },
	[XS_RELEASE] = { run_toolstack_only },
	[XS_GET_DOMAIN_PATH] = { run_get_domain_path, OPERATION_DATA },
	[XS_WRITE] = { run_write, OPERATION_CHANGE },
	[XS_MKDIR] = { run_mkdir, OPERATION_CHANGE },
	[XS_RM] = { run_rm, OPERATION_CHANGE },
	[XS_SET_PERMS] = { run_set_permissions, OPERATION_CHANGE },
	[XS_IS_DOMAIN_INTRODUCED] = { run_is_domain_introduced, OPERATION_DATA },
	[XS_RESUME] = { run_toolstack_only },
	[XS_SET_TARGET] = { run_toolstack_only },
	[XS_RESET_WATCHES] = { run_reset_watches },
	[XS_DIRECTORY_PART] = { run_directory_part, OPERATION_DATA },
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
			 request->connection->domid, true);
	request->transaction = &transaction;
	rc = operations[type].run(request);
	if (!rc && (operations[type].flags & OPERATION_CHANGE))
		rc = transaction_commit(&transaction, &request->root);
	finish(request, rc);
	transaction_fini(&transaction);
}

static void run_in_transaction(struct request *request)
{
	request->transaction = *find_transaction(request->connection, request->message->tx_id);
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
