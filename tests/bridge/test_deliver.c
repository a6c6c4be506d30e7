/*
 * What becomes of a frame on its last step, by what it is and by what the port
 * takes; and that nothing is lost uncounted on the way.
 */
#include "support/unit.h"

#include <string.h>

#include "bridge/bridge.h"
#include "bridge/csum.h"
#include "bridge/deliver.h"
#include "support/memory_port.h"
#include "support/packet.h"
#include "support/random.h"
#include "support/seeds.h"

enum {
	MTU = 1500,
	CSUMS = PORT_CSUM_IPV4 | PORT_CSUM_IPV6,
	TSO = PORT_GSO_TCPV4 | PORT_GSO_TCPV6,
	ALL = CSUMS | TSO | PORT_GSO_UDP,
	LIST_BYTES = 2100,
};

static struct lane lane;
static const struct port sender = { .mtu = 9000 };
static struct memory_port memory;
static uint8_t payload[PACKET_MAX_BYTES];

/* A list on its way; the first may be large. */
static struct frame frames[BATCH_FRAMES];
static struct fragment rests[BATCH_FRAMES];
static uint8_t large[PACKET_MAX_BYTES], raw[BATCH_FRAMES][LIST_BYTES];
static struct frame *list[BATCH_FRAMES];

static int start(void **state)
{
	uint64_t random = 7;

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)random_next(&random);
	memory_port_init(&memory, "port", MTU);
	memset(&lane.deliver, 0xee, sizeof(lane.deliver));
	return 0;
}

static struct packet tcp(unsigned int version, uint32_t payload_bytes)
{
	return (struct packet){
		.version = version,
		.ttl = 64,
		.df = true,
		.host = 1,
		.port = 4000,
		.seq = 1000,
		.id = 7,
		.flags = PACKET_ACK,
		.payload = payload,
		.payload_bytes = payload_bytes,
	};
}

static void put(unsigned int i, const struct packet *packet, enum frame_csum csum,
		enum frame_gso gso, uint16_t gso_size)
{
	uint8_t *bytes = i ? raw[i] : large;
	struct packet described = *packet;
	struct fragment whole = { bytes, 0 };

	described.blank = csum == CSUM_BLANK;
	whole.length = packet_write(&described, bytes);
	assert_true(whole.length <= (i ? sizeof(raw[i]) : sizeof(large)));
	frame_build(&frames[i], &whole, 1, &rests[i]);
	frames[i].csum = (uint8_t)csum;
	frames[i].gso_type = (uint8_t)gso;
	frames[i].gso_size = gso_size;
	frames[i].source = i;
	list[i] = &frames[i];
}

static void clear(uint8_t takes, bool merges, uint32_t mtu)
{
	memory_port_init(&memory, "port", mtu);
	memory.port.takes = takes;
	memory.port.merges = merges;
}

static void check_books(const char *name, const struct memory_port *port)
{
	const struct port_counters *c = &port->port.counters[0];

	if (c->to.intended != c->to.frames + counters_dropped_to(c) || c->to.frames != port->n)
		fail_msg("%s: %lu intended, %lu delivered, %lu dropped, %u seen", name,
			 c->to.intended, c->to.frames, counters_dropped_to(c), port->n);
}

/* The i-th frame that arrived is this one, as far as the port keeps it. */
static void check_bytes(const char *name, const struct memory_port *port, unsigned int i,
			const struct packet *packet, bool blank)
{
	static uint8_t expected[PACKET_MAX_BYTES];
	struct packet described = *packet;
	uint32_t length;

	described.blank = blank;
	length = packet_write(&described, expected);
	if (i >= port->n || port->lengths[i] != length ||
	    memcmp(port->bytes[i], expected,
		   length < MEMORY_PORT_BYTES ? length : MEMORY_PORT_BYTES))
		fail_msg("%s: frame %u is another", name, i);
}

/* The frames that `packet` stands for, at their place among what arrived. */
static unsigned int check_cut(const char *name, const struct memory_port *port, unsigned int at,
			      const struct packet *packet, uint16_t gso_size, bool blank)
{
	struct packet segment;
	unsigned int n;

	for (n = 0; packet_segment(packet, gso_size, n, &segment); n++) {
		check_bytes(name, port, at + n, &segment, blank);
		assert_int_equal(port->gso_sizes[at + n], 0);
		assert_int_equal(port->csums[at + n], blank ? CSUM_BLANK : CSUM_VALID);
	}
	return n;
}

