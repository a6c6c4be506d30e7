#include "bridge/tap.h"

#include "bridge/lane.h"
#include "bridge/vnet.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Newer than the kernel headers that we build with (Linux 6.2). */
#ifndef TUN_F_USO4
#define TUN_F_USO4 0x20
#define TUN_F_USO6 0x40
#endif

enum {
	LINK_BYTES = FRAME_HEADER_BYTES + 4, /* with a VLAN tag */
	MTU_MAX = 65535,
	/* A frame has at most IOVEC_MAX pieces, as for writev(2); a batch of
	 * ordinary ones fits at once. */
	IOVEC_MAX = 1024,
	IOVECS = 1280,
	GSO_BYTES = 65535 + LINK_BYTES, /* the kernel's longest */
	READ_BYTES = 256 << 10,		/* read at once: what the caches hold */
};

struct tap_batch {
	size_t buffer_bytes;
	uint8_t *buffers;
	unsigned int reads; /* next time, by how long frames were */
	struct virtio_net_hdr headers[BATCH_FRAMES];
	struct frame *sent[BATCH_FRAMES];
	struct engine_io io[BATCH_FRAMES];
	struct fragment rest[BATCH_FRAMES];
	struct iovec iovecs[IOVECS];
};

/* The kernel's words for it, without those that older kernels refuse. */
static unsigned int offloads_of(uint8_t takes)
{
	unsigned int offloads = TUN_F_CSUM;

	if (!(takes & PORT_CSUM_IPV4) || !(takes & PORT_CSUM_IPV6))
		return 0;
	if (takes & PORT_GSO_TCPV4)
		offloads |= TUN_F_TSO4;
	if (takes & PORT_GSO_TCPV6)
		offloads |= TUN_F_TSO6;
	return offloads;
}

int tap_set_offloads(int fd, uint8_t takes)
{
	unsigned int offloads = offloads_of(takes);
	unsigned int ecn = offloads & (TUN_F_TSO4 | TUN_F_TSO6) ? TUN_F_TSO_ECN : 0;
	unsigned int udp = offloads && takes & PORT_GSO_UDP ? TUN_F_USO4 | TUN_F_USO6 : 0;
	const unsigned int tries[] = { offloads | ecn | udp, offloads | ecn, offloads };

	for (size_t i = 0; i < sizeof(tries) / sizeof(tries[0]); i++)
		if (!ioctl(fd, TUNSETOFFLOAD, (unsigned long)tries[i]))
			return 0;
	return -errno;
}

int tap_adopt(int fd, bool persistent)
{
	int header = sizeof(struct virtio_net_hdr);
	int err = ioctl(fd, TUNSETVNETHDRSZ, &header) ? -errno : 0;

	if (!err)
		err = tap_set_offloads(fd, PORT_CSUM_IPV4 | PORT_CSUM_IPV6 | PORT_GSO_TCPV4 |
						   PORT_GSO_TCPV6 | PORT_GSO_UDP);
	return err || !persistent ? err : tap_set_persistent(fd, true);
}

bool tap_is(int fd, const char *name)
{
	const short wanted = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR;
	struct ifreq ifr = { 0 };

	return !ioctl(fd, TUNGETIFF, &ifr) && (ifr.ifr_flags & wanted) == wanted &&
	       (!name || !strncmp(ifr.ifr_name, name, IFNAMSIZ));
}

static int open_kind(char name[16], bool persistent, short kind)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | kind };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	err = ioctl(fd, TUNSETIFF, &ifr) ? -errno : tap_adopt(fd, persistent);
	if (err) {
		close(fd);
		return err;
	}
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return fd;
}

int tap_open_queue(char name[16], bool persistent)
{
	return open_kind(name, persistent, IFF_MULTI_QUEUE);
}

int tap_open(char name[16], bool persistent)
{
	int fd = open_kind(name, persistent, 0);

	return fd == -EINVAL && *name ? tap_open_queue(name, persistent) : fd;
}

