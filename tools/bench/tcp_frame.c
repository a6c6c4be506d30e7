#include "bench/tcp_frame.h"

#include <string.h>

#include "bridge/csum.h"

enum { IP_AT = 14, TCP_AT = 34, IP_HEADER = 20 };

static void put_u16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static const uint8_t
	headers[TCP_FRAME_HEADERS] = {
		0x02, 0,    0,	  0,	0, 0x02, 0x02, 0, 0,  0, 0, 0x01, 0x08, 0x00, /* Ethernet */
		0x45, 0,    0,	  0,	0, 1,	 0x40, 0, 64, 6, 0, 0,	  10,	0,
		0,    1,    10,	  0,	0, 2, /* IPv4, DF */
		0x30, 0x39, 0x13, 0x89, 0, 0,	 0,    1, 0,  0, 0, 1,	  0x50, 0x10,
		0xff, 0xff, /* TCP, ACK */
	};

void tcp_frame_build(struct frame *frame, unsigned int segments, uint8_t bytes[TCP_FRAME_BYTES],
		     struct fragment *rest)
{
	uint32_t length = TCP_FRAME_HEADERS + segments * TCP_FRAME_MSS;
	struct fragment whole = { bytes, length };
	struct csum_place place;

	memcpy(bytes, headers, sizeof(headers));
	for (uint32_t i = TCP_FRAME_HEADERS; i < length; i++)
		bytes[i] = (uint8_t)(i * 31 + (i >> 8));
	put_u16(bytes + IP_AT + 2, length - IP_AT);
	put_u16(bytes + IP_AT + 10, csum_fold(csum_add(0, bytes + IP_AT, IP_HEADER)));
	frame_build(frame, &whole, 1, rest);
	if (segments > 1) {
		frame->gso_type = GSO_TCPV4;
		frame->gso_size = TCP_FRAME_MSS;
	}
	if (csum_find(frame, &place))
		csum_blank(frame, &place);
}
