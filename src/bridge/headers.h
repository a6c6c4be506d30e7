/*
 * Where the fields of IPv4, IPv6, TCP and UDP headers stand that this floor
 * reads or writes, in bytes from the header's start, and the way to do it:
 * network order, any alignment (RFC 791, 8200, 9293, 768).
 */
#ifndef BRIDGE_HEADERS_H
#define BRIDGE_HEADERS_H

#include <stdint.h>

enum {
	IPV4_TOS_AT = 1,
	IPV4_TOTAL_AT = 2,
	IPV4_ID_AT = 4,
	IPV4_FRAGMENT_AT = 6,
	IPV4_TTL_AT = 8,
	IPV4_PROTOCOL_AT = 9,
	IPV4_CSUM_AT = 10,
	IPV4_ADDRESSES_AT = 12,
	IPV4_BYTES = 20, /* without options */
	IPV4_DF = 0x4000,
	IPV4_FRAGMENT_BITS = 0x3fff, /* more fragments, and the offset */

	IPV6_PAYLOAD_AT = 4,
	IPV6_NEXT_AT = 6,
	IPV6_HOPS_AT = 7,
	IPV6_ADDRESSES_AT = 8,
	IPV6_BYTES = 40,
	IPV6_CLASS = 0x0ff00000, /* of the first 32 bits */
	IPV6_LABEL = 0x000fffff,

	TCP_SEQ_AT = 4,
	TCP_ACK_AT = 8,
	TCP_OFFSET_AT = 12, /* the upper half; below it reserved bits */
	TCP_FLAGS_AT = 13,
	TCP_WINDOW_AT = 14,
	TCP_CSUM_AT = 16,
	TCP_URGENT_AT = 18,
	TCP_BYTES = 20, /* without options */
	TCP_FIN = 0x01,
	TCP_SYN = 0x02,
	TCP_RST = 0x04,
	TCP_PSH = 0x08,
	TCP_ACK = 0x10,
	TCP_URG = 0x20,
	TCP_CWR = 0x80,

	UDP_LENGTH_AT = 4,
	UDP_CSUM_AT = 6,
	UDP_BYTES = 8,
};

static inline uint16_t get16(const uint8_t *field)
{
	return (uint16_t)(field[0] << 8 | field[1]);
}

static inline uint32_t get32(const uint8_t *field)
{
	return (uint32_t)get16(field) << 16 | get16(field + 2);
}

/* The lower 16 bits. */
static inline void put16(uint8_t *field, uint32_t value)
{
	field[0] = (uint8_t)(value >> 8);
	field[1] = (uint8_t)value;
}

static inline void put32(uint8_t *field, uint32_t value)
{
	put16(field, value >> 16);
	put16(field + 2, value);
}

#endif
