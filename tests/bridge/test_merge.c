#include "support/unit.h"

#include <stdlib.h>
#include <string.h>

#include "bridge/csum.h"
#include "bridge/merge.h"
#include "bridge/segment.h"
#include "support/packet.h"
#include "support/random.h"
#include "support/seeds.h"

enum { FRAME_ROOM = 2200, FLOWS = 6 };

static uint8_t payload[PACKET_MAX_BYTES];

/* A list on its way: frames, and their bytes. */
static struct frame frames[BATCH_FRAMES];
static struct fragment rests[BATCH_FRAMES];
static uint8_t raw[BATCH_FRAMES][FRAME_ROOM];
static struct frame *list[BATCH_FRAMES];
static struct merge merge;
static struct merge_counters counters;
static unsigned int versions = MERGE_IPV4 | MERGE_IPV6;

static void fill_payload(uint64_t *state)
{
	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(state);
}

/* The i-th frame of the list. */
static void build(unsigned int i, const struct packet *packet, enum frame_csum csum)
{
	struct packet described = *packet;
	uint32_t length;

	described.blank = csum == CSUM_BLANK;
	length = packet_write(&described, raw[i]);
	assert_true(length <= FRAME_ROOM);
	frame_build(&frames[i], &(struct fragment){ raw[i], length }, 1, &rests[i]);
	frames[i].csum = (uint8_t)csum;
	frames[i].source = i;
	list[i] = &frames[i];
}

static unsigned int merge_all(unsigned int n)
{
	memset(&counters, 0, sizeof(counters));
	memset(&merge, 0xee, sizeof(merge)); /* nothing of the list before */
	return merge_list(&merge, list, n, versions, &counters);
}

static uint64_t refused(void)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < MERGE_LOSSES; i++)
		sum += counters.refused[i];
	return sum;
}

/* merge(segment(f)) == f */
static void merges_what_was_cut_walk(uint64_t random)
{
	static uint8_t expected[PACKET_MAX_BYTES], got[PACKET_MAX_BYTES];

	fill_payload(&random);
	for (unsigned int round = 0; round < 1000; round++) {
		struct packet big, segment;
		uint32_t size, n, length;

		packet_random(&big, &random, payload);
		big.ip_options = 0;
		big.blank = true;
		big.fixed_id = big.df && random_below(&random, 4) == 0;
		size = 8 + big.payload_bytes / 60 + random_below(&random, 900);
		for (n = 0; packet_segment(&big, size, n, &segment); n++)
			build(n, &segment, (enum frame_csum)random_below(&random, 3));
		assert_int_equal(merge_all(n), 1);
		if (n == 1) {
			assert_ptr_equal(list[0], &frames[0]);
			continue;
		}
		length = packet_write(&big, expected);
		assert_int_equal(list[0]->length, length);
		assert_int_equal(list[0]->gso_size, size);
		assert_int_equal(list[0]->gso_type, big.version == 4 ? GSO_TCPV4 : GSO_TCPV6);
		assert_int_equal(list[0]->gso_fixed_id, big.version == 4 && big.fixed_id);
		assert_int_equal(list[0]->csum, CSUM_BLANK);
		assert_int_equal(list[0]->source, 0);
		frame_copy_out(list[0], 0, length, got);
		assert_memory_equal(got, expected, length);
		assert_int_equal(counters.merged, 1);
		assert_int_equal(counters.segments, n);
		assert_int_equal(refused(), 0);
	}
}

static void merges_what_was_cut(void **state)
{
	seeds_walk(merges_what_was_cut_walk);
}

/* segment(merge(list)) == list, for lists of several flows with all sorts of
 * breaks in them. Frames are told apart by their flow's port. */

static void perturb(struct packet *packet, uint64_t *random)
{
	switch (random_below(random, 14)) {
	case 0: packet->tos ^= 4; break;
	case 1: packet->ttl ^= 1; break;
	case 2: packet->df = !packet->df; break;
	case 3: packet->id ^= 2; break;
	case 4: packet->flow_label ^= 1; break;
	case 5: packet->ack += 1; break;
	case 6: packet->window ^= 8; break;
	case 7: packet->flags ^= (uint8_t)(1u << random_below(random, 8)); break;
	case 8: packet->urgent = 1; break;
	case 9: packet->option_byte ^= 3; break;
	case 10: packet->seq += random_below(random, 3000); break;
	case 11: packet->ip_options = 4; break;
	case 12: packet->extensions ^= 1; break;
	default: packet->payload_bytes = random_below(random, 1400); break;
	}
}

