#include "bridge/tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	LINK_BYTES = FRAME_HEADER_BYTES + 4, /* with a VLAN tag */
	MTU_MAX = 65535,
	/* A frame has at most IOVEC_MAX pieces, as for writev(2); a batch of
	 * ordinary ones fits at once. */
	IOVEC_MAX = 1024,
	IOVECS = 1280,
};

struct tap_batch {
	size_t buffer_bytes;
	uint8_t *buffers;
	struct engine_io io[BATCH_FRAMES];
	struct fragment rest[BATCH_FRAMES];
	struct iovec iovecs[IOVECS];
};

int tap_open(char name[16], bool persistent)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
	int err;

	if (fd < 0)
		return -errno;
	memcpy(ifr.ifr_name, name, IFNAMSIZ);
	ifr.ifr_name[IFNAMSIZ - 1] = '\0';
	err = ioctl(fd, TUNSETIFF, &ifr) ? -errno : 0;
	if (!err && persistent)
		err = tap_set_persistent(fd, true);
	if (err) {
		close(fd);
		return err;
	}
	memcpy(name, ifr.ifr_name, IFNAMSIZ);
	return fd;
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

static void gather(const struct frame *frame, struct iovec *iov)
{
	iov[0] = (struct iovec){ (void *)frame->bytes, frame->head };
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		iov[i + 1] = (struct iovec){ (void *)frame->frags[i].data, frame->frags[i].length };
}

/* As many frames as there are vectors for; how many. 0: not even the first. */
static unsigned int gather_list(struct tap_batch *batch, struct frame *const *list, unsigned int n)
{
	unsigned int used = 0;
	unsigned int i;

	for (i = 0; i < n; i++) {
		unsigned int pieces = list[i]->nr_frags + 1u;

		if (pieces > IOVEC_MAX || used + pieces > IOVECS)
			break;
		gather(list[i], &batch->iovecs[used]);
		batch->io[i] = (struct engine_io){ &batch->iovecs[used], pieces, 0 };
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

static void count(struct port *port, struct frame *const *list, const struct engine_io *io,
		  unsigned int n)
{
	uint64_t frames = 0;
	uint64_t bytes = 0;

	for (unsigned int i = 0; i < n; i++) {
		if (io[i].result < 0) {
			counter_add(&port->counters.to.drops[reason_of(io[i].result)], 1);
		} else {
			frames++;
			bytes += list[i]->length;
		}
	}
	counter_add(&port->counters.to.frames, frames);
	counter_add(&port->counters.to.bytes, bytes);
}

static unsigned int tap_transmit(struct port *port, struct frame *const *list, unsigned int n)
{
	struct tap *tap = (struct tap *)port;
	struct engine_io *io = tap->batch->io;
	unsigned int enqueued = 0;

	while (n) {
		unsigned int taken = gather_list(tap->batch, list, n);

		if (taken) {
			enqueued += engine_write(tap->engine, tap->fd, io, taken);
		} else {
			taken = 1;
			io[0].result = -EINVAL;
		}
		count(port, list, io, taken);
		list += taken;
		n -= taken;
	}
	return enqueued;
}

static const struct port_ops tap_ops = { .transmit = tap_transmit };

/* One byte more than the longest frame: a read that fills the buffer was cut. */
static struct tap_batch *create_batch(uint32_t mtu)
{
	struct tap_batch *batch = calloc(1, sizeof(*batch));

	if (!batch)
		return NULL;
	batch->buffer_bytes = (mtu + LINK_BYTES + 1 + 63) & ~63u;
	batch->buffers = aligned_alloc(64, BATCH_FRAMES * batch->buffer_bytes);
	if (!batch->buffers) {
		free(batch);
		return NULL;
	}
	return batch;
}

static void destroy_batch(struct tap_batch *batch)
{
	free(batch->buffers);
	free(batch);
}

int tap_init(struct tap *tap, const char *name, int fd, uint32_t mtu, struct engine *engine)
{
	memset(tap, 0, sizeof(*tap));
	tap->batch = create_batch(mtu < MTU_MAX ? mtu : MTU_MAX);
	if (!tap->batch)
		return -ENOMEM;
	tap->port.ops = &tap_ops;
	snprintf(tap->port.name, sizeof(tap->port.name), "%s", name);
	tap->port.index = PORT_NONE;
	tap->port.mtu = mtu < MTU_MAX ? mtu : MTU_MAX;
	tap->engine = engine;
	tap->fd = fd;
	return 0;
}

void tap_fini(struct tap *tap)
{
	destroy_batch(tap->batch);
	if (tap->fd >= 0)
		close(tap->fd);
}

/* `max` reads, each into a buffer of its own. */
static unsigned int read_batch(struct tap *tap, unsigned int max)
{
	struct tap_batch *batch = tap->batch;

	for (unsigned int i = 0; i < max; i++) {
		batch->iovecs[i] = (struct iovec){ batch->buffers + i * batch->buffer_bytes,
						   batch->buffer_bytes };
		batch->io[i] = (struct engine_io){ &batch->iovecs[i], 1, 0 };
	}
	return engine_read(tap->engine, tap->fd, batch->io, max);
}

/* The link's MTU was raised above ours: the bridge never sees this one. */
static void drop_cut_frame(struct port *port, uint32_t length)
{
	counter_add(&port->counters.from.frames, 1);
	counter_add(&port->counters.from.bytes, length);
	counter_add(&port->counters.from.drops[DROP_TOO_BIG], 1);
}

static unsigned int build_frames(struct tap *tap, struct frame *frames, unsigned int tried)
{
	struct tap_batch *batch = tap->batch;
	unsigned int n = 0;

	for (unsigned int i = 0; i < tried; i++) {
		struct fragment whole = { batch->iovecs[i].iov_base, (uint32_t)batch->io[i].result };

		if (batch->io[i].result < 0)
			continue;
		if (whole.length == batch->buffer_bytes) {
			drop_cut_frame(&tap->port, whole.length);
			continue;
		}
		frame_build(&frames[n], &whole, 1, &batch->rest[n]);
		n++;
	}
	return n;
}

int tap_receive(struct tap *tap, struct frame *frames, unsigned int max)
{
	unsigned int n = 0;
	unsigned int got;
	int result;

	if (!max)
		return 0;
	if (max > BATCH_FRAMES)
		max = BATCH_FRAMES;
	do { /* not 0 because all were cut: the caller would take it for dry */
		got = read_batch(tap, max);
		n = build_frames(tap, frames, max);
	} while (got && !n);
	result = tap->batch->io[0].result;
	return n || result == -EAGAIN ? (int)n : result;
}
