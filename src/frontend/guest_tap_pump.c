#include "frontend/guest_tap_pump.h"

#include <errno.h>
#include <string.h>

#include "ring/netif.h"

enum { BATCH_MIN = 4, VLAN_BYTES = 4 };

/* And for one byte more: a frame that fills its room is too big. A segmented one has no
 * such neighbour, its room is round anyway. */
void guest_tap_make_room(struct guest_tap *tap, uint32_t mtu)
{
	uint32_t longest = tap->offers & SPLITVIF_OFFLOAD_SG ? SPLITVIF_FRAME_BYTES : PAGE_BYTES;
	uint32_t bytes = mtu + SPLITVIF_FRAME_MIN + VLAN_BYTES + 1u;
	uint32_t slots;

	if (tap->offers & (SPLITVIF_OFFLOAD_GSO_TCPV4 | SPLITVIF_OFFLOAD_GSO_TCPV6))
		bytes = SPLITVIF_FRAME_BYTES;
	tap->frame_bytes = bytes < longest ? bytes : longest;
	slots = tap->frame_bytes / PAGE_BYTES + 3; /* a start somewhere, an extra info */
	tap->batch_max = SPLITVIF_SLOTS / slots < GUEST_TAP_BATCH ? SPLITVIF_SLOTS / slots
								  : GUEST_TAP_BATCH;
	for (unsigned int i = 0; i < tap->nr_queues; i++)
		tap->queues[i].batch = BATCH_MIN;
}

static size_t room_of(const struct splitvif_frame *frame)
{
	size_t room = 0;

	for (unsigned int i = 0; i < frame->nr_parts; i++)
		room += frame->parts[i].iov_len;
	return room;
}

/* What became of the reads: lengths and facts; 0 is for nothing to send. */
static void take_frame(struct guest_tap *tap, unsigned int i)
{
	struct splitvif_frame *frame = &tap->frames[i];
	int header = sizeof(tap->vnets[i].header);
	int got = tap->io[i].result;

	if (got == -EBADFD)
		tap->tap_gone = true;
	frame->length = got > header ? (uint32_t)(got - header) : 0;
	if (frame->length && frame->length == room_of(frame)) {
		frame->length = 0;
		tap->oversize++;
	}
	if (frame->length && !guest_vnet_read(&tap->vnets[i].header, tap->offers, frame)) {
		frame->length = 0;
		tap->malformed++;
	}
}

/* One read for each frame's room, each into a header and the pages. */
static void prepare_reads(struct guest_tap *tap, unsigned int n)
{
	struct iovec *iov = tap->iovecs;

	for (unsigned int i = 0; i < n; i++) {
		struct virtio_net_hdr *header = &tap->vnets[i].header;
		unsigned int parts = tap->frames[i].nr_parts;

		iov[0] = (struct iovec){ header, sizeof(*header) };
		memcpy(iov + 1, tap->frames[i].parts, parts * sizeof(*iov));
		tap->io[i] = (struct engine_io){ .iov = iov, .iovcnt = parts + 1 };
		iov += parts + 1;
	}
}

static unsigned int pump_queue_out(struct guest_tap *tap, unsigned int number)
{
	struct guest_tap_queue *queue = &tap->queues[number];
	unsigned int ring = number % splitvif_queues(tap->vif);
	unsigned int got, room;

	queue->blocked = false;
	if (tap->tap_gone)
		return 0;
	room = splitvif_queue_reserve(tap->vif, ring, tap->frames, queue->batch, tap->frame_bytes);
	if (!room) {
		queue->blocked = true;
		return 0;
	}
	prepare_reads(tap, room);
	got = engine_read(tap->engine, queue->fd, tap->io, room);
	for (unsigned int i = 0; i < room; i++)
		take_frame(tap, i);
	splitvif_queue_commit(tap->vif, ring, tap->frames, room);
	if (got == queue->batch)
		queue->batch = queue->batch * 2 < tap->batch_max ? queue->batch * 2
								 : tap->batch_max;
	else if (got < queue->batch / 2)
		queue->batch /= 2;
	return got;
}

unsigned int guest_tap_pump_out(struct guest_tap *tap)
{
	unsigned int got = 0;

	for (unsigned int i = 0; i < tap->nr_queues; i++)
		got += pump_queue_out(tap, i);
	return got;
}

/* Lines received frames up for the TAP; how many of them it can be given. */
static unsigned int prepare_writes(struct guest_tap *tap, unsigned int n)
{
	struct iovec *iov = tap->iovecs;
	unsigned int writes = 0;

	for (unsigned int i = 0; i < n; i++) {
		unsigned int pieces = guest_vnet_write(&tap->vnets[i], &tap->frames[i], iov);

		if (!pieces) {
			tap->malformed++;
			continue;
		}
		tap->io[writes++] = (struct engine_io){ .iov = iov, .iovcnt = pieces };
		iov += pieces;
	}
	return writes;
}

static unsigned int pump_queue_in(struct guest_tap *tap, unsigned int number, unsigned int weight)
{
	unsigned int n = splitvif_queue_receive(tap->vif, number, tap->frames, weight);
	int fd = tap->queues[number].fd;
	unsigned int writes;

	if (!n)
		return 0;
	writes = prepare_writes(tap, n);
	tap->tap_errors += writes - engine_write(tap->engine, fd, tap->io, writes);
	splitvif_queue_release(tap->vif, number, n);
	return n;
}

/* The vif has no more queues than were asked for, as many as the TAP has. */
unsigned int guest_tap_pump_in(struct guest_tap *tap, unsigned int weight)
{
	unsigned int n = 0;

	for (unsigned int i = 0; i < tap->nr_queues; i++)
		n += pump_queue_in(tap, i, weight);
	return n;
}