int tap_set_persistent(int fd, bool persistent)
{
	return ioctl(fd, TUNSETPERSIST, (unsigned long)persistent) ? -errno : 0;
}

int tap_set_carrier(int fd, bool up)
{
	int carrier = up;

	return ioctl(fd, TUNSETCARRIER, &carrier) ? -errno : 0;
}

static void gather(const struct virtio_net_hdr *header, const struct frame *frame,
		   struct iovec *iov)
{
	iov[0] = (struct iovec){ (void *)header, sizeof(*header) };
	iov[1] = (struct iovec){ (void *)frame->bytes, frame->head };
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		iov[i + 2] = (struct iovec){ (void *)frame->frags[i].data, frame->frags[i].length };
}

/* Takes frames off the list as far as there are vectors; how many. Those that
 * can be written are in batch->sent, *nr_sent of them; the rest is dropped. */
static unsigned int gather_list(struct port_counters *counters, struct tap_batch *batch,
				struct frame *const *list, unsigned int n, unsigned int *nr_sent)
{
	unsigned int used = 0;
	unsigned int i;

	*nr_sent = 0;
	for (i = 0; i < n; i++) {
		struct virtio_net_hdr *header = &batch->headers[*nr_sent];
		unsigned int pieces = list[i]->nr_frags + 2u;

		if (pieces <= IOVEC_MAX && used + pieces > IOVECS)
			break;
		if (pieces > IOVEC_MAX || vnet_write(list[i], header)) {
			counter_add(&counters->to.drops[DROP_BAD_FRAME], 1);
			continue;
		}
		gather(header, list[i], &batch->iovecs[used]);
		batch->io[*nr_sent] = (struct engine_io){ &batch->iovecs[used], pieces, 0 };
		batch->sent[(*nr_sent)++] = list[i];
		used += pieces;
	}
	return i;
}

static enum drop_reason reason_of(int result)
{
	switch (result) {
	case -EINVAL:
		return DROP_BAD_FRAME;
	case -EBADFD:
		return DROP_SHUTDOWN; /* the interface was deleted */
	default:
		return DROP_RING_FULL; /* full, or down and taking nothing */
	}
}

static void count(struct port_counters *counters, struct frame *const *list,
		  const struct engine_io *io, unsigned int n)
{
	uint64_t frames = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (io[i].result < 0) {
			counter_add(&counters->to.drops[reason_of(io[i].result)], 1);
		} else {
			frames++;
			bytes += list[i]->length;
		}
	}
	counter_add(&counters->to.frames, frames);
	counter_add(&counters->to.bytes, bytes);
}

static unsigned int tap_transmit(struct port *port, struct lane *lane, struct frame *const *list,
				 unsigned int n)
{
	struct port_counters *counters = port_counters(port, lane);
	const struct tap_lane *own = &((struct tap *)port)->lanes[lane->index];
	struct tap_batch *batch = own->batch;
	unsigned int enqueued = 0;
	unsigned int nr_sent;

	while (n) {
		unsigned int taken = gather_list(counters, batch, list, n, &nr_sent);

		if (nr_sent)
			enqueued += engine_write(own->engine, own->fd, batch->io, nr_sent);
		count(counters, batch->sent, batch->io, nr_sent);
		list += taken;
		n -= taken;
	}
	return enqueued;
}

static const struct port_ops tap_ops = { .transmit = tap_transmit };

/* One byte more than the longest frame: a read that fills the buffer was cut. */
static struct tap_batch *create_batch(void)
{
	struct tap_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->buffer_bytes = (GSO_BYTES + 1 + 63) & ~63u;
	batch->buffers = aligned_alloc(64, BATCH_FRAMES * batch->buffer_bytes);
	if (!batch->buffers) {
		free(batch);
		return NULL;
	}
	batch->reads = BATCH_FRAMES;
	return batch;
}

static void destroy_batch(struct tap_batch *batch)
{
	free(batch->buffers);
	free(batch);
}

