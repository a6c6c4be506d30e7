#include "bridge/bridge.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bridge/deliver.h"

/* What one batch goes to: a list for each port, and which ports have one. */
struct list {
	unsigned int n;
	struct frame *frames[BATCH_FRAMES];
};

struct dispatch {
	unsigned int nr_touched;
	uint16_t touched[BRIDGE_MAX_PORTS]; /* in the order of their first frame */
	struct list lists[BRIDGE_MAX_PORTS];
};

struct bridge {
	char name[BRIDGE_NAME_BYTES];
	uint32_t mtu;
	unsigned int nr_ports;
	unsigned int nr_slots; /* behind the highest port */
	struct port *ports[BRIDGE_MAX_PORTS];
	struct fdb *fdb;
	uint64_t flooded;
	struct dispatch dispatch;
	struct deliver deliver;
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
	bridge->ports[i] = port;
	port->index = (uint16_t)i;
	bridge->nr_ports++;
	if (i >= bridge->nr_slots)
		bridge->nr_slots = i + 1;
	return 0;
}

void bridge_detach(struct bridge *bridge, struct port *port)
{
	assert(port->index < BRIDGE_MAX_PORTS && bridge->ports[port->index] == port);
	fdb_forget_port(bridge->fdb, port->index);
	bridge->ports[port->index] = NULL;
	bridge->nr_ports--;
	while (bridge->nr_slots && !bridge->ports[bridge->nr_slots - 1])
		bridge->nr_slots--;
	port->index = PORT_NONE;
}

unsigned int bridge_ports(const struct bridge *bridge)
{
	return bridge->nr_ports;
}

struct port *bridge_port(const struct bridge *bridge, unsigned int index)
{
	return index < BRIDGE_MAX_PORTS ? bridge->ports[index] : NULL;
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

static void send_to(struct dispatch *dispatch, uint16_t index, struct frame *frame)
{
	struct list *list = &dispatch->lists[index];

	if (!list->n)
		dispatch->touched[dispatch->nr_touched++] = index;
	list->frames[list->n++] = frame;
}

static void flood(struct bridge *bridge, const struct port *from, struct frame *frame)
{
	counter_add(&bridge->flooded, 1);
	for (unsigned int i = 0; i < bridge->nr_slots; i++)
		if (bridge->ports[i] && i != from->index)
			send_to(&bridge->dispatch, (uint16_t)i, frame);
}

/* First pass, one frame: on its lists, or the reason (DROP_REASONS: none). */
static enum drop_reason dispatch_frame(struct bridge *bridge, const struct port *from,
				       struct frame *frame, uint64_t now_ms)
{
	const uint8_t *destination = frame->bytes;
	const uint8_t *source = frame->bytes + 6;
	uint16_t index = PORT_NONE;

	if (frame->head < FRAME_HEADER_BYTES || is_group(source) || is_zero(source))
		return DROP_BAD_FRAME;
	if (is_group(destination) && (frame->gso_type == GSO_TCPV4 || frame->gso_type == GSO_TCPV6))
		return DROP_BAD_FRAME; /* no TCP has many ends, and each may want it cut */
	if (is_reserved_group(destination))
		return DROP_RESERVED_GROUP;
	fdb_learn(bridge->fdb, source, from->index, now_ms);
	if (!is_group(destination))
		index = fdb_lookup(bridge->fdb, destination, now_ms);
	if (index == from->index)
		return DROP_SAME_PORT;
	if (index != PORT_NONE)
		send_to(&bridge->dispatch, index, frame);
	else if (bridge->nr_ports > 1)
		flood(bridge, from, frame);
	else
		return DROP_NO_DEST;
	return DROP_REASONS;
}

static void dispatch_batch(struct bridge *bridge, struct port *from, struct frame *frames,
			   unsigned int n, uint64_t now_ms)
{
	uint64_t forwarded = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		enum drop_reason reason = dispatch_frame(bridge, from, &frames[i], now_ms);

		bytes += frames[i].length;
		if (reason == DROP_REASONS)
			forwarded++;
		else
			counter_add(&from->counters.from.drops[reason], 1);
	}
	counter_add(&from->counters.from.frames, n);
	counter_add(&from->counters.from.bytes, bytes);
	counter_add(&from->counters.from.forwarded, forwarded);
}

void bridge_forward(struct bridge *bridge, struct port *from, struct frame *frames, unsigned int n,
		    uint64_t now_ms)
{
	struct dispatch *dispatch = &bridge->dispatch;

	assert(n <= BATCH_FRAMES);
	dispatch_batch(bridge, from, frames, n, now_ms);
	for (unsigned int i = 0; i < dispatch->nr_touched; i++) {
		uint16_t index = dispatch->touched[i];

		deliver_list(&bridge->deliver, from, bridge->ports[index],
			     dispatch->lists[index].frames, dispatch->lists[index].n);
		dispatch->lists[index].n = 0;
	}
	dispatch->nr_touched = 0;
}

bool bridge_take_news(struct bridge *bridge)
{
	bool news = bridge->deliver.news;

	bridge->deliver.news = false;
	return news;
}

struct fdb *bridge_fdb(struct bridge *bridge)
{
	return bridge->fdb;
}

void bridge_stats(const struct bridge *bridge, struct bridge_stats *stats)
{
	stats->flooded = counter_read(&bridge->flooded);
	fdb_stats(bridge->fdb, &stats->fdb);
}
