#include "bench/option_value.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "io/engine.h"

int option_value_fail(char error[OPTIONS_ERROR_BYTES], const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(error, OPTIONS_ERROR_BYTES, format, args);
	va_end(args);
	return -EINVAL;
}

int option_value_u64(const struct option_kind *kind, void *field, const char *text, char *error)
{
	uint64_t number;
	char *end;

	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || number < kind->min ||
	    number > kind->max)
		return option_value_fail(error,
					 "bad --%s '%.40s': a whole number from %llu to %llu is "
					 "meant",
					 kind->name, text, (unsigned long long)kind->min,
					 (unsigned long long)kind->max);
	memcpy(field, &number, sizeof(number));
	return 0;
}

int option_value_u32(const struct option_kind *kind, void *field, const char *text, char *error)
{
	uint64_t number;
	int err = option_value_u64(kind, &number, text, error);

	if (!err)
		*(uint32_t *)field = (uint32_t)number;
	return err;
}

int option_value_decimal(const struct option_kind *kind, void *field, const char *text, char *error)
{
	double number, min = (double)kind->min / 1000;
	char *end;

	number = strtod(text, &end);
	if (end == text || *end || !isfinite(number) || number < min || number > (double)kind->max)
		return option_value_fail(error,
					 "bad --%s '%.40s': a number from %g to %llu is meant",
					 kind->name, text, min, (unsigned long long)kind->max);
	*(double *)field = number;
	return 0;
}

static const char *end_of(const char *word, char mark)
{
	return strchrnul(word, mark);
}

/* The number of text[0..length-1] among the kind's words; -1. */
static int find_word(const struct option_kind *kind, const char *text, size_t length)
{
	const char *word = kind->words;

	for (int i = 0; *word; i++) {
		const char *end = end_of(word, '|');

		if ((size_t)(end - word) == length && !memcmp(word, text, length))
			return i;
		word = end + (*end == '|');
	}
	return -1;
}

int option_value_word(const struct option_kind *kind, void *field, const char *text, char *error)
{
	int number = find_word(kind, text, strlen(text));

	if (number < 0)
		return option_value_fail(error, "bad --%s '%.40s': %s is meant", kind->name, text,
					 kind->words);
	*(unsigned int *)field = (unsigned int)number;
	return 0;
}

int option_value_words(const struct option_kind *kind, void *field, const char *text, char *error)
{
	uint32_t mask = 0;

	for (const char *word = text; word;) {
		const char *end = end_of(word, ',');
		int number = find_word(kind, word, (size_t)(end - word));

		if (number < 0)
			return option_value_fail(error,
						 "bad --%s '%.40s': some of %s are meant, with "
						 "commas",
						 kind->name, text, kind->words);
		mask |= 1u << number;
		word = *end ? end + 1 : NULL;
	}
	*(uint32_t *)field = mask;
	return 0;
}

int option_value_sizes(const struct option_kind *kind, void *field, const char *text, char *error)
{
	struct sizes sizes = { 0 };
	char copy[256], *rest = copy, *word;
	int err = 0;

	snprintf(copy, sizeof(copy), "%s", text);
	while (!err && (word = strsep(&rest, ","))) {
		if (sizes.nr == OPTIONS_SIZES_MAX)
			return option_value_fail(error, "bad --%s: more than %d of them",
						 kind->name, OPTIONS_SIZES_MAX);
		err = option_value_u32(kind, &sizes.list[sizes.nr++], word, error);
	}
	if (!err)
		memcpy(field, &sizes, sizeof(sizes));
	return err;
}

int option_value_cpus(const struct option_kind *kind, void *field, const char *text, char *error)
{
	int err = host_parse_cpus(text, field);

	if (err == -EINVAL)
		return option_value_fail(error, "bad --%s '%.40s': two numbers are meant, like 0,1",
					 kind->name, text);
	if (err)
		return option_value_fail(
			error, "bad --%s '%.40s': %s; 'taskset -cp $$' shows those allowed",
			kind->name, text, err == -ENOENT ? "not ours to use" : strerror(-err));
	return 0;
}

int option_value_text(const struct option_kind *kind, void *field, const char *text, char *error)
{
	if (!*text)
		return option_value_fail(error, "empty --%s; name a file", kind->name);
	memcpy(field, &text, sizeof(text));
	return 0;
}

int option_value_engine(const struct option_kind *kind, void *field, const char *text, char *error)
{
	enum engine_kind engine;

	if (engine_kind_parse(text, &engine))
		return option_value_fail(error, "bad --%s '%.40s': auto, uring or epoll is meant",
					 kind->name, text);
	memcpy(field, &text, sizeof(text));
	return 0;
}

int option_value_gen(const struct option_kind *kind, void *field, const char *text, char *error)
{
	unsigned int us = 0;
	int length = 0;

	if (strcmp(text, "spin") &&
	    (sscanf(text, "sleep:%5u%n", &us, &length) != 1 || text[length] || !us))
		return option_value_fail(error,
					 "bad --%s '%.40s': spin or sleep:US, 1 to 99999 us, is "
					 "meant",
					 kind->name, text);
	*(int64_t *)field = us * INT64_C(1000);
	return 0;
}