int tap_add_lane(struct tap *tap, unsigned int lane, int fd, struct engine *engine)
{
	struct tap_batch *batch = create_batch();

	if (!batch)
		return -ENOMEM;
	tap->lanes[lane] = (struct tap_lane){ engine, fd, batch };
	return 0;
}

int tap_init(struct tap *tap, const char *name, int fd, uint32_t mtu, struct engine *engine)
{
	memset(tap, 0, sizeof(*tap));
	tap->port.ops = &tap_ops;
	snprintf(tap->port.name, sizeof(tap->port.name), "%s", name);
	tap->port.index = PORT_NONE;
	tap->port.mtu = mtu < MTU_MAX ? mtu : MTU_MAX;
	tap->port.takes = PORT_CSUM_IPV4 | PORT_CSUM_IPV6 | PORT_GSO_TCPV4 | PORT_GSO_TCPV6;
	return tap_add_lane(tap, 0, fd, engine);
}

void tap_fini(struct tap *tap)
{
	for (struct tap_lane *lane = tap->lanes; lane < tap->lanes + LANES_MAX; lane++) {
		if (!lane->batch)
			continue;
		destroy_batch(lane->batch);
		if (lane->fd >= 0)
			close(lane->fd);
	}
}

/* Reads, each into a header and a buffer of its own. */
static unsigned int read_batch(const struct tap_lane *lane, unsigned int n)
{
	struct tap_batch *batch = lane->batch;

	for (unsigned int i = 0; i < n; i++) {
		struct iovec *iov = &batch->iovecs[2 * i];

		iov[0] = (struct iovec){ &batch->headers[i], sizeof(batch->headers[i]) };
		iov[1] = (struct iovec){ batch->buffers + i * batch->buffer_bytes,
					 batch->buffer_bytes };
		batch->io[i] = (struct engine_io){ iov, 2, 0 };
	}
	return engine_read(lane->engine, lane->fd, batch->io, n);
}

/* The bridge never sees this one. */
static void drop_from(struct port_counters *counters, uint32_t length, enum drop_reason reason)
{
	counter_add(&counters->from.frames, 1);
	counter_add(&counters->from.bytes, length);
	counter_add(&counters->from.drops[reason], 1);
}

static unsigned int build_frames(struct tap_batch *batch, struct port_counters *counters,
				 struct frame *frames, unsigned int tried)
{
	size_t bytes = 0;
	unsigned int n = 0;

	for (unsigned int i = 0; i < tried; i++) {
		uint32_t length;

		if (batch->io[i].result < (int)sizeof(batch->headers[i]))
			continue;
		length = (uint32_t)batch->io[i].result - sizeof(batch->headers[i]);
		bytes += length;
		if (length == batch->buffer_bytes) {
			drop_from(counters, length, DROP_TOO_BIG);
			continue;
		}
		frame_build_plain(&frames[n], batch->buffers + i * batch->buffer_bytes, length,
				  &batch->rest[n]);
		if (vnet_read(&batch->headers[i], &frames[n]))
			drop_from(counters, length, DROP_BAD_FRAME);
		else
			n++;
	}
	if (bytes > READ_BYTES)
		batch->reads = batch->reads > 4 ? batch->reads / 2 : batch->reads;
	else if (bytes < READ_BYTES / 4 && batch->reads < BATCH_FRAMES)
		batch->reads *= 2;
	return n;
}

int tap_receive(struct tap *tap, struct lane *lane, struct frame *frames, unsigned int max)
{
	struct port_counters *counters = port_counters(&tap->port, lane);
	const struct tap_lane *own = &tap->lanes[lane->index];
	unsigned int n = 0;
	unsigned int got;
	int result;

	if (!max)
		return 0;
	if (max > own->batch->reads)
		max = own->batch->reads;
	do { /* not 0 because all were dropped: the caller would take it for dry */
		got = read_batch(own, max);
		n = build_frames(own->batch, counters, frames, max);
	} while (got && !n);
	result = own->batch->io[0].result;
	return n || result == -EAGAIN ? (int)n : result;
}
