/*
 * The last step to a destination: makes each frame of its list one that the
 * port takes, and hands them over.
 *
 * Segments become GSO frames where the port wants that, GSO frames are cut
 * where it cannot take them, blank checksums are completed, and what is beyond
 * its MTU (of a GSO frame: its segments) is dropped. So is a GSO frame that its
 * own headers contradict, for whichever port. Everything that leaves here is
 * counted as intended for the port, after these changes. The order within a
 * flow is kept.
 */
#ifndef BRIDGE_DELIVER_H
#define BRIDGE_DELIVER_H

#include "bridge/frame.h"
#include "bridge/merge.h"
#include "bridge/port.h"

enum { DELIVER_FRAGMENTS = 4 * BATCH_FRAMES };

/* Scratch memory, one of each bridge: lives until deliver_list() returns. */
struct deliver {
	const struct port *from; /* of the list in hand */
	bool news; /* a port met the first frame beyond its MTU; for others to clear */
	struct merge merge;
	struct frame segments[BATCH_FRAMES];
	struct fragment fragments[DELIVER_FRAGMENTS];
};

/* `list` is scratch, too: at most BATCH_FRAMES, which came in through `from`. */
void deliver_list(struct deliver *deliver, const struct port *from, struct port *port,
		  struct frame **list, unsigned int n);

#endif
