#include "store/request_control.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Adds to the answer; what is too long for it is cut. */
static void say(struct request *request, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void say(struct request *request, const char *format, ...)
{
	size_t room = sizeof(request->answer) - request->length;
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(request->answer + request->length, room, format, arguments);
	va_end(arguments);
	if (length > 0)
		request->length += (size_t)length < room ? (size_t)length : room - 1;
}

static void count_owners(const struct node *node, uint32_t *owned)
{
	owned[node->permissions[0].domid]++;
	for (unsigned int i = 0; i < node->nr_children; i++)
		count_owners(node->children[i], owned);
}

static int run_check(struct request *request, const char *argument)
{
	const struct tree *tree = request->connection->server->tree;
	uint32_t *owned;

	if (argument)
		return -EINVAL;
	owned = calloc(UINT16_MAX + 1, sizeof(*owned));
	if (!owned)
		return -ENOMEM;
	count_owners(tree->root, owned);
	for (unsigned int i = 0; i <= UINT16_MAX; i++)
		if (owned[i] != tree->owned[i])
			say(request, "domain %u has %u nodes, not %u\n", i, owned[i],
			    tree->owned[i]);
	free(owned);
	if (!request->length)
		say(request, "OK");
	return 0;
}

static int run_quota(struct request *request, const char *argument)
{
	const struct store_server *server = request->connection->server;
	uint32_t domid;

	if (!argument) {
		say(request,
		    "nodes           : %8d\nnode-bytes      : %8d\nnode-permissions: %8d\n"
		    "watches         : %8d\ntransactions    : %8d\noutput-bytes    : %8d\n",
		    QUOTA_NODES, QUOTA_NODE_BYTES, QUOTA_PERMISSIONS, QUOTA_WATCHES,
		    QUOTA_TRANSACTIONS, OUTPUT_GUEST_BYTES);
		return 0;
	}
	if (request_number(argument, UINT16_MAX, &domid))
		return -EINVAL;
	if (!server->domains[domid].introduced)
		return -ENOENT;
	say(request,
	    "Domain %u:\nnodes           : %8u\nwatches         : %8u\ntransactions    : %8u\n",
	    domid, server->tree->owned[domid], server->domains[domid].watches,
	    server->domains[domid].transactions);
	return 0;
}

static int run_help(struct request *request, const char *argument);

static const struct {
	const char *name, *arguments;
	int (*run)(struct request *request, const char *argument);
} commands[] = {
	{ "check", "", run_check },
	{ "quota", "[<domid>]", run_quota },
	{ "help", "", run_help },
};

static int run_help(struct request *request, const char *argument)
{
	if (argument)
		return -EINVAL;
	say(request, "The following commands are supported:\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		say(request, "  %s %s\n", commands[i].name, commands[i].arguments);
	return 0;
}

int request_control(struct request *request)
{
	size_t offset = 0;
	const char *name, *argument;
	int rc = -EINVAL;

	if (request->connection->domid)
		return -EACCES;
	name = request_string(request, &offset);
	argument = name ? request_string(request, &offset) : NULL;
	for (size_t i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (!strcmp(name, commands[i].name))
			rc = commands[i].run(request, argument);
	if (!rc)
		request->length++; /* the NUL */
	return rc;
}
