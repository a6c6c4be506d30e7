#include "bench/report.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "backend/table.h"

enum value_kind { VALUE_STRING, VALUE_NUMBER, VALUE_DECIMAL };

struct value {
	unsigned int row; /* 0: a fact */
	const char *key, *head;
	enum value_kind kind;
	char *string;
	uint64_t number;
	double decimal;
	unsigned int places;
	const struct report_name *figure; /* of the first of its three values */
};

struct report {
	struct value *values;
	size_t nr, room;
	unsigned int rows, results; /* the rows behind the results compare them */
	bool no_memory, complete;
};

struct report *report_create(void)
{
	return calloc(1, sizeof(struct report));
}

void report_destroy(struct report *report)
{
	for (size_t i = 0; i < report->nr; i++)
		free(report->values[i].string);
	free(report->values);
	free(report);
}

void report_row(struct report *report)
{
	report->results = ++report->rows;
}

void report_comparison_row(struct report *report)
{
	report->rows++;
}

void report_complete(struct report *report)
{
	report->complete = true;
}

bool report_is_complete(const struct report *report)
{
	return report->complete;
}

static bool grow(struct report *report)
{
	size_t room = report->room ? report->room * 2 : 32;
	struct value *values;

	if (report->nr < report->room)
		return true;
	values = realloc(report->values, room * sizeof(*values));
	if (!values) {
		report->no_memory = true;
		return false;
	}
	report->values = values;
	report->room = room;
	return true;
}

static void add(struct report *report, struct value value)
{
	value.row = report->rows;
	if (grow(report))
		report->values[report->nr++] = value;
	else
		free(value.string);
}

void report_string(struct report *report, const char *key, const char *head, const char *value)
{
	char *copy = strdup(value);

	if (!copy)
		report->no_memory = true;
	else
		add(report, (struct value){ 0, key, head, VALUE_STRING, .string = copy });
}

void report_number(struct report *report, const char *key, const char *head, uint64_t value)
{
	add(report, (struct value){ 0, key, head, VALUE_NUMBER, .number = value });
}

void report_decimal(struct report *report, const char *key, const char *head, double value,
		    unsigned int places)
{
	add(report,
	    (struct value){ 0, key, head, VALUE_DECIMAL, .decimal = value, .places = places });
}

void report_figure(struct report *report, const struct report_name *name, double value, double low,
		   double high)
{
	add(report, (struct value){ 0, name->key, name->head, VALUE_DECIMAL, .decimal = value,
				    .places = name->places, .figure = name });
	report_decimal(report, name->low, NULL, low, name->places);
	report_decimal(report, name->high, NULL, high, name->places);
}

static void tell(struct table *table, const struct value *value)
{
	switch (value->kind) {
	case VALUE_STRING:
		return table_string(table, value->key, value->head, value->string);
	case VALUE_NUMBER:
		return table_number(table, value->key, value->head, value->number);
	case VALUE_DECIMAL:
		return table_decimal(table, value->key, value->head, value->decimal, value->places);
	}
}

/* The values of one row lie together: the next one after it is returned. */
static size_t tell_row(struct table *table, const struct report *report, size_t at)
{
	unsigned int row = at < report->nr ? report->values[at].row : 0;

	while (at < report->nr && report->values[at].row == row)
		tell(table, &report->values[at++]);
	return at;
}

/* Those up to row `last`. */
static size_t tell_rows(struct table *table, const struct report *report, size_t at,
			unsigned int last)
{
	while (at < report->nr && report->values[at].row <= last) {
		table_row(table);
		at = tell_row(table, report, at);
		table_end(table);
	}
	table_end(table);
	return at;
}

