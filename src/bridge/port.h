/*
 * A port of the bridge: a few facts, counters, and a way to hand it frames.
 * vifs and TAPs embed one. The bridge calls downward through ops; nothing
 * calls upward.
 */
#ifndef BRIDGE_PORT_H
#define BRIDGE_PORT_H

#include <stdint.h>

#include "bridge/counters.h"
#include "bridge/frame.h"

struct port;

struct port_ops {
	/* Takes a list of frames (at most BATCH_FRAMES). Returns how many it
	 * enqueued; the rest it has counted under to.drops, and the enqueued
	 * ones under to.frames and to.bytes. Never blocks. */
	unsigned int (*transmit)(struct port *port, struct frame *const *list, unsigned int n);
};

enum { PORT_NAME_BYTES = 80, PORT_NONE = 0xffff };

struct port {
	const struct port_ops *ops;
	char name[PORT_NAME_BYTES];
	uint16_t index;		/* on its bridge; PORT_NONE while detached */
	uint32_t mtu;		/* payload bytes, without the Ethernet header and tags */
	uint8_t takes_csum_blank;
	struct port_counters counters;
};

#endif
