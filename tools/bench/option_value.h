/*
 * From the text of an option to its value, or one line on why not.
 */
#ifndef BENCH_OPTION_VALUE_H
#define BENCH_OPTION_VALUE_H

#include <stdint.h>

#include "bench/options.h"

/* What an option is, and where its value goes. */
struct option_kind {
	const char *name;
	/* `field` lies in struct options. 0, or -EINVAL with a line in `error`. */
	int (*parse)(const struct option_kind *kind, void *field, const char *text,
		     char error[OPTIONS_ERROR_BYTES]);
	uint64_t min, max; /* of numbers */
	const char *words; /* of words: "closed|open" */
};

int option_value_u32(const struct option_kind *kind, void *field, const char *text, char *error);
int option_value_u64(const struct option_kind *kind, void *field, const char *text, char *error);
/* Seconds or percent: min in thousandths. */
int option_value_decimal(const struct option_kind *kind, void *field, const char *text,
			 char *error);
/* The word's number, an unsigned int; and several of them as a mask. */
int option_value_word(const struct option_kind *kind, void *field, const char *text, char *error);
int option_value_words(const struct option_kind *kind, void *field, const char *text, char *error);
int option_value_sizes(const struct option_kind *kind, void *field, const char *text, char *error);
/* int[2] */
int option_value_cpus(const struct option_kind *kind, void *field, const char *text, char *error);
int option_value_text(const struct option_kind *kind, void *field, const char *text, char *error);
int option_value_engine(const struct option_kind *kind, void *field, const char *text, char *error);

/* "spin" or "sleep:US": an int64_t, ns. */
int option_value_gen(const struct option_kind *kind, void *field, const char *text, char *error);

/* Writes the line; -EINVAL. */
int option_value_fail(char error[OPTIONS_ERROR_BYTES], const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
