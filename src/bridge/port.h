/*
 * A port of the bridge: a few facts, counters, and a way to hand it frames.
 * vifs and TAPs embed one. The bridge calls downward through ops; nothing
 * calls upward.
 */
#ifndef BRIDGE_PORT_H
#define BRIDGE_PORT_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/counters.h"
#include "bridge/frame.h"
#include "bridge/merge.h"

struct port;

struct port_ops {
	/* Takes a list of frames (at most BATCH_FRAMES). Returns how many it
	 * enqueued; the rest it has counted under to.drops, and the enqueued
	 * ones under to.frames and to.bytes. Never blocks. */
	unsigned int (*transmit)(struct port *port, struct frame *const *list, unsigned int n);
};

enum { PORT_NAME_BYTES = 80, PORT_NONE = 0xffff };

/* What a port can be given as it is; the bridge makes everything else fit. */
enum port_takes {
	PORT_CSUM_IPV4 = 1, /* CSUM_BLANK frames */
	PORT_CSUM_IPV6 = 2,
	PORT_GSO_TCPV4 = 4,
	PORT_GSO_TCPV6 = 8,
	PORT_GSO_UDP = 16,
};

struct port {
	const struct port_ops *ops;
	char name[PORT_NAME_BYTES];
	uint16_t index;		/* on its bridge; PORT_NONE while detached */
	uint32_t mtu;		/* payload bytes, without the Ethernet header and tags */
	uint8_t takes;		/* enum port_takes, together */
	bool merges;		/* consecutive TCP segments become GSO frames (GRO) */
	struct port_counters counters;
	struct merge_counters merge_counters;
	/* Of the first frame that was beyond this port's MTU: the MTU that it asks
	 * for, written last (0: there was none), and that of the port it came from. */
	uint32_t too_big, too_big_from;
};

#endif
