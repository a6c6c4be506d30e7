/*
 * Values as they are typed behind options. Pure: 0, or -EINVAL for what is no such
 * value; what was written to the result then is of no use.
 */
#ifndef BACKEND_OPTIONS_VALUE_H
#define BACKEND_OPTIONS_VALUE_H

#include "backend/network.h"

/* Decimal, from min to max. */
int options_value_number(const char *text, unsigned long min, unsigned long max,
			 unsigned long *number);

/* ADDRESS/PREFIX, of a subnet that has room for guests; the text is cut there. */
int options_value_cidr(char *text, struct network_config *network);

/* An interface or bridge name as the kernel takes them. */
int options_value_name(const char *text, char name[16]);

#endif
