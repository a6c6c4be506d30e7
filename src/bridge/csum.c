#include "bridge/csum.h"

#include <endian.h>
#include <netinet/in.h>
#include <string.h>

#include "bridge/headers.h"

enum {
	ETHERTYPE_AT = 12,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	TYPE_SERVICE_VLAN = 0x88a8,
};

static uint16_t fold(uint64_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint64_t halves(const uint8_t *data)
{
	uint64_t word;

	memcpy(&word, data, sizeof(word));
	return (word & 0xffffffff) + (word >> 32);
}

/*
 * One's-complement addition does not care in which order the bytes of a word
 * stand, as long as the result is swapped back (RFC 1071, 2(B)), nor how wide
 * the words are that are added before the fold. 32-bit halves in a 64-bit sum
 * need no carry for 16 GiB, and the four sums do not wait for each other.
 */
uint64_t csum_add(uint64_t sum, const uint8_t *data, size_t length)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	uint8_t tail[8] = { 0 };

	for (; length >= 32; data += 32, length -= 32) {
		a += halves(data);
		b += halves(data + 8);
		c += halves(data + 16);
		d += halves(data + 24);
	}
	for (; length >= 8; data += 8, length -= 8)
		a += halves(data);
	if (length) {
		memcpy(tail, data, length);
		b += halves(tail);
	}
	return sum + be16toh(fold(a + b + c + d));
}

uint16_t csum_fold(uint64_t sum)
{
	return (uint16_t)~fold(sum);
}

/* The EtherType behind one or two tags, and in *offset what follows it. */
static bool skip_tags(const struct frame *frame, uint16_t *type, uint16_t *offset)
{
	uint16_t at = ETHERTYPE_AT;

	for (unsigned int tags = 0; tags <= 2; tags++, at += 4) {
		if (at + 2 > frame->head)
			return false;
		*type = get16(frame->bytes + at);
		*offset = at + 2;
		if (*type != TYPE_VLAN && *type != TYPE_SERVICE_VLAN)
			return true;
	}
	return false;
}