static enum frame_csum random_csum(uint64_t *random)
{
	uint32_t n = random_below(random, 8);

	return n == 0 ? CSUM_NONE : n < 4 ? CSUM_VALID : CSUM_BLANK;
}

/* The flow's next frame, and then its state for the one after. */
static void next_of_flow(struct packet *flow, uint32_t size, unsigned int i, uint64_t *random)
{
	struct packet packet = *flow;

	packet.payload_bytes = random_below(random, 12) ? size : 1 + random_below(random, size);
	packet.payload = payload + random_below(random, 60000);
	packet.flags |= random_below(random, 10) ? 0 : PACKET_PSH;
	if (random_below(random, 10) == 0)
		perturb(&packet, random);
	build(i, &packet, random_csum(random));
	if (random_below(random, 30) == 0) { /* nobody vouches, and it is wrong */
		raw[i][frames[i].length - 1] ^= 1;
		frame_build(&frames[i], &(struct fragment){ raw[i], frames[i].length }, 1,
			    &rests[i]);
		frames[i].source = i;
	}
	if (random_below(random, 20)) /* else it is sent again, or its like */
		flow->seq = packet.seq + packet.payload_bytes;
	if (!flow->fixed_id)
		flow->id++;
	if (random_below(random, 15) == 0)
		perturb(flow, random);
	flow->flags = PACKET_ACK;
}

static void start_flows(struct packet *flows, uint32_t *sizes, uint64_t *random)
{
	for (unsigned int i = 0; i < FLOWS; i++) {
		packet_random(&flows[i], random, payload);
		flows[i].port = (uint16_t)(1000 + i);
		flows[i].udp = random_below(random, 10) == 0;
		flows[i].flags = PACKET_ACK | (random_below(random, 8) ? 0 : PACKET_CWR);
		flows[i].ip_options = 0;
		flows[i].fixed_id = random_below(random, 3) == 0;
		sizes[i] = 1 + random_below(random, 1460);
	}
}

/* What leaves, per flow: one string of completed frames. */
struct stream {
	uint32_t bytes, frames;
	uint8_t data[BATCH_FRAMES * FRAME_ROOM];
};

static void append_frame(struct stream *streams, struct frame *frame)
{
	struct csum_place place;
	struct stream *stream = &streams[FLOWS]; /* those of no flow */

	if (frame->csum == CSUM_BLANK)
		csum_complete(frame);
	if (csum_find(frame, &place)) {
		const uint8_t *port = frame->bytes + place.transport;

		stream = &streams[(port[0] << 8 | port[1]) - 1000];
	}
	frame_copy_out(frame, 0, frame->length, stream->data + stream->bytes);
	stream->bytes += frame->length;
	stream->frames++;
}

static void append_cut(struct stream *streams, const struct frame *big)
{
	static struct frame out[BATCH_FRAMES];
	static struct fragment fragments[MERGE_FRAGMENTS + BATCH_FRAMES];
	struct segment segment;
	unsigned int n;

	assert_int_equal(segment_init(&segment, big, true), SEGMENT_OK);
	n = segment_cut(&segment, out, BATCH_FRAMES, fragments, COUNT_OF(fragments));
	assert_int_equal(segment_left(&segment), 0);
	for (unsigned int i = 0; i < n; i++)
		append_frame(streams, &out[i]);
}

static void cutting_gives_them_back_walk(uint64_t random)
{
	static struct stream before[FLOWS + 1], after[FLOWS + 1];
	uint64_t merged = 0, losses = 0;

	fill_payload(&random);
	for (unsigned int round = 0; round < 3000; round++) {
		struct packet flows[FLOWS];
		uint32_t sizes[FLOWS];
		unsigned int used = 1 + random_below(&random, FLOWS);
		unsigned int n = 1 + random_below(&random, BATCH_FRAMES);
		unsigned int kept;

		start_flows(flows, sizes, &random);
		for (unsigned int i = 0; i < n; i++) {
			unsigned int flow = random_below(&random, used);

			next_of_flow(&flows[flow], sizes[flow], i, &random);
		}
		kept = merge_all(n);
		for (unsigned int i = 0; i <= FLOWS; i++)
			before[i].bytes = before[i].frames = after[i].bytes = after[i].frames = 0;
		for (unsigned int i = 0; i < kept; i++) {
			if (list[i]->gso_type != GSO_NONE)
				append_cut(after, list[i]);
			else
				append_frame(after, list[i]);
		}
		for (unsigned int i = 0; i < n; i++)
			append_frame(before, &frames[i]);
		for (unsigned int i = 0; i <= FLOWS; i++) {
			assert_int_equal(before[i].frames, after[i].frames);
			assert_int_equal(before[i].bytes, after[i].bytes);
			assert_memory_equal(before[i].data, after[i].data, before[i].bytes);
		}
		assert_int_equal(n - kept, counters.segments - counters.merged);
		merged += counters.segments;
		losses += refused();
	}
	assert_true(merged > 10000); /* or the walk has shown nothing */
	assert_true(losses > 1000);
}

