/*
 * One text in two forms: Markdown, and HTML that needs no other file. Text is given
 * as it is; what would be markup is escaped.
 */
#ifndef LAB_DOCUMENT_H
#define LAB_DOCUMENT_H

#include <stdio.h>

struct document {
	const char *directory;
	FILE *md, *html;
};

/* DIRECTORY/report.md and .html. 0 or -errno. */
int document_open(struct document *document, const char *directory, const char *title);
/* 0, or what writing said. */
int document_close(struct document *document);

void document_heading(struct document *document, unsigned int level, const char *text);
/* With a name before it, in bold; NULL: without. */
void document_paragraph(struct document *document, const char *name, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void document_table(struct document *document, const char *const *heads, unsigned int n);
void document_row(struct document *document, const char *const *cells, unsigned int n);
void document_table_end(struct document *document);
/* An SVG of the directory; taken into the HTML whole. */
void document_figure(struct document *document, const char *file, const char *title);

#endif
