#include "backend/table_node.h"

unsigned int table_utf8_length(const unsigned char *text)
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
		length = table_utf8_length(p);
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
	if (!node_is_container(node)) {
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

void table_print_json(FILE *out, const struct node *root, bool pretty)
{
	json_node(out, root, pretty, 0);
	fputc('\n', out);
}
