/*
 * The kernel's GRO as the judge of merge.h: random lists of a flow's segments go
 * through a TAP device in NAPI mode, and a packet socket behind it sees what the
 * kernel has made of them: the same frames as ours, bit for bit.
 *
 * The kernel ends a merged frame also when a timer tick passes between two of
 * its segments, so a list that differs is tried again; one that always differs
 * is a fault. What is known to be different, with the reason, is not tried:
 * frames that the kernel passes on ahead of older ones of their flow (IPv4
 * options, wrong checksums), an urgent pointer without URG (it is lost there),
 * segments below 8 bytes (which nobody would cut again), and CWR: older kernels
 * have it on the first segment, as we do, those with accurate ECN on all or none.
 */
#include "support/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <poll.h>
#include <sched.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "bridge/csum.h"
#include "bridge/merge.h"
#include "bridge/vnet.h"
#include "support/netns.h"
#include "support/packet.h"
#include "support/random.h"

enum { SKIP = 77, ROUNDS = 150, MOST = 12, TRIES = 20, WAIT_MS = 15, FRAME_ROOM = 1800 };

static uint8_t payload[PACKET_MAX_BYTES];
static uint8_t raw[MOST][FRAME_ROOM];
static struct frame frames[MOST];
static struct fragment rests[MOST];
static int tap, packets;

/* What leaves, one frame after the other, each with its length and GSO facts. */
struct record {
	unsigned int n;
	struct {
		uint32_t length, at;
		uint8_t gso_type;
		uint16_t gso_size;
	} frames[MOST];
	uint32_t bytes;
	uint8_t data[MOST * FRAME_ROOM];
};

static void add(struct record *record, struct frame *frame)
{
	if (frame->csum == CSUM_BLANK && frame->gso_type == GSO_NONE)
		assert_true(csum_complete(frame));
	assert_true(record->n < MOST);
	record->frames[record->n].length = frame->length;
	record->frames[record->n].at = record->bytes;
	record->frames[record->n].gso_type = frame->gso_type;
	record->frames[record->n].gso_size = frame->gso_size;
	record->n++;
	frame_copy_out(frame, 0, frame->length, record->data + record->bytes);
	record->bytes += frame->length;
}

static bool is_frame_equal(const struct record *a, unsigned int i, const struct record *b,
			   unsigned int k)
{
	return a->frames[i].length == b->frames[k].length &&
	       a->frames[i].gso_type == b->frames[k].gso_type &&
	       a->frames[i].gso_size == b->frames[k].gso_size &&
	       memcmp(a->data + a->frames[i].at, b->data + b->frames[k].at,
		      a->frames[i].length) == 0;
}

/* The same frames, in whatever order: the kernel keeps it within what it takes
 * for a flow, and one with other IPv6 extension headers is another to it. */
static bool is_equal(const struct record *a, const struct record *b)
{
	bool taken[MOST] = { false };

	for (unsigned int i = 0; i < a->n; i++) {
		unsigned int k = 0;

		while (k < b->n && (taken[k] || !is_frame_equal(a, i, b, k)))
			k++;
		if (k == b->n)
			return false;
		taken[k] = true;
	}
	return a->n == b->n;
}

static void perturb(struct packet *packet, uint64_t *random)
{
	switch (random_below(random, 11)) {
	case 0: packet->tos ^= 4; break;
	case 1: packet->ttl ^= 1; break;
	case 2: packet->df = !packet->df; break;
	case 3: packet->id ^= 2; break;
	case 4: packet->ack += 1; break;
	case 5: packet->window ^= 8; break;
	case 6: packet->flags ^= (uint8_t)(1u << random_below(random, 7)); break;
	case 7: packet->option_byte ^= 3; break;
	case 8: packet->seq += random_below(random, 3000); break;
	case 9: packet->extensions ^= 1; break;
	default: packet->payload_bytes = random_below(random, 1300); break;
	}
}

static void build_list(unsigned int n, uint64_t *random)
{
	uint32_t size = 8 + random_below(random, 1300);
	struct packet flow;

	packet_random(&flow, random, payload);
	flow.tags = 0;
	flow.ip_options = 0;
	flow.flags = PACKET_ACK;
	flow.fixed_id = flow.df && random_below(random, 3) == 0;
	for (unsigned int i = 0; i < n; i++) {
		struct packet packet = flow;
		uint32_t length;

		packet.payload_bytes = random_below(random, 8) ? size : random_below(random, size);
		packet.flags |= random_below(random, 12) ? 0 : PACKET_PSH;
		packet.blank = random_below(random, 2);
		if (random_below(random, 6) == 0)
			perturb(&packet, random);
		if (packet.payload_bytes && packet.payload_bytes < 8)
			packet.payload_bytes = 8;
		length = packet_write(&packet, raw[i]);
		frame_build(&frames[i], &(struct fragment){ raw[i], length }, 1, &rests[i]);
		frames[i].csum = packet.blank ? CSUM_BLANK : CSUM_NONE;
		flow.seq = packet.seq + packet.payload_bytes;
		flow.id += !flow.fixed_id;
	}
}

