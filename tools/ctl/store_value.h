/*
 * Values of the store as text, as the xenstore-* tools write and take them:
 * printable characters stand for themselves, a backslash for two, and others for
 * \t, \n, \r, three octal digits below eight, or \xHH.
 */
#ifndef CTL_STORE_VALUE_H
#define CTL_STORE_VALUE_H

#include <stddef.h>
#include <stdio.h>

void store_value_print(FILE *out, const char *value, size_t length);
/* In place (it only becomes shorter); the length of what comes out. */
size_t store_value_parse(char *text);

#endif