static void cutting_gives_them_back(void **state)
{
	seeds_walk(cutting_gives_them_back_walk);
}

/* Two segments that would merge, but for one change of the second. */

static const struct packet base4 = { .version = 4, .df = true, .id = 7, .ttl = 64, .host = 1,
				     .port = 1000, .seq = 0xffffff00, .flags = PACKET_ACK,
				     .tcp_options = 12, .option_byte = 1, .payload = payload,
				     .payload_bytes = 1000 };
static const struct packet base6 = { .version = 6, .ttl = 64, .host = 1, .port = 1000,
				     .extensions = 1, .flags = PACKET_ACK, .payload = payload,
				     .payload_bytes = 1000 };

/* A pair as base4 and the next, changed. Applied to the first where `first`. */
struct change {
	const char *name;
	void (*apply)(struct packet *first, struct packet *second);
	unsigned int left;    /* frames that leave */
	enum merge_loss loss; /* MERGE_LOSSES: none is counted */
	bool v6;
};

#define CHANGE(NAME, CODE) \
	static void NAME(struct packet *first, struct packet *second) \
	{ \
		(void)first; \
		(void)second; \
		CODE; \
	}
CHANGE(nothing, )
CHANGE(tos, second->tos = 4)
CHANGE(ttl, second->ttl = 63)
CHANGE(df, second->df = false)
CHANGE(id_skips, second->id = 9)
CHANGE(id_back, second->id = 6)
CHANGE(id_equal, second->id = 7)
CHANGE(id_equal_no_df, first->df = second->df = false; second->id = 7)
CHANGE(id_counts_no_df, first->df = second->df = false)
CHANGE(id_wraps, first->id = 0xffff; second->id = 0)
CHANGE(label, second->flow_label = 5)
CHANGE(extensions, second->extensions = 2)
CHANGE(no_extensions, second->extensions = 0)
CHANGE(ack, second->ack = 1)
CHANGE(window, second->window = 1)
CHANGE(ece, second->flags |= PACKET_ECE)
CHANGE(cwr, second->flags |= PACKET_CWR)
CHANGE(cwr_first, first->flags |= PACKET_CWR)
CHANGE(syn, second->flags |= PACKET_SYN)
CHANGE(urg, second->flags |= PACKET_URG)
CHANGE(no_ack, second->flags = 0)
CHANGE(pointer, second->urgent = 1)
CHANGE(timestamp, second->option_byte = 2)
CHANGE(options, second->tcp_options = 16)
CHANGE(push, second->flags |= PACKET_PSH)
CHANGE(push_first, first->flags |= PACKET_PSH)
CHANGE(fin, second->flags |= PACKET_FIN)
CHANGE(fin_first, first->flags |= PACKET_FIN)
CHANGE(shorter, second->payload_bytes = 1)
CHANGE(longer, second->payload_bytes = 1001)
CHANGE(empty, second->payload_bytes = 0)
CHANGE(tiny, first->payload_bytes = 7; second->payload_bytes = 7; second->seq -= 993)
CHANGE(small, first->payload_bytes = 8; second->payload_bytes = 8; second->seq -= 992)
CHANGE(beyond_head, first->tags = second->tags = 1; first->tcp_options = second->tcp_options = 24;
       first->extensions = second->extensions = 4)
CHANGE(gap, second->seq += 1)
CHANGE(again, second->seq -= 1000)
CHANGE(port, second->port = 1001)
CHANGE(host, second->host = 2)
CHANGE(mac, second->mac = 9)
CHANGE(tag, second->tags = 1)
CHANGE(vlan, first->tags = 1; second->tags = 1; second->vlan = 1)
CHANGE(both_tagged, first->tags = 1; second->tags = 1)
CHANGE(udp, second->udp = true)
CHANGE(ip_options, first->ip_options = 4; second->ip_options = 4)

