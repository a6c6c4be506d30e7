#include "backend/table.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/table_node.h"

struct table {
	struct node *root;
	struct node *open[TABLE_MAX_DEPTH];
	unsigned int depth;
	int error; /* sticky: the report is incomplete from here on */
};

struct table *table_create(void)
{
	return calloc(1, sizeof(struct table));
}

static void node_destroy(struct node *node)
{
	struct node *child, *next;

	if (!node)
		return;
	for (child = node->first; child; child = next) {
		next = child->next;
		node_destroy(child);
	}
	free(node->key);
	free(node->head);
	free(node->text);
	free(node);
}

void table_destroy(struct table *table)
{
	if (!table)
		return;
	node_destroy(table->root);
	free(table);
}

/* strdup() that takes NULL, and notes a failure in *error. */
static char *copy(const char *text, int *error)
{
	char *copied = text ? strdup(text) : NULL;

	if (text && !copied)
		*error = -ENOMEM;
	return copied;
}

static struct node *node_create(enum node_kind kind, const char *key, const char *head,
				const char *text)
{
	struct node *node = calloc(1, sizeof(*node));
	int error = 0;

	if (!node)
		return NULL;
	node->kind = kind;
	node->key = copy(key, &error);
	node->head = copy(head, &error);
	node->text = copy(text, &error);
	if (!error)
		return node;
	node_destroy(node);
	return NULL;
}

static struct node *table_add(struct table *table, enum node_kind kind, const char *key,
			      const char *head, const char *text)
{
	struct node *parent = table->depth ? table->open[table->depth - 1] : NULL;
	struct node *node;

	if (table->error)
		return NULL;
	node = node_create(kind, key, head, text);
	if (!node) {
		table->error = -ENOMEM;
		return NULL;
	}
	assert(parent || (node_is_container(node) && !table->root));
	if (!parent)
		table->root = node;
	else if (!parent->first)
		parent->first = node;
	else
		parent->last->next = node;
	if (parent)
		parent->last = node;
	return node;
}

static void table_open(struct table *table, enum node_kind kind, const char *key,
		       const char *heading, enum table_layout layout)
{
	struct node *node = table_add(table, kind, key, heading, NULL);

	if (!node)
		return;
	assert(table->depth < TABLE_MAX_DEPTH);
	node->layout = layout;
	table->open[table->depth++] = node;
}

void table_list(struct table *table, const char *key, const char *heading, enum table_layout layout)
{
	table_open(table, NODE_LIST, key, heading, layout);
}

void table_object(struct table *table, const char *key, const char *heading,
		  enum table_layout layout)
{
	table_open(table, NODE_OBJECT, key, heading, layout);
}

void table_row(struct table *table)
{
	table_open(table, NODE_OBJECT, NULL, NULL, TABLE_FIELDS);
}

void table_end(struct table *table)
{
	if (table->error)
		return;
	assert(table->depth);
	table->depth--;
}

void table_string(struct table *table, const char *key, const char *head, const char *value)
{
	table_add(table, value ? NODE_STRING : NODE_NULL, key, head, value ? value : "null");
}

static void table_vprintf(struct table *table, enum node_kind kind, const char *key,
			  const char *head, const char *format, va_list args)
{
	char *text;

	if (table->error)
		return;
	if (vasprintf(&text, format, args) < 0) {
		table->error = -ENOMEM;
		return;
	}
	table_add(table, kind, key, head, text);
	free(text);
}

void table_printf(struct table *table, const char *key, const char *head, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	table_vprintf(table, NODE_STRING, key, head, format, args);
	va_end(args);
}

void table_line(struct table *table, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	table_vprintf(table, NODE_LINE, NULL, "", format, args);
	va_end(args);
}

void table_number(struct table *table, const char *key, const char *head, uint64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	table_add(table, NODE_NUMBER, key, head, text);
}

void table_signed(struct table *table, const char *key, const char *head, int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, value);
	table_add(table, NODE_NUMBER, key, head, text);
}

void table_decimal(struct table *table, const char *key, const char *head, double value,
		   unsigned int places)
{
	char text[352]; /* DBL_MAX has 309 digits */

	if (!isfinite(value)) {
		table_string(table, key, head, NULL);
		return;
	}
	snprintf(text, sizeof(text), "%.*f", places > 17 ? 17 : (int)places, value);
	table_add(table, NODE_NUMBER, key, head, text);
}

void table_bool(struct table *table, const char *key, const char *head, bool value)
{
	table_add(table, NODE_BOOL, key, head, value ? "true" : "false");
}

int table_render(const struct table *table, enum table_format format, char **text, size_t *length)
{
	FILE *out;
	bool failed;

	*text = NULL;
	*length = 0;
	if (table->error)
		return table->error;
	assert(table->root && !table->depth);
	out = open_memstream(text, length);
	if (!out)
		return -ENOMEM;
	if (format == TABLE_TEXT) {
		table_print_text(out, table->root);
	} else {
		table_print_json(out, table->root, format == TABLE_PRETTY);
	}
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}
