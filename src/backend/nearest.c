#include "backend/nearest.h"

#include <stdio.h>
#include <string.h>

static unsigned int least(unsigned int a, unsigned int b)
{
	return a < b ? a : b;
}

/* Damerau's distance, restricted: rows of the last two prefixes suffice. */
static unsigned int distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned int rows[3][NEAREST_WORD_BYTES + 1];

	for (size_t j = 0; j <= b_length; j++)
		rows[0][j] = (unsigned int)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned int *row = rows[i % 3], *last = rows[(i + 2) % 3];

		row[0] = (unsigned int)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = least(last[j - 1] + (a[i - 1] != b[j - 1]),
				       least(last[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], rows[(i + 1) % 3][j - 2] + 1);
		}
	}
	return rows[a_length % 3][b_length];
}

const char *nearest_word(const char *word, const char *const *words, size_t nr)
{
	size_t length = strlen(word);
	unsigned int best = (unsigned int)length / 3 + 2;
	const char *nearest = NULL;

	if (length > NEAREST_WORD_BYTES)
		return NULL;
	for (size_t i = 0; i < nr; i++) {
		unsigned int changes = distance(word, length, words[i], strlen(words[i]));

		if (changes < best) {
			best = changes;
			nearest = words[i];
		}
	}
	return nearest;
}

const char *nearest_hint(const char *word, const char *const *words, size_t nr, char *text,
			 size_t size)
{
	const char *nearest = nearest_word(word, words, nr);

	text[0] = '\0';
	if (nearest)
		snprintf(text, size, "; did you mean '%s'?", nearest);
	return text;
}
