#include "bridge/segment.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

#include "bridge/headers.h"

static const char *const fault_names[] = {
	[SEGMENT_OK] = "ok",
	[SEGMENT_NOT_GSO] = "no GSO frame",
	[SEGMENT_SIZE] = "GSO size out of range",
	[SEGMENT_HEADERS] = "headers that do not parse",
	[SEGMENT_PROTOCOL] = "GSO of another protocol",
	[SEGMENT_LENGTH] = "lengths that contradict each other",
};
static_assert(sizeof(fault_names) / sizeof(fault_names[0]) == SEGMENT_FAULTS, "a name each");

const char *segment_fault_name(enum segment_fault fault)
{
	return fault_names[fault];
}

bool segment_is_of_type(const struct csum_place *place, enum frame_gso type)
{
	if (type == GSO_UDP)
		return place->protocol == IPPROTO_UDP;
	return place->protocol == IPPROTO_TCP && place->version == (type == GSO_TCPV4 ? 4 : 6);
}

enum segment_fault segment_look(const struct frame *frame, struct csum_place *place)
{
	if (frame->gso_type == GSO_NONE)
		return SEGMENT_NOT_GSO;
	if (!frame->gso_size)
		return SEGMENT_SIZE;
	if (!csum_find(frame, place))
		return SEGMENT_HEADERS;
	if (!segment_is_of_type(place, frame->gso_type))
		return SEGMENT_PROTOCOL;
	if (place->end != frame->length)
		return SEGMENT_LENGTH;
	if (frame->gso_type != GSO_UDP && frame->gso_size < SEGMENT_TCP_SIZE_MIN)
		return SEGMENT_SIZE;
	return SEGMENT_OK;
}

/* What cutting asks for beyond that. */
static enum segment_fault check(const struct segment *segment)
{
	const struct csum_place *place = &segment->place;
	const struct frame *frame = segment->frame;

	if (place->payload > frame->head)
		return SEGMENT_HEADERS;
	if (frame->gso_type == GSO_UDP && segment->count > SEGMENT_UDP_MAX)
		return SEGMENT_SIZE;
	return SEGMENT_OK;
}

static uint32_t count_segments(const struct frame *frame, uint32_t payload)
{
	uint32_t count = (frame->length - payload + frame->gso_size - 1) / frame->gso_size;

	return count ? count : 1; /* headers alone: themselves */
}

enum segment_fault segment_init(struct segment *segment, const struct frame *frame, bool complete)
{
	struct csum_place *place = &segment->place;
	enum segment_fault fault = segment_look(frame, place);

	if (fault)
		return fault;
	segment->frame = frame;
	segment->count = count_segments(frame, place->payload);
	segment->index = 0;
	segment->at = place->payload;
	segment->next = 0;
	segment->consumed = place->payload;
	segment->complete = complete;
	return check(segment);
}

uint32_t segment_left(const struct segment *segment)
{
	return segment->count - segment->index;
}

static void edit_ipv4(const struct segment *segment, struct frame *out)
{
	uint8_t *ip = out->bytes + segment->place.network;
	uint32_t header = segment->place.transport - segment->place.network;

	put16(ip + IPV4_TOTAL_AT, out->length - segment->place.network);
	if (!segment->frame->gso_fixed_id)
		put16(ip + IPV4_ID_AT, get16(ip + IPV4_ID_AT) + segment->index);
	put16(ip + IPV4_CSUM_AT, 0);
	put16(ip + IPV4_CSUM_AT, csum_fold(csum_add(0, ip, header)));
}

static void edit_ipv6(const struct segment *segment, struct frame *out)
{
	uint8_t *ip = out->bytes + segment->place.network;

	put16(ip + IPV6_PAYLOAD_AT, out->length - segment->place.network - IPV6_BYTES);
}

