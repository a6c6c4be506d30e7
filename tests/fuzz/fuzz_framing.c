/*
 * Any bytes, in any pieces, against framing_next(): frames lie in what came, all
 * bytes are accounted for, and the pieces make no difference.
 *
 * The input's first byte says how large the pieces are.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "io/framing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room);

static void require(bool condition)
{
	if (!condition)
		abort();
}

struct outcome {
	size_t frames, bytes;
	uint32_t sum;
	enum framing_fault fault;
};

static void take(struct outcome *outcome, const uint8_t *frame, uint32_t length)
{
	require(length >= FRAMING_FRAME_MIN && length <= FRAMING_FRAME_MAX);
	outcome->frames++;
	outcome->bytes += FRAMING_HEADER_BYTES + length;
	for (uint32_t i = 0; i < length; i++)
		outcome->sum = outcome->sum * 33 + frame[i];
}

static struct outcome read_in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	static uint8_t memory[FRAMING_WHOLE_MAX];
	struct framing_reader reader = { .bytes = memory, .room = sizeof(memory) };
	struct outcome outcome = { 0 };
	const uint8_t *frame;
	uint32_t length;

	for (size_t at = 0; at < size && !reader.fault;) {
		size_t room, n = size - at < piece ? size - at : piece;
		uint8_t *to = framing_room(&reader, &room);

		require(room > 0 && to >= memory && to + room == memory + sizeof(memory));
		n = n < room ? n : room;
		memcpy(to, data + at, n);
		framing_filled(&reader, n);
		at += n;
		while (framing_next(&reader, &frame, &length)) {
			require(frame >= memory && frame + length <= memory + reader.end);
			take(&outcome, frame, length);
		}
		require(reader.fault || outcome.bytes + (reader.end - reader.start) == at);
	}
	outcome.fault = reader.fault;
	return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole, cut;

	if (!size)
		return 0;
	whole = read_in_pieces(data + 1, size - 1, size);
	cut = read_in_pieces(data + 1, size - 1, 1u + data[0]);
	require(whole.frames == cut.frames && whole.bytes == cut.bytes && whole.sum == cut.sum &&
		whole.fault == cut.fault);
	return 0;
}

size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room)
{
	static const uint32_t lengths[] = { 14, 60, 200, 15, 1514 };
	size_t at = 1;

	if (i >= 4 || room < 16000)
		return 0;
	bytes[0] = (uint8_t)(i * 50);
	for (unsigned int f = 0; f < 5; f++) {
		framing_put_length(bytes + at, lengths[(f + i) % 5]);
		memset(bytes + at + 4, (int)f, lengths[(f + i) % 5]);
		at += 4 + lengths[(f + i) % 5];
	}
	return at;
}