static void ours(unsigned int n, struct record *record)
{
	static struct merge merge;
	struct merge_counters counters = { 0 };
	struct frame *list[MOST];

	for (unsigned int i = 0; i < n; i++)
		list[i] = &frames[i];
	n = merge_list(&merge, list, n, MERGE_IPV4 | MERGE_IPV6, &counters);
	record->n = record->bytes = 0;
	for (unsigned int i = 0; i < n; i++) {
		struct frame copy = *list[i]; /* checksums are completed for the record */

		add(record, &copy);
	}
}

static void give(struct frame *frame)
{
	struct virtio_net_hdr header;
	struct iovec iov[3] = { { &header, sizeof(header) }, { frame->bytes, frame->head } };

	assert_int_equal(vnet_write(frame, &header), VNET_OK);
	if (frame->nr_frags)
		iov[2] = (struct iovec){ (void *)frame->frags[0].data, frame->frags[0].length };
	if (writev(tap, iov, 3) < 0)
		fail_msg("writev: %s", strerror(errno));
}

static void take(struct record *record)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct pollfd pollfd = { packets, POLLIN, 0 };
	struct virtio_net_hdr header;
	struct iovec iov[2] = { { &header, sizeof(header) }, { bytes, sizeof(bytes) } };
	struct fragment rest;
	struct frame frame;

	while (poll(&pollfd, 1, WAIT_MS) == 1) {
		ssize_t n = readv(packets, iov, 2);

		assert_true(n > (ssize_t)sizeof(header));
		frame_build(&frame,
			    &(struct fragment){ bytes, (uint32_t)n - sizeof(header) }, 1, &rest);
		assert_int_equal(vnet_read(&header, &frame), VNET_OK);
		add(record, &frame);
	}
}

static void print_record(const char *who, const struct record *record)
{
	print_message("%s:", who);
	for (unsigned int i = 0; i < record->n; i++)
		print_message(" %u by %u", record->frames[i].length, record->frames[i].gso_size);
	print_message("\n");
}

/* Equal ids without DF: newer kernels merge them (seen on 6.18), older ones and
 * we do not. Tags are not looked for: such a list is compared all the same. */
static bool is_disputed(unsigned int n)
{
	for (unsigned int i = 1; i < n; i++) {
		const uint8_t *one = frames[i - 1].bytes + FRAME_HEADER_BYTES;
		const uint8_t *next = frames[i].bytes + FRAME_HEADER_BYTES;

		if (one[0] >> 4 == 4 && next[0] >> 4 == 4 && !memcmp(one + 4, next + 4, 2) &&
		    !(one[6] & 0x40) && !(next[6] & 0x40))
			return true;
	}
	return false;
}

static bool is_as_the_kernels(unsigned int n, bool last_try)
{
	static struct record kernels, mine;

	ours(n, &mine);
	kernels.n = kernels.bytes = 0;
	for (unsigned int i = 0; i < n; i++)
		give(&frames[i]);
	take(&kernels);
	if (is_equal(&kernels, &mine))
		return true;
	if (last_try) {
		print_record("the kernel", &kernels);
		print_record("ours", &mine);
	}
	return false;
}

static void as_the_kernel_merges(void **state)
{
	uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 0) : 1;
	uint64_t random = seed * 2 + 1;

	print_message("seed %llu\n", (unsigned long long)seed);
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(&random);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int n = 2 + random_below(&random, MOST - 1);
		unsigned int try = 0;

		build_list(n, &random);
		while (!is_disputed(n) && !is_as_the_kernels(n, try == TRIES - 1))
			if (++try == TRIES)
				fail_msg("round %u", round);
	}
}

static bool write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	bool written = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);

	if (fd >= 0)
		close(fd);
	return written;
}

/* A /sys of the namespace, where the kernel is told to wait 3 ms for more. */
static bool set_flush_timeout(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("sysfs", "/sys", "sysfs", 0, NULL) &&
	       write_file("/sys/class/net/gro/gro_flush_timeout", "3000000");
}

static bool set_up(void)
{
	struct ifreq ifr = { .ifr_name = "gro",
			     .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | IFF_NAPI };
	int one = 1;

	tap = open("/dev/net/tun", O_RDWR | O_CLOEXEC);
	if (tap < 0 || ioctl(tap, TUNSETIFF, &ifr) || netns_set_up("gro", true))
		return false;
	packets = netns_open_packet_socket("gro");
	return packets >= 0 &&
	       !setsockopt(packets, SOL_PACKET, PACKET_VNET_HDR, &one, sizeof(one)) &&
	       set_flush_timeout();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_the_kernel_merges),
	};

	if (!netns_enter())
		return SKIP;
	if (!set_up()) {
		fprintf(stderr, "no TAP in NAPI mode, or no /sys to set it up: %s\n",
			strerror(errno));
		return SKIP;
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