/* One frame, and what becomes of it. */
struct outcome {
	const char *name;
	unsigned int version;
	bool udp;
	unsigned int tags;
	uint32_t payload;
	enum frame_csum csum;
	enum frame_gso gso;
	uint16_t gso_size;
	uint8_t takes;
	uint32_t mtu;
	enum { WHOLE, CUT, TOO_BIG } becomes;
	enum frame_csum arrives;
};

static const struct outcome outcomes[] = {
	{ "ordinary", 4, 0, 0, 1000, CSUM_NONE, 0, 0, 0, MTU, WHOLE, CSUM_NONE },
	{ "valid", 4, 0, 0, 1000, CSUM_VALID, 0, 0, ALL, MTU, WHOLE, CSUM_VALID },
	{ "blank, taken", 4, 0, 0, 1000, CSUM_BLANK, 0, 0, CSUMS, MTU, WHOLE, CSUM_BLANK },
	{ "blank, of the right version", 4, 0, 0, 1000, CSUM_BLANK, 0, 0, PORT_CSUM_IPV4, MTU,
	  WHOLE, CSUM_BLANK },
	{ "blank, of the other version", 4, 0, 0, 1000, CSUM_BLANK, 0, 0, PORT_CSUM_IPV6, MTU,
	  WHOLE, CSUM_VALID },
	{ "blank IPv6, of the other", 6, 0, 0, 1000, CSUM_BLANK, 0, 0, PORT_CSUM_IPV4, MTU, WHOLE,
	  CSUM_VALID },
	{ "blank, not taken", 4, 1, 2, 1000, CSUM_BLANK, 0, 0, 0, MTU, WHOLE, CSUM_VALID },
	{ "as long as the MTU", 4, 0, 0, 1460, CSUM_NONE, 0, 0, 0, MTU, WHOLE, CSUM_NONE },
	{ "a byte longer", 4, 0, 0, 1461, CSUM_NONE, 0, 0, ALL, MTU, TOO_BIG, 0 },
	{ "as long, tagged", 6, 0, 1, 1440, CSUM_NONE, 0, 0, 0, MTU, WHOLE, CSUM_NONE },
	{ "a byte longer, tagged", 6, 0, 1, 1441, CSUM_NONE, 0, 0, 0, MTU, TOO_BIG, 0 },
	{ "GSO, taken", 4, 0, 0, 60000, CSUM_BLANK, GSO_TCPV4, 1448, ALL, MTU, WHOLE, CSUM_BLANK },
	{ "GSO, its checksum not blank", 4, 0, 0, 60000, CSUM_NONE, GSO_TCPV4, 1448, ALL, MTU,
	  WHOLE, CSUM_BLANK },
	{ "GSO IPv6, taken", 6, 0, 1, 60000, CSUM_BLANK, GSO_TCPV6, 1428, CSUMS | TSO, MTU, WHOLE,
	  CSUM_BLANK },
	{ "GSO, checksums taken", 4, 0, 0, 60000, CSUM_BLANK, GSO_TCPV4, 1448, CSUMS, MTU, CUT,
	  CSUM_BLANK },
	{ "GSO, nothing taken", 4, 0, 0, 65000, CSUM_BLANK, GSO_TCPV4, 1460, 0, MTU, CUT,
	  CSUM_VALID },
	{ "GSO IPv6, only IPv4 taken", 6, 0, 2, 65000, CSUM_BLANK, GSO_TCPV6, 1428,
	  PORT_CSUM_IPV4 | PORT_GSO_TCPV4, MTU, CUT, CSUM_VALID },
	{ "GSO in 1000 segments", 4, 0, 0, 64000, CSUM_BLANK, GSO_TCPV4, 64, 0, MTU, CUT,
	  CSUM_VALID },
	{ "UDP GSO, not taken", 4, 1, 0, 60000, CSUM_BLANK, GSO_UDP, 1000, CSUMS | TSO, MTU, CUT,
	  CSUM_BLANK },
	{ "UDP GSO, taken", 6, 1, 0, 60000, CSUM_BLANK, GSO_UDP, 1000, ALL, MTU, WHOLE,
	  CSUM_BLANK },
	{ "segments of the MTU", 4, 0, 0, 4000, CSUM_BLANK, GSO_TCPV4, 1460, ALL, MTU, WHOLE,
	  CSUM_BLANK },
	{ "segments a byte longer", 4, 0, 0, 4000, CSUM_BLANK, GSO_TCPV4, 1461, ALL, MTU, TOO_BIG,
	  0 },
	{ "the same to be cut", 4, 0, 0, 4000, CSUM_BLANK, GSO_TCPV4, 1461, 0, MTU, TOO_BIG, 0 },
	{ "IPv6 segments a byte longer", 6, 0, 0, 4000, CSUM_BLANK, GSO_TCPV6, 1441, 0, MTU,
	  TOO_BIG, 0 },
	{ "a small MTU", 4, 0, 0, 65000, CSUM_BLANK, GSO_TCPV4, 1448, 0, 68, TOO_BIG, 0 },
	{ "a large one", 4, 0, 0, 65000, CSUM_BLANK, GSO_TCPV4, 8960, ALL, 9000, WHOLE,
	  CSUM_BLANK },
	{ "one segment, taken", 4, 0, 0, 1448, CSUM_BLANK, GSO_TCPV4, 1448, ALL, MTU, WHOLE,
	  CSUM_BLANK },
	{ "one segment, not taken", 4, 0, 0, 1448, CSUM_BLANK, GSO_TCPV4, 1448, 0, MTU, WHOLE,
	  CSUM_VALID },
	{ "one segment beyond the MTU", 4, 0, 0, 1600, CSUM_BLANK, GSO_TCPV4, 2000, ALL, MTU,
	  TOO_BIG, 0 },
};

