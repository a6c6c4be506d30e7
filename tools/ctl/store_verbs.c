#include "ctl/store_verbs.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/store_value.h"

enum { NAMES_BYTES = 64 * 1024, NAMES_MOST_BYTES = 16 * 1024 * 1024 };

/* Says which key it was that could not be done. */
static int concern(struct store_call *call, const char *key, int rc)
{
	if (rc < 0)
		snprintf(call->object, sizeof(call->object), "%s", key);
	return rc;
}

static void print_value(const struct store_call *call, const char *value, int length)
{
	if (call->raw)
		fwrite(value, 1, (size_t)length, call->out);
	else
		store_value_print(call->out, value, (size_t)length);
}

static void tell_value(const struct store_call *call, const char *path, const char *value,
		       int length)
{
	char text[STORE_VALUE_TEXT_BYTES];

	store_value_format(text, value, (size_t)length);
	table_string(call->table, "path", NULL, path);
	table_string(call->table, "value", NULL, call->raw ? value : text);
}

int store_read_keys(struct store_call *call)
{
	char value[STORE_VALUE_BYTES + 1];

	for (int i = 0; i < call->argc; i++) {
		int length = store_read(call->client, call->transaction, call->argv[i], value,
					sizeof(value));

		if (length < 0)
			return concern(call, call->argv[i], length);
		if (call->table) {
			table_row(call->table);
			tell_value(call, call->argv[i], value, length);
			table_end(call->table);
			continue;
		}
		if (call->full)
			fprintf(call->out, "%s: ", call->argv[i]);
		print_value(call, value, length);
		putc('\n', call->out);
	}
	return 0;
}

int store_write_keys(struct store_call *call)
{
	for (int i = 0; i < call->argc; i += 2) {
		char *value = strdup(call->argv[i + 1]); /* to be parsed again, if need be */
		size_t length;
		int rc;

		if (!value)
			return -ENOMEM;
		length = call->raw ? strlen(value) : store_value_parse(value);
		rc = store_write(call->client, call->transaction, call->argv[i], value, length);
		free(value);
		if (rc)
			return concern(call, call->argv[i], rc);
	}
	return 0;
}

int store_exists(struct store_call *call)
{
	char value;

	for (int i = 0; i < call->argc; i++) {
		int rc = store_read(call->client, call->transaction, call->argv[i], &value, 1);

		if (rc < 0)
			return concern(call, call->argv[i], rc);
	}
	return 0;
}

/* The children's names, NUL after NUL, to be freed; their number or -errno. */
static int read_names(struct store_call *call, const char *path, char **names)
{
	int nr = -E2BIG;

	for (size_t size = NAMES_BYTES; nr == -E2BIG && size <= NAMES_MOST_BYTES; size *= 4) {
		*names = malloc(size);
		if (!*names)
			return -ENOMEM;
		nr = store_directory(call->client, call->transaction, path, *names, size);
		if (nr < 0)
			free(*names);
	}
	return nr;
}

static void print_name(const struct store_call *call, const char *parent, const char *name)
{
	if (!call->table) {
		fprintf(call->out, "%s%s%s\n", call->full ? parent : "", call->full ? "/" : "",
			name);
		return;
	}
	table_row(call->table);
	table_string(call->table, "parent", NULL, parent);
	table_string(call->table, "name", NULL, name);
	table_end(call->table);
}

int store_list(struct store_call *call)
{
	for (int i = 0; i < call->argc; i++) {
		char *names, *name;
		int nr = read_names(call, call->argv[i], &names);

		if (nr < 0)
			return concern(call, call->argv[i], nr);
		for (name = names; nr--; name += strlen(name) + 1)
			print_name(call, call->argv[i], name);
		free(names);
	}
	return 0;
}

/* Whether nothing would be lost with it. */
static bool is_empty(struct store_call *call, const char *path)
{
	char value, *names;
	int nr;

	if (store_read(call->client, call->transaction, path, &value, 1) != 0)
		return false;
	nr = read_names(call, path, &names);
	if (nr >= 0)
		free(names);
	return nr == 0;
}

int store_rm(struct store_call *call)
{
	for (int i = 0; i < call->argc; i++) {
		char *path = strdup(call->argv[i]), *slash;
		int rc = path ? store_remove(call->client, call->transaction, path) : -ENOMEM;

		while (!rc && call->tidy && (slash = strrchr(path, '/')) && slash > path) {
			*slash = '\0';
			if (!is_empty(call, path))
				break;
			rc = store_remove(call->client, call->transaction, path);
		}
		free(path);
		if (rc)
			return concern(call, call->argv[i], rc);
	}
	return 0;
}

/* Where a walk through the tree stands. */
struct walk {
	struct store_call *call;
	unsigned int depth;
	char path[STORE_PATH_BYTES + 1];
};

