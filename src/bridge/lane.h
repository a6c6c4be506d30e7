/*
 * What a data-plane thread brings along when it forwards: its number, by which
 * it finds its own counters at every port, and the scratch memory of one batch.
 *
 * One of each thread, whatever the number of bridges and ports. What lies in
 * here lives until bridge_forward() returns. A port's transmit is told whose
 * lane it is called on; whoever embeds a lane gets back to his own.
 */
#ifndef BRIDGE_LANE_H
#define BRIDGE_LANE_H

#include <stdbool.h>

#include "bridge/frame.h"
#include "bridge/merge.h"
#include "bridge/port.h"
#include "bridge/ways.h"

/* What one batch goes to: a list for each port, and which ports have one. */
struct dispatch_list {
	unsigned int n;
	struct port *port;
	struct frame *frames[BATCH_FRAMES];
};

struct dispatch {
	unsigned int nr_touched;
	uint16_t touched[BRIDGE_MAX_PORTS]; /* in the order of their first frame */
	struct dispatch_list lists[BRIDGE_MAX_PORTS];
};

enum { DELIVER_FRAGMENTS = 4 * BATCH_FRAMES };

/* Frames that are made on the way to one destination. */
struct deliver {
	struct merge merge;
	struct frame segments[BATCH_FRAMES];
	struct fragment fragments[DELIVER_FRAGMENTS];
};

struct lane {
	unsigned int index; /* below LANES_MAX */
	bool news;	    /* a port met the first frame beyond its MTU; for others to clear */
	struct ways ways;
	struct dispatch dispatch;
	struct deliver deliver;
};

static inline struct port_counters *port_counters(struct port *port, const struct lane *lane)
{
	return &port->counters[lane->index];
}

#endif
