/*
 * The frames that gen sends and sink counts: Ethernet's local experimental
 * type 0x88b5, then
 *     u16 kind, u16 0, u32 run, u64 sequence, u64 nanoseconds, u32 crc
 * little endian, then filler. The CRC-32 covers the filler and then the fields
 * before it, in this order, so that a sender sums up its filler only once.
 * Pure: bytes in, bytes out.
 */
#ifndef FRONTEND_PROBE_H
#define FRONTEND_PROBE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PROBE_ETHERTYPE = 0x88b5,
	PROBE_HEADER_BYTES = 28,
	PROBE_FRAME_MIN = 14 + PROBE_HEADER_BYTES
};

enum probe_kind {
	PROBE_DATA = 1,
	PROBE_ASK,    /* gen to sink: my next sequence number; may I? */
	PROBE_CREDIT, /* sink to gen: send what is below this sequence number */
};

struct probe {
	uint8_t dst[6], src[6];
	uint16_t kind;
	uint32_t run; /* tells two runs of one gen apart */
	uint64_t sequence;
	uint64_t stamp_ns; /* CLOCK_MONOTONIC */
};

/* The filler of a frame of `size` bytes, the same in each, and its CRC. */
uint32_t probe_fill(uint8_t *frame, uint32_t size);

/* Writes both headers in front of the filler. */
void probe_write(uint8_t *frame, const struct probe *probe, uint32_t filler_crc);

/* 0 a sound probe, -ENOMSG another kind of frame, -EBADMSG a corrupt probe. */
int probe_read(struct probe *probe, const uint8_t *frame, uint32_t size);

#endif
