/*
 * A learning bridge (IEEE 802.1D without spanning tree).
 *
 * Forwarding goes in two passes: every frame's destination first, then one
 * visit to each destination with its whole list. Never back to the ingress
 * port; nothing is queued here, nothing waits, nobody calls upward. A frame's
 * order towards one destination is the order in which it came.
 *
 * Threads. Ports come and go by one thread, the control thread; frames are
 * forwarded by any number of others, each on its own lane. Who takes a port
 * away first stops what comes in through it, and afterwards waits until every
 * lane has left bridge_forward() once: then nobody holds the port any more.
 *
 * Drops that lie with the frame are counted at its source (from.drops), those
 * that lie with a destination at that destination (to.drops).
 */
#ifndef BRIDGE_BRIDGE_H
#define BRIDGE_BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/fdb.h"
#include "bridge/lane.h"

enum { BRIDGE_NAME_BYTES = 16 };

struct bridge;

struct bridge_stats {
	uint64_t flooded; /* frames sent to all ports */
	struct fdb_stats fdb;
};

struct bridge *bridge_create(const char *name, uint32_t mtu, const struct fdb_config *fdb);
void bridge_destroy(struct bridge *bridge); /* all ports must be detached */
const char *bridge_name(const struct bridge *bridge);
uint32_t bridge_mtu(const struct bridge *bridge);

/* 0, or -ENOSPC. Detaching forgets the port's addresses. */
int bridge_attach(struct bridge *bridge, struct port *port);
void bridge_detach(struct bridge *bridge, struct port *port);
unsigned int bridge_ports(const struct bridge *bridge);
/* The i-th slot's port, or NULL. */
struct port *bridge_port(const struct bridge *bridge, unsigned int index);

/* Forwards up to BATCH_FRAMES frames that came in through `from`, and counts
 * them in the lane's counters of it (frames, bytes, forwarded, drops). */
void bridge_forward(struct bridge *bridge, struct lane *lane, struct port *from,
		    struct frame *frames, unsigned int n, uint64_t now_ms);

struct state;

/* Saves its FDB and counters, or goes on with them; ports[] as fdb_carry() has it. */
void bridge_carry(struct bridge *bridge, struct state *state, const uint16_t *ports);

struct fdb *bridge_fdb(struct bridge *bridge);
void bridge_stats(struct bridge *bridge, struct bridge_stats *stats);

#endif
