/*
 * What travels over a measured ring, and what its consumer does with it.
 *
 * The producer stamps every cache line of a payload with its number, so that
 * each line really moves; the consumer copies the head out, as a driver does
 * before it decides anything, and reads every other line once. A wrong stamp
 * means that the ring handed over something old or foreign.
 */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { PAYLOAD_LINE_BYTES = 64, PAYLOAD_HEAD_BYTES = 128 };

static inline void payload_write(uint8_t *data, uint32_t size, uint64_t number)
{
	for (uint32_t at = 0; at + sizeof(number) <= size; at += PAYLOAD_LINE_BYTES) {
		uint64_t stamp = number + at;

		memcpy(data + at, &stamp, sizeof(stamp));
	}
}

static inline uint64_t payload_differs(const uint8_t *data, uint32_t from, uint32_t to,
				       uint64_t number)
{
	uint64_t differs = 0;

	for (uint32_t at = from; at + sizeof(number) <= to; at += PAYLOAD_LINE_BYTES) {
		uint64_t stamp;

		memcpy(&stamp, data + at, sizeof(stamp));
		differs |= stamp ^ (number + at);
	}
	return differs;
}

/* False if a stamp is not that number's. */
static inline bool payload_read(uint8_t head[PAYLOAD_HEAD_BYTES], const uint8_t *data,
				uint32_t size, uint64_t number)
{
	uint32_t front = size < PAYLOAD_HEAD_BYTES ? size : PAYLOAD_HEAD_BYTES;

	memcpy(head, data, front);
	return !(payload_differs(head, 0, front, number) |
		 payload_differs(data, PAYLOAD_HEAD_BYTES, size, number));
}

#endif
