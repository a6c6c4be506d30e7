#include "bridge/flow.h"

#include <netinet/in.h>
#include <string.h>

#include "bridge/headers.h"

enum {
	ETHERTYPE_AT = 12,
	TAG_BYTES = 4,
	TAGS_MAX = 2,
	PORTS_BYTES = 4, /* both of them */
	IPV4 = 0x0800,
	IPV6 = 0x86dd,
	TAG_C = 0x8100,
	TAG_S = 0x88a8,
};

/* Both halves of a 128-bit product, folded (as wyhash mixes). */
static uint64_t mix(uint64_t hash, uint64_t word)
{
	unsigned __int128 product =
		(unsigned __int128)(hash ^ word ^ 0xa0761d6478bd642f) * 0xe7037ed1a0b428db;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t mix_bytes(uint64_t hash, const uint8_t *bytes, unsigned int n)
{
	while (n) {
		unsigned int here = n < sizeof(uint64_t) ? n : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, bytes, here);
		hash = mix(hash, word);
		bytes += here;
		n -= here;
	}
	return hash;
}

static uint64_t mix_ports(uint64_t hash, const struct frame *frame, unsigned int at,
			  uint8_t protocol)
{
	if ((protocol != IPPROTO_TCP && protocol != IPPROTO_UDP) || at + PORTS_BYTES > frame->head)
		return hash;
	return mix_bytes(hash, frame->bytes + at, PORTS_BYTES);
}

static uint64_t hash_ipv4(const struct frame *frame, unsigned int at)
{
	const uint8_t *ip = frame->bytes + at;
	unsigned int bytes = (ip[0] & 15) * 4u;
	uint64_t hash = mix_bytes(ip[IPV4_PROTOCOL_AT], ip + IPV4_ADDRESSES_AT, 8);

	if (bytes < IPV4_BYTES || get16(ip + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_BITS)
		return hash;
	return mix_ports(hash, frame, at + bytes, ip[IPV4_PROTOCOL_AT]);
}

static uint64_t hash_ipv6(const struct frame *frame, unsigned int at)
{
	const uint8_t *ip = frame->bytes + at;
	uint64_t hash = mix_bytes(0, ip + IPV6_ADDRESSES_AT, 32);

	return mix_ports(hash, frame, at + IPV6_BYTES, ip[IPV6_NEXT_AT]);
}

uint32_t flow_hash(const struct frame *frame)
{
	unsigned int at = ETHERTYPE_AT, tags = 0;
	uint16_t type = get16(frame->bytes + at);
	uint64_t hash;

	for (; tags < TAGS_MAX && (type == TAG_C || type == TAG_S); tags++) {
		at += TAG_BYTES;
		type = get16(frame->bytes + at);
	}
	at += 2;
	if (type == IPV4 && at + IPV4_BYTES <= frame->head)
		hash = hash_ipv4(frame, at);
	else if (type == IPV6 && at + IPV6_BYTES <= frame->head)
		hash = hash_ipv6(frame, at);
	else
		hash = mix_bytes(0, frame->bytes, 12);
	/* Once more: neighbouring ports differ in few bits, which would keep together. */
	return (uint32_t)(mix(hash, 0) >> 32);
}
