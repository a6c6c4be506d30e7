/*
 * Frames that tell on whoever loses, doubles, reorders or alters them.
 *
 *	0  destination, source, EtherType 0x88b5 (IEEE 802: local experiments)
 *	14 length of the frame, u16 (modulo 65536)
 *	16 number, u64
 *	24 checksum over the first 24 bytes, or over all but itself, u64
 *	32 payload
 *
 * Numbers are the host's own. How much of a frame its ends touch:
 *	head	the first 32 bytes
 *	whole	the payload, too: copied in from a pattern, read and summed up
 *	checked	the payload is made of the number, and the checksum covers it
 */
#ifndef BENCH_RELAY_FRAME_H
#define BENCH_RELAY_FRAME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/uio.h>

enum {
	RELAY_FRAME_HEAD = 32,
	RELAY_FRAME_MAX = 65535,
	RELAY_ETHERTYPE = 0x88b5,
	RELAY_ETHERTYPE_HERE =
		0x88b6, /* "here I am": for the bridge to learn, and for the others */
};

enum relay_depth { RELAY_HEAD, RELAY_WHOLE, RELAY_CHECKED };

enum relay_verdict { RELAY_GOOD, RELAY_FOREIGN, RELAY_CORRUPT, RELAY_HERE };

/* The first 16 bytes of a stream of frames, as words. */
struct relay_stream {
	uint64_t words[2];
	uint32_t size;
};

void relay_stream_init(struct relay_stream *stream, uint32_t size, const uint8_t to[6],
		       const uint8_t from[6], uint16_t type);

/* Fletcher's two sums over 64-bit words: sees exchanged words, too. */
static inline uint64_t relay_head_sum(uint64_t first, uint64_t second, uint64_t third)
{
	uint64_t sum = 1 + first + second + third;
	uint64_t sums = 3 * (1 + first) + 2 * second + third;

	return sum ^ (sums << 32 | sums >> 32);
}

/* The fast half: one cache line's worth of it. Word by word: an array would be read
 * from the stack right after it was written there, and wait for that. */
static inline void relay_frame_write_head(const struct relay_stream *stream, uint64_t number,
					  uint8_t *to)
{
	uint64_t first = stream->words[0], second = stream->words[1];
	uint64_t sum = relay_head_sum(first, second, number);

	memcpy(to, &first, sizeof(first));
	memcpy(to + 8, &second, sizeof(second));
	memcpy(to + 16, &number, sizeof(number));
	memcpy(to + 24, &sum, sizeof(sum));
}

/* Writes all that the depth asks for into the parts, which have room for it. */
void relay_frame_write(const struct relay_stream *stream, uint64_t number, enum relay_depth depth,
		       const struct iovec *parts);

/* `parts` hold `length` bytes, of which what is judged is read once. Its number,
 * and the last byte of who sent it. */
enum relay_verdict relay_frame_read(const struct iovec *parts, uint32_t length, uint32_t size,
				    enum relay_depth depth, uint64_t *number, uint8_t *from);

#endif
