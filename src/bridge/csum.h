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
	uint16_t payload;   /* offset behind the TCP or UDP header; perhaps beyond the head */
	uint32_t end;	    /* offset behind the last byte that it covers */
	uint8_t protocol;   /* IPPROTO_TCP or IPPROTO_UDP */
	uint8_t version;    /* 4 or 6 */
};

/* False: not TCP or UDP over IP, a fragment of one, headers that are cut, that
 * contradict the frame's length, or that reach beyond the head; and a routing
 * header with segments left, whose checksum is over another destination than
 * the one in front (RFC 8200, 8.1). */
bool csum_find(const struct frame *frame, struct csum_place *place);

/* The pseudo-header's sum (RFC 9293, 3.1; RFC 8200, 8.1), unfolded. */
uint64_t csum_pseudo_header(const struct frame *frame, const struct csum_place *place);

/* Fills in a CSUM_BLANK frame's checksum, in its head, and makes it CSUM_VALID.
 * The whole sum is computed afresh, whatever stands in the field. False if
 * csum_find() is. */
bool csum_complete(struct frame *frame);

/* The same where the place is known: `place` is the frame's own, as csum_find()
 * gives it. */
void csum_fill(struct frame *frame, const struct csum_place *place);

/* Leaves the checksum to the receiver: writes the pseudo-header's sum into the
 * field, as Linux has it there, and makes the frame CSUM_BLANK. */
void csum_blank(struct frame *frame, const struct csum_place *place);

/* Sums everything from `start` to the frame's end, what stands in the field at
 * `start + offset` included, and stores the checksum there: how a network card
 * completes one that it is told the place of. The frame becomes CSUM_VALID.
 * A field beyond the head lies in fragments, whose memory must then be the
 * caller's own to write. False, and nothing done, if it is not in the frame. */
bool csum_complete_at(struct frame *frame, uint32_t start, uint32_t offset);

/* Whether the TCP or UDP checksum is what the sender's should be. UDP over
 * IPv4 without one has nothing wrong. False if csum_find() is. */
bool csum_verify(const struct frame *frame);

/* The same where the place is known. */
bool csum_matches(const struct frame *frame, const struct csum_place *place);

#endif
