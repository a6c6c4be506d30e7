#include "store/request_node.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int request_read(struct request *request)
{
	struct node *node;
	int rc = request_only_path(request);

	if (!rc)
		rc = transaction_find(request->transaction, request->path, PERMISSION_READ, &node);
	return rc ? rc : request_answer(request, node->value, node->value_length);
}

static size_t names_length(const struct node *node)
{
	size_t length = 0;

	for (unsigned int i = 0; i < node->nr_children; i++)
		length += strlen(node->children[i]->name) + 1;
	return length;
}

int request_directory(struct request *request)
{
	struct node *node;
	int rc = request_only_path(request);

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

int request_directory_part(struct request *request)
{
	struct node *node;
	uint32_t from;
	size_t offset = 0;
	int rc = request_path(request, &offset);

	if (!rc)
		rc = request_number(request_string(request, &offset), UINT32_MAX, &from);
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

int request_write(struct request *request)
{
	size_t offset = 0;
	int rc = request_path(request, &offset);

	return rc ? rc
		  : transaction_write(request->transaction, request->path,
				      request->message->payload + offset,
				      request->message->length - offset);
}

int request_mkdir(struct request *request)
{
	int rc = request_only_path(request);

	return rc ? rc : transaction_mkdir(request->transaction, request->path);
}

int request_rm(struct request *request)
{
	int rc = request_only_path(request);

	return rc ? rc : transaction_remove(request->transaction, request->path);
}

/* The special event that the payload's first string names, if the connection
 * has that access to it; *special is NULL for any other string. 0 or -EACCES. */
static int take_special(const struct request *request, unsigned int access,
			struct special_event **special)
{
	struct store_connection *connection = request->connection;
	size_t offset = 0;
	const char *text = request_string(request, &offset);

	*special = text ? special_find(connection->server->specials, text) : NULL;
	if (!*special)
		return 0;
	return (special_access(*special, connection_subject(connection)) & access) ? 0 : -EACCES;
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

int request_get_permissions(struct request *request)
{
	struct special_event *special;
	struct node *node;
	int rc = take_special(request, PERMISSION_READ, &special);

	if (rc)
		return rc;
	if (special)
		return answer_permissions(request, special->permissions, special->nr_permissions);
	rc = request_only_path(request);
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
	while ((text = request_string(request, &offset)) && !permission_parse(&(*list)[nr], text))
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
	int nr = take_permissions(request, offset, &list);

	if (nr < 0)
		return nr;
	special_set(special, list, (unsigned int)nr);
	return 0;
}

int request_set_permissions(struct request *request)
{
	struct special_event *special;
	struct permission *list;
	size_t offset = 0;
	int nr, rc = take_special(request, PERMISSION_OWNER, &special);

	if (rc)
		return rc;
	if (special)
		return set_special_permissions(request, special);
	rc = request_path(request, &offset);
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
