/*
 * The kernel as the judge of segment.h and vnet.h: it gets big frames through a
 * packet socket, with the header that vnet_write() gives them, and hands them
 * to a TAP device that takes no big frames, none but with blank checksums, or
 * all of them. What it makes of them is what we make of them, bit for bit.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "bridge/csum.h"
#include "bridge/segment.h"
#include "bridge/vnet.h"
#include "support/netns.h"
#include "support/packet.h"
#include "support/random.h"
#include "support/seeds.h"

enum {
	SKIP = 77,
	OFFLOAD_USO = 0x20 | 0x40, /* TUN_F_USO4 and 6, Linux 6.2 */
	STREAM_BYTES = 300000,
	ROUNDS = 400,
	WAIT_MS = 20000,
};

struct stream {
	uint32_t bytes, frames;
	uint8_t data[STREAM_BYTES];
};

static int tap, packets; /* the two ends of a link */
static unsigned int taps_offloads;
static uint8_t payload[PACKET_MAX_BYTES];
static uint8_t big_bytes[PACKET_MAX_BYTES];

static int open_tap(const char *name, unsigned int offloads)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", name);
	if (fd < 0 || ioctl(fd, TUNSETIFF, &ifr) || ioctl(fd, TUNSETOFFLOAD, offloads) ||
	    netns_set_up(name, true)) {
		fprintf(stderr, "%s: %s\n", name, strerror(errno));
		return -1;
	}
	return fd;
}

static int open_socket(const char *name)
{
	int fd = netns_open_packet_socket(name);
	int one = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)), 0);
	return fd;
}

/* With its checksum completed, so that blank ones compare as well. */
static void append(struct stream *stream, struct frame *frame)
{
	if (frame->csum == CSUM_BLANK)
		assert_true(csum_complete(frame));
	assert_true(stream->bytes + frame->length <= STREAM_BYTES);
	frame_copy_out(frame, 0, frame->length, stream->data + stream->bytes);
	stream->bytes += frame->length;
	stream->frames++;
}

static void append_cut(struct stream *stream, const struct frame *big, bool complete)
{
	static struct frame frames[BATCH_FRAMES];
	static struct fragment fragments[4 * BATCH_FRAMES];
	struct segment segment;
	unsigned int n;

	assert_int_equal(segment_init(&segment, big, complete), SEGMENT_OK);
	while ((n = segment_cut(&segment, frames, BATCH_FRAMES, fragments, COUNT_OF(fragments))))
		for (unsigned int i = 0; i < n; i++)
			append(stream, &frames[i]);
}

static void send_big(struct frame *frame)
{
	struct virtio_net_hdr header;
	struct iovec iov[20];

	assert_int_equal(vnet_write(frame, &header), VNET_OK);
	iov[0] = (struct iovec){ &header, sizeof(header) };
	iov[1] = (struct iovec){ frame->bytes, frame->head };
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		iov[i + 2] = (struct iovec){ (void *)frame->frags[i].data,
					     frame->frags[i].length };
	if (writev(packets, iov, frame->nr_frags + 2) != (ssize_t)(sizeof(header) + frame->length))
		fail_msg("writev: %s", strerror(errno));
}

/* One frame from the TAP; whether it was a big one. */
static bool receive_one(struct stream *stream)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct pollfd pollfd = { tap, POLLIN, 0 };
	struct virtio_net_hdr header;
	struct iovec iov[2] = { { &header, sizeof(header) }, { bytes, sizeof(bytes) } };
	struct fragment rest;
	struct frame frame;
	ssize_t n;

	if (poll(&pollfd, 1, WAIT_MS) != 1)
		fail_msg("no frame after %u", stream->frames);
	n = readv(tap, iov, 2);
	assert_true(n > (ssize_t)sizeof(header));
	frame_build(&frame, &(struct fragment){ bytes, (uint32_t)n - sizeof(header) }, 1, &rest);
	assert_int_equal(vnet_read(&header, &frame), VNET_OK);
	if (frame.gso_type == GSO_NONE)
		append(stream, &frame);
	else
		append_cut(stream, &frame, true);
	return frame.gso_type != GSO_NONE;
}

/* A link that has just come up drops what is sent before its queue is set up:
 * sends small frames until one comes through, and takes them all. */
