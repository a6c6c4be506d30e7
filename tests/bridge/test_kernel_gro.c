/*
 * The kernel's GRO as the judge of merge.h: random lists of two flows' segments
 * go through a TAP device in NAPI mode, and a packet socket behind it sees what
 * the kernel has made of them: the same frames as ours, bit for bit.
 *
 * The kernel ends a merged frame also when a timer tick passes between two of
 * its segments, so a list that differs is tried again; one that always differs
 * is a fault. Where kernels differ from one another this one is asked first
 * (ask_for_rules). What is known to be different, with the reason, is not tried:
 * an urgent pointer without URG (it is lost there), segments below 8 bytes
 * (which nobody would cut again), segments without ACK (which no TCP sends; the
 * kernel merges them), and CWR: older kernels have it on the first segment, as we
 * do, those with accurate ECN on all or none.
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
#include <unistd.h>

#include "bridge/csum.h"
#include "bridge/headers.h"
#include "bridge/merge.h"
#include "bridge/vnet.h"
#include "support/netns.h"
#include "support/packet.h"
#include "support/random.h"
#include "support/seeds.h"

enum {
	SKIP = 77,
	ROUNDS = 120,
	FLOWS = 2,
	MOST = 12,
	TRIES = 20,
	WAIT_MS = 10000, /* what came late would be taken for the next try's */
	FRAME_ROOM = 9300,
	TAG_BYTES = 4,
	NOT_DF = 0x80, /* of the type of service: see disguise() */
};

static uint8_t payload[PACKET_MAX_BYTES];
static uint8_t raw[MOST][FRAME_ROOM];
static struct frame frames[MOST];
static struct fragment rests[MOST];
static int tap, packets;

/* Newer kernels (seen on 6.18) take equal IPv4 ids for ids that stay as they
 * are, whatever DF says. Older ones and we do so under DF only: without, it is
 * the id that tells fragments apart (RFC 6864, 4.1). */
static bool ids_may_stay;

/* A kernel that was built without VLANs merges no frames that have a tag. */
static unsigned int most_tags;

/* What leaves, one frame after the other, each with its length and GSO facts. */
struct record {
	unsigned int n;
	struct {
		uint32_t length, at;
		uint8_t gso_type;
		uint16_t gso_size;
		unsigned int parts; /* frames that it stands for */
	} frames[MOST];
	uint32_t bytes;
	uint8_t data[MOST * FRAME_ROOM];
};

static uint32_t payload_of(const struct frame *frame)
{
	struct csum_place place;

	return csum_find(frame, &place) ? place.end - place.payload : 0;
}

/* How many frames went in for this one. */
static unsigned int parts_of(const struct frame *frame)
{
	if (frame->gso_type == GSO_NONE)
		return 1;
	return (payload_of(frame) + frame->gso_size - 1) / frame->gso_size;
}

static void add(struct record *record, struct frame *frame)
{
	if (frame->csum == CSUM_BLANK && frame->gso_type == GSO_NONE)
		assert_true(csum_complete(frame));
	assert_true(record->n < MOST);
	record->frames[record->n].length = frame->length;
	record->frames[record->n].at = record->bytes;
	record->frames[record->n].gso_type = frame->gso_type;
	record->frames[record->n].gso_size = frame->gso_size;
	record->frames[record->n].parts = parts_of(frame);
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
	static const uint8_t flags[] = { PACKET_FIN, PACKET_SYN, PACKET_RST,
					 PACKET_PSH, PACKET_URG, PACKET_ECE };

	switch (random_below(random, 13)) {
	case 0: packet->tos ^= 4; break;
	case 1: packet->ttl ^= 1; break;
	case 2: packet->df = !packet->df; break;
	case 3: packet->id ^= 2; break;
	case 4: packet->ack += 1; break;
	case 5: packet->window ^= 8; break;
	case 6: packet->flags ^= flags[random_below(random, sizeof(flags))]; break;
	case 7: packet->option_byte ^= 3; break;
	case 8: packet->seq += random_below(random, 3000); break;
	case 9: packet->extensions ^= 1; break;
	case 10: packet->ip_options = 4; break;
	case 11: packet->vlan ^= 1; break;
	default: packet->payload_bytes = random_below(random, 1300); break;
	}
}

static void start_flow(struct packet *flow, unsigned int i, uint64_t *random)
{
	packet_random(flow, random, payload);
	if (flow->tags > most_tags)
		flow->tags = most_tags;
	flow->port = (uint16_t)(1000 + i);
	flow->tos &= (uint8_t)~NOT_DF;
	if (random_below(random, 4))
		flow->ip_options = 0; /* they rule it out */
	flow->flags = PACKET_ACK;
	flow->fixed_id = random_below(random, 3) == 0;
	flow->payload_bytes = 8 + random_below(random, random_below(random, 3) ? 1300 : 9000);
}

