/*
 * Makes consecutive TCP segments of a flow one GSO frame (GRO), within one list
 * of frames on their way to one destination.
 *
 * Only what loses nothing: cutting the big frame (segment.h) gives the frames
 * back bit for bit. merge_rules.h has what that asks of headers; besides,
 * checksums must be known to be right (one that nobody vouched for is computed).
 *
 * Stateless: what cannot be merged within the list goes as it is, nothing
 * waits. The order within every flow is kept; a big frame stands where its
 * first segment stood, so frames of other flows may come behind it that stood
 * before its last.
 *
 * Lossy merging (LRO) is not built; what it would have merged is counted by
 * what it would have lost (checksums of such frames are not looked at).
 */
#ifndef BRIDGE_MERGE_H
#define BRIDGE_MERGE_H

#include <stdint.h>

#include "bridge/frame.h"
#include "bridge/merge_rules.h"

/* Fragments of all the merged frames of one list together. A segment takes one
 * more than it has. */
enum { MERGE_FRAGMENTS = 4 * BATCH_FRAMES };

/* One writer, relaxed readers. */
struct merge_counters {
	_Alignas(64) uint64_t segments; /* frames that became part of big ones */
	uint64_t merged;		/* big ones made of them */
	uint64_t refused[MERGE_LOSSES];
};

enum { MERGE_COUNTERS = 2 + MERGE_LOSSES };

/* The memory of merged frames: they live until the next list. */
struct merge {
	struct frame frames[BATCH_FRAMES / 2];
	struct fragment fragments[MERGE_FRAGMENTS];
};

/* Which segments are to be merged, together. */
enum merge_versions { MERGE_IPV4 = 1, MERGE_IPV6 = 2 };

/* Merges what it can of a list of at most BATCH_FRAMES frames, in place; how
 * many are left. The frames themselves stay untouched (another destination may
 * have them too), and the merged ones point into them. Those are CSUM_BLANK
 * with a GSO type, no longer than 65535 bytes in all, and have the `source` of
 * their first segment. */
unsigned int merge_list(struct merge *merge, struct frame **list, unsigned int n,
			unsigned int versions, struct merge_counters *counters);

#endif