static void check_counters(const struct outcome *outcome, unsigned int segments)
{
	const struct port_counters *c = &memory.port.counters[0];
	bool goes_whole = outcome->becomes == WHOLE;
	bool blank = outcome->csum == CSUM_BLANK && goes_whole && !memory.gso_sizes[0];

	if (c->csum_passed != (blank && outcome->arrives == CSUM_BLANK) ||
	    c->csum_completed != (blank && outcome->arrives == CSUM_VALID))
		fail_msg("%s: checksum counters", outcome->name);
	if (c->gso_cut != (outcome->becomes == CUT) || c->gso_segments != segments)
		fail_msg("%s: cut counters", outcome->name);
	if (c->gso_passed != (goes_whole && memory.gso_sizes[0]))
		fail_msg("%s: GSO passed", outcome->name);
	if (c->to.drops[DROP_TOO_BIG] != (outcome->becomes == TOO_BIG) ||
	    counters_dropped_to(c) != c->to.drops[DROP_TOO_BIG])
		fail_msg("%s: drops", outcome->name);
}

static void each_frame_is_made_to_fit(void **state)
{
	for (size_t i = 0; i < COUNT_OF(outcomes); i++) {
		const struct outcome *outcome = &outcomes[i];
		struct packet packet = tcp(outcome->version, outcome->payload);
		unsigned int segments = 0;

		packet.udp = outcome->udp;
		packet.tags = outcome->tags;
		clear(outcome->takes, false, outcome->mtu);
		put(0, &packet, outcome->csum, outcome->gso, outcome->gso_size);
		deliver_list(&lane, &sender, &memory.port, list, 1);
		if (outcome->becomes == CUT)
			segments = check_cut(outcome->name, &memory, 0, &packet, outcome->gso_size,
					     outcome->arrives == CSUM_BLANK);
		if (memory.n != (outcome->becomes == WHOLE) + segments)
			fail_msg("%s: %u frames arrive", outcome->name, memory.n);
		if (outcome->becomes == WHOLE) {
			bool is_gso = outcome->gso && outcome->payload > outcome->gso_size;

			check_bytes(outcome->name, &memory, 0, &packet,
				    outcome->arrives == CSUM_BLANK);
			if (memory.csums[0] != outcome->arrives ||
			    memory.gso_sizes[0] != (is_gso ? outcome->gso_size : 0))
				fail_msg("%s: facts", outcome->name);
		}
		check_counters(outcome, segments);
		check_books(outcome->name, &memory);
	}
}

/* Facts and headers that contradict each other: for no port at all. */
static void spoil_nothing(struct frame *frame)
{
}

static void spoil_version(struct frame *frame)
{
	frame->gso_type = GSO_TCPV6;
}

