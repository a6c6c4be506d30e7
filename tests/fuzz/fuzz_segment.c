/*
 * Spoiled GSO frames against segment.h: either a fault, or segments that are
 * whole frames with right checksums, whose payloads together are the big
 * frame's, and which point nowhere else.
 */
#include <string.h>

#include "bridge/csum.h"
#include "bridge/segment.h"
#include "fuzz/big_frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void describe(struct packet *packet, struct input *input)
{
	uint8_t kind = input_byte(input);

	memset(packet, 0, sizeof(*packet));
	packet->version = kind & 1 ? 6 : 4;
	packet->udp = (kind & 0x0e) == 0x0e;
	packet->tags = kind >> 4 & 1u;
	packet->extensions = kind >> 5 & 3u;
	packet->ip_options = (kind >> 6 & 3u) * 4;
	packet->tcp_options = (kind >> 3 & 3u) * 12;
	packet->flags = input_byte(input);
	packet->seq = 0xffff0000;
	packet->payload = big_frame_payload();
	packet->payload_bytes = input_number(input) % (kind & 2 ? 65000u : 3000u);
}

static void check_one(const struct frame *big, const struct frame *out, uint32_t left,
		      bool complete, const struct csum_place *place)
{
	struct csum_place found;
	uint32_t bytes = out->head;

	require(out->head == place->payload && out->length >= out->head);
	require(out->length - out->head <= big->gso_size);
	require(out->length - out->head == big->gso_size || out->length - out->head == left);
	require(out->gso_type == GSO_NONE && csum_find(out, &found));
	require(found.end == out->length && found.payload == place->payload);
	require(out->csum == (complete ? CSUM_VALID : CSUM_BLANK));
	require(!complete || csum_verify(out));
	for (unsigned int i = 0; i < out->nr_frags; i++) {
		require(big_frame_has(big, out->frags[i].data, out->frags[i].length));
		bytes += out->frags[i].length;
	}
	require(bytes == out->length);
}

static void cut(const struct big_frame *big, struct segment *segment, bool complete,
		unsigned int max)
{
	static struct frame out[BATCH_FRAMES];
	static struct fragment fragments[BIG_FRAME_PIECES + 1 + 20];
	static uint8_t payload[PACKET_MAX_BYTES];
	uint32_t at = segment->place.payload;
	unsigned int n;

	while ((n = segment_cut(segment, out, max, fragments, big->frame.nr_frags + 1u + max % 20)))
		for (unsigned int i = 0; i < n; i++) {
			uint32_t bytes = out[i].length - out[i].head;

			check_one(&big->frame, &out[i], big->length - at, complete,
				  &segment->place);
			frame_copy_out(&out[i], out[i].head, bytes, payload);
			require(memcmp(payload, big->bytes + at, bytes) == 0);
			at += bytes;
		}
	require(at == big->length && segment_left(segment) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { data, size };
	struct segment segment;
	struct packet packet;
	struct big_frame big;
	bool complete;
	uint8_t mode;

	describe(&packet, &input);
	big_frame_make(&big, &packet, &input);
	mode = input_byte(&input);
	complete = mode & 4;
	big.frame.gso_type = (uint8_t)(packet.udp ? GSO_UDP : packet.version == 4 ? GSO_TCPV4 :
										GSO_TCPV6);
	if (!(mode & 0x70))
		big.frame.gso_type = mode & 3;
	big.frame.gso_size = (uint16_t)(input_number(&input) >> (mode >> 7) * 7);
	big.frame.gso_fixed_id = mode >> 3 & 1;
	if (segment_init(&segment, &big.frame, complete) == SEGMENT_OK)
		cut(&big, &segment, complete, 1u + input_byte(&input) % BATCH_FRAMES);
	big_frame_free(&big);
	return 0;
}
