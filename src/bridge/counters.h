/*
 * What happened to frames, counted so that it adds up.
 *
 * Every frame that a port gives to the bridge is forwarded or dropped under
 * one reason; every copy intended for a port is enqueued there or dropped
 * there under one reason (the conservation equations, exact at rest):
 *     from.frames = forwarded + sum(from.drops)
 *     to.intended = to.frames + sum(to.drops)
 * A port has them once for each thread that forwards: one writer, relaxed
 * readers; the sums add up at rest.
 */
#ifndef BRIDGE_COUNTERS_H
#define BRIDGE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

/* The closed list; counters.c has the names. Extended only there. */
enum drop_reason {
	DROP_SAME_PORT,	     /* its destination lives where it came from */
	DROP_RESERVED_GROUP, /* 01:80:c2:00:00:0x never crosses a bridge */
	DROP_BAD_SLOT,	     /* slots that make no frame */
	DROP_BAD_EXTRA,	     /* extra infos that make no sense */
	DROP_QUEUE_FULL,     /* the bounded queue towards a guest */
	DROP_STALLED,	     /* guest posts no buffers for long */
	DROP_RING_FULL,	     /* the TAP's queue, or a guest without a backlog */
	DROP_NO_RX_BUFFER,   /* waited its time in the queue, no buffers came */
	DROP_TOO_BIG,	     /* beyond the destination's MTU */
	DROP_BAD_GREF,	     /* grant refused */
	DROP_BAD_FRAME,	     /* headers that no forwarding decision can rest on */
	DROP_RATE,
	DROP_FILTER,
	DROP_ISOLATED,
	DROP_VLAN,
	DROP_NO_DEST,  /* nobody else on the bridge */
	DROP_SHUTDOWN, /* still queued when the port went */
	DROP_REASONS
};

/* "same_port", "reserved_group", ...: the names that people read. */
const char *drop_reason_name(enum drop_reason reason);

struct port_counters {
	_Alignas(64) struct {
		uint64_t frames, bytes; /* given to the bridge, dropped ones included */
		uint64_t forwarded;	/* of them, sent on to at least one port */
		uint64_t drops[DROP_REASONS];
	} from;
	struct {
		uint64_t intended;	/* copies meant for this port */
		uint64_t frames, bytes; /* of them, enqueued */
		uint64_t drops[DROP_REASONS];
	} to;
	/* What was done to frames on their way here, so that the port could take
	 * them. `to` counts what came out of it. */
	uint64_t csum_completed; /* blank checksums filled in, of ordinary frames */
	uint64_t csum_passed;	 /* left to the receiver, likewise */
	uint64_t gso_cut;	 /* GSO frames cut, and the segments they made */
	uint64_t gso_segments;
	uint64_t gso_passed; /* passed whole */
};

/* Up to the last one; what is behind it is padding. */
enum {
	PORT_COUNTERS =
		(offsetof(struct port_counters, gso_passed) + sizeof(uint64_t)) / sizeof(uint64_t)
};

static inline void counter_add(uint64_t *counter, uint64_t n)
{
	__atomic_store_n(counter, __atomic_load_n(counter, __ATOMIC_RELAXED) + n, __ATOMIC_RELAXED);
}

static inline uint64_t counter_read(const uint64_t *counter)
{
	return __atomic_load_n(counter, __ATOMIC_RELAXED);
}

/* Adds n counters to as many others. */
void counters_sum(uint64_t *sum, const uint64_t *counters, size_t n);

/* Sums of the drop columns. */
uint64_t counters_dropped_from(const struct port_counters *counters);
uint64_t counters_dropped_to(const struct port_counters *counters);

#endif
