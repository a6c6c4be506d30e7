/*
 * A report, told once and shown as aligned text or as JSON.
 *
 * A report is a tree of objects, lists and values. Whoever tells it opens a
 * container, adds values and closes it again; table_render() shows the whole.
 * Every value has a key (its name in JSON) and a head (its name in text).
 * Without a key it is shown in text only, without a head in JSON only: so
 * "12/13" for people and two numbers for programs stand next to each other.
 *
 *	table_list(table, NULL, NULL, TABLE_COLUMNS);
 *	for each vif {
 *		table_row(table);
 *		table_number(table, "handle", "handle", vif->handle);
 *		table_string(table, "mac", "Mac Addr.", mac);
 *		table_end(table);
 *	}
 *	table_end(table);
 *
 * Everything handed in is copied. Running out of memory is remembered and
 * reported by table_render(), so nothing before it needs a check. Values may
 * come from a guest: control characters but tabs are escaped in text, too, and bytes
 * that are not UTF-8 are replaced. Knows neither vifs nor sockets; any thread,
 * one at a time.
 */
#ifndef BACKEND_TABLE_H
#define BACKEND_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct table;

/* How the members of a container stand in text; JSON does not care. */
enum table_layout {
	TABLE_COLUMNS, /* a list whose rows are lines under one line of heads; containers within
			* a row are shown in JSON only */
	TABLE_FIELDS,  /* "head: value" lines, 4 columns further right than the heading */
	TABLE_ETHTOOL, /* the same, 5 columns further right, as ethtool -S prints */
};

enum table_format { TABLE_TEXT, TABLE_JSON, TABLE_PRETTY };

enum { TABLE_MAX_DEPTH = 8, TABLE_MAX_COLUMNS = 32 };

struct table *table_create(void); /* NULL: out of memory */
void table_destroy(struct table *table);

/* Each opens a container within the open one; the first one opened is the
 * whole report. `key` is its name in an object (a list's members have none),
 * `heading` the line above it in text (NULL: none, and nothing is indented). */
void table_list(struct table *table, const char *key, const char *heading,
		enum table_layout layout);
void table_object(struct table *table, const char *key, const char *heading,
		  enum table_layout layout);
/* An object without key and heading: a row of a list. */
void table_row(struct table *table);
/* Closes the innermost open container. */
void table_end(struct table *table);

/* Values of the open object. A column is made of those with one key and one
 * head, "-" standing where a row has none; numbers stand right, the rest left. */
void table_string(struct table *table, const char *key, const char *head,
		  const char *value); /* NULL: null in JSON, "-" in text */
void table_printf(struct table *table, const char *key, const char *head, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
void table_number(struct table *table, const char *key, const char *head, uint64_t value);
void table_signed(struct table *table, const char *key, const char *head, int64_t value);
void table_decimal(struct table *table, const char *key, const char *head, double value,
		   unsigned int places); /* infinite or none: as NULL above */
void table_bool(struct table *table, const char *key, const char *head, bool value); /* yes, no */

/* A line of its own in text, nothing in JSON. */
void table_line(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The report as it stands, every container closed: NUL-terminated, ending with
 * a newline unless it is empty, for the caller to free. 0 or -ENOMEM. */
int table_render(const struct table *table, enum table_format format, char **text, size_t *length);

#endif
