/*
 * MAC addresses as text.
 */
#ifndef BACKEND_MAC_H
#define BACKEND_MAC_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define MAC_FORMAT "%02x:%02x:%02x:%02x:%02x:%02x"
#define MAC_ARGS(m) (m)[0], (m)[1], (m)[2], (m)[3], (m)[4], (m)[5]

/* "00:16:3e:..." in hexadecimal pairs, nothing after it. */
static inline bool mac_parse(const char *text, uint8_t mac[6])
{
	int end = 0;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%n", &mac[0], &mac[1], &mac[2],
		      &mac[3], &mac[4], &mac[5], &end) == 6 &&
	       !text[end];
}

/* May a station have it: not a group, not all zero? */
static inline bool mac_is_station(const uint8_t mac[6])
{
	return !(mac[0] & 1) && (mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

#endif
