/*
 * The tree that a report is told into. Only the table's own files know it:
 * table.c builds it, table_json.c and table_text.c print it.
 */
#ifndef BACKEND_TABLE_NODE_H
#define BACKEND_TABLE_NODE_H

#include <stdbool.h>
#include <stdio.h>

#include "backend/table.h"

enum node_kind {
	NODE_LIST,
	NODE_OBJECT,
	NODE_STRING,
	NODE_NUMBER,
	NODE_BOOL,
	NODE_NULL,
	NODE_LINE
};

struct node {
	enum node_kind kind;
	enum table_layout layout;
	char *key;  /* NULL: text only, or a list's member */
	char *head; /* of a container: its heading. NULL: JSON only */
	char *text; /* a value as it is shown; of a bool and a null as in JSON */
	struct node *first, *last, *next;
};

static inline bool node_is_container(const struct node *node)
{
	return node->kind == NODE_LIST || node->kind == NODE_OBJECT;
}

/* Bytes of the UTF-8 character at `text` (RFC 3629: no overlong forms, no
 * surrogates, nothing beyond U+10FFFF), or 0 if it is none. */
unsigned int table_utf8_length(const unsigned char *text);

void table_print_json(FILE *out, const struct node *root, bool pretty);
void table_print_text(FILE *out, const struct node *root);

#endif
