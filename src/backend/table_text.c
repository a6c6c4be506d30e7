#include "backend/table_node.h"

#include <assert.h>
#include <string.h>

/* Prints a value's text so that a terminal takes it for nothing but text;
 * `out` may be NULL. Columns that it takes. */
static size_t text_string(FILE *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	unsigned int length;
	size_t width = 0;

	for (; *p; p += length ? length : 1) {
		length = table_utf8_length(p);
		/* U+0080..U+009F are control characters as well. */
		if (!length || (*p < 0x20 && *p != '\t') || *p == 0x7f ||
		    (*p == 0xc2 && p[1] < 0xa0)) {
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
	const struct node *like; /* the first value in it */
	size_t width;
	bool right;
};

static bool is_cell(const struct node *node)
{
	return !node_is_container(node) && node->kind != NODE_LINE && node->head;
}

/* Two columns may well have the same head: "dropped" in either direction. */
static bool is_same_column(const struct node *a, const struct node *b)
{
	return !strcmp(a->head, b->head) && !a->key == !b->key &&
	       (!a->key || !strcmp(a->key, b->key));
}

static void column_note(struct column *columns, unsigned int *nr, const struct node *cell)
{
	size_t width = text_string(NULL, shown(cell));
	unsigned int i;

	for (i = 0; i < *nr && !is_same_column(columns[i].like, cell); i++)
		;
	assert(i < TABLE_MAX_COLUMNS);
	if (i == *nr) {
		columns[(*nr)++] =
			(struct column){ .like = cell, .width = text_string(NULL, cell->head) };
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

static const struct node *find_cell(const struct node *row, const struct node *like)
{
	const struct node *cell;

	for (cell = row->first; cell; cell = cell->next)
		if (is_cell(cell) && is_same_column(cell, like))
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
		print_cell(out, &columns[i], columns[i].like->head, i + 1 == nr);
	for (row = list->first; row; row = row->next) {
		fprintf(out, "%*s", (int)indent, "");
		for (i = 0; i < nr; i++)
			print_cell(out, &columns[i], shown(find_cell(row, columns[i].like)),
				   i + 1 == nr);
	}
}

static void text_line(FILE *out, const struct node *node, unsigned int indent)
{
	if (node->kind != NODE_LINE || *node->text)
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
		if (node_is_container(child))
			text_container(out, child, indent);
		else if (child->head)
			text_line(out, child, indent);
	}
}

void table_print_text(FILE *out, const struct node *root)
{
	text_container(out, root, 0);
}
