/*
 * Internet checksums (RFC 1071), and the completion of blank ones.
 */
#ifndef BRIDGE_CSUM_H
#define BRIDGE_CSUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/frame.h"

/* Adds `length` bytes to a running one's-complement sum of 16-bit big-endian
 * words. Only the last piece of a sum may have an odd length. */
uint64_t csum_add(uint64_t sum, const uint8_t *data, size_t length);

/* Folds to 16 bits and complements: the value for the header field, host order. */
uint16_t csum_fold(uint64_t sum);

/* Where TCP's or UDP's checksum stands in a frame: through one or two VLAN
 * tags, IPv4 options, IPv6 extension headers. Reads the private head only. */
struct csum_place {
	uint16_t network;   /* offset of the IP header */
	uint16_t transport; /* offset of the TCP or UDP header */
	uint16_t field;	    /* offset of the checksum field */
	uint32_t end;	    /* offset behind the last byte that it covers */
	uint8_t protocol;   /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t version;    /* 4 or 6 */
};

/* False: not TCP or UDP over IP, a fragment of one, headers that are cut, that
 * contradict the frame's length, or that reach beyond the head; and a routing
 * header with segments left, whose checksum is over another destination than
 * the one in front (RFC 8200, 8.1). */
bool csum_find(const struct frame *frame, struct csum_place *place);

/* Fills in a CSUM_BLANK frame's checksum, in its head, and makes it CSUM_VALID.
 * The whole sum is computed afresh, whatever stands in the field. False if
 * csum_find() is. */
bool csum_complete(struct frame *frame);

#endif