static void lay_out(unsigned int i, const struct packet *packet)
{
	uint32_t length = packet_write(packet, raw[i]);

	assert_true(length <= FRAME_ROOM);
	frame_build(&frames[i], &(struct fragment){ raw[i], length }, 1, &rests[i]);
	frames[i].csum = packet->blank ? CSUM_BLANK : CSUM_NONE;
}

/* Mostly what follows in the flow. */
static void next_of_flow(struct packet *flow, unsigned int i, uint64_t *random)
{
	struct packet packet = *flow;

	packet.payload = payload + random_below(random, 50000);
	if (random_below(random, 8) == 0)
		packet.payload_bytes = random_below(random, flow->payload_bytes);
	packet.flags |= random_below(random, 12) ? 0 : PACKET_PSH;
	packet.blank = random_below(random, 2);
	if (random_below(random, 6) == 0)
		perturb(&packet, random);
	if (packet.payload_bytes && packet.payload_bytes < 8)
		packet.payload_bytes = 8;
	lay_out(i, &packet);
	if (packet.payload_bytes && random_below(random, 20) == 0) { /* wrong where not blank */
		raw[i][frames[i].length - 1] ^= 1;
		frame_build(&frames[i], &(struct fragment){ raw[i], frames[i].length }, 1,
			    &rests[i]);
		frames[i].csum = packet.blank ? CSUM_BLANK : CSUM_NONE;
	}
	flow->seq = packet.seq + packet.payload_bytes;
	flow->id += !flow->fixed_id;
}

static void build_list(unsigned int n, uint64_t *random)
{
	struct packet flows[FLOWS];
	unsigned int used = 1 + random_below(random, FLOWS);
	bool torn = random_below(random, 4) == 0;

	for (unsigned int i = 0; i < FLOWS; i++)
		start_flow(&flows[i], i, random);
	for (unsigned int i = 0; i < n; i++) {
		if (torn) /* one flow's segments, but for the port */
			flows[0].port = (uint16_t)(1000 + random_below(random, FLOWS));
		next_of_flow(&flows[torn ? 0 : random_below(random, used)], i, random);
	}
}

static uint8_t *find_ipv4(struct frame *frame)
{
	struct csum_place place;

	return csum_find(frame, &place) && place.version == 4 ? frame->bytes + place.network : NULL;
}

static void write_ip_csum(uint8_t *ip)
{
	put16(ip + IPV4_CSUM_AT, 0);
	put16(ip + IPV4_CSUM_AT, csum_fold(csum_add(0, ip, (ip[0] & 0xfu) * 4u)));
}

/* What our rules say where DF makes no difference to ids: it is set, and a bit of
 * the type of service that no flow has keeps apart what it kept apart. */
static void disguise(struct frame *frame)
{
	uint8_t *ip = find_ipv4(frame);

	if (!ip || get16(ip + IPV4_FRAGMENT_AT) & IPV4_DF)
		return;
	put16(ip + IPV4_FRAGMENT_AT, IPV4_DF);
	ip[IPV4_TOS_AT] |= NOT_DF;
	write_ip_csum(ip);
}

static void reveal(struct frame *frame)
{
	uint8_t *ip = find_ipv4(frame);

	if (!ip || !(ip[IPV4_TOS_AT] & NOT_DF))
		return;
	put16(ip + IPV4_FRAGMENT_AT, 0);
	ip[IPV4_TOS_AT] &= (uint8_t)~NOT_DF;
	write_ip_csum(ip);
}

