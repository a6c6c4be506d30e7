#include "backend/table.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The linker sends the table's allocations here; 0 lets all succeed. */
static unsigned int fail_at;

void *__real_calloc(size_t n, size_t size);
char *__real_strdup(const char *text);
void *__wrap_calloc(size_t n, size_t size);
char *__wrap_strdup(const char *text);

static bool fails_now(void)
{
	return fail_at && !--fail_at;
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails_now() ? NULL : __real_calloc(n, size);
}

char *__wrap_strdup(const char *text)
{
	return fails_now() ? NULL : __real_strdup(text);
}

static void tell_columns(struct table *table)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_row(table);
	table_number(table, "handle", "Idx", 0);
	table_string(table, "mac", "Mac Addr.", "00:16:3e:00:00:01");
	table_number(table, "tx_ring_ref", NULL, 8);
	table_number(table, "rx_ring_ref", NULL, 9);
	table_printf(table, NULL, "tx-/rx-ring-ref", "%d/%d", 8, 9);
	table_end(table);
	table_row(table);
	table_number(table, "handle", "Idx", 10000);
	table_string(table, "mac", "Mac Addr.", NULL);
	table_string(table, "reason", "reason", "bad_slot");
	table_end(table);
	table_end(table);
}

static void tell_nested(struct table *table)
{
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_list(table, "bridges", NULL, TABLE_FIELDS);
	table_object(table, NULL, "bridge xenbr0", TABLE_FIELDS);
	table_string(table, "name", NULL, "xenbr0");
	table_number(table, "mtu", "mtu", 1500);
	table_bool(table, "stp", "stp", false);
	table_list(table, "ports", NULL, TABLE_COLUMNS);
	table_row(table);
	table_string(table, "name", "port", "xentap0");
	table_signed(table, "index", "index", -1);
	table_end(table);
	table_end(table);
	table_end(table);
	table_end(table);
	table_decimal(table, "load", "load", 1.25, 1);
	table_end(table);
}

static void tell_ethtool(struct table *table)
{
	table_object(table, NULL, "NIC statistics:", TABLE_ETHTOOL);
	table_number(table, "tx_frag_overflow", "tx_frag_overflow", UINT64_MAX);
	table_end(table);
}

static void tell_lines(struct table *table)
{
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_line(table, "Queue %d", 0);
	table_line(table, "TX: nr_ents %d", 256);
	table_number(table, "nr_ents", NULL, 256);
	table_end(table);
}

static void tell_hostile(struct table *table)
{
	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_string(table, "quo\"te", "escape", "\x1b[2J\n\"\\");
	table_string(table, "c1", "c1", "\xc2\x9b" "31m");
	table_string(table, "good", "good", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7");
	table_string(table, "overlong", "overlong", "\xc0\xaf");
	table_string(table, "surrogate", "surrogate", "\xed\xa0\x80");
	table_string(table, "cut", "cut", "\xe2\x82");
	table_end(table);
}

static void tell_no_number(struct table *table)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_row(table);
	table_decimal(table, "ratio", "ratio", NAN, 2);
	table_decimal(table, "rate", "rate", INFINITY, 2);
	table_end(table);
	table_end(table);
}

static void tell_wide(struct table *table)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_row(table);
	table_string(table, "name", "name", "\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc");
	table_string(table, "end", "end", "x");
	table_end(table);
	table_row(table);
	table_string(table, "name", "name", "\x01");
	table_string(table, "end", "end", "y");
	table_end(table);
	table_end(table);
}

static void tell_same_heads(struct table *table)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_row(table);
	table_number(table, "from_dropped", "dropped", 1);
	table_number(table, "to_dropped", "dropped", 22);
	table_string(table, NULL, "dropped", "text");
	table_end(table);
	table_row(table);
	table_number(table, "to_dropped", "dropped", 3);
	table_end(table);
	table_end(table);
}

static void tell_blank_line(struct table *table)
{
	table_object(table, NULL, "title", TABLE_FIELDS);
	table_line(table, "%s", "");
	table_line(table, "\tx");
	table_string(table, "reason", "reason", "");
	table_end(table);
}

static void tell_empty_list(struct table *table)
{
	table_list(table, NULL, NULL, TABLE_COLUMNS);
	table_end(table);
}

static void tell_empty_members(struct table *table)
{
	table_object(table, NULL, "title", TABLE_FIELDS);
	table_list(table, "vifs", NULL, TABLE_COLUMNS);
	table_end(table);
	table_object(table, "limits", NULL, TABLE_FIELDS);
	table_end(table);
	table_end(table);
}

struct render_case {
	const char *name;
	void (*tell)(struct table *table);
	enum table_format format;
	const char *expected;
};