static void spoil_protocol(struct frame *frame)
{
	frame->gso_type = GSO_UDP;
}

static void spoil_size_0(struct frame *frame)
{
	frame->gso_size = 0;
}

static void spoil_size_1(struct frame *frame)
{
	frame->gso_size = 1;
}

static void spoil_size_7(struct frame *frame)
{
	frame->gso_size = 7;
}

static void spoil_ether_type(struct frame *frame)
{
	frame->bytes[12] = 0x88;
}

static void spoil_fragment(struct frame *frame)
{
	frame->bytes[20] |= 0x20;
}

static void spoil_total(struct frame *frame)
{
	frame->bytes[16] = 0xff;
	frame->bytes[17] = 0xff;
}

static void spoil_ip_header(struct frame *frame)
{
	frame->bytes[14] = 0x44;
}

static void spoil_tcp_header(struct frame *frame)
{
	frame->bytes[46] = 0x40;
}

static void spoil_length(struct frame *frame)
{
	frame->length = frame->head = 40;
	frame->nr_frags = 0;
}

static void contradictions_go_nowhere(void **state)
{
	static const struct {
		const char *name;
		void (*spoil)(struct frame *frame);
		unsigned int bad;
	} cases[] = {
		{ "nothing wrong", spoil_nothing, 0 },
		{ "IPv4, called IPv6", spoil_version, 1 },
		{ "TCP, called UDP", spoil_protocol, 1 },
		{ "size 0", spoil_size_0, 1 },
		{ "size 1", spoil_size_1, 1 },
		{ "size 7", spoil_size_7, 1 },
		{ "no IP", spoil_ether_type, 1 },
		{ "an IP fragment", spoil_fragment, 1 },
		{ "IP longer than the frame", spoil_total, 1 },
		{ "IP header of 16 bytes", spoil_ip_header, 1 },
		{ "TCP header of 16 bytes", spoil_tcp_header, 1 },
		{ "headers that are cut", spoil_length, 1 },
	};
	static const uint8_t takes[] = { ALL, CSUMS, 0 };
	struct packet packet = tcp(4, 30000);

	for (size_t i = 0; i < COUNT_OF(cases); i++)
		for (size_t t = 0; t < COUNT_OF(takes); t++) {
			clear(takes[t], false, MTU);
			put(0, &packet, CSUM_BLANK, GSO_TCPV4, 1448);
			cases[i].spoil(&frames[0]);
			deliver_list(&lane, &sender, &memory.port, list, 1);
			if (memory.port.counters[0].to.drops[DROP_BAD_FRAME] != cases[i].bad ||
			    (memory.n == 0) != (cases[i].bad == 1))
				fail_msg("%s: %u frames", cases[i].name, memory.n);
			check_books(cases[i].name, &memory);
		}
}

/* What is only too much for our own scissors passes where nobody cuts. */
static void headers_beyond_the_head(void **state)
{
	struct packet packet = tcp(4, 30000);

	packet.tags = 1;
	packet.ip_options = 40;
	packet.tcp_options = 40;
	assert_true(packet_headers(&packet) > FRAME_HEAD_BYTES);
	for (unsigned int takes = 0; takes <= ALL; takes += ALL) {
		clear((uint8_t)takes, false, MTU);
		put(0, &packet, CSUM_BLANK, GSO_TCPV4, 1000);
		deliver_list(&lane, &sender, &memory.port, list, 1);
		assert_int_equal(memory.n, takes == ALL);
		assert_int_equal(memory.port.counters[0].to.drops[DROP_BAD_FRAME], takes != ALL);
		if (memory.n)
			check_bytes("long headers", &memory, 0, &packet, true);
		check_books("long headers", &memory);
	}
}

/* Segments, a GSO frame, segments of one flow: cut in its place among them. */
static void the_order_is_kept(void **state)
{
	struct packet big = tcp(4, 20000);
	struct packet small = tcp(4, 500);
	unsigned int at = 0;

	clear(0, false, MTU);
	small.seq = 1;
	put(1, &small, CSUM_NONE, GSO_NONE, 0);
	put(0, &big, CSUM_BLANK, GSO_TCPV4, 1448);
	small.seq = 2;
	put(2, &small, CSUM_NONE, GSO_NONE, 0);
	small.seq = 3;
	put(3, &small, CSUM_BLANK, GSO_NONE, 0);
	list[0] = &frames[1];
	list[1] = &frames[0];
	deliver_list(&lane, &sender, &memory.port, list, 4);
	small.seq = 1;
	check_bytes("before", &memory, at++, &small, false);
	at += check_cut("big", &memory, at, &big, 1448, false);
	small.seq = 2;
	check_bytes("behind", &memory, at++, &small, false);
	small.seq = 3;
	check_bytes("last", &memory, at++, &small, false);
	assert_int_equal(memory.n, at);
	assert_int_equal(memory.visits, 3);
	check_books("order", &memory);
}