/* Does `visit` at each node below walk->path, a parent before its children. */
static int walk_below(struct walk *walk, int (*visit)(struct walk *walk, const char *name))
{
	size_t length = strlen(walk->path);
	const char *slash = length && walk->path[length - 1] == '/' ? "" : "/";
	char *names, *name;
	int rc = 0, nr = read_names(walk->call, walk->path, &names);

	if (nr < 0)
		return concern(walk->call, walk->path, nr);
	for (name = names; nr-- && !rc; name += strlen(name) + 1) {
		snprintf(walk->path + length, sizeof(walk->path) - length, "%s%s", slash, name);
		rc = visit(walk, name);
		walk->depth++;
		if (!rc)
			rc = walk_below(walk, visit);
		walk->depth--;
		walk->path[length] = '\0';
	}
	free(names);
	return rc;
}

/* "n0,r5"; 0 or -errno. */
static int read_permissions(const struct walk *walk, char list[STORE_VALUE_BYTES + 1])
{
	struct store_call *call = walk->call;
	int length = store_get_permissions(call->client, call->transaction, walk->path, list,
					   STORE_VALUE_BYTES);

	if (length < 0)
		return length;
	for (int i = 0; i < length - 1; i++)
		if (!list[i])
			list[i] = ',';
	list[length] = '\0';
	return 0;
}

static void tell_node(const struct walk *walk, const char *value, int length, const char *list)
{
	table_row(walk->call->table);
	tell_value(walk->call, walk->path, value, length);
	if (walk->call->permissions)
		table_string(walk->call->table, "permissions", NULL, list);
	table_end(walk->call->table);
}

static int print_node(struct walk *walk, const char *name)
{
	struct store_call *call = walk->call;
	char value[STORE_VALUE_BYTES + 1], list[STORE_VALUE_BYTES + 1] = "";
	int rc = 0,
	    length = store_read(call->client, call->transaction, walk->path, value, sizeof(value));

	if (length >= 0 && call->permissions)
		rc = read_permissions(walk, list);
	if (length < 0 || rc)
		return concern(call, walk->path, rc ? rc : length);
	if (call->table) {
		tell_node(walk, value, length, list);
		return 0;
	}
	fprintf(call->out, "%*s%s = \"", call->full ? 0 : (int)walk->depth, "",
		call->full ? walk->path : name);
	print_value(call, value, length);
	if (call->permissions)
		fprintf(call->out, "\" (%s)\n", list);
	else
		fputs("\"\n", call->out);
	return 0;
}

int store_ls(struct store_call *call)
{
	struct walk walk = { .call = call };

	snprintf(walk.path, sizeof(walk.path), "%s", call->argc ? call->argv[0] : "/");
	return walk_below(&walk, print_node);
}

static int set_permissions(struct walk *walk, const char *name)
{
	struct store_call *call = walk->call;
	char list[STORE_VALUE_BYTES];
	size_t length = 0;

	(void)name;
	for (int i = 1; i < call->argc; i++) {
		size_t bytes = strlen(call->argv[i]) + 1;

		if (bytes > sizeof(list) - length)
			return -E2BIG;
		memcpy(list + length, call->argv[i], bytes);
		length += bytes;
	}
	return concern(call, walk->path,
		       store_set_permissions(call->client, call->transaction, walk->path, list,
					     length));
}

int store_chmod(struct store_call *call)
{
	struct walk walk = { .call = call };
	char *slash;
	int rc;

	snprintf(walk.path, sizeof(walk.path), "%s", call->argv[0]);
	rc = set_permissions(&walk, NULL);
	if (!rc && call->recursive)
		rc = walk_below(&walk, set_permissions);
	while (!rc && call->upto && (slash = strrchr(walk.path, '/')) && slash > walk.path) {
		*slash = '\0';
		rc = set_permissions(&walk, NULL);
	}
	return rc;
}

/* At once, for whoever reads: 0 or -errno. */
static int print_change(struct store_call *call, const char *path)
{
	struct table *table = call->json ? table_create() : NULL;
	size_t length;
	char *text;

	if (!call->json) {
		fprintf(call->out, "%s\n", path);
		return fflush(call->out) ? -errno : 0;
	}
	if (!table)
		return -ENOMEM;
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_string(table, "path", NULL, path);
	table_end(table);
	if (!table_render(table, TABLE_JSON, &text, &length)) {
		fwrite(text, 1, length, call->out);
		free(text);
	}
	table_destroy(table);
	return fflush(call->out) ? -errno : 0;
}

/* Waits for one event: 0 or -errno. */
static int print_event(struct store_call *call)
{
	struct pollfd readable = { .fd = store_client_fd(call->client), .events = POLLIN };
	char path[STORE_PATH_BYTES + 1], token[32];
	int rc;

	while (!(rc = store_next_event(call->client, path, sizeof(path), token, sizeof(token))))
		if (poll(&readable, 1, -1) < 0 && errno != EINTR)
			return -errno;
	if (rc < 0)
		return rc;
	return print_change(call, path);
}

int store_watch_keys(struct store_call *call)
{
	int rc = 0;

	for (int i = 0; i < call->argc; i++) {
		rc = store_watch(call->client, call->argv[i], "splitvif");
		if (rc)
			return concern(call, call->argv[i], rc);
	}
	for (unsigned int i = 0; !rc && (!call->events || i < call->events); i++)
		rc = print_event(call);
	return concern(call, call->argv[0], rc);
}