static void wait_for_link(void)
{
	static const uint8_t small[sizeof(struct virtio_net_hdr) + 60] = { 0 };
	struct pollfd pollfd = { tap, POLLIN, 0 };
	uint8_t bytes[200];

	for (unsigned int i = 0; i < 2000 && !pollfd.revents; i++) {
		assert_int_equal(write(packets, small, sizeof(small)), sizeof(small));
		poll(&pollfd, 1, 10);
	}
	assert_true(pollfd.revents & POLLIN);
	while (poll(&pollfd, 1, 50) == 1)
		assert_true(read(tap, bytes, sizeof(bytes)) > 0);
}

static uint16_t build_random(struct packet *packet, uint64_t *random, struct frame *frame)
{
	static struct fragment pieces[20], rest[20];
	unsigned int nr = 0;
	uint32_t length;
	uint16_t size;

	packet_random(packet, random, payload);
	packet->udp = random_below(random, 3) == 0;
	packet->ttl |= 2;
	/* segments within the MTU, for the sake of those that are the only one */
	size = (uint16_t)(packet->payload_bytes / 100 + 8 + random_below(random, 700));
	length = packet_write(packet, big_bytes);
	for (uint32_t at = 0; at < length; at += 4096)
		pieces[nr++] = (struct fragment){ big_bytes + at,
						  length - at < 4096 ? length - at : 4096 };
	frame_build(frame, pieces, nr, rest);
	frame->csum = CSUM_BLANK;
	frame->gso_type = packet->udp ? GSO_UDP : packet->version == 4 ? GSO_TCPV4 : GSO_TCPV6;
	frame->gso_size = size;
	return size;
}

static void compare(const struct packet *packet, uint16_t size, const struct stream *kernels,
		    const struct stream *ours)
{
	if (kernels->frames == ours->frames && kernels->bytes == ours->bytes &&
	    memcmp(kernels->data, ours->data, ours->bytes) == 0)
		return;
	for (uint32_t i = 0; i < ours->bytes; i++)
		if (kernels->data[i] != ours->data[i])
			fail_msg("%s over IPv%u, %u by %u, %u tags: byte %u is %02x, not %02x",
				 packet->udp ? "UDP" : "TCP", packet->version,
				 packet->payload_bytes, size, packet->tags, i, ours->data[i],
				 kernels->data[i]);
	fail_msg("the kernel makes %u frames, we %u", kernels->frames, ours->frames);
}

static void compare_walk(uint64_t random)
{
	static struct stream kernels, ours;
	unsigned int whole = 0;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(&random);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct packet packet;
		struct frame frame;
		uint16_t size = build_random(&packet, &random, &frame);

		kernels.bytes = kernels.frames = ours.bytes = ours.frames = 0;
		append_cut(&ours, &frame, round & 1);
		send_big(&frame);
		while (kernels.frames < ours.frames)
			whole += receive_one(&kernels);
		compare(&packet, size, &kernels, &ours);
	}
	if (taps_offloads & TUN_F_TSO4)
		assert_true(whole > ROUNDS / 4); /* they came as they went */
	else
		assert_int_equal(whole, 0);
}

static void compare_all(const char *name, unsigned int offloads)
{
	tap = open_tap(name, offloads);
	if (tap < 0 && offloads & OFFLOAD_USO)
		skip(); /* an older kernel */
	assert_true(tap >= 0);
	taps_offloads = offloads;
	packets = open_socket(name);
	wait_for_link();
	seeds_walk(compare_walk);
	close(packets);
	close(tap);
}

static void as_the_kernel_cuts(void **state)
{
	compare_all("plain", 0);
}

static void as_the_kernel_leaves_blank(void **state)
{
	compare_all("blank", TUN_F_CSUM);
}

static void as_the_kernel_passes_on(void **state)
{
	compare_all("tso", TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN);
}

static void as_the_kernel_passes_datagrams_on(void **state)
{
	compare_all("uso", TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN | OFFLOAD_USO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_kernel_cuts),
		cmocka_unit_test(as_the_kernel_leaves_blank),
		cmocka_unit_test(as_the_kernel_passes_on),
		cmocka_unit_test(as_the_kernel_passes_datagrams_on),
	};

	if (!netns_enter())
		return SKIP;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
