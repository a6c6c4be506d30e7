/*
 * "Did you mean ...?": the known word that is closest to a mistyped one. Pure.
 */
#ifndef BACKEND_NEAREST_H
#define BACKEND_NEAREST_H

#include <stddef.h>

enum { NEAREST_WORD_BYTES = 32 };

/* The one of `nr` words that takes the fewest changes of single characters
 * (swapped neighbours count once) to become `word`. NULL where even that takes
 * more than a third of the word's length and one. */
const char *nearest_word(const char *word, const char *const *words, size_t nr);

/* "; did you mean 'bridge'?" or "", into text. Returns text. */
const char *nearest_hint(const char *word, const char *const *words, size_t nr, char *text,
			 size_t size);

#endif
