/*
 * Which flow a frame is of, so that frames of one flow can keep to one queue.
 *
 * A hash of its addresses, and of the ports where TCP or UDP follow the IP
 * header at once; of its MAC addresses where it is no IP. Fragments have no
 * ports, not even the first, and hash by addresses alone: a flow that mixes
 * them with whole datagrams is two, as on Linux. Pure; reads the head only.
 */
#ifndef BRIDGE_FLOW_H
#define BRIDGE_FLOW_H

#include <stdint.h>

#include "bridge/frame.h"

uint32_t flow_hash(const struct frame *frame);

/* One of n queues, all about equally often. */
static inline unsigned int flow_queue(uint32_t hash, unsigned int n)
{
	return (unsigned int)((uint64_t)hash * n >> 32);
}

#endif