static const struct change changes[] = {
	{ "nothing", nothing, 1, MERGE_LOSSES, false },
	{ "nothing, IPv6", nothing, 1, MERGE_LOSSES, true },
	{ "tos", tos, 2, MERGE_LOSS_TOS, false },
	{ "traffic class", tos, 2, MERGE_LOSS_TOS, true },
	{ "ttl", ttl, 2, MERGE_LOSS_TTL, false },
	{ "hop limit", ttl, 2, MERGE_LOSS_TTL, true },
	{ "df", df, 2, MERGE_LOSS_DF, false },
	{ "id skips", id_skips, 2, MERGE_LOSS_ID, false },
	{ "id goes back", id_back, 2, MERGE_LOSS_ID, false },
	{ "id equal under DF", id_equal, 1, MERGE_LOSSES, false },
	{ "id equal, no DF", id_equal_no_df, 2, MERGE_LOSS_ID, false },
	{ "id counts, no DF", id_counts_no_df, 1, MERGE_LOSSES, false },
	{ "id wraps", id_wraps, 1, MERGE_LOSSES, false },
	{ "flow label", label, 2, MERGE_LOSS_FLOW_LABEL, true },
	{ "one more extension", extensions, 2, MERGE_LOSS_EXTENSIONS, true },
	{ "one extension less", no_extensions, 2, MERGE_LOSS_EXTENSIONS, true },
	{ "ack", ack, 2, MERGE_LOSS_ACK, false },
	{ "window", window, 2, MERGE_LOSS_WINDOW, false },
	{ "ECE", ece, 2, MERGE_LOSS_FLAGS, false },
	{ "CWR", cwr, 2, MERGE_LOSS_FLAGS, false },
	{ "CWR on the first", cwr_first, 1, MERGE_LOSSES, false },
	{ "SYN", syn, 2, MERGE_LOSSES, false },
	{ "URG", urg, 2, MERGE_LOSSES, false },
	{ "no ACK", no_ack, 2, MERGE_LOSSES, false },
	{ "urgent pointer", pointer, 2, MERGE_LOSS_URGENT, false },
	{ "timestamp", timestamp, 2, MERGE_LOSS_OPTIONS, false },
	{ "more options", options, 2, MERGE_LOSS_OPTIONS, false },
	{ "PSH on the last", push, 1, MERGE_LOSSES, false },
	{ "PSH on the first", push_first, 2, MERGE_LOSS_PUSH, false },
	{ "FIN on the last", fin, 1, MERGE_LOSSES, false },
	{ "FIN on the first", fin_first, 2, MERGE_LOSSES, false },
	{ "shorter", shorter, 1, MERGE_LOSSES, true },
	{ "longer", longer, 2, MERGE_LOSS_SIZE, true },
	{ "empty", empty, 2, MERGE_LOSSES, false },
	{ "too small to be cut again", tiny, 2, MERGE_LOSSES, false },
	{ "as small as can be", small, 1, MERGE_LOSSES, false },
	{ "headers beyond the head", beyond_head, 2, MERGE_LOSSES, true },
	{ "a gap", gap, 2, MERGE_LOSSES, false },
	{ "sent again", again, 2, MERGE_LOSSES, false },
	{ "other port", port, 2, MERGE_LOSSES, false },
	{ "other host", host, 2, MERGE_LOSSES, true },
	{ "other MAC address", mac, 2, MERGE_LOSSES, false },
	{ "a tag", tag, 2, MERGE_LOSSES, false },
	{ "other VLAN", vlan, 2, MERGE_LOSSES, false },
	{ "both in a VLAN", both_tagged, 1, MERGE_LOSSES, false },
	{ "UDP", udp, 2, MERGE_LOSSES, false },
	{ "IPv4 options", ip_options, 2, MERGE_LOSSES, false },
};