static const struct render_case render_cases[] = {
	{ "columns, text", tell_columns, TABLE_TEXT,
	  "  Idx Mac Addr.         tx-/rx-ring-ref reason\n"
	  "    0 00:16:3e:00:00:01 8/9             -\n"
	  "10000 -                 -               bad_slot\n" },
	{ "columns, JSON", tell_columns, TABLE_JSON,
	  "[{\"handle\":0,\"mac\":\"00:16:3e:00:00:01\",\"tx_ring_ref\":8,\"rx_ring_ref\":9},"
	  "{\"handle\":10000,\"mac\":null,\"reason\":\"bad_slot\"}]\n" },
	{ "nested, text", tell_nested, TABLE_TEXT,
	  "bridge xenbr0\n"
	  "    mtu: 1500\n"
	  "    stp: no\n"
	  "    port    index\n"
	  "    xentap0    -1\n"
	  "load: 1.2\n" },
	{ "nested, JSON", tell_nested, TABLE_JSON,
	  "{\"bridges\":[{\"name\":\"xenbr0\",\"mtu\":1500,\"stp\":false,"
	  "\"ports\":[{\"name\":\"xentap0\",\"index\":-1}]}],\"load\":1.2}\n" },
	{ "nested, pretty", tell_nested, TABLE_PRETTY,
	  "{\n"
	  "    \"bridges\": [\n"
	  "        {\n"
	  "            \"name\": \"xenbr0\",\n"
	  "            \"mtu\": 1500,\n"
	  "            \"stp\": false,\n"
	  "            \"ports\": [\n"
	  "                {\n"
	  "                    \"name\": \"xentap0\",\n"
	  "                    \"index\": -1\n"
	  "                }\n"
	  "            ]\n"
	  "        }\n"
	  "    ],\n"
	  "    \"load\": 1.2\n"
	  "}\n" },
	{ "ethtool, text", tell_ethtool, TABLE_TEXT,
	  "NIC statistics:\n"
	  "     tx_frag_overflow: 18446744073709551615\n" },
	{ "ethtool, JSON", tell_ethtool, TABLE_JSON,
	  "{\"tx_frag_overflow\":18446744073709551615}\n" },
	{ "free lines, text", tell_lines, TABLE_TEXT, "Queue 0\nTX: nr_ents 256\n" },
	{ "free lines, JSON", tell_lines, TABLE_JSON, "{\"nr_ents\":256}\n" },
	{ "hostile strings, text", tell_hostile, TABLE_TEXT,
	  "escape: \\x1b[2J\\x0a\"\\\n"
	  "c1: \\xc2\\x9b31m\n"
	  "good: gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7\n"
	  "overlong: \\xc0\\xaf\n"
	  "surrogate: \\xed\\xa0\\x80\n"
	  "cut: \\xe2\\x82\n" },
	{ "hostile strings, JSON", tell_hostile, TABLE_JSON,
	  "{\"quo\\\"te\":\"\\u001b[2J\\u000a\\\"\\\\\",\"c1\":\"\xc2\x9b" "31m\","
	  "\"good\":\"gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xa7\","
	  "\"overlong\":\"\\ufffd\\ufffd\",\"surrogate\":\"\\ufffd\\ufffd\\ufffd\","
	  "\"cut\":\"\\ufffd\\ufffd\"}\n" },
	{ "what is no number, text", tell_no_number, TABLE_TEXT, "ratio rate\n-     -\n" },
	{ "what is no number, JSON", tell_no_number, TABLE_JSON,
	  "[{\"ratio\":null,\"rate\":null}]\n" },
	{ "widths are columns, not bytes", tell_wide, TABLE_TEXT,
	  "name  end\n\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc\xc3\xbc x\n\\x01  y\n" },
	{ "columns with the same head", tell_same_heads, TABLE_TEXT,
	  "dropped dropped dropped\n      1      22 text\n      -       3 -\n" },
	{ "blank lines and tabs", tell_blank_line, TABLE_TEXT, "title\n\n    \tx\n    reason: \n" },
	{ "empty list, text", tell_empty_list, TABLE_TEXT, "" },
	{ "empty list, JSON", tell_empty_list, TABLE_JSON, "[]\n" },
	{ "empty list, pretty", tell_empty_list, TABLE_PRETTY, "[]\n" },
	{ "empty members, text", tell_empty_members, TABLE_TEXT, "title\n" },
	{ "empty members, JSON", tell_empty_members, TABLE_JSON, "{\"vifs\":[],\"limits\":{}}\n" },
};

static void renders(void **state)
{
	unsigned int i;

	for (i = 0; i < sizeof(render_cases) / sizeof(render_cases[0]); i++) {
		const struct render_case *c = &render_cases[i];
		struct table *table = table_create();
		size_t length;
		char *text;

		print_message("  %s\n", c->name);
		assert_non_null(table);
		c->tell(table);
		assert_int_equal(table_render(table, c->format, &text, &length), 0);
		assert_string_equal(text, c->expected);
		assert_int_equal(length, strlen(c->expected));
		free(text);
		table_destroy(table);
	}
}

/* What is handed in may go at once: a report is shown after its subjects went. */
static void copies_what_it_is_told(void **state)
{
	struct table *table = table_create();
	char key[] = "key", head[] = "head", value[] = "value";
	size_t length;
	char *text;

	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_string(table, key, head, value);
	table_end(table);
	key[0] = head[0] = value[0] = 'X';
	assert_int_equal(table_render(table, TABLE_JSON, &text, &length), 0);
	assert_string_equal(text, "{\"key\":\"value\"}\n");
	free(text);
	assert_int_equal(table_render(table, TABLE_TEXT, &text, &length), 0);
	assert_string_equal(text, "head: value\n");
	free(text);
	table_destroy(table);
}

/* Whichever allocation fails: no report rather than half of one. */
static void survives_any_failed_allocation(void **state)
{
	unsigned int n, failures = 0;
	bool complete = false;

	for (n = 1; !complete; n++) {
		struct table *table = table_create();
		size_t length;
		char *text;
		int result;

		assert_non_null(table);
		fail_at = n;
		tell_nested(table);
		complete = fail_at;
		fail_at = 0;
		result = table_render(table, TABLE_TEXT, &text, &length);
		assert_int_equal(result, complete ? 0 : -ENOMEM);
		assert_true(complete == (text != NULL));
		failures += !complete;
		free(text);
		table_destroy(table);
	}
	assert_true(failures > 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(renders),
		cmocka_unit_test(copies_what_it_is_told),
		cmocka_unit_test(survives_any_failed_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