static void ours(unsigned int n, struct record *record)
{
	static struct merge merge;
	static struct frame copies[MOST]; /* checksums are completed for the record */
	struct merge_counters counters = { 0 };
	struct frame *list[MOST];

	for (unsigned int i = 0; i < n; i++) {
		copies[i] = frames[i];
		if (ids_may_stay)
			disguise(&copies[i]);
		list[i] = &copies[i];
	}
	n = merge_list(&merge, list, n, MERGE_IPV4 | MERGE_IPV6, &counters);
	record->n = record->bytes = 0;
	for (unsigned int i = 0; i < n; i++) {
		reveal(list[i]);
		add(record, list[i]);
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

/* A tag that the kernel has taken out, put back. */
static void restore_tag(const struct msghdr *message, struct virtio_net_hdr *header, uint8_t *bytes,
			uint32_t *length)
{
	struct tpacket_auxdata auxdata;

	memcpy(&auxdata, CMSG_DATA(CMSG_FIRSTHDR(message)), sizeof(auxdata));
	if (!(auxdata.tp_status & TP_STATUS_VLAN_VALID))
		return;
	memmove(bytes + 12 + TAG_BYTES, bytes + 12, *length - 12);
	put16(bytes + 12, auxdata.tp_vlan_tpid);
	put16(bytes + 14, auxdata.tp_vlan_tci);
	*length += TAG_BYTES;
	header->csum_start += header->flags & VIRTIO_NET_HDR_F_NEEDS_CSUM ? TAG_BYTES : 0;
}

static void take_one(struct record *record)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct virtio_net_hdr header;
	struct iovec iov[2] = { { &header, sizeof(header) }, { bytes, sizeof(bytes) } };
	uint8_t control[CMSG_SPACE(sizeof(struct tpacket_auxdata))];
	struct msghdr message = { .msg_iov = iov, .msg_iovlen = 2, .msg_control = control,
				  .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(packets, &message, 0);
	struct fragment rest;
	struct frame frame;
	uint32_t length;

	assert_true(n > (ssize_t)sizeof(header));
	length = (uint32_t)n - sizeof(header);
	restore_tag(&message, &header, bytes, &length);
	frame_build(&frame, &(struct fragment){ bytes, length }, 1, &rest);
	assert_int_equal(vnet_read(&header, &frame), VNET_OK);
	add(record, &frame);
}

static unsigned int count_parts(const struct record *record)
{
	unsigned int parts = 0;

	for (unsigned int i = 0; i < record->n; i++)
		parts += record->frames[i].parts;
	return parts;
}

/* Until all that went in are there. */
static void take(struct record *record, unsigned int n)
{
	struct pollfd pollfd = { packets, POLLIN, 0 };

	while (count_parts(record) < n && poll(&pollfd, 1, WAIT_MS) == 1)
		take_one(record);
}

static void print_record(const char *who, const struct record *record)
{
	print_message("%s:\n", who);
	for (unsigned int i = 0; i < record->n; i++) {
		print_message("%6u by %4u: ", record->frames[i].length,
			      record->frames[i].gso_size);
		for (unsigned int at = 12; at < 80 && at < record->frames[i].length; at++)
			print_message("%02x", record->data[record->frames[i].at + at]);
		print_message("\n");
	}
}

/* The kernel looks at the length of what Ethernet carries, we at the frame's:
 * within these few bytes one merges where the other does not. */
static bool is_at_the_brink(const struct record *record, unsigned int n)
{
	for (unsigned int i = 0; i < record->n; i++)
		for (unsigned int k = 0; k < n; k++) {
			uint32_t length = record->frames[i].length + payload_of(&frames[k]);

			if (length > 65535 && length <= 65535 + FRAME_HEADER_BYTES)
				return true;
		}
	return false;
}

static void ask_kernel(unsigned int n, struct record *record)
{
	record->n = record->bytes = 0;
	for (unsigned int i = 0; i < n; i++)
		give(&frames[i]);
	take(record, n);
}

static void compare(unsigned int n)
{
	static struct record kernels, mine;

	ours(n, &mine);
	if (is_at_the_brink(&mine, n))
		return;
	for (unsigned int try = 0; try < TRIES; try++) {
		ask_kernel(n, &kernels);
		if (is_equal(&kernels, &mine))
			return;
	}
	print_record("the kernel", &kernels);
	print_record("ours", &mine);
	fail_msg("they differ");
}

static void as_the_kernel_merges_walk(uint64_t random)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(&random);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		unsigned int n = 2 + random_below(&random, MOST - 1);

		build_list(n, &random);
		compare(n);
	}
}

/* Whether it makes one of two such segments. */
static bool does_kernel_merge(const char *what, struct packet packet)
{
	static struct record record;
	bool merges = false;

	packet.payload = payload;
	packet.payload_bytes = 1000;
	for (unsigned int try = 0; try < TRIES && !merges; try++) {
		for (unsigned int i = 0; i < 2; i++, packet.seq += 1000)
			lay_out(i, &packet);
		ask_kernel(2, &record);
		assert_int_equal(count_parts(&record), 2);
		merges = record.n == 1;
	}
	print_message("%s: %s by this kernel\n", what, merges ? "merged" : "left alone");
	return merges;
}

/* Where kernels differ. */
static void ask_for_rules(void)
{
	struct packet packet = { .version = 6, .ttl = 64, .host = 1, .port = 1000,
				 .flags = PACKET_ACK };

	assert_true(does_kernel_merge("two segments", packet));
	for (packet.tags = 1; packet.tags <= 2; packet.tags++)
		if (most_tags + 1 == packet.tags && does_kernel_merge("a VLAN tag more", packet))
			most_tags++;
	packet.tags = 0;
	packet.version = 4;
	ids_may_stay = does_kernel_merge("equal IPv4 ids without DF", packet);
}

static void as_the_kernel_merges(void **state)
{
	ask_for_rules();
	seeds_walk(as_the_kernel_merges_walk);
}

/* A /sys of the namespace, where the kernel is told to wait 3 ms for more. */
static bool set_flush_timeout(void)
{
	return !unshare(CLONE_NEWNS) && !mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) &&
	       !mount("sysfs", "/sys", "sysfs", 0, NULL) &&
	       netns_write_file("/sys/class/net/gro/gro_flush_timeout", "3000000");
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
	       !setsockopt(packets, SOL_PACKET, PACKET_AUXDATA, &one, sizeof(one)) &&
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
