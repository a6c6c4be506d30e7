/*
 * A TCP segment over IPv4, as long as one wishes up to 64 KB: what benchmarks of
 * big frames are fed with. Its checksum is left blank.
 */
#ifndef BENCH_TCP_FRAME_H
#define BENCH_TCP_FRAME_H

#include "bridge/frame.h"

enum {
	TCP_FRAME_MSS = 1460,	 /* 1514 bytes of a whole segment */
	TCP_FRAME_SEGMENTS = 44, /* of a big one */
	TCP_FRAME_HEADERS = 54,
	TCP_FRAME_BYTES = TCP_FRAME_HEADERS + TCP_FRAME_SEGMENTS * TCP_FRAME_MSS,
};

/* `segments` full ones; a GSO frame if there are more than one. The frame's bytes
 * are in `bytes`, its rest in *rest: both must outlive it. */
void tcp_frame_build(struct frame *frame, unsigned int segments, uint8_t bytes[TCP_FRAME_BYTES],
		     struct fragment *rest);

#endif
