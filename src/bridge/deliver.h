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

#include "bridge/lane.h"

/* `list` is scratch, too: at most BATCH_FRAMES, which came in through `from`. */
void deliver_list(struct lane *lane, const struct port *from, struct port *port,
		  struct frame **list, unsigned int n);

#endif