static void a_change_is_a_loss(void **state)
{
	for (size_t i = 0; i < COUNT_OF(changes); i++) {
		struct packet first = changes[i].v6 ? base6 : base4;
		struct packet second = first;
		uint64_t losses = changes[i].loss != MERGE_LOSSES;

		second.seq += 1000;
		second.id++;
		changes[i].apply(&first, &second);
		build(0, &first, CSUM_VALID);
		build(1, &second, CSUM_VALID);
		if (merge_all(2) != changes[i].left)
			fail_msg("%s", changes[i].name);
		if (refused() != losses || (losses && !counters.refused[changes[i].loss]))
			fail_msg("%s: other loss", changes[i].name);
		if (changes[i].left == 2 && (list[0] != &frames[0] || list[1] != &frames[1]))
			fail_msg("%s: other frames", changes[i].name);
	}
}

/* Raw bytes of the second that no description makes. */
static void broken_frames_stay(void **state)
{
	static const struct {
		const char *name;
		int at; /* changed, or -1 */
		uint8_t value;
		int padding;
		enum frame_csum csum;
		unsigned int left, losses;
	} cases[] = {
		{ "right, but nobody says so", -1, 0, 0, CSUM_NONE, 1, 0 },
		{ "wrong TCP checksum", 50, 0x55, 0, CSUM_NONE, 2, 0 },
		{ "wrong TCP checksum, vouched for", 50, 0x55, 0, CSUM_VALID, 1, 0 },
		{ "a reserved bit of TCP's", 46, 0x81, 0, CSUM_VALID, 2, 1 },
		{ "wrong IPv4 checksum", 24, 0x55, 0, CSUM_VALID, 2, 0 },
		{ "padding", -1, 0, 4, CSUM_VALID, 2, 0 },
		{ "an IPv4 fragment", 20, 0x20, 0, CSUM_VALID, 2, 0 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct packet second = base4;

		second.seq += 1000;
		second.id++;
		build(0, &base4, CSUM_NONE);
		build(1, &second, cases[i].csum);
		if (cases[i].at >= 0)
			raw[1][cases[i].at] = cases[i].value;
		frame_build(&frames[1],
			    &(struct fragment){ raw[1],
						frames[1].length + (uint32_t)cases[i].padding },
			    1, &rests[1]);
		frames[1].csum = (uint8_t)cases[i].csum;
		if (merge_all(2) != cases[i].left || refused() != cases[i].losses)
			fail_msg("%s", cases[i].name);
	}
}

/* IPv4's reserved bit, on both and with right header checksums. */
static void a_reserved_bit_stays(void **state)
{
	struct packet packet = base4;

	for (unsigned int i = 0; i < 2; i++) {
		uint16_t csum;

		build(i, &packet, CSUM_VALID);
		frames[i].bytes[20] |= 0x80;
		frames[i].bytes[24] = frames[i].bytes[25] = 0;
		csum = csum_fold(csum_add(0, frames[i].bytes + 14, 20));
		frames[i].bytes[24] = (uint8_t)(csum >> 8);
		frames[i].bytes[25] = (uint8_t)csum;
		packet.seq += 1000;
		packet.id++;
	}
	assert_int_equal(merge_all(2), 2);
}

/* Flows take turns; the order of what leaves is that of the first ones. */
static void flows_take_turns(void **state)
{
	static const struct {
		const char *name;
		const char *list; /* a, b, c: a flow's next; A: again; g: as GSO; i: ICMP; u: UDP */
		const char *leaves; /* the same letters, first segments only */
	} cases[] = {
		{ "two flows", "abababab", "ab" },
		{ "one at a time", "aaabbb", "ab" },
		{ "UDP between", "auaubu", "auubu" },
		{ "a retransmission between", "aaAaa", "aAa" },
		{ "unknown between", "aabiaab", "abiab" },
		{ "only UDP", "uuu", "uuu" },
		{ "a GSO frame of the flow between", "aagaa", "aga" },
		{ "GSO frames", "ggg", "ggg" },
		{ "three flows", "abcabcccba", "abc" },
	};

	for (size_t c = 0; c < COUNT_OF(cases); c++) {
		struct packet flows[3] = { base4, base6, base4 };
		char first[BATCH_FRAMES + 1] = "";
		unsigned int n = (unsigned int)strlen(cases[c].list);
		unsigned int kept;

		flows[2].port = 3000;
		for (unsigned int i = 0; i < n; i++) {
			char letter = cases[c].list[i];
			struct packet *flow = &flows[letter == 'b' ? 1 : letter == 'c' ? 2 : 0];
			struct packet packet = *flow;

			packet.udp = letter == 'u';
			packet.seq -= letter == 'A' ? 1000 : 0;
			build(i, &packet, CSUM_VALID);
			if (letter == 'i')
				frames[i].bytes[23] = 1;
			if (letter == 'g') {
				frames[i].gso_type = GSO_TCPV4;
				frames[i].gso_size = 500;
			}
			if (strchr("abcg", letter)) {
				flow->seq += 1000;
				flow->id++;
			}
		}
		kept = merge_all(n);
		for (unsigned int i = 0; i < kept; i++)
			first[i] = cases[c].list[list[i]->source];
		if (strcmp(first, cases[c].leaves) != 0)
			fail_msg("%s: %s", cases[c].name, first);
	}
}

/* Never longer than a slot can say. */
static void length_is_bounded(void **state)
{
	struct packet packet = base4;

	packet.payload_bytes = 2000;
	for (unsigned int i = 0; i < 40; i++) {
		build(i, &packet, CSUM_VALID);
		packet.seq += 2000;
		packet.id++;
	}
	assert_int_equal(merge_all(40), 2);
	assert_int_equal(list[0]->length, 14 + 52 + 32 * 2000);
	assert_int_equal(list[1]->length, 14 + 52 + 8 * 2000);
}

/* The frame's rest in so many pieces of memory, none beside the other. */
static void scatter(unsigned int i, unsigned int nr)
{
	enum { MOST = 18 };
	static struct fragment pieces[BATCH_FRAMES][MOST];
	static uint8_t scattered[BATCH_FRAMES][MOST][1024];

	for (unsigned int p = 0; p < nr; p++) {
		uint32_t take = p + 1 < nr ? 50 : frames[i].length - 128 - 50 * p;

		frame_copy_out(&frames[i], 128 + 50 * p, take, scattered[i][p]);
		pieces[i][p] = (struct fragment){ scattered[i][p], take };
	}
	frames[i].frags = pieces[i];
	frames[i].nr_frags = (uint16_t)nr;
}

/* No more fragments than there is room for. */
static void fragments_are_bounded(void **state)
{
	enum { PIECES = 18, SEGMENTS = 30 };
	struct packet packet = base4;
	uint32_t fragments = 0;
	unsigned int kept;

	for (unsigned int i = 0; i < SEGMENTS; i++) {
		build(i, &packet, CSUM_VALID);
		scatter(i, PIECES);
		packet.seq += 1000;
		packet.id++;
	}
	kept = merge_all(SEGMENTS);
	assert_int_equal(kept, 1 + SEGMENTS - (MERGE_FRAGMENTS + 1) / (PIECES + 1));
	for (unsigned int p = 0; p < list[0]->nr_frags; p++)
		fragments += list[0]->frags[p].length;
	assert_int_equal(list[0]->head + fragments, list[0]->length);
	assert_true(list[0]->frags + list[0]->nr_frags <= merge.fragments + MERGE_FRAGMENTS);
	assert_ptr_equal(list[kept - 1], &frames[SEGMENTS - 1]);
}

/* Room is taken once: 64 segments of three fragments have it. */
static void fragments_are_counted_once(void **state)
{
	struct packet packet = base4;

	for (unsigned int i = 0; i < BATCH_FRAMES; i++) {
		packet.flags = i == 31 ? PACKET_ACK | PACKET_PSH : PACKET_ACK;
		build(i, &packet, CSUM_VALID);
		scatter(i, 2);
		packet.seq += 1000;
		packet.id++;
	}
	assert_int_equal(merge_all(BATCH_FRAMES), 2);
}

/* The same frames go to another destination, which may take no big ones. */
static void the_frames_stay_untouched(void **state)
{
	static struct frame before[3];
	struct packet packet = base4;

	for (unsigned int i = 0; i < 3; i++) {
		build(i, &packet, CSUM_VALID);
		packet.seq += 1000;
		packet.id++;
	}
	memcpy(before, frames, sizeof(before));
	assert_int_equal(merge_all(3), 1);
	assert_memory_equal(before, frames, sizeof(before));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(merges_what_was_cut),
		cmocka_unit_test(cutting_gives_them_back),
		cmocka_unit_test(a_change_is_a_loss),
		cmocka_unit_test(broken_frames_stay),
		cmocka_unit_test(a_reserved_bit_stays),
		cmocka_unit_test(flows_take_turns),
		cmocka_unit_test(length_is_bounded),
		cmocka_unit_test(fragments_are_bounded),
		cmocka_unit_test(fragments_are_counted_once),
		cmocka_unit_test(the_frames_stay_untouched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
