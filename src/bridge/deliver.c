#include "bridge/deliver.h"

#include "bridge/csum.h"
#include "bridge/segment.h"

static void drop(struct port *port, enum drop_reason reason)
{
	counter_add(&port->counters.to.intended, 1);
	counter_add(&port->counters.to.drops[reason], 1);
}

static void hand_over(struct port *port, struct frame **list, unsigned int n)
{
	if (!n)
		return;
	counter_add(&port->counters.to.intended, n);
	port->ops->transmit(port, list, n);
}

static bool takes_gso(const struct port *port, uint8_t gso_type)
{
	static const uint8_t needs[] = {
		[GSO_TCPV4] = PORT_GSO_TCPV4,
		[GSO_TCPV6] = PORT_GSO_TCPV6,
		[GSO_UDP] = PORT_GSO_UDP,
	};

	return port->takes & needs[gso_type];
}

static bool takes_blank(const struct port *port, uint8_t ip_version)
{
	return port->takes & (ip_version == 4 ? PORT_CSUM_IPV4 : PORT_CSUM_IPV6);
}

static bool has_tag(const struct frame *frame)
{
	const uint8_t *type = frame->bytes + 12;

	return (type[0] == 0x81 && type[1] == 0x00) || (type[0] == 0x88 && type[1] == 0xa8);
}

static bool fits(const struct port *port, const struct frame *frame)
{
	uint32_t overhead = FRAME_HEADER_BYTES + (has_tag(frame) ? 4 : 0);

	return frame->length <= (uint64_t)port->mtu + overhead;
}

/* A checksum that cannot be completed stays as it is, as Linux' netback has it:
 * only the receiver knows what to make of such a frame. */
static void settle_csum(struct port *port, struct frame *frame)
{
	struct csum_place place;

	if (frame->csum != CSUM_BLANK)
		return;
	if ((port->takes & (PORT_CSUM_IPV4 | PORT_CSUM_IPV6)) ==
	    (PORT_CSUM_IPV4 | PORT_CSUM_IPV6)) {
		counter_add(&port->counters.csum_passed, 1);
		return;
	}
	if (!csum_find(frame, &place))
		return;
	if (takes_blank(port, place.version)) {
		counter_add(&port->counters.csum_passed, 1);
		return;
	}
	csum_fill(frame, &place);
	counter_add(&port->counters.csum_completed, 1);
}

/* An ordinary frame: true if it is to be handed over. */
static bool settle(struct port *port, struct frame *frame)
{
	if (!fits(port, frame)) {
		drop(port, DROP_TOO_BIG);
		return false;
	}
	settle_csum(port, frame);
	return true;
}

/* A GSO frame that the port takes: each of its segments must fit the MTU. */
static bool settle_gso(struct port *port, struct frame *frame)
{
	struct csum_place place;

	if (!csum_find(frame, &place)) {
		drop(port, DROP_BAD_FRAME);
		return false;
	}
	if ((uint32_t)(place.payload - place.network) + frame->gso_size > port->mtu) {
		drop(port, DROP_TOO_BIG);
		return false;
	}
	counter_add(&port->counters.gso_passed, 1);
	return true;
}

static void cut(struct deliver *deliver, struct port *port, const struct frame *frame)
{
	struct frame *list[BATCH_FRAMES];
	struct segment segment;
	unsigned int n;

	if (segment_init(&segment, frame, false)) {
		drop(port, DROP_BAD_FRAME);
		return;
	}
	segment.complete = !takes_blank(port, segment.place.version);
	counter_add(&port->counters.gso_cut, 1);
	while ((n = segment_cut(&segment, deliver->segments, BATCH_FRAMES, deliver->fragments,
				DELIVER_FRAGMENTS))) {
		unsigned int kept = 0;

		counter_add(&port->counters.gso_segments, n);
		for (unsigned int i = 0; i < n; i++)
			if (settle(port, &deliver->segments[i]))
				list[kept++] = &deliver->segments[i];
		hand_over(port, list, kept);
	}
}

void deliver_list(struct deliver *deliver, struct port *port, struct frame **list, unsigned int n)
{
	unsigned int kept = 0;

	if (port->merges && n > 1)
		n = merge_list(&deliver->merge, list, n, &port->merge_counters);
	for (unsigned int i = 0; i < n; i++) {
		struct frame *frame = list[i];

		if (!frame->gso_type) {
			if (settle(port, frame))
				list[kept++] = frame;
		} else if (takes_gso(port, frame->gso_type)) {
			if (settle_gso(port, frame))
				list[kept++] = frame;
		} else { /* what stands before it goes first */
			hand_over(port, list, kept);
			kept = 0;
			cut(deliver, port, frame);
		}
	}
	hand_over(port, list, kept);
}
