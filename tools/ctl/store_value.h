/*
 * Values of the store as text, as the xenstore-* tools write and take them:
 * printable characters stand for themselves, a backslash for two, and others for
 * \t, \n, \r, three octal digits below eight, or \xHH.
 */
#ifndef CTL_STORE_VALUE_H
#define CTL_STORE_VALUE_H

#include <stddef.h>
#include <stdio.h>

enum { STORE_VALUE_TEXT_BYTES = 4 * 4096 + 1 };

void store_value_print(FILE *out, const char *value, size_t length);
/* The same, of a value of at most 4096 bytes, as a string. */
void store_value_format(char text[STORE_VALUE_TEXT_BYTES], const char *value, size_t length);
/* In place (it only becomes shorter); the length of what comes out. */
size_t store_value_parse(char *text);

#endif