static void tell_all(struct table *table, const struct report *report)
{
	size_t at = 0;

	table_object(table, NULL, NULL, TABLE_FIELDS);
	if (report->nr && !report->values[0].row)
		at = tell_row(table, report, 0);
	table_line(table, "%s", "");
	table_list(table, "results", NULL, TABLE_COLUMNS);
	at = tell_rows(table, report, at, report->results);
	if (at < report->nr) {
		table_line(table, "%s", "");
		table_list(table, "comparison", NULL, TABLE_COLUMNS);
		tell_rows(table, report, at, report->rows);
	}
	table_end(table);
}

static int print_table(const struct report *report, enum table_format format, FILE *out)
{
	struct table *table = table_create();
	size_t length;
	char *text;
	int err;

	if (!table)
		return -ENOMEM;
	tell_all(table, report);
	err = table_render(table, format, &text, &length);
	table_destroy(table);
	if (err)
		return err;
	fwrite(text, 1, length, out);
	free(text);
	return 0;
}

/* RFC 4180 with plain newlines: quotes around everything that is text, doubled within. */
static void print_quoted(FILE *out, const char *text)
{
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"')
			putc('"', out);
		putc(*text, out);
	}
	putc('"', out);
}

static void print_csv_value(FILE *out, const struct value *value)
{
	switch (value->kind) {
	case VALUE_STRING:
		return print_quoted(out, value->string);
	case VALUE_NUMBER:
		fprintf(out, "%" PRIu64, value->number);
		return;
	case VALUE_DECIMAL:
		fprintf(out, "%.*f", (int)value->places, value->decimal);
		return;
	}
}

static const struct value *find(const struct report *report, unsigned int row, const char *key)
{
	for (size_t i = 0; i < report->nr; i++)
		if (report->values[i].row == row && !strcmp(report->values[i].key, key))
			return &report->values[i];
	return NULL;
}

/* The first value of any row with that key stands for its column. */
static bool is_column(const struct report *report, size_t at)
{
	const char *key = report->values[at].key;

	if (!report->values[at].row || report->values[at].row > report->results)
		return false;
	for (size_t i = 0; i < at; i++)
		if (report->values[i].row && !strcmp(report->values[i].key, key))
			return false;
	return true;
}

static void print_csv_line(const struct report *report, unsigned int row, FILE *out)
{
	bool first = true;

	for (size_t i = 0; i < report->nr; i++) {
		const struct value *value;

		if (!is_column(report, i))
			continue;
		if (!first)
			putc(',', out);
		first = false;
		value = find(report, row, report->values[i].key);
		if (!row)
			fputs(report->values[i].key, out);
		else if (value)
			print_csv_value(out, value);
	}
	fputs("\n", out);
}

static void print_csv(const struct report *report, FILE *out)
{
	for (unsigned int row = 0; row <= report->results; row++)
		print_csv_line(report, row, out);
}

bool report_get_figure(const struct report *report, unsigned int at, struct report_figure *figure)
{
	for (size_t i = 0; !report->no_memory && i < report->nr; i++) {
		const struct value *value = &report->values[i], *of, *trip;

		if (!value->figure || at--)
			continue;
		of = find(report, value->row, "case");
		trip = find(report, value->row, "round_trip_ns");
		*figure = (struct report_figure){
			.name = value->figure,
			.of = of ? of->string : "",
			.value = value->decimal,
			.low = find(report, value->row, value->figure->low)->decimal,
			.high = find(report, value->row, value->figure->high)->decimal,
			.round_trip_ns = trip ? trip->decimal : 0,
		};
		return true;
	}
	return false;
}

const char *report_fact(const struct report *report, const char *key)
{
	const struct value *value = find(report, 0, key);

	return value && value->kind == VALUE_STRING ? value->string : NULL;
}

int report_print(const struct report *report, enum report_format format, FILE *out)
{
	int err = 0;

	if (report->no_memory)
		return -ENOMEM;
	if (format == REPORT_CSV)
		print_csv(report, out);
	else
		err = print_table(report, format == REPORT_JSON ? TABLE_JSON : TABLE_TEXT, out);
	if (!err && (fflush(out) || ferror(out)))
		err = errno ? -errno : -EIO;
	return err;
}
