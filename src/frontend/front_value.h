/*
 * Values as they are typed behind options. Pure: 0, or -EINVAL for what is no such
 * value; what was written to the result then is of no use.
 */
#ifndef FRONTEND_FRONT_VALUE_H
#define FRONTEND_FRONT_VALUE_H

#include <stdint.h>

/* Decimal digits, from min to max. */
int front_value_number(const char *text, uint64_t min, uint64_t max, uint64_t *number);

/* A unicast address, not all zero. */
int front_value_mac(const char *text, uint8_t mac[6]);

/* In network order, not all zero; of a CIDR the prefix is left alone if none is typed. */
int front_value_ip(const char *text, uint32_t *ip);
int front_value_cidr(const char *text, uint32_t *ip, uint8_t *prefix);

/* Seconds above 0. */
int front_value_duration(const char *text, double *seconds);

#endif