/* Segments of an IPv4 and an IPv6 flow by turns: merged where the result is
 * wanted, and never merged to be cut again. */
static void segments_are_merged_for_those_who_want(void **state)
{
	static const struct {
		const char *name;
		uint8_t takes;
		bool merges;
		unsigned int arrive, merged;
	} cases[] = {
		{ "no GRO", ALL, false, 40, 0 },
		{ "GRO, and nothing taken", 0, true, 40, 0 },
		{ "GRO, checksums taken", CSUMS, true, 40, 0 },
		{ "GRO", ALL, true, 2, 2 },
		{ "GRO, IPv4 taken", CSUMS | PORT_GSO_TCPV4, true, 21, 1 },
		{ "GRO, IPv6 taken", CSUMS | PORT_GSO_TCPV6, true, 21, 1 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct port_counters *c = &memory.port.counters[0];

		clear(cases[i].takes, cases[i].merges, MTU);
		for (unsigned int k = 0; k < 40; k++) {
			struct packet packet = tcp(k & 1 ? 6 : 4, 1400);

			packet.seq += k / 2 * 1400;
			packet.id = (uint16_t)(packet.id + k / 2);
			packet.payload += k / 2 * 1400;
			put(k, &packet, CSUM_VALID, GSO_NONE, 0);
		}
		deliver_list(&lane, &sender, &memory.port, list, 40);
		if (memory.n != cases[i].arrive ||
		    memory.port.merge_counters[0].merged != cases[i].merged ||
		    c->gso_passed != cases[i].merged || c->to.intended != cases[i].arrive)
			fail_msg("%s: %u arrive", cases[i].name, memory.n);
		for (unsigned int k = 0; k < memory.n; k++)
			if (memory.gso_sizes[k]) {
				struct packet big = tcp(memory.bytes[k][12] == 8 ? 4 : 6, 28000);

				check_bytes(cases[i].name, &memory, k, &big, true);
			}
		assert_int_equal(c->gso_cut, 0);
		check_books(cases[i].name, &memory);
	}
}

/* One GSO frame, flooded: to each port as that takes it, whoever comes first. */
static void flooding_suits_everybody(void **state)
{
	static struct memory_port ports[5];
	static const struct {
		uint8_t takes;
		uint32_t mtu;
	} abilities[] = { { 0, MTU }, { 0, MTU }, { ALL, MTU }, { CSUMS, MTU }, { ALL, 1000 } };
	const struct fdb_config fdb = { .entries = 64, .ageing_ms = 1000 };
	struct bridge *bridge = bridge_create("br", MTU, &fdb);
	struct packet packet = tcp(4, 62000);

	for (unsigned int turn = 0; turn < 5; turn++) {
		for (unsigned int i = 0; i < 5; i++) { /* the sender is the first */
			unsigned int a = i ? 1 + (i - 1 + turn) % 4 : 0;

			memory_port_init(&ports[i], "port", abilities[a].mtu);
			ports[i].port.takes = abilities[a].takes;
			assert_int_equal(bridge_attach(bridge, &ports[i].port), 0);
		}
		put(0, &packet, CSUM_BLANK, GSO_TCPV4, 1448);
		bridge_forward(bridge, &lane, &ports[0].port, frames, 1, 1);
		for (unsigned int i = 1; i < 5; i++) {
			const struct memory_port *port = &ports[i];

			check_books("flooded", port);
			if (port->port.mtu < MTU) {
				assert_int_equal(port->port.counters[0].to.drops[DROP_TOO_BIG], 1);
			} else if (port->port.takes == ALL) {
				assert_int_equal(port->n, 1);
				check_bytes("whole", port, 0, &packet, true);
			} else {
				assert_int_equal(check_cut("cut", port, 0, &packet, 1448,
							   port->port.takes & CSUMS),
						 port->n);
			}
		}
		for (unsigned int i = 0; i < 5; i++)
			bridge_detach(bridge, &ports[i].port);
	}
	bridge_destroy(bridge);
}

/* What a port hears of first, it keeps: the MTU asked for, and the sender's. */
static void the_first_too_big_frame_is_remembered(void **state)
{
	static const struct {
		const char *name;
		unsigned int tags;
		uint32_t payload;
		uint16_t gso_size;
		uint32_t needs;
	} cases[] = {
		{ "ordinary", 0, 8000, 0, 8040 },
		{ "tagged", 1, 8000, 0, 8040 },
		{ "GSO", 0, 60000, 8960, 9000 },
		{ "tagged GSO", 1, 60000, 1461, 1501 },
	};
	struct packet packet;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		clear(ALL, false, MTU);
		lane.news = false;
		packet = tcp(4, 100);
		put(0, &packet, CSUM_BLANK, GSO_NONE, 0);
		deliver_list(&lane, &sender, &memory.port, list, 1);
		assert_false(lane.news);
		assert_int_equal(memory.port.too_big, 0);
		packet = tcp(4, cases[i].payload);
		packet.tags = cases[i].tags;
		put(0, &packet, CSUM_BLANK, cases[i].gso_size ? GSO_TCPV4 : GSO_NONE,
		    cases[i].gso_size);
		deliver_list(&lane, &sender, &memory.port, list, 1);
		assert_true(lane.news);
		if (memory.port.too_big != (9000ull << 32 | cases[i].needs))
			fail_msg("%s: %llx", cases[i].name,
				 (unsigned long long)memory.port.too_big);
		lane.news = false;
		packet = tcp(4, 30000);
		put(0, &packet, CSUM_BLANK, GSO_NONE, 0);
		deliver_list(&lane, &sender, &memory.port, list, 1);
		assert_false(lane.news);
		assert_int_equal((uint32_t)memory.port.too_big, cases[i].needs);
		assert_int_equal(memory.port.counters[0].to.drops[DROP_TOO_BIG], 2);
	}
}

