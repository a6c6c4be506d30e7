/*
 * What a frame of the laboratory carries: its number and when it was due.
 *
 * Latency counts from the scheduled time, not from the moment at which a late
 * sender got round to it: else the frames that waited longest would be the ones
 * that are left out.
 */
#ifndef LAB_STAMP_H
#define LAB_STAMP_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { STAMP_ETHERTYPE = 0x88b6, STAMP_AT = 14, STAMP_FRAME_MIN = 60 };

struct stamp {
	uint64_t number;
	int64_t due_ns; /* CLOCK_MONOTONIC */
};

/* Behind the Ethernet header. */
static inline void stamp_write(uint8_t *frame, const struct stamp *stamp)
{
	memcpy(frame + STAMP_AT, stamp, sizeof(*stamp));
}

/* False: not one of ours. The peer can still write there: what is returned was
 * read once. */
static inline bool stamp_read(const uint8_t *frame, uint32_t length, struct stamp *stamp)
{
	uint8_t head[STAMP_AT + sizeof(*stamp)];

	if (length < sizeof(head))
		return false;
	memcpy(head, frame, sizeof(head));
	memcpy(stamp, head + STAMP_AT, sizeof(*stamp));
	return head[12] == STAMP_ETHERTYPE >> 8 && head[13] == (STAMP_ETHERTYPE & 0xff);
}

#endif
