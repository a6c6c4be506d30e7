/*
 * Lists of spoiled frames of a few flows against merge.h: the frames stay
 * untouched, and cutting what was merged gives every one of them back, once and
 * in the order of its flow.
 */
#include <stdlib.h>
#include <string.h>

#include "bridge/csum.h"
#include "bridge/merge.h"
#include "bridge/segment.h"
#include "fuzz/big_frames.h"

enum { FLOWS = 3 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct big_frame bigs[BATCH_FRAMES];
static struct frame before[BATCH_FRAMES];
static bool found[BATCH_FRAMES];
static struct merge merge;

static void start(struct packet *flows, struct input *input)
{
	uint8_t kind = input_byte(input);

	memset(flows, 0, FLOWS * sizeof(*flows));
	for (unsigned int i = 0; i < FLOWS; i++) {
		flows[i].version = kind >> i & 1 ? 6 : 4;
		flows[i].udp = i == 2 && kind & 0x80;
		flows[i].tags = kind >> 4 & 1u;
		flows[i].extensions = kind >> 5 & 1u;
		flows[i].fixed_id = kind >> 6 & 1;
		flows[i].df = true;
		flows[i].port = (uint16_t)(1000 + i);
		flows[i].flags = PACKET_ACK;
		flows[i].tcp_options = 12;
		flows[i].seq = 0xfffffff0;
		flows[i].payload = big_frame_payload();
	}
}

/* Mostly the next segment of its flow, and mostly unspoiled. */
static void make(struct big_frame *big, struct packet *flows, struct input *input)
{
	static const uint8_t calm[2] = { 0, 0xff };
	struct input none = { calm, sizeof(calm) };
	uint8_t what = input_byte(input);
	struct packet packet = flows[what % FLOWS];

	packet.payload_bytes = what & 4 ? 1000 : input_number(input) % 1400;
	if (!(what & 0x18))
		packet.flags |= input_byte(input);
	packet.payload += packet.seq % 60000;
	big_frame_make(big, &packet, what & 0x60 ? &none : input);
	big->frame.csum = what >> 7 ? CSUM_VALID : input_byte(input) % 3;
	if (what == 1)
		big->frame.gso_type = GSO_TCPV4;
	flows[what % FLOWS].seq += packet.payload_bytes;
	if (!packet.fixed_id)
		flows[what % FLOWS].id++;
}

/* The cut frame is the original, which nobody else is; a checksum that was not
 * looked at may be completed now. */
static bool is_original(const struct frame *out, unsigned int i)
{
	static uint8_t bytes[PACKET_MAX_BYTES], original[PACKET_MAX_BYTES];
	struct csum_place place;

	if (found[i] || out->length != bigs[i].length)
		return false;
	frame_copy_out(out, 0, out->length, bytes);
	memcpy(original, bigs[i].bytes, bigs[i].length);
	if (bigs[i].frame.csum != CSUM_NONE && csum_find(&bigs[i].frame, &place)) {
		memset(bytes + place.field, 0, 2);
		memset(original + place.field, 0, 2);
	}
	return memcmp(bytes, original, out->length) == 0;
}

static void find_cut_ones(const struct frame *merged, unsigned int n)
{
	static struct frame out[BATCH_FRAMES];
	static struct fragment fragments[MERGE_FRAGMENTS + BATCH_FRAMES];
	unsigned int i = merged->source;
	struct segment segment;
	unsigned int parts;

	require(merged->length <= 65535 && merged->csum == CSUM_BLANK);
	require(segment_init(&segment, merged, true) == SEGMENT_OK);
	parts = segment_cut(&segment, out, BATCH_FRAMES, fragments,
			    sizeof(fragments) / sizeof(fragments[0]));
	require(parts > 1 && segment_left(&segment) == 0);
	for (unsigned int part = 0; part < parts; part++, i++) {
		while (i < n && !is_original(&out[part], i))
			i++;
		require(i < n);
		found[i] = true;
	}
}

static bool is_merged(const struct frame *frame)
{
	return frame >= merge.frames && frame < merge.frames + BATCH_FRAMES / 2;
}

static void check(struct frame **list, unsigned int kept, unsigned int n)
{
	unsigned int last = 0;

	memset(found, 0, sizeof(found));
	for (unsigned int i = 0; i < kept; i++)
		if (!is_merged(list[i]))
			found[list[i]->source] = true;
	for (unsigned int i = 0; i < kept; i++) {
		require(i == 0 || list[i]->source > last);
		last = list[i]->source;
		if (is_merged(list[i]))
			find_cut_ones(list[i], n);
	}
	for (unsigned int i = 0; i < n; i++) {
		require(found[i]);
		require(memcmp(&before[i], &bigs[i].frame, sizeof(before[i])) == 0);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct merge_counters counters = { 0 };
	struct input input = { data, size };
	struct frame *list[BATCH_FRAMES];
	struct packet flows[FLOWS];
	unsigned int n = 0;

	start(flows, &input);
	for (; n < BATCH_FRAMES && input.left; n++) {
		memset(&bigs[n].frame, 0, sizeof(bigs[n].frame));
		make(&bigs[n], flows, &input);
		bigs[n].frame.source = n;
		before[n] = bigs[n].frame;
		list[n] = &bigs[n].frame;
	}
	check(list, merge_list(&merge, list, n, MERGE_IPV4 | MERGE_IPV6, &counters), n);
	for (unsigned int i = 0; i < n; i++)
		big_frame_free(&bigs[i]);
	return 0;
}
