#include "bench/lab/document.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

#include "bench/lab/output.h"

enum { PATH_BYTES = 600, TEXT_BYTES = 4096 };

static const char head[] =
	"<!doctype html>\n<html lang=\"en\"><head><meta "
	"charset=\"utf-8\"><title>%s</title><style>\n"
	"body{font:15px/1.45 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}\n"
	"table{border-collapse:collapse;margin:1em 0;font-size:13px}\n"
	"td,th{border:1px solid #bbb;padding:2px 7px;text-align:left;vertical-align:top}\n"
	"figure{margin:1em 0}svg{max-width:100%%;height:auto}\n"
	"</style></head><body>\n";

static void print_html(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else if (*text == '&')
			fputs("&amp;", out);
		else
			putc(*text, out);
	}
}

static void print_md(FILE *out, const char *text)
{
	for (; *text; text++) {
		if (strchr("|<>*_`", *text))
			putc('\\', out);
		putc(*text, out);
	}
}

int document_open(struct document *document, const char *directory, const char *title)
{
	document->directory = directory;
	document->md = output_create(directory, "report.md");
	document->html = document->md ? output_create(directory, "report.html") : NULL;
	if (!document->html) {
		int err = -errno;

		if (document->md)
			fclose(document->md);
		return err;
	}
	fprintf(document->html, head, title);
	document_heading(document, 1, title);
	return 0;
}

int document_close(struct document *document)
{
	int err;

	fputs("</body></html>\n", document->html);
	err = output_close(document->md);
	return output_close(document->html) ? -EIO : err;
}

void document_heading(struct document *document, unsigned int level, const char *text)
{
	fprintf(document->md, "%.*s ", (int)level, "######");
	print_md(document->md, text);
	fputs("\n\n", document->md);
	fprintf(document->html, "<h%u>", level);
	print_html(document->html, text);
	fprintf(document->html, "</h%u>\n", level);
}

void document_paragraph(struct document *document, const char *name, const char *format, ...)
{
	char text[TEXT_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (name)
		fprintf(document->md, "**%s** ", name);
	print_md(document->md, text);
	fputs("\n\n", document->md);
	fputs("<p>", document->html);
	if (name)
		fprintf(document->html, "<b>%s</b> ", name);
	print_html(document->html, text);
	fputs("</p>\n", document->html);
}

static void print_cells(struct document *document, const char *tag, const char *const *cells,
			unsigned int n)
{
	fputs("<tr>", document->html);
	for (unsigned int i = 0; i < n; i++) {
		fputs(i ? " | " : "| ", document->md);
		print_md(document->md, cells[i]);
		fprintf(document->html, "<%s>", tag);
		print_html(document->html, cells[i]);
		fprintf(document->html, "</%s>", tag);
	}
	fputs(" |\n", document->md);
	fputs("</tr>\n", document->html);
}

void document_table(struct document *document, const char *const *heads, unsigned int n)
{
	fputs("<table>\n", document->html);
	print_cells(document, "th", heads, n);
	for (unsigned int i = 0; i < n; i++)
		fputs("|---", document->md);
	fputs("|\n", document->md);
}

void document_row(struct document *document, const char *const *cells, unsigned int n)
{
	print_cells(document, "td", cells, n);
}

void document_table_end(struct document *document)
{
	fputs("\n", document->md);
	fputs("</table>\n", document->html);
}

/* From "<svg" on: the XML declaration may not stand within HTML. */
static void include_svg(struct document *document, const char *file)
{
	char path[PATH_BYTES], line[4096];
	bool begun = false;
	FILE *in;

	snprintf(path, sizeof(path), "%s/%s", document->directory, file);
	in = fopen(path, "re");
	while (in && fgets(line, sizeof(line), in)) {
		const char *from = begun ? line : strstr(line, "<svg");

		begun |= from != NULL;
		if (from)
			fputs(from, document->html);
	}
	if (in)
		fclose(in);
}

void document_figure(struct document *document, const char *file, const char *title)
{
	fprintf(document->md, "![%s](%s)\n\n", title, file);
	fputs("<figure>", document->html);
	include_svg(document, file);
	fputs("<figcaption>", document->html);
	print_html(document->html, title);
	fputs("</figcaption></figure>\n", document->html);
}
