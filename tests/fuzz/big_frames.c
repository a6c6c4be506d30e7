#include "fuzz/big_frames.h"

#include <stdlib.h>
#include <string.h>

#include "support/random.h"

uint8_t input_byte(struct input *input)
{
	if (!input->left)
		return 0;
	input->left--;
	return *input->data++;
}

uint32_t input_number(struct input *input)
{
	uint32_t high = input_byte(input);

	return high << 8 | input_byte(input);
}

const uint8_t *big_frame_payload(void)
{
	static uint8_t payload[PACKET_MAX_BYTES];
	static uint64_t random;

	if (!random) {
		random = 1;
		for (size_t i = 0; i < sizeof(payload); i++)
			payload[i] = (uint8_t)random_next(&random);
	}
	return payload;
}

static void spoil(uint8_t *bytes, uint32_t *length, struct input *input)
{
	uint8_t changes = input_byte(input);

	for (unsigned int i = 0; i < (changes & 7u); i++) {
		uint32_t at = input_byte(input) % 160u;
		uint8_t value = input_byte(input);

		if (at < *length)
			bytes[at] = value;
	}
	if (changes & 0x80)
		*length -= input_number(input) % *length;
}

/* Pieces of which size: at most as many as there is room for. */
static uint32_t lay_out(struct big_frame *big, struct fragment *pieces, struct input *input)
{
	uint32_t least = big->length / (BIG_FRAME_PIECES - 1) + 1;
	uint32_t size = least + input_byte(input) * 16u;
	uint32_t nr = 0;

	for (uint32_t at = 0; at < big->length; at += size)
		pieces[nr++] = (struct fragment){
			big->bytes + at,
			big->length - at < size ? big->length - at : size,
		};
	return nr;
}

void big_frame_make(struct big_frame *big, const struct packet *packet, struct input *input)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct fragment pieces[BIG_FRAME_PIECES];

	big->length = packet_write(packet, bytes);
	spoil(bytes, &big->length, input);
	big->bytes = malloc(big->length);
	require(big->bytes);
	memcpy(big->bytes, bytes, big->length);
	frame_build(&big->frame, pieces, lay_out(big, pieces, input), big->rest);
}

void big_frame_free(struct big_frame *big)
{
	free(big->bytes);
}

static bool holds(const uint8_t *memory, uint32_t size, const uint8_t *data, uint32_t length)
{
	return data >= memory && length <= size && (size_t)(data - memory) <= size - length;
}

bool big_frame_has(const struct frame *frame, const uint8_t *data, uint32_t length)
{
	if (holds(frame->bytes, frame->head, data, length))
		return true;
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		if (holds(frame->frags[i].data, frame->frags[i].length, data, length))
			return true;
	return false;
}
