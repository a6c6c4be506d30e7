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
struct lane;

struct port_ops {
	/* Takes a list of frames (at most BATCH_FRAMES). Returns how many it
	 * enqueued; the rest it has counted under to.drops, and the enqueued
	 * ones under to.frames and to.bytes, all in the lane's counters. Called
	 * from several threads at once, each on its own lane. Never blocks. */
	unsigned int (*transmit)(struct port *port, struct lane *lane, struct frame *const *list,
				 unsigned int n);
};

enum {
	BRIDGE_MAX_PORTS = 1024,
	LANES_MAX = 8, /* threads that forward */
	PORT_NAME_BYTES = 80,
	PORT_NONE = 0xffff,
};

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
	uint16_t index; /* on its bridge; PORT_NONE while detached */
	uint32_t mtu;	/* payload bytes, without the Ethernet header and tags */
	uint8_t takes;	/* enum port_takes, together */
	bool merges;	/* consecutive TCP segments become GSO frames (GRO) */
	/* Of the first frame that was beyond this port's MTU (0: there was none):
	 * the MTU that it asks for, and above it that of the port it came from. */
	uint64_t too_big;
	/* Each written by its lane alone. */
	struct port_counters counters[LANES_MAX];
	struct merge_counters merge_counters[LANES_MAX];
};

/* While frames go there; what is on their way may still be made to fit the
 * former words. */
void port_set_takes(struct port *port, uint8_t takes, bool merges);

static inline uint8_t port_takes(const struct port *port)
{
	return __atomic_load_n(&port->takes, __ATOMIC_RELAXED);
}

struct state;

/* Saves what was counted, or has it counted by the first lane of an unused port. */
void port_carry(struct port *port, struct state *state);

/* What all lanes counted together. */
void port_total(const struct port *port, struct port_counters *total);
void port_merge_total(const struct port *port, struct merge_counters *total);

/* Notes a frame that needs more than this port's MTU, and came from a port with
 * that one. True for the first. */
bool port_note_too_big(struct port *port, uint32_t needs, uint32_t from_mtu);
/* False: there was none yet. */
bool port_too_big(const struct port *port, uint32_t *needs, uint32_t *from_mtu);

#endif
