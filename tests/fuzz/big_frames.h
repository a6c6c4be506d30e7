/*
 * Frames for fuzz targets out of an input's bytes: described ones, so that the
 * fuzzer need not guess checksums and lengths, which then are spoiled byte by
 * byte; in memory of exactly their size.
 */
#ifndef FUZZ_BIG_FRAMES_H
#define FUZZ_BIG_FRAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bridge/frame.h"
#include "support/packet.h"

enum { BIG_FRAME_PIECES = 64 };

struct input {
	const uint8_t *data;
	size_t left;
};

struct big_frame {
	struct frame frame;
	uint32_t length;
	uint8_t *bytes; /* all of it, flat */
	struct fragment rest[BIG_FRAME_PIECES];
};

static inline void require(bool condition)
{
	if (!condition)
		__builtin_trap();
}

/* The next byte; 0 behind the end. */
uint8_t input_byte(struct input *input);
uint32_t input_number(struct input *input); /* two bytes */

/* Random payload, the same in every run. */
const uint8_t *big_frame_payload(void);

/* The described frame, with up to 7 bytes of its first 160 changed and perhaps
 * some at its end missing, as the input says. */
void big_frame_make(struct big_frame *big, const struct packet *packet, struct input *input);
void big_frame_free(struct big_frame *big);

/* Whether a byte range is part of the frame's head or fragments. */
bool big_frame_has(const struct frame *frame, const uint8_t *data, uint32_t length);

#endif
