#include "backend/table.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum node_kind { NODE_LIST, NODE_OBJECT, NODE_STRING, NODE_NUMBER, NODE_BOOL, NODE_NULL, NODE_LINE };

struct node {
	enum node_kind kind;
	enum table_layout layout;
	char *key;  /* NULL: text only, or a list's member */
	char *head; /* of a container: its heading. NULL: JSON only */
	char *text; /* a value as it is shown; of a bool and a null as in JSON */
	struct node *first, *last, *next;
};

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

static bool is_container(const struct node *node)
{
	return node->kind == NODE_LIST || node->kind == NODE_OBJECT;
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
	assert(parent || (is_container(node) && !table->root));
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

void table_list(struct table *table, const char *key, const char *heading,
		enum table_layout layout)
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

/* Bytes of the UTF-8 character at `text` (RFC 3629: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF), or 0 if it is none. */
static unsigned int utf8_length(const unsigned char *text)
{
	static const struct {
		unsigned char first, last, second_min, second_max, length;
	} forms[] = {
		{ 0x01, 0x7f, 0x00, 0xff, 1 }, { 0xc2, 0xdf, 0x80, 0xbf, 2 },
		{ 0xe0, 0xe0, 0xa0, 0xbf, 3 }, { 0xe1, 0xec, 0x80, 0xbf, 3 },
		{ 0xed, 0xed, 0x80, 0x9f, 3 }, { 0xee, 0xef, 0x80, 0xbf, 3 },
		{ 0xf0, 0xf0, 0x90, 0xbf, 4 }, { 0xf1, 0xf3, 0x80, 0xbf, 4 },
		{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
	};
	unsigned int i, n;

	for (i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first || text[0] > forms[i].last)
			continue;
		if (text[1] < forms[i].second_min || text[1] > forms[i].second_max)
			return 0;
		for (n = 2; n < forms[i].length; n++)
			if ((text[n] & 0xc0) != 0x80)
				return 0;
		return forms[i].length;
	}
	return 0;
}

static void json_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int length;

	fputc('"', out);
	for (; *p; p += length ? length : 1) {
		length = utf8_length(p);
		if (!length)
			fputs("\\ufffd", out);
		else if (*p == '"' || *p == '\\')
			fprintf(out, "\\%c", *p);
		else if (*p < 0x20 || *p == 0x7f)
			fprintf(out, "\\u%04x", *p);
		else
			fwrite(p, 1, length, out);
	}
	fputc('"', out);
}

static void json_break(FILE *out, bool pretty, unsigned int depth)
{
	if (pretty)
		fprintf(out, "\n%*s", (int)depth * 4, "");
}

static bool in_json(const struct node *node, const struct node *parent)
{
	return node->kind != NODE_LINE && (node->key || parent->kind == NODE_LIST);
}

static void json_node(FILE *out, const struct node *node, bool pretty, unsigned int depth)
{
	bool list = node->kind == NODE_LIST, any = false;
	const struct node *child;

	if (node->kind == NODE_STRING)
		return json_string(out, node->text);
	if (!is_container(node)) {
		fputs(node->text, out);
		return;
	}
	fputc(list ? '[' : '{', out);
	for (child = node->first; child; child = child->next) {
		if (!in_json(child, node))
			continue;
		if (any)
			fputc(',', out);
		any = true;
		json_break(out, pretty, depth + 1);
		if (!list) {
			json_string(out, child->key);
			fputs(pretty ? ": " : ":", out);
		}
		json_node(out, child, pretty, depth + 1);
	}
	if (any)
		json_break(out, pretty, depth);
	fputc(list ? ']' : '}', out);
}

/* Prints a value's text so that a terminal takes it for nothing but text;
 * `out` may be NULL. Columns that it takes. */
