#include "backend/urgent.h"

#include "bridge/headers.h"

enum {
	TYPE_AT = 12,
	TYPE_ARP = 0x0806,
	TYPE_IPV4 = 0x0800,
	TYPE_IPV6 = 0x86dd,
	TYPE_VLAN = 0x8100,
	PROTOCOL_TCP = 6,
};

/* A TCP header at `at`, whose packet ends at `end`. */
static bool tcp_is_urgent(const struct frame *frame, unsigned int at, unsigned int end)
{
	const uint8_t *tcp = frame->bytes + at;
	unsigned int data;

	if (at + TCP_BYTES > frame->head)
		return false;
	data = at + (tcp[TCP_OFFSET_AT] >> 4) * 4u;
	return tcp[TCP_FLAGS_AT] & (TCP_SYN | TCP_FIN | TCP_RST) || data >= end;
}

static bool ip_is_urgent(const struct frame *frame, unsigned int at, uint16_t type)
{
	const uint8_t *ip = frame->bytes + at;

	if (type == TYPE_IPV4 && at + IPV4_BYTES <= frame->head &&
	    ip[IPV4_PROTOCOL_AT] == PROTOCOL_TCP &&
	    !(get16(ip + IPV4_FRAGMENT_AT) & IPV4_FRAGMENT_BITS))
		return tcp_is_urgent(frame, at + (ip[0] & 15) * 4u, at + get16(ip + IPV4_TOTAL_AT));
	if (type == TYPE_IPV6 && at + IPV6_BYTES <= frame->head && ip[IPV6_NEXT_AT] == PROTOCOL_TCP)
		return tcp_is_urgent(frame, at + IPV6_BYTES,
				     at + IPV6_BYTES + get16(ip + IPV6_PAYLOAD_AT));
	return false;
}

bool urgent_is(const struct frame *frame, bool tcp)
{
	unsigned int at = TYPE_AT;
	uint16_t type;

	if (at + 6 > frame->head)
		return false;
	if (get16(frame->bytes + at) == TYPE_VLAN)
		at += 4;
	type = get16(frame->bytes + at);
	return type == TYPE_ARP || (tcp && ip_is_urgent(frame, at + 2, type));
}