static bool find_behind_ipv4(const struct frame *frame, struct csum_place *place)
{
	const uint8_t *ip = frame->bytes + place->network;
	unsigned int header;
	unsigned int total;

	if (place->network + IPV4_BYTES > frame->head)
		return false;
	header = (ip[0] & 0xf) * 4u;
	total = get16(ip + IPV4_TOTAL_AT);
	if (ip[0] >> 4 != 4 || header < IPV4_BYTES || header > total)
		return false;
	if (total > frame->length - place->network)
		return false;
	if (get16(ip + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_BITS)
		return false;
	place->version = 4;
	place->protocol = ip[IPV4_PROTOCOL_AT];
	place->transport = place->network + (uint16_t)header;
	place->end = place->network + total;
	return true;
}

/* One extension header further. False: one that hides what is behind it. */
static bool skip_extension(const struct frame *frame, struct csum_place *place)
{
	const uint8_t *header = frame->bytes + place->transport;

	if (place->protocol != IPPROTO_HOPOPTS && place->protocol != IPPROTO_ROUTING &&
	    place->protocol != IPPROTO_DSTOPTS)
		return false;
	if (place->transport + 8 > frame->head)
		return false;
	if (place->protocol == IPPROTO_ROUTING && header[3])
		return false;
	place->protocol = header[0];
	place->transport += (uint16_t)((header[1] + 1) * 8);
	return place->transport <= frame->head;
}

static bool find_behind_ipv6(const struct frame *frame, struct csum_place *place)
{
	const uint8_t *ip = frame->bytes + place->network;

	if (place->network + IPV6_BYTES > frame->head || ip[0] >> 4 != 6)
		return false;
	place->end = place->network + IPV6_BYTES + get16(ip + IPV6_PAYLOAD_AT);
	if (place->end > frame->length)
		return false;
	place->version = 6;
	place->protocol = ip[IPV6_NEXT_AT];
	place->transport = place->network + IPV6_BYTES;
	while (place->protocol != IPPROTO_TCP && place->protocol != IPPROTO_UDP)
		if (!skip_extension(frame, place))
			return false;
	return true;
}

static bool find_in_tcp(const struct frame *frame, struct csum_place *place, uint32_t length)
{
	unsigned int header;

	if (length < TCP_BYTES || place->transport + TCP_BYTES > frame->head)
		return false;
	header = (frame->bytes[place->transport + TCP_OFFSET_AT] >> 4) * 4u;
	place->field = place->transport + TCP_CSUM_AT;
	place->payload = place->transport + (uint16_t)header;
	return header >= TCP_BYTES && header <= length;
}

static bool find_in_udp(const struct frame *frame, struct csum_place *place, uint32_t length)
{
	uint16_t says;

	if (length < UDP_BYTES || place->transport + UDP_BYTES > frame->head)
		return false;
	says = get16(frame->bytes + place->transport + UDP_LENGTH_AT);
	place->field = place->transport + UDP_CSUM_AT;
	place->payload = place->transport + UDP_BYTES;
	place->end = place->transport + says;
	return says >= UDP_BYTES && says <= length;
}

static bool find_in_transport(const struct frame *frame, struct csum_place *place)
{
	if (place->transport > place->end)
		return false;
	if (place->protocol == IPPROTO_TCP)
		return find_in_tcp(frame, place, place->end - place->transport);
	if (place->protocol == IPPROTO_UDP)
		return find_in_udp(frame, place, place->end - place->transport);
	return false;
}

bool csum_find(const struct frame *frame, struct csum_place *place)
{
	uint16_t type;

	if (!skip_tags(frame, &type, &place->network))
		return false;
	if (type == TYPE_IPV4)
		return find_behind_ipv4(frame, place) && find_in_transport(frame, place);
	if (type == TYPE_IPV6)
		return find_behind_ipv6(frame, place) && find_in_transport(frame, place);
	return false;
}

uint64_t csum_pseudo_header(const struct frame *frame, const struct csum_place *place)
{
	const uint8_t *ip = frame->bytes + place->network;
	uint64_t sum = place->protocol + (place->end - place->transport);

	return place->version == 4 ? csum_add(sum, ip + IPV4_ADDRESSES_AT, 8)
				   : csum_add(sum, ip + IPV6_ADDRESSES_AT, 32);
}

/* A piece that starts at an odd offset has its bytes the other way round. */
static uint64_t add_piece(uint64_t sum, const uint8_t *data, uint32_t length, uint32_t offset)
{
	uint16_t piece = fold(csum_add(0, data, length));

	return sum + (offset & 1 ? __builtin_bswap16(piece) : piece);
}

/* [start, end), as if the frame began at `start`. */
static uint64_t sum_range(const struct frame *frame, uint32_t start, uint32_t end)
{
	uint64_t sum = 0;
	uint32_t offset = start;
	uint32_t base = frame->head;

	if (offset < base) {
		offset = end < base ? end : base;
		sum = csum_add(0, frame->bytes + start, offset - start);
	}
	for (unsigned int i = 0; i < frame->nr_frags && offset < end; i++) {
		const struct fragment *fragment = &frame->frags[i];
		uint32_t behind = base + fragment->length;

		if (offset < behind) {
			uint32_t stop = end < behind ? end : behind;

			sum = add_piece(sum, fragment->data + (offset - base), stop - offset,
					offset - start);
			offset = stop;
		}
		base = behind;
	}
	return sum;
}

void csum_fill(struct frame *frame, const struct csum_place *place)
{
	uint16_t csum;

	put16(frame->bytes + place->field, 0);
	csum = csum_fold(csum_pseudo_header(frame, place) +
			 sum_range(frame, place->transport, place->end));
	if (csum == 0 && place->protocol == IPPROTO_UDP)
		csum = 0xffff; /* 0 means "none" (RFC 768) */
	put16(frame->bytes + place->field, csum);
	frame->csum = CSUM_VALID;
}

bool csum_complete(struct frame *frame)
{
	struct csum_place place;

	if (!csum_find(frame, &place))
		return false;
	csum_fill(frame, &place);
	return true;
}

void csum_blank(struct frame *frame, const struct csum_place *place)
{
	put16(frame->bytes + place->field, fold(csum_pseudo_header(frame, place)));
	frame->csum = CSUM_BLANK;
}

/* The byte at an offset that lies in the frame. */
static uint8_t *byte_at(struct frame *frame, uint32_t offset)
{
	const struct fragment *fragment = frame->frags;

	if (offset < frame->head)
		return frame->bytes + offset;
	for (offset -= frame->head; offset >= fragment->length; fragment++)
		offset -= fragment->length;
	return (uint8_t *)fragment->data + offset;
}

bool csum_complete_at(struct frame *frame, uint32_t start, uint32_t offset)
{
	uint32_t field = start + offset;
	uint16_t csum;

	if (start > frame->length || offset > frame->length || field + 2 > frame->length)
		return false;
	csum = csum_fold(sum_range(frame, start, frame->length));
	if (csum == 0)
		csum = 0xffff; /* the same sum, and never UDP's "none" */
	*byte_at(frame, field) = (uint8_t)(csum >> 8);
	*byte_at(frame, field + 1) = (uint8_t)csum;
	frame->csum = CSUM_VALID;
	return true;
}

bool csum_matches(const struct frame *frame, const struct csum_place *place)
{
	if (place->protocol == IPPROTO_UDP && place->version == 4 &&
	    get16(frame->bytes + place->field) == 0)
		return true;
	return csum_fold(csum_pseudo_header(frame, place) +
			 sum_range(frame, place->transport, place->end)) == 0;
}

bool csum_verify(const struct frame *frame)
{
	struct csum_place place;

	return csum_find(frame, &place) && csum_matches(frame, &place);
}
