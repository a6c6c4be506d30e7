/*
 * Frames that tell on whoever loses, doubles, reorders or alters them.
 *
 *	0  destination, source, EtherType 0x88b5 (IEEE 802: local experiments)
 *	14 length of the frame, u16
 *	16 number, u64
 *	24 checksum over the rest, u64
 *	32 payload, made of the number
 *
 * Numbers are the host's own. Cheap frames have a checksum over the first 32
 * bytes only, whole ones over all of them.
 */
#ifndef BENCH_RELAY_FRAME_H
#define BENCH_RELAY_FRAME_H

#include <stdbool.h>
#include <stdint.h>

enum { RELAY_FRAME_HEAD = 32, RELAY_FRAME_MAX = 1514 };

void relay_frame_init(uint8_t *frame, uint32_t size, const uint8_t to[6], const uint8_t from[6]);

/* Makes it number so-and-so. */
void relay_frame_number(uint8_t *frame, uint32_t size, uint64_t number, bool whole);

enum relay_verdict { RELAY_GOOD, RELAY_FOREIGN, RELAY_CORRUPT };

/* `frame` holds what is to be checked: RELAY_FRAME_HEAD bytes, or all of them
 * if it is whole; `length` is what arrived. */
enum relay_verdict relay_frame_check(const uint8_t *frame, uint32_t length, uint32_t size,
				     bool whole, uint64_t *number);

#endif
