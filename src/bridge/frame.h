/*
 * A frame on its way through the bridge.
 *
 * The first bytes, and with them every header that a decision rests on, are in
 * the frame's private head; what follows stays in fragments borrowed from the
 * source. Every output begins with the head: what was checked is what leaves,
 * whatever the source's memory has become meanwhile.
 *
 * A frame belongs to its source until bridge_forward() returns. A destination
 * copies what it wants or finishes with it before its transmit returns.
 */
#ifndef BRIDGE_FRAME_H
#define BRIDGE_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum {
	FRAME_HEAD_BYTES = 128,
	FRAME_HEADER_BYTES = 14, /* Ethernet, without a VLAN tag */
	BATCH_FRAMES = 64,
};

enum frame_csum {
	CSUM_NONE,  /* nothing known */
	CSUM_VALID, /* checked by whoever sent it, or never left this host */
	CSUM_BLANK, /* only the pseudo-header's sum stands in the field */
};

enum frame_gso {
	GSO_NONE,
	GSO_TCPV4,
	GSO_TCPV6,
	GSO_UDP, /* datagrams of gso_size; Xen has no type for it: cut before a vif */
};

struct fragment {
	const uint8_t *data;
	uint32_t length;
};

struct frame {
	uint32_t length;   /* of the whole frame, headers included */
	uint16_t head;	   /* bytes in bytes[]: all headers, or min(length, FRAME_HEAD_BYTES) */
	uint16_t nr_frags; /* fragments after the head */
	const struct fragment *frags;
	uint8_t csum;	      /* enum frame_csum */
	uint8_t gso_type;     /* enum frame_gso */
	uint16_t gso_size;    /* payload bytes of each segment */
	uint32_t source;      /* the source's own mark, untouched by the bridge */
	uint8_t gso_fixed_id; /* IPv4: the segments' ids are equal, not counted up */
	_Alignas(32) uint8_t bytes[FRAME_HEAD_BYTES]; /* the private head */
};

/* "Nothing known", of a frame without bytes. The head is not cleared. */
static inline void frame_forget(struct frame *frame, const struct fragment *rest)
{
	frame->length = 0;
	frame->head = 0;
	frame->nr_frags = 0;
	frame->frags = rest;
	frame->csum = CSUM_NONE;
	frame->gso_type = GSO_NONE;
	frame->gso_size = 0;
	frame->source = 0;
	frame->gso_fixed_id = 0;
}

/* Lays `length` bytes from `fragments` out as a frame: fills the head and
 * leaves the rest as fragments written to `rest` (room for `nr`). The other
 * facts start as "nothing known". */
void frame_build(struct frame *frame, const struct fragment *fragments, unsigned int nr,
		 struct fragment *rest);

/* The same of one piece, as most frames are; without a call from 32 bytes on. */
static inline void frame_build_plain(struct frame *frame, const uint8_t *data, uint32_t length,
				     struct fragment *rest)
{
	uint32_t head = length < FRAME_HEAD_BYTES ? length : FRAME_HEAD_BYTES;

	frame_forget(frame, rest);
	frame->length = length;
	frame->head = (uint16_t)head;
	frame->nr_frags = length > head;
	*rest = (struct fragment){ data + head, length - head };
	if (head >= FRAME_HEAD_BYTES / 2) {
		memcpy(frame->bytes, data, FRAME_HEAD_BYTES / 2);
		memcpy(frame->bytes + head - FRAME_HEAD_BYTES / 2,
		       data + head - FRAME_HEAD_BYTES / 2, FRAME_HEAD_BYTES / 2);
	} else if (head >= FRAME_HEAD_BYTES / 4) {
		memcpy(frame->bytes, data, FRAME_HEAD_BYTES / 4);
		memcpy(frame->bytes + head - FRAME_HEAD_BYTES / 4,
		       data + head - FRAME_HEAD_BYTES / 4, FRAME_HEAD_BYTES / 4);
	} else if (head) {
		memcpy(frame->bytes, data, head);
	}
}

/* Copies [offset, offset + length) of the frame out. The range must lie in it. */
void frame_copy_out(const struct frame *frame, uint32_t offset, uint32_t length, uint8_t *to);

#endif
