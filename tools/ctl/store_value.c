#include "ctl/store_value.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

static const char letters[] = "tnr\\", meant[] = "\t\n\r\\";

/* At most four characters; how many. */
static int format_one(char *text, unsigned char c)
{
	const char *known = c ? strchr(meant, c) : NULL;

	if (known)
		return sprintf(text, "\\%c", letters[known - meant]);
	if (c >= ' ' && c <= '~')
		return sprintf(text, "%c", c);
	return sprintf(text, c < 8 ? "\\%03o" : "\\x%02x", c);
}

void store_value_format(char text[STORE_VALUE_TEXT_BYTES], const char *value, size_t length)
{
	*text = '\0';
	for (size_t i = 0; i < length; i++)
		text += format_one(text, (unsigned char)value[i]);
}

void store_value_print(FILE *out, const char *value, size_t length)
{
	char text[STORE_VALUE_TEXT_BYTES];

	store_value_format(text, value, length);
	fputs(text, out);
}

/* A number of at most `most` digits; stands behind it afterwards. */
static char parse_number(const char **text, unsigned int base, int most)
{
	unsigned int value = 0;

	for (; most && isxdigit((unsigned char)**text); most--, (*text)++) {
		unsigned int c = (unsigned char)**text;
		unsigned int digit = isdigit((int)c) ? c - '0' : (c | 32u) - 'a' + 10;

		if (digit >= base)
			break;
		value = value * base + digit;
	}
	return (char)value;
}

/* What stands behind a backslash. */
static char parse_escape(const char **text)
{
	const char *letter = **text ? strchr(letters, **text) : NULL;

	if (**text == 'x' && isxdigit((unsigned char)(*text)[1])) {
		++*text;
		return parse_number(text, 16, 2);
	}
	if (**text >= '0' && **text <= '7')
		return parse_number(text, 8, 3);
	return letter ? meant[(*text)++, letter - letters] : *(*text)++;
}

size_t store_value_parse(char *text)
{
	const char *from = text;
	char *to = text;

	while (*from) {
		bool escaped = *from == '\\' && from[1];

		from += escaped;
		*to++ = escaped ? parse_escape(&from) : *from++;
	}
	return (size_t)(to - text);
}
