/*
 * Cuts a GSO frame into the frames that it stands for, as Linux does before a
 * link that cannot: TCP over IPv4 and IPv6, and UDP datagrams of equal size.
 *
 * Every segment has a copy of all headers, with lengths, the IPv4 id, the
 * sequence number, flags and checksums of its own: ids count up unless they
 * are fixed, PSH and FIN stand on the last alone, CWR on the first alone. Its
 * payload stays where the big frame has it: the fragments point into that
 * frame's fragments and head, so it must outlive them.
 *
 * Nothing is allocated: the caller gives the memory, and takes the segments in
 * portions (64 KB makes 45 of them, and more when the MTU is small).
 */
#ifndef BRIDGE_SEGMENT_H
#define BRIDGE_SEGMENT_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/csum.h"
#include "bridge/frame.h"

/*
 * A guest may name any size, and the smaller it is the more work it makes: 1
 * would turn 64 KB into 65,000 frames. Linux' own limits: no TCP sends segments
 * of less than 8 bytes (48 of MSS less 40 of options), and no UDP socket gives
 * more than 128 datagrams at once.
 */
enum { SEGMENT_TCP_SIZE_MIN = 8, SEGMENT_UDP_MAX = 128 };

/* Why a frame cannot be cut. */
enum segment_fault {
	SEGMENT_OK,
	SEGMENT_NOT_GSO,  /* no GSO type */
	SEGMENT_SIZE,	  /* 0, or beyond the limits above */
	SEGMENT_HEADERS,  /* they do not parse, or do not fit into a head */
	SEGMENT_PROTOCOL, /* not what the GSO type says */
	SEGMENT_LENGTH,	  /* the headers' length is not the frame's */
	SEGMENT_FAULTS
};

const char *segment_fault_name(enum segment_fault fault);

/* Whether the headers are of what the GSO type says. */
bool segment_is_of_type(const struct csum_place *place, enum frame_gso type);

/* One frame being cut. The fields are the module's own. */
struct segment {
	const struct frame *frame;
	struct csum_place place;
	uint32_t at;	   /* offset of the next segment's payload */
	uint32_t next;	   /* which fragment that is in: 0 the head, i frags[i - 1] */
	uint32_t consumed; /* bytes of that already used */
	uint32_t index;	   /* segments cut so far */
	uint32_t count;	   /* segments in all */
	bool complete;
};

/* Whether what the frame says of itself, as a GSO frame, goes together with its
 * headers; *place is where they are. Not whether it can be cut here. */
enum segment_fault segment_look(const struct frame *frame, struct csum_place *place);

/* Looks at the whole of the headers before anything is cut. `complete`: the
 * segments' checksums are computed (CSUM_VALID); otherwise they are left
 * CSUM_BLANK with the right pseudo-header sum. The frame's own checksum field
 * is not looked at. */
enum segment_fault segment_init(struct segment *segment, const struct frame *frame, bool complete);

/* How many are still to come. */
uint32_t segment_left(const struct segment *segment);

/* The next segments: at most `max_frames`, as many as `max_fragments` suffice
 * for; how many. One needs at most frame->nr_frags + 1 fragments: with room for
 * that there is always progress, and 0 means that all are cut. */
unsigned int segment_cut(struct segment *segment, struct frame *frames, unsigned int max_frames,
			 struct fragment *fragments, unsigned int max_fragments);

#endif
