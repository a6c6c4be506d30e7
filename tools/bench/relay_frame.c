#include "bench/relay_frame.h"

#include <string.h>

enum { TYPE_AT = 12, LENGTH_AT = 14, NUMBER_AT = 16, CHECKSUM_AT = 24, WORD = 8 };

struct fletcher {
	uint64_t sum, sums;
};

/* Fletcher's two sums over 64-bit words: sees exchanged words, too. The last
 * word is filled up with zeroes. */
static void fletcher_add(struct fletcher *state, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t at = 0; at < length; at += WORD) {
		uint64_t word = 0;

		memcpy(&word, bytes + at, length - at < WORD ? length - at : WORD);
		state->sum += word;
		state->sums += state->sum;
	}
}

static uint64_t checksum(const uint8_t *frame, uint32_t length)
{
	struct fletcher state = { 1, 0 };

	fletcher_add(&state, frame, CHECKSUM_AT);
	fletcher_add(&state, frame + RELAY_FRAME_HEAD, length - RELAY_FRAME_HEAD);
	return state.sum ^ (state.sums << 32 | state.sums >> 32);
}

void relay_frame_init(uint8_t *frame, uint32_t size, const uint8_t to[6], const uint8_t from[6])
{
	uint16_t length = (uint16_t)size;

	memset(frame, 0, size);
	memcpy(frame, to, 6);
	memcpy(frame + 6, from, 6);
	frame[TYPE_AT] = 0x88;
	frame[TYPE_AT + 1] = 0xb5;
	memcpy(frame + LENGTH_AT, &length, sizeof(length));
}

/* Words that no other number has at the same place. */
static void fill(uint8_t *bytes, uint32_t length, uint64_t number)
{
	for (uint32_t at = 0; at < length; at += WORD) {
		uint64_t word = (number + at) * UINT64_C(0x9e3779b97f4a7c15);

		memcpy(bytes + at, &word, length - at < WORD ? length - at : WORD);
	}
}

void relay_frame_number(uint8_t *frame, uint32_t size, uint64_t number, bool whole)
{
	uint64_t sum;

	memcpy(frame + NUMBER_AT, &number, sizeof(number));
	if (whole)
		fill(frame + RELAY_FRAME_HEAD, size - RELAY_FRAME_HEAD, number);
	sum = checksum(frame, whole ? size : RELAY_FRAME_HEAD);
	memcpy(frame + CHECKSUM_AT, &sum, sizeof(sum));
}

enum relay_verdict relay_frame_check(const uint8_t *frame, uint32_t length, uint32_t size,
				     bool whole, uint64_t *number)
{
	uint16_t announced;
	uint64_t sum;

	if (length < RELAY_FRAME_HEAD || frame[TYPE_AT] != 0x88 || frame[TYPE_AT + 1] != 0xb5)
		return RELAY_FOREIGN;
	memcpy(&announced, frame + LENGTH_AT, sizeof(announced));
	memcpy(number, frame + NUMBER_AT, sizeof(*number));
	memcpy(&sum, frame + CHECKSUM_AT, sizeof(sum));
	if (length != size || announced != size)
		return RELAY_CORRUPT;
	return sum == checksum(frame, whole ? size : RELAY_FRAME_HEAD) ? RELAY_GOOD : RELAY_CORRUPT;
}
