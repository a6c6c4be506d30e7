#include "bridge/bridge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/atomic.h"
#include "bridge/deliver.h"
#include "io/state.h"

enum { FRAMES_AHEAD = 4 };

/* Of one lane; a cache line of its own. */
struct floods {
	_Alignas(64) uint64_t frames;
};

struct bridge {
	char name[BRIDGE_NAME_BYTES];
	uint32_t mtu;
	uint32_t nr_ports;
	uint32_t nr_slots;	       /* behind the highest port */
	void *ports[BRIDGE_MAX_PORTS]; /* struct port */
	struct fdb *fdb;
	struct floods flooded[LANES_MAX];
};

struct bridge *bridge_create(const char *name, uint32_t mtu, const struct fdb_config *fdb)
{
	struct bridge *bridge = aligned_alloc(64, (sizeof(*bridge) + 63) & ~(size_t)63);

	if (!bridge)
		return NULL;
	memset(bridge, 0, sizeof(*bridge));
	bridge->fdb = fdb_create(fdb);
	if (!bridge->fdb) {
		free(bridge);
		return NULL;
	}
	snprintf(bridge->name, sizeof(bridge->name), "%s", name);
	bridge->mtu = mtu;
	return bridge;
}

void bridge_destroy(struct bridge *bridge)
{
	assert(!bridge->nr_ports);
	fdb_destroy(bridge->fdb);
	free(bridge);
}

const char *bridge_name(const struct bridge *bridge)
{
	return bridge->name;
}

uint32_t bridge_mtu(const struct bridge *bridge)
{
	return bridge->mtu;
}

int bridge_attach(struct bridge *bridge, struct port *port)
{
	unsigned int i = 0;

	while (i < BRIDGE_MAX_PORTS && bridge->ports[i])
		i++;
	if (i == BRIDGE_MAX_PORTS)
		return -ENOSPC;
	port->index = (uint16_t)i;
	atomic_write_pointer(&bridge->ports[i], port);
	atomic_poke(&bridge->nr_ports, bridge->nr_ports + 1);
	if (i >= bridge->nr_slots)
		atomic_poke(&bridge->nr_slots, i + 1);
	return 0;
}

void bridge_detach(struct bridge *bridge, struct port *port)
{
	uint32_t slots = bridge->nr_slots;

	assert(port->index < BRIDGE_MAX_PORTS && bridge->ports[port->index] == port);
	fdb_forget_port(bridge->fdb, port->index);
	atomic_write_pointer(&bridge->ports[port->index], NULL);
	atomic_poke(&bridge->nr_ports, bridge->nr_ports - 1);
	while (slots && !bridge->ports[slots - 1])
		slots--;
	atomic_poke(&bridge->nr_slots, slots);
	port->index = PORT_NONE;
}

unsigned int bridge_ports(const struct bridge *bridge)
{
	return bridge->nr_ports;
}

struct port *bridge_port(const struct bridge *bridge, unsigned int index)
{
	return index < BRIDGE_MAX_PORTS ? atomic_read_pointer(&bridge->ports[index]) : NULL;
}

static bool is_group(const uint8_t mac[6])
{
	return mac[0] & 1;
}

static bool is_zero(const uint8_t mac[6])
{
	return !(mac[0] | mac[1] | mac[2] | mac[3] | mac[4] | mac[5]);
}

/* 01:80:c2:00:00:00 to :0f (IEEE 802.1D, table 7-10). */
static bool is_reserved_group(const uint8_t mac[6])
{
	static const uint8_t prefix[5] = { 0x01, 0x80, 0xc2, 0x00, 0x00 };

	return memcmp(mac, prefix, sizeof(prefix)) == 0 && mac[5] < 0x10;
}

static void send_to(struct dispatch *dispatch, struct port *port, uint16_t index,
		    struct frame *frame)
{
	struct dispatch_list *list = &dispatch->lists[index];

	if (!list->n) {
		dispatch->touched[dispatch->nr_touched++] = index;
		list->port = port;
	}
	list->frames[list->n++] = frame;
}

static void flood(struct bridge *bridge, struct lane *lane, const struct port *from,
		  struct frame *frame)
{
	counter_add(&bridge->flooded[lane->index].frames, 1);
	for (uint16_t i = 0; i < atomic_peek(&bridge->nr_slots); i++) {
		struct port *port = bridge_port(bridge, i);

		if (port && i != from->index)
			send_to(&lane->dispatch, port, i, frame);
	}
}

static struct way nowhere(enum drop_reason reason)
{
	return (struct way){ .reason = reason };
}

