#include "bridge/deliver.h"

#include <assert.h>

#include "bridge/csum.h"
#include "bridge/segment.h"

/* One list on its way. */
struct delivery {
	struct lane *lane;
	const struct port *from;
	struct port *port;
	struct port_counters *counters; /* the lane's, at that port */
};

static void drop(const struct delivery *way, enum drop_reason reason)
{
	counter_add(&way->counters->to.intended, 1);
	counter_add(&way->counters->to.drops[reason], 1);
}

/* `needs`: the MTU that the frame asks for. */
static void drop_too_big(const struct delivery *way, uint32_t needs)
{
	drop(way, DROP_TOO_BIG);
	if (port_note_too_big(way->port, needs, way->from->mtu))
		way->lane->news = true;
}

static void hand_over(const struct delivery *way, struct frame **list, unsigned int n)
{
	if (!n)
		return;
	counter_add(&way->counters->to.intended, n);
	way->port->ops->transmit(way->port, way->lane, list, n);
}

static bool takes_gso(const struct port *port, uint8_t gso_type)
{
	static const uint8_t needs[] = {
		[GSO_TCPV4] = PORT_GSO_TCPV4,
		[GSO_TCPV6] = PORT_GSO_TCPV6,
		[GSO_UDP] = PORT_GSO_UDP,
	};

	return port_takes(port) & needs[gso_type];
}

static bool takes_blank(const struct port *port, uint8_t ip_version)
{
	return port_takes(port) & (ip_version == 4 ? PORT_CSUM_IPV4 : PORT_CSUM_IPV6);
}

static bool has_tag(const struct frame *frame)
{
	const uint8_t *type = frame->bytes + 12;

	return (type[0] == 0x81 && type[1] == 0x00) || (type[0] == 0x88 && type[1] == 0xa8);
}

/* The MTU that an ordinary frame asks for. */
static uint32_t mtu_needed(const struct frame *frame)
{
	return frame->length - FRAME_HEADER_BYTES - (has_tag(frame) ? 4 : 0);
}

/* A checksum that cannot be completed stays as it is, as Linux' netback has it:
 * only the receiver knows what to make of such a frame. */
static void settle_csum(const struct delivery *way, struct frame *frame)
{
	const struct port *port = way->port;
	struct csum_place place;

	if (frame->csum != CSUM_BLANK)
		return;
	if ((port_takes(port) & (PORT_CSUM_IPV4 | PORT_CSUM_IPV6)) ==
	    (PORT_CSUM_IPV4 | PORT_CSUM_IPV6)) {
		counter_add(&way->counters->csum_passed, 1);
		return;
	}
	if (!csum_find(frame, &place))
		return;
	if (takes_blank(port, place.version)) {
		counter_add(&way->counters->csum_passed, 1);
		return;
	}
	csum_fill(frame, &place);
	counter_add(&way->counters->csum_completed, 1);
}

/* The usual frame: short enough, and nobody has to do anything to it. */
static bool is_plain(const struct delivery *way, const struct frame *frame)
{
	return frame->length <= way->port->mtu && !frame->gso_type && frame->csum != CSUM_BLANK;
}

/* What is to become of a frame. */
enum fate {
	FATE_DROPPED,
	FATE_GOES,
	FATE_IS_CUT,
};

static enum fate settle_ordinary(const struct delivery *way, struct frame *frame)
{
	if (frame->length > way->port->mtu && mtu_needed(frame) > way->port->mtu) {
		drop_too_big(way, mtu_needed(frame));
		return FATE_DROPPED;
	}
	settle_csum(way, frame);
	return FATE_GOES;
}

/* Its facts are a guest's word: what contradicts the headers goes nowhere, not
 * even to a port that takes GSO frames, whose owner might believe it. Frames of
 * one segment are none, and receivers disagree on what to do with them. That
 * the segments fit is found out before any work is put into them. */
static enum fate settle_gso(const struct delivery *way, struct frame *frame)
{
	struct csum_place place;
	uint32_t needs;

	if (segment_look(frame, &place)) {
		drop(way, DROP_BAD_FRAME);
		return FATE_DROPPED;
	}
	if (place.end - place.payload <= frame->gso_size) {
		frame->gso_type = GSO_NONE;
		return settle_ordinary(way, frame);
	}
	needs = place.payload - place.network + (uint32_t)frame->gso_size;
	if (needs > way->port->mtu) {
		drop_too_big(way, needs);
		return FATE_DROPPED;
	}
	if (!takes_gso(way->port, frame->gso_type))
		return FATE_IS_CUT;
	csum_blank(frame, &place); /* whatever stood in the field */
	counter_add(&way->counters->gso_passed, 1);
	return FATE_GOES;
}

static void cut(const struct delivery *way, const struct frame *frame)
{
	struct deliver *deliver = &way->lane->deliver;
	struct frame *list[BATCH_FRAMES];
	struct segment segment;
	unsigned int n;

	if (segment_init(&segment, frame, false)) {
		drop(way, DROP_BAD_FRAME);
		return;
	}
	segment.complete = !takes_blank(way->port, segment.place.version);
	counter_add(&way->counters->gso_cut, 1);
	counter_add(&way->counters->gso_segments, segment_left(&segment));
	while ((n = segment_cut(&segment, deliver->segments, BATCH_FRAMES, deliver->fragments,
				DELIVER_FRAGMENTS))) {
		for (unsigned int i = 0; i < n; i++)
			list[i] = &deliver->segments[i];
		hand_over(way, list, n);
	}
	assert(!segment_left(&segment));
}

static unsigned int merge(const struct delivery *way, struct frame **list, unsigned int n)
{
	struct port *port = way->port;
	unsigned int versions = (takes_gso(port, GSO_TCPV4) ? MERGE_IPV4 : 0) |
				(takes_gso(port, GSO_TCPV6) ? MERGE_IPV6 : 0);

	if (!__atomic_load_n(&port->merges, __ATOMIC_RELAXED) || !versions)
		return n;
	return merge_list(&way->lane->deliver.merge, list, n, versions,
			  &port->merge_counters[way->lane->index]);
}

void deliver_list(struct lane *lane, const struct port *from, struct port *port,
		  struct frame **list, unsigned int n)
{
	const struct delivery way = { lane, from, port, port_counters(port, lane) };
	unsigned int kept = 0;

	n = merge(&way, list, n);
	for (unsigned int i = 0; i < n; i++) {
		struct frame *frame = list[i];
		enum fate fate = is_plain(&way, frame) ? FATE_GOES
				 : frame->gso_type     ? settle_gso(&way, frame)
						       : settle_ordinary(&way, frame);

		if (fate == FATE_GOES)
			list[kept++] = frame;
		if (fate != FATE_IS_CUT)
			continue;
		hand_over(&way, list, kept); /* what stands before it goes first */
		kept = 0;
		cut(&way, frame);
	}
	hand_over(&way, list, kept);
}