static size_t text_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int length;
	size_t width = 0;

	for (; *p; p += length ? length : 1) {
		length = utf8_length(p);
		/* U+0080..U+009F are control characters as well. */
		if (!length || (*p < 0x20 && *p != '\t') || *p == 0x7f || (*p == 0xc2 && p[1] < 0xa0)) {
			width += 4;
			length = 1;
			if (out)
				fprintf(out, "\\x%02x", *p);
			continue;
		}
		width++;
		if (out)
			fwrite(p, 1, length, out);
	}
	return width;
}

static const char *shown(const struct node *value)
{
	if (!value || value->kind == NODE_NULL)
		return "-";
	if (value->kind == NODE_BOOL)
		return value->text[0] == 't' ? "yes" : "no";
	return value->text;
}

struct column {
	const char *head;
	size_t width;
	bool right;
};

static bool is_cell(const struct node *node)
{
	return !is_container(node) && node->kind != NODE_LINE && node->head;
}

static void column_note(struct column *columns, unsigned int *nr, const struct node *cell)
{
	size_t width = text_string(NULL, shown(cell));
	unsigned int i;

	for (i = 0; i < *nr && strcmp(columns[i].head, cell->head); i++)
		;
	assert(i < TABLE_MAX_COLUMNS);
	if (i == *nr) {
		columns[(*nr)++] = (struct column){ .head = cell->head,
						    .width = text_string(NULL, cell->head) };
	}
	if (width > columns[i].width)
		columns[i].width = width;
	if (cell->kind == NODE_NUMBER)
		columns[i].right = true;
}

static void print_cell(FILE *out, const struct column *column, const char *text, bool last)
{
	int pad = (int)(column->width - text_string(NULL, text));

	fprintf(out, "%*s", column->right ? pad : 0, "");
	text_string(out, text);
	if (last)
		fputc('\n', out);
	else
		fprintf(out, "%*s", column->right ? 1 : pad + 1, "");
}

static const struct node *find_cell(const struct node *row, const char *head)
{
	const struct node *cell;

	for (cell = row->first; cell; cell = cell->next)
		if (is_cell(cell) && !strcmp(cell->head, head))
			return cell;
	return NULL;
}

static void text_columns(FILE *out, const struct node *list, unsigned int indent)
{
	struct column columns[TABLE_MAX_COLUMNS];
	const struct node *row, *cell;
	unsigned int i, nr = 0;

	for (row = list->first; row; row = row->next)
		for (cell = row->first; cell; cell = cell->next)
			if (is_cell(cell))
				column_note(columns, &nr, cell);
	if (!nr)
		return;
	fprintf(out, "%*s", (int)indent, "");
	for (i = 0; i < nr; i++)
		print_cell(out, &columns[i], columns[i].head, i + 1 == nr);
	for (row = list->first; row; row = row->next) {
		fprintf(out, "%*s", (int)indent, "");
		for (i = 0; i < nr; i++)
			print_cell(out, &columns[i], shown(find_cell(row, columns[i].head)),
				   i + 1 == nr);
	}
}

static void text_line(FILE *out, const struct node *node, unsigned int indent)
{
	fprintf(out, "%*s", (int)indent, "");
	if (node->kind != NODE_LINE) {
		text_string(out, node->head);
		fputs(": ", out);
	}
	text_string(out, shown(node));
	fputc('\n', out);
}

static void text_container(FILE *out, const struct node *node, unsigned int indent)
{
	const struct node *child;

	if (node->head) {
		fprintf(out, "%*s", (int)indent, "");
		text_string(out, node->head);
		fputc('\n', out);
		indent += node->layout == TABLE_ETHTOOL ? 5 : 4;
	}
	if (node->kind == NODE_LIST && node->layout == TABLE_COLUMNS)
		return text_columns(out, node, indent);
	for (child = node->first; child; child = child->next) {
		if (is_container(child))
			text_container(out, child, indent);
		else if (child->head)
			text_line(out, child, indent);
	}
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
		text_container(out, table->root, 0);
	} else {
		json_node(out, table->root, format == TABLE_PRETTY, 0);
		fputc('\n', out);
	}
	failed = ferror(out);
	if (!fclose(out) && !failed)
		return 0;
	free(*text);
	*text = NULL;
	return -ENOMEM;
}
