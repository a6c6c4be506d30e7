/*
 * Hostile headers against csum_find() and csum_complete(): whatever they say,
 * places lie in the frame, nothing but the checksum changes, and a completed
 * checksum is what a receiver computes.
 *
 * The input's first byte says in pieces of which size the frame comes.
 */
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/csum.h"

enum { FRAME_BYTES = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static uint32_t add(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

static bool receiver_accepts(const uint8_t *bytes, const struct csum_place *place)
{
	const uint8_t *ip = bytes + place->network;
	uint32_t length = place->end - place->transport;
	uint32_t sum = place->protocol + length;

	sum = place->version == 4 ? add(sum, ip + 12, 8) : add(sum, ip + 8, 32);
	sum = (sum & 0xffff) + (sum >> 16);
	return add(sum, bytes + place->transport, length) == 0xffff;
}

static void check_place(const struct frame *frame, const struct csum_place *place)
{
	require(place->version == 4 || place->version == 6);
	require(place->protocol == IPPROTO_TCP || place->protocol == IPPROTO_UDP);
	require(place->network >= FRAME_HEADER_BYTES && place->network <= FRAME_HEADER_BYTES + 8);
	require(place->transport >= place->network + (place->version == 4 ? 20 : 40));
	require(place->field > place->transport && place->field + 2 <= frame->head);
	require(place->field + 2u <= place->end && place->end <= frame->length);
}

static void check_completion(struct frame *frame, const uint8_t *before,
			     const struct csum_place *place)
{
	static uint8_t after[FRAME_BYTES];

	frame->csum = CSUM_BLANK;
	require(csum_complete(frame) && frame->csum == CSUM_VALID);
	frame_copy_out(frame, 0, frame->length, after);
	require(receiver_accepts(after, place));
	memcpy(after + place->field, before + place->field, 2);
	require(memcmp(after, before, frame->length) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct fragment pieces[FRAME_BYTES], rest[FRAME_BYTES];
	struct csum_place place;
	struct frame frame;
	unsigned int nr = 0;
	size_t step;

	if (size < 1 || size > FRAME_BYTES)
		return 0;
	step = 1 + data[0] * (size_t)data[0];
	data++;
	size--;
	for (size_t at = 0; at < size; at += step, nr++)
		pieces[nr] = (struct fragment){
			data + at,
			(uint32_t)(size - at < step ? size - at : step),
		};
	frame_build(&frame, pieces, nr, rest);
	frame.csum = CSUM_BLANK;
	if (csum_find(&frame, &place)) {
		check_place(&frame, &place);
		check_completion(&frame, data, &place);
	} else {
		require(!csum_complete(&frame) && frame.csum == CSUM_BLANK);
	}
	return 0;
}

size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room)
{
	static const uint8_t seeds[][96] = {
		/* UDP over IPv4 */
		{ 40, 2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 4, 8, 0,
		  0x45, 0, 0, 0x2c, 0, 4, 0, 0, 0x40, 17, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		  1, 2, 3, 4, 0, 0x18, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 },
		/* TCP over IPv4 with options, a tag */
		{ 3, 2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 4, 0x81, 0, 0, 7, 8, 0,
		  0x46, 0, 0, 0x38, 0, 4, 0x40, 0, 0x40, 6, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2,
		  1, 1, 1, 1, 1, 2, 3, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x60, 0x10, 1, 1, 0, 0, 0, 0 },
		/* UDP over IPv6 behind options and a routing header */
		{ 9, 2, 0, 0, 0, 0, 5, 2, 0, 0, 0, 0, 4, 0x86, 0xdd,
		  0x60, 0, 0, 0, 0, 0x20, 0, 64, 0xfe, 0x80, [38] = 1, [39] = 0xfe, 0x80,
		  [54] = 2, 43, 0, 1, 4, 0, 0, 0, 0, 17, 0, 0, 0, 0, 0, 0, 0,
		  1, 2, 3, 4, 0, 16, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8 },
	};

	if (i >= sizeof(seeds) / sizeof(seeds[0]) || room < sizeof(seeds[i]))
		return 0;
	memcpy(bytes, seeds[i], sizeof(seeds[i]));
	return sizeof(seeds[i]);
}