static struct way find_way(struct bridge *bridge, const struct port *from,
			   const struct frame *frame, bool is_known, uint64_t now_ms)
{
	const uint8_t *destination = frame->bytes;
	const uint8_t *source = frame->bytes + 6;
	struct way way = { .reason = DROP_REASONS, .index = PORT_NONE };

	if (frame->head < FRAME_HEADER_BYTES || is_group(source) || is_zero(source))
		return nowhere(DROP_BAD_FRAME);
	if (is_group(destination) && (frame->gso_type == GSO_TCPV4 || frame->gso_type == GSO_TCPV6))
		return nowhere(DROP_BAD_FRAME); /* no TCP has many ends, and each may want it cut */
	if (is_reserved_group(destination))
		return nowhere(DROP_RESERVED_GROUP);
	way.is_known = is_known || fdb_learn(bridge->fdb, source, from->index, now_ms);
	if (!is_group(destination))
		way.index = fdb_lookup(bridge->fdb, destination, now_ms);
	if (way.index == from->index)
		return nowhere(DROP_SAME_PORT);
	if (way.index != PORT_NONE)
		way.port = bridge_port(bridge, way.index);
	way.is_lasting = way.is_known && way.port;
	if (!way.port && atomic_peek(&bridge->nr_ports) <= 1)
		return nowhere(DROP_NO_DEST);
	return way;
}

static bool has_source_of(const struct frame *frame, const struct frame *other)
{
	return frame->head >= FRAME_HEADER_BYTES &&
	       memcmp(frame->bytes + 6, other->bytes + 6, 6) == 0;
}

/* Where many addresses come in turn, the next look-ups' places are called for early. */
static void prefetch_ahead(const struct bridge *bridge, const struct frame *frames, unsigned int n,
			   unsigned int i)
{
	const struct frame *later = &frames[i + FRAMES_AHEAD];

	if (i + FRAMES_AHEAD < n && later->head >= FRAME_HEADER_BYTES)
		fdb_prefetch(bridge->fdb, later->bytes);
}

/*
 * Where the source is that of the frame before, it is known by now, and what goes to an
 * address that such a frame went to goes the same way: this thread has learned nothing
 * since. That another thread's news are heard with the next batch only is as if they had
 * come a moment later.
 */
static struct way next_way(struct bridge *bridge, struct lane *lane, const struct port *from,
			   const struct frame *frames, unsigned int n, unsigned int i,
			   const struct way *before, uint64_t now_ms)
{
	const struct frame *frame = &frames[i];
	bool is_known = before->is_known && has_source_of(frame, frame - 1);
	const struct way *noted;
	struct way way;

	if (!is_known)
		ways_forget(&lane->ways);
	else if (before->is_lasting && memcmp(frame->bytes, frame[-1].bytes, 6) == 0)
		return *before;
	noted = is_known && !ways_are_many(&lane->ways) ? ways_find(&lane->ways, frame->bytes)
							: NULL;
	if (noted)
		return *noted;
	prefetch_ahead(bridge, frames, n, i);
	way = find_way(bridge, from, frame, is_known, now_ms);
	if (way.is_lasting && !ways_are_many(&lane->ways))
		ways_note(&lane->ways, frame->bytes, &way);
	return way;
}

/* First pass: every frame on its lists. */
static void dispatch_batch(struct bridge *bridge, struct lane *lane, struct port *from,
			   struct frame *frames, unsigned int n, uint64_t now_ms)
{
	struct port_counters *counters = port_counters(from, lane);
	struct way way = nowhere(DROP_REASONS);
	uint64_t dropped = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		struct frame *frame = &frames[i];

		way = next_way(bridge, lane, from, frames, n, i, &way, now_ms);
		bytes += frame->length;
		if (way.port) {
			send_to(&lane->dispatch, way.port, way.index, frame);
		} else if (way.reason == DROP_REASONS) {
			flood(bridge, lane, from, frame);
		} else {
			counter_add(&counters->from.drops[way.reason], 1);
			dropped++;
		}
	}
	counter_add(&counters->from.frames, n);
	counter_add(&counters->from.bytes, bytes);
	counter_add(&counters->from.forwarded, n - dropped);
}

void bridge_forward(struct bridge *bridge, struct lane *lane, struct port *from,
		    struct frame *frames, unsigned int n, uint64_t now_ms)
{
	struct dispatch *dispatch = &lane->dispatch;

	assert(n <= BATCH_FRAMES);
	dispatch_batch(bridge, lane, from, frames, n, now_ms);
	for (unsigned int i = 0; i < dispatch->nr_touched; i++) {
		struct dispatch_list *list = &dispatch->lists[dispatch->touched[i]];

		deliver_list(lane, from, list->port, list->frames, list->n);
		list->n = 0;
	}
	dispatch->nr_touched = 0;
}

struct fdb *bridge_fdb(struct bridge *bridge)
{
	return bridge->fdb;
}

void bridge_stats(struct bridge *bridge, struct bridge_stats *stats)
{
	stats->flooded = 0;
	for (unsigned int i = 0; i < LANES_MAX; i++)
		stats->flooded += counter_read(&bridge->flooded[i].frames);
	fdb_stats(bridge->fdb, &stats->fdb);
}

void bridge_carry(struct bridge *bridge, struct state *state, const uint16_t *ports)
{
	struct bridge_stats stats;

	bridge_stats(bridge, &stats);
	state_u64(state, &stats.flooded);
	if (state->restores)
		bridge->flooded[0].frames = stats.flooded;
	fdb_carry(bridge->fdb, state, ports);
}