static void edit_tcp(const struct segment *segment, struct frame *out)
{
	uint8_t *tcp = out->bytes + segment->place.transport;
	uint32_t offset = segment->at - segment->place.payload;

	put32(tcp + TCP_SEQ_AT, get32(tcp + TCP_SEQ_AT) + offset);
	if (segment->index + 1 < segment->count)
		tcp[TCP_FLAGS_AT] &= (uint8_t)~(TCP_FIN | TCP_PSH);
	if (segment->index)
		tcp[TCP_FLAGS_AT] &= (uint8_t)~TCP_CWR;
}

static void edit_headers(const struct segment *segment, struct frame *out)
{
	const struct csum_place *place = &segment->place;
	uint32_t covered = out->length - place->transport;

	if (place->version == 4)
		edit_ipv4(segment, out);
	else
		edit_ipv6(segment, out);
	if (place->protocol == IPPROTO_TCP)
		edit_tcp(segment, out);
	else
		put16(out->bytes + place->transport + UDP_LENGTH_AT, covered);
}

/* The sum of the pseudo-header, or the checksum over all. */
static void edit_csum(const struct segment *segment, struct frame *out)
{
	struct csum_place place = segment->place;

	place.end = out->length;
	if (segment->complete)
		csum_fill(out, &place);
	else
		csum_blank(out, &place);
}

/* What the cursor stands in: the head, then the fragments. */
static struct fragment piece_at(const struct frame *frame, uint32_t next)
{
	if (next == 0)
		return (struct fragment){ frame->bytes, frame->head };
	return frame->frags[next - 1];
}

/* The next `length` bytes of payload, which are there, as at most `max`
 * fragments; how many, or -1, and the cursor where it was, if they do not suffice. */
static int take_payload(struct segment *segment, uint32_t length, struct fragment *fragments,
			unsigned int max)
{
	uint32_t next = segment->next;
	uint32_t consumed = segment->consumed;
	unsigned int nr = 0;

	while (length) {
		struct fragment piece = piece_at(segment->frame, next);
		uint32_t left = piece.length - consumed;
		uint32_t take = length < left ? length : left;

		if (take && nr == max)
			return -1;
		if (take)
			fragments[nr++] = (struct fragment){ piece.data + consumed, take };
		consumed += take;
		length -= take;
		if (consumed == piece.length) {
			next++;
			consumed = 0;
		}
	}
	segment->next = next;
	segment->consumed = consumed;
	return (int)nr;
}

static void start_frame(const struct segment *segment, struct frame *out, uint32_t payload,
			const struct fragment *fragments, unsigned int nr)
{
	const struct frame *frame = segment->frame;

	out->length = segment->place.payload + payload;
	out->head = segment->place.payload;
	out->nr_frags = (uint16_t)nr;
	out->frags = fragments;
	out->gso_type = GSO_NONE;
	out->gso_size = 0;
	out->gso_fixed_id = 0;
	out->source = frame->source;
	memcpy(out->bytes, frame->bytes, segment->place.payload);
}

/* One segment; how many fragments it took, or -1. */
static int cut_one(struct segment *segment, struct frame *out, struct fragment *fragments,
		   unsigned int max)
{
	uint32_t left = segment->frame->length - segment->at;
	uint32_t size = segment->frame->gso_size;
	uint32_t payload = left < size ? left : size;
	int nr = take_payload(segment, payload, fragments, max);

	if (nr < 0)
		return nr;
	start_frame(segment, out, payload, fragments, (unsigned int)nr);
	edit_headers(segment, out);
	edit_csum(segment, out);
	segment->at += payload;
	segment->index++;
	return nr;
}

unsigned int segment_cut(struct segment *segment, struct frame *frames, unsigned int max_frames,
			 struct fragment *fragments, unsigned int max_fragments)
{
	unsigned int n = 0;

	while (n < max_frames && segment->index < segment->count) {
		int used = cut_one(segment, &frames[n], fragments, max_fragments);

		if (used < 0)
			break;
		fragments += used;
		max_fragments -= (unsigned int)used;
		n++;
	}
	return n;
}