static void random_frame(unsigned int i, uint64_t *random)
{
	struct packet packet;

	packet_random(&packet, random, payload);
	packet.payload_bytes = 1 + random_below(random, i ? 1600 : 60000);
	packet.tcp_options &= i ? 12 : 40;
	put(i, &packet, (enum frame_csum)random_below(random, 3),
	    random_below(random, 4) ? GSO_NONE : (enum frame_gso)random_below(random, 4),
	    (uint16_t)random_below(random, 2000));
	if (random_below(random, 10) == 0)
		frames[i].bytes[random_below(random, 60)] ^= (uint8_t)random_next(random);
}

/* Whatever comes, to whatever port: delivered, or counted under one reason. */
static void nothing_is_lost_uncounted_walk(uint64_t random)
{
	for (unsigned int round = 0; round < 2000; round++) {
		static const uint32_t mtus[] = { 68, 576, 1500, 9000, 65521 };
		unsigned int n = 1 + random_below(&random, BATCH_FRAMES);

		clear((uint8_t)random_below(&random, ALL + 1), random_below(&random, 2),
		      mtus[random_below(&random, COUNT_OF(mtus))]);
		memory.room = random_below(&random, 200);
		for (unsigned int i = 0; i < n; i++)
			random_frame(i, &random);
		deliver_list(&lane, &sender, &memory.port, list, n);
		check_books("random", &memory);
		for (unsigned int i = 0; i < memory.n; i++)
			assert_true(memory.port.takes & TSO || memory.port.takes & PORT_GSO_UDP ||
				    !memory.gso_sizes[i]);
	}
}

static void nothing_is_lost_uncounted(void **state)
{
	seeds_walk(nothing_is_lost_uncounted_walk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_frame_is_made_to_fit),
		cmocka_unit_test(contradictions_go_nowhere),
		cmocka_unit_test(headers_beyond_the_head),
		cmocka_unit_test(the_order_is_kept),
		cmocka_unit_test(segments_are_merged_for_those_who_want),
		cmocka_unit_test(flooding_suits_everybody),
		cmocka_unit_test(the_first_too_big_frame_is_remembered),
		cmocka_unit_test(nothing_is_lost_uncounted),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
