/*
 * From a guest: what honest slots become, and what all others are answered.
 */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "backend/guest.h"
#include "backend/vif_tx.h"
#include "support/packet.h"

enum { MORE = NETTXF_more_data, EXTRA = NETTXF_extra_info };

struct rig {
	struct world world;
	struct guest guest, neighbour;
};

static struct rig *rig_open(void)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	guest_create(&rig->neighbour, &rig->world, 2);
	guest_attach(&rig->guest, &rig->world);
	guest_attach(&rig->neighbour, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	guest_destroy(&rig->neighbour);
	world_close(&rig->world);
	free(rig);
}

static const struct port_counters *counters(const struct guest *guest)
{
	return &guest->vif->port.counters[0];
}

/* Frame i of what was recorded is the one with that mark. */
static void check_recorded(const struct rig *rig, unsigned int i, uint32_t mark, uint32_t length)
{
	static uint8_t expected[GUEST_FRAME_MAX];
	uint32_t kept = length < MEMORY_PORT_BYTES ? length : MEMORY_PORT_BYTES;

	frame_fill(expected, mark, length);
	assert_true(i < rig->world.memory->n);
	assert_int_equal(rig->world.memory->lengths[i], length);
	assert_memory_equal(rig->world.memory->bytes[i], expected, kept);
}

/* The vif still serves: one more frame arrives. */
static void check_lives(struct rig *rig, struct guest *guest)
{
	struct guest_answers answers;

	memory_port_clear(rig->world.memory);
	assert_null(guest->vif->fault);
	guest_put_frame(guest, 99, 600, 1);
	guest_kick_tx(guest);
	world_turn(&rig->world);
	check_recorded(rig, 0, 99, 600);
	assert_int_equal(rig->world.memory->n, 1);
	guest_take_answers(guest, &answers);
	assert_int_equal(answers.okay, 1);
	guest_check_books(guest);
}

static void test_frames_of_every_number_of_slots(void **state)
{
	static const uint32_t lengths[] = { 19, 60, 127, 128, 129, 1514, 2000, 9000, 65535 };
	struct rig *rig = rig_open();
	struct guest_answers answers;
	uint64_t bytes = 0;

	for (size_t l = 0; l < COUNT_OF(lengths); l++)
		for (unsigned int parts = 1; parts <= SLOTS_DATA_MAX; parts++) {
			uint16_t first;

			if (lengths[l] > parts * 4000)
				continue;
			bytes += lengths[l];
			memory_port_clear(rig->world.memory);
			first = guest_put_frame(&rig->guest, parts, lengths[l], parts);
			guest_kick_tx(&rig->guest);
			world_turn(&rig->world);
			assert_int_equal(rig->world.memory->n, 1);
			check_recorded(rig, 0, parts, lengths[l]);
			guest_take_answers(&rig->guest, &answers);
			assert_int_equal(answers.okay, parts);
			assert_int_equal(answers.error + answers.null + answers.other, 0);
			for (unsigned int i = 0; i < parts; i++)
				assert_int_equal(answers.of_id[(uint16_t)(first + i)], 1);
		}
	assert_int_equal(counters(&rig->guest)->from.frames, counters(&rig->guest)->from.forwarded);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* What the bridge does not see whole in 2048 bytes, a neighbour does. */
static void test_large_frames_arrive_whole(void **state)
{
	static uint8_t got[GUEST_FRAME_MAX], expected[GUEST_FRAME_MAX];
	static const uint32_t lengths[] = { 14, 4096, 4097, 8192, 40000, 65535 };
	struct rig *rig = rig_open();
	unsigned int slots;
	uint16_t flags;

	for (size_t i = 0; i < COUNT_OF(lengths); i++) {
		guest_post(&rig->neighbour, (lengths[i] + 4095) / 4096);
		guest_put_frame(&rig->guest, (uint32_t)i, lengths[i], 1 + lengths[i] / 3600);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		assert_int_equal(guest_take_frame(&rig->neighbour, got, &slots, &flags),
				 lengths[i]);
		assert_int_equal(slots, (lengths[i] + 4095) / 4096);
		frame_fill(expected, (uint32_t)i, lengths[i]);
		assert_memory_equal(got, expected, lengths[i]);
	}
	guest_check_books(&rig->neighbour);
	rig_close(rig);
}

/* A full ring, more than a batch: all of it, in order, whatever the indices. */
static void test_full_rings_in_order(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	for (unsigned int round = 0; round < 20; round++) {
		memory_port_clear(rig->world.memory);
		for (uint32_t i = 0; i < 256; i++)
			guest_put_frame(&rig->guest, round + i, 60 + i, 1);
		assert_int_equal(ring_free(&rig->guest.tx), 0);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		assert_int_equal(rig->world.memory->n, 256);
		for (uint32_t i = 0; i < 256; i++)
			check_recorded(rig, i, round + i, 60 + i);
		guest_take_answers(&rig->guest, &answers);
		assert_int_equal(answers.okay, 256);
	}
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A packet that is answered with an error, and the reason that counts it. */
struct refusal {
	const char *name;
	enum drop_reason reason;
	void (*put)(struct guest *guest);
	unsigned int errors, nulls;
	uint32_t bytes; /* that count as dropped */
};

static void put_short(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 13, 0, 1);
}

static void put_nothing(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 0, 0, 1);
}

static void put_exceeding(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 100, MORE, 1);
	guest_put_request(guest, guest->tx_refs[1], 0, 60, MORE, 2);
	guest_put_request(guest, guest->tx_refs[2], 0, 60, 0, 3);
}

static void put_20(struct guest *guest)
{
	guest_put_frame(guest, 1, 2000, 20);
}

static void put_21(struct guest *guest)
{
	guest_put_frame(guest, 1, 2000, 21);
}

static void put_extra(struct guest *guest, uint8_t type, uint8_t gso_type, uint16_t gso_size)
{
	netif_extra_info_t extra = { .type = type };

	extra.u.gso.type = gso_type;
	extra.u.gso.size = gso_size;
	ring_produce_tx_extra(&guest->tx, &extra);
}

static void put_multicast(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, EXTRA, 1);
	put_extra(guest, XEN_NETIF_EXTRA_TYPE_MCAST_ADD, 0, 0);
}

static void put_reserved_ref(struct guest *guest)
{
	guest_put_request(guest, 1, 0, 60, 0, 1);
}

static void put_ungranted(struct guest *guest)
{
	guest_put_request(guest, 1000, 0, 60, 0, 1);
}

static void put_out_of_range(struct guest *guest)
{
	guest_put_request(guest, 0xffffffff, 0, 60, 0, 1);
}

static void put_one_bad_of_three(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 180, MORE, 1);
	guest_put_request(guest, 0x10000, 0, 60, MORE, 2);
	guest_put_request(guest, guest->tx_refs[2], 0, 60, 0, 3);
}

static grant_entry_v1_t *entry_of(struct guest *guest, grant_ref_t ref)
{
	return (grant_entry_v1_t *)guest->arena.shared.base + ref;
}

static void put_for_another_domain(struct guest *guest)
{
	entry_of(guest, guest->tx_refs[9])->domid = 2;
	guest_put_request(guest, guest->tx_refs[9], 0, 60, 0, 1);
}

static void put_writable_tx_page(struct guest *guest)
{
	entry_of(guest, guest->tx_refs[10])->flags = GTF_permit_access;
	guest_put_request(guest, guest->tx_refs[10], 0, 60, 0, 1);
}

static void put_revoked(struct guest *guest)
{
	assert_int_equal(gnttab_revoke(&guest->gnttab, guest->tx_refs[11]), 0);
	guest_put_request(guest, guest->tx_refs[11], 0, 60, 0, 1);
}

static void put_frame_beyond_arena(struct guest *guest)
{
	entry_of(guest, guest->tx_refs[12])->frame = 0xfffff;
	guest_put_request(guest, guest->tx_refs[12], 0, 60, 0, 1);
}

static void put_grant_table(struct guest *guest)
{
	entry_of(guest, guest->tx_refs[13])->frame = 0;
	guest_put_request(guest, guest->tx_refs[13], 0, 60, 0, 1);
}

/* A group address as its source: nothing wrong with the slots. */
static void put_bad_source(struct guest *guest)
{
	guest_put_frame(guest, 1, 60, 1);
	memset(guest_tx_page(guest, guest->tx_page - 1), 0xff, 200);
}

static const struct refusal refusals[] = {
	{ "shorter than a header", DROP_BAD_SLOT, put_short, 1, 0, 13 },
	{ "no byte at all", DROP_BAD_SLOT, put_nothing, 1, 0, 0 },
	{ "parts exceed the total", DROP_BAD_SLOT, put_exceeding, 3, 0, 100 },
	{ "20 slots", DROP_BAD_SLOT, put_20, 20, 0, 2000 },
	{ "21 slots", DROP_BAD_SLOT, put_21, 21, 0, 2000 },
	{ "multicast control", DROP_BAD_EXTRA, put_multicast, 1, 1, 60 },
	{ "reserved ref", DROP_BAD_GREF, put_reserved_ref, 1, 0, 60 },
	{ "ref not granted", DROP_BAD_GREF, put_ungranted, 1, 0, 60 },
	{ "ref out of range", DROP_BAD_GREF, put_out_of_range, 1, 0, 60 },
	{ "one bad ref of three", DROP_BAD_GREF, put_one_bad_of_three, 3, 0, 180 },
	{ "granted to another domain", DROP_BAD_GREF, put_for_another_domain, 1, 0, 60 },
	{ "tx page granted for writing", DROP_BAD_GREF, put_writable_tx_page, 1, 0, 60 },
	{ "revoked", DROP_BAD_GREF, put_revoked, 1, 0, 60 },
	{ "frame beyond the arena", DROP_BAD_GREF, put_frame_beyond_arena, 1, 0, 60 },
	{ "the grant table itself", DROP_BAD_GREF, put_grant_table, 1, 0, 60 },
};

static void test_refusals(void **state)
{
	for (size_t i = 0; i < COUNT_OF(refusals); i++) {
		const struct refusal *r = &refusals[i];
		struct rig *rig = rig_open();
		struct guest_answers answers;

		guest_put_frame(&rig->guest, 1, 60, 2); /* good ones around it */
		r->put(&rig->guest);
		guest_put_frame(&rig->guest, 2, 61, 3);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		guest_take_answers(&rig->guest, &answers);
		if (answers.error != r->errors || answers.null != r->nulls || answers.okay != 5 ||
		    counters(&rig->guest)->from.drops[r->reason] != 1 ||
		    counters_dropped_from(counters(&rig->guest)) != 1 ||
		    rig->guest.vif->queues[0].stats.tx_errors != 1)
			fail_msg("%s: %u errors, %u nulls, %u okay, %lu counted", r->name,
				 answers.error, answers.null, answers.okay,
				 (unsigned long)counters(&rig->guest)->from.drops[r->reason]);
		assert_int_equal(counters(&rig->guest)->from.frames, 3);
		assert_int_equal(counters(&rig->guest)->from.bytes, 60 + 61 + r->bytes);
		assert_int_equal(rig->world.memory->n, 2);
		check_recorded(rig, 0, 1, 60);
		check_recorded(rig, 1, 2, 61);
		check_lives(rig, &rig->guest);
		assert_false(world_alarmed(&rig->world));
		rig_close(rig);
	}
}

static void test_dropped_by_the_bridge_is_okay_to_the_guest(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	put_bad_source(&rig->guest);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	guest_take_answers(&rig->guest, &answers);
	assert_int_equal(answers.okay, 1);
	assert_int_equal(counters(&rig->guest)->from.drops[DROP_BAD_FRAME], 1);
	check_lives(rig, &rig->guest);
	rig_close(rig);
}

/* An empty slot is OKAY, first, in the middle or last, and whatever it refers to. */
static void test_empty_slots(void **state)
{
	struct rig *rig = rig_open();
	struct guest *guest = &rig->guest;
	struct guest_answers answers;
	uint8_t bytes[60];

	frame_fill(bytes, 5, sizeof(bytes));
	for (int at = 0; at < 3; at++) {
		memory_port_clear(rig->world.memory);
		for (int i = 0; i < 3; i++) {
			grant_ref_t ref = i == at ? 0xfffffff0 : guest->tx_refs[i];
			uint16_t part = i == at ? 0 : 30;
			uint16_t before = (uint16_t)(i == 0   ? 0
						     : i == 1 ? (at == 0 ? 0 : 30)
							      : (at == 2 ? 60 : 30));

			memcpy(guest_tx_page(guest, (uint32_t)i), bytes + before, part);
			guest_put_request(guest, ref, 0, i ? part : 60, i < 2 ? MORE : 0,
					  (uint16_t)i);
		}
		guest_kick_tx(guest);
		world_turn(&rig->world);
		guest_take_answers(guest, &answers);
		assert_int_equal(answers.okay, 3);
		assert_int_equal(rig->world.memory->n, 1);
		check_recorded(rig, 0, 5, 60);
	}
	rig_close(rig);
}

/* A TCP frame over as many pages as it takes; what `first_flags` and the extra
 * info say of it is the caller's. Its slots. */
static unsigned int put_tcp(struct guest *guest, const struct packet *packet, uint16_t flags,
			    uint8_t gso_type, uint16_t gso_size)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	uint32_t length = packet_write(packet, bytes);
	unsigned int parts = (length + PAGE_BYTES - 1) / PAGE_BYTES;

	assert_true(length <= GUEST_FRAME_MAX);
	for (unsigned int i = 0; i < parts; i++) {
		uint32_t left = length - i * PAGE_BYTES;
		uint32_t size = left < PAGE_BYTES ? left : PAGE_BYTES;

		memcpy(guest_tx_page(guest, i), bytes + i * PAGE_BYTES, size);
		guest_put_request(guest, guest->tx_refs[i], 0, (uint16_t)(i ? size : length),
				  (i + 1 < parts ? MORE : 0) | (i ? 0 : flags), (uint16_t)i);
		if (!i && flags & EXTRA)
			put_extra(guest, XEN_NETIF_EXTRA_TYPE_GSO, gso_type, gso_size);
	}
	return parts;
}

static const uint8_t tcp_payload[PACKET_MAX_BYTES] = { 1, 2, 3 };

static struct packet tcp_packet(unsigned int version, uint32_t payload_bytes)
{
	return (struct packet){
		.version = version,
		.ttl = 64,
		.df = true,
		.flags = PACKET_ACK,
		.payload = tcp_payload,
		.payload_bytes = payload_bytes,
	};
}

enum {
	BLANK = NETTXF_csum_blank | NETTXF_data_validated,
	VALID = NETTXF_data_validated,
	TCPV4 = XEN_NETIF_GSO_TYPE_TCPV4,
	TCPV6 = XEN_NETIF_GSO_TYPE_TCPV6,
};

/* What the flags and the extra info say, as the bridge gets it. */
static void test_facts_travel(void **state)
{
	static const struct {
		const char *name;
		unsigned int version;
		uint16_t flags;
		uint8_t type;
		uint16_t size;
		enum frame_csum csum;
		enum frame_gso gso;
	} cases[] = {
		{ "nothing said", 4, 0, 0, 0, CSUM_NONE, GSO_NONE },
		{ "valid", 4, VALID, 0, 0, CSUM_VALID, GSO_NONE },
		{ "blank", 4, BLANK, 0, 0, CSUM_BLANK, GSO_NONE },
		{ "blank alone", 6, NETTXF_csum_blank, 0, 0, CSUM_BLANK, GSO_NONE },
		{ "GSO over IPv4", 4, EXTRA | BLANK, TCPV4, 1448, CSUM_BLANK, GSO_TCPV4 },
		{ "GSO over IPv6", 6, EXTRA | BLANK, TCPV6, 1428, CSUM_BLANK, GSO_TCPV6 },
		{ "GSO that forgot the checksum", 4, EXTRA, TCPV4, 1448, CSUM_BLANK, GSO_TCPV4 },
		{ "GSO, called valid", 4, EXTRA | VALID, TCPV4, 1448, CSUM_BLANK, GSO_TCPV4 },
	};
	struct rig *rig = rig_open();
	const struct batch *batch = &rig->world.worker->batch;

	guest_detach(&rig->neighbour); /* for it the frames would be made to fit */
	rig->world.memory->port.takes = 0xff;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct packet packet = tcp_packet(cases[i].version, 9000);
		struct guest_answers answers;
		unsigned int slots;

		memory_port_clear(rig->world.memory);
		slots = put_tcp(&rig->guest, &packet, cases[i].flags, cases[i].type, cases[i].size);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		guest_take_answers(&rig->guest, &answers);
		if (batch->frames[0].csum != cases[i].csum ||
		    batch->frames[0].gso_type != cases[i].gso ||
		    batch->frames[0].gso_size != cases[i].size)
			fail_msg("%s: csum %u, GSO %u of %u", cases[i].name, batch->frames[0].csum,
				 batch->frames[0].gso_type, batch->frames[0].gso_size);
		assert_int_equal(rig->world.memory->n, 1);
		assert_int_equal(answers.okay, slots);
		assert_int_equal(answers.null, cases[i].gso != GSO_NONE);
	}
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A guest may name any size: what a frame would be cut into is bounded. */
static void test_segments_are_bounded(void **state)
{
	static const struct {
		uint32_t payload;
		uint16_t size;
		bool passes;
	} cases[] = {
		{ 60000, 1448, true }, { 60000, 64, true }, { 60000, 59, true },
		{ 60000, 58, false },  { 60000, 8, false }, { 60000, 1, false },
		{ 8000, 8, true },     { 8400, 8, false },  { 40000, 65535, true },
	};
	struct rig *rig = rig_open();

	guest_detach(&rig->neighbour);
	rig->world.memory->port.takes = 0xff;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct packet packet = tcp_packet(4, cases[i].payload);
		uint64_t before = counters(&rig->guest)->from.drops[DROP_BAD_EXTRA];
		struct guest_answers answers;
		unsigned int slots;

		memory_port_clear(rig->world.memory);
		slots = put_tcp(&rig->guest, &packet, EXTRA | BLANK, TCPV4, cases[i].size);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		guest_take_answers(&rig->guest, &answers);
		if (rig->world.memory->n != cases[i].passes ||
		    counters(&rig->guest)->from.drops[DROP_BAD_EXTRA] - before == cases[i].passes)
			fail_msg("%u bytes in segments of %u", cases[i].payload, cases[i].size);
		assert_int_equal(cases[i].passes ? answers.okay : answers.error, slots);
		assert_int_equal(answers.null, 1);
		assert_null(rig->guest.vif->fault);
		guest_check_books(&rig->guest);
	}
	rig_close(rig);
}

/* Frames that others must cut use a turn up quickly, and the next has its own. */
static void test_a_turn_is_bounded_by_segments(void **state)
{
	static const struct {
		uint32_t payload;
		uint16_t size;
		unsigned int frames; /* of one turn, the ring being full of them */
	} cases[] = {
		{ 60, 1448, 64 }, { 60, 60, 64 },     { 4000, 4, 1 },
		{ 4000, 40, 10 }, { 4000, 1448, 64 },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rig *rig = rig_open();
		struct guest *guest = &rig->guest;
		struct packet packet = tcp_packet(4, cases[i].payload);
		struct batch *batch = &rig->world.worker->batch;
		unsigned int taken = 0;

		for (int k = 0; k < 100; k++)
			put_tcp(guest, &packet, EXTRA | BLANK, TCPV4, cases[i].size);
		ring_publish(&guest->tx);
		assert_int_equal(vif_tx_receive(guest->vif->queues, batch, POLL_WEIGHT),
				 POLL_WEIGHT);
		assert_int_equal(batch->nr_chains, cases[i].frames);
		while (batch->nr_chains) {
			taken += batch->nr_chains;
			bridge_forward(rig->world.bridge, &rig->world.worker->lane,
				       &guest->vif->port, batch->frames, batch->nr_frames, 1);
			vif_tx_complete(guest->vif->queues, batch);
			vif_tx_receive(guest->vif->queues, batch, POLL_WEIGHT);
		}
		assert_int_equal(taken, 100);
		guest_check_books(guest);
		rig_close(rig);
	}
}

/* What stops a vif, and what it is called then. */
struct fault {
	const char *reason;
	void (*put)(struct guest *guest);
};

static void put_cut(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, MORE, 1);
}

static void put_extra_cut(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, EXTRA, 1);
}

static void put_22(struct guest *guest)
{
	guest_put_frame(guest, 1, 2000, 22);
}

static void put_crossing(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 4090, 60, 0, 1);
}

static void put_unknown_extra(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, EXTRA, 1);
	put_extra(guest, 77, 0, 0);
}

static void put_gso_size_0(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, EXTRA, 1);
	put_extra(guest, XEN_NETIF_EXTRA_TYPE_GSO, XEN_NETIF_GSO_TYPE_TCPV4, 0);
}

static void put_gso_type_3(struct guest *guest)
{
	guest_put_request(guest, guest->tx_refs[0], 0, 60, EXTRA, 1);
	put_extra(guest, XEN_NETIF_EXTRA_TYPE_GSO, 3, 1448);
}

static void put_producer_beyond(struct guest *guest)
{
	guest->tx.page->tx.req_prod += TX_RING_ENTRIES + 1;
	guest_signal(guest, &guest->tx_channel);
}

static void put_producer_backwards(struct guest *guest)
{
	guest->tx.page->tx.req_prod -= 1;
	guest_signal(guest, &guest->tx_channel);
}

static void put_rx_producer_beyond(struct guest *guest)
{
	guest->rx.page->rx.req_prod += RX_RING_ENTRIES + 1;
	guest_put_frame(guest, 1, 60, 1); /* nothing looks before a frame comes */
}

static const struct fault faults[] = {
	{ "more_data on the last published request", put_cut },
	{ "extra_info with nothing after it", put_extra_cut },
	{ "frame of more than 21 slots", put_22 },
	{ "slot crosses a page", put_crossing },
	{ "extra info of unknown type", put_unknown_extra },
	{ "GSO size 0", put_gso_size_0 },
	{ "unknown GSO type", put_gso_type_3 },
	{ "tx request index out of the ring", put_producer_beyond },
	{ "tx request index out of the ring", put_producer_backwards },
	{ "rx request index out of the ring", put_rx_producer_beyond },
};

static void test_faults(void **state)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct rig *rig = rig_open();
		struct guest *guest = &rig->guest;

		guest_put_frame(guest, 1, 60, 1); /* read before it: still served */
		guest_kick_tx(guest);
		world_turn(&rig->world);
		faults[i].put(guest);
		guest_kick_tx(guest);
		world_send(&rig->world, 7, 60);
		world_turn(&rig->world);
		if (!guest->vif->fault || strcmp(guest->vif->fault, faults[i].reason))
			fail_msg("%s: found as '%s'", faults[i].reason,
				 guest->vif->fault ? guest->vif->fault : "nothing");
		assert_true(world_alarmed(&rig->world));
		check_recorded(rig, 0, 1, 60);
		check_lives(rig, &rig->neighbour);
		/* Stopped for good: a repaired ring changes nothing. */
		guest->tx.page->tx.req_prod = guest->tx.published + 1;
		guest_signal(guest, &guest->tx_channel);
		world_turn(&rig->world);
		assert_int_equal(rig->world.memory->n, 1);
		guest_check_books(guest);
		rig_close(rig);
	}
}

/* A frame beyond a neighbour's MTU: counted each time, told once. */
static void test_too_big_for_a_neighbour(void **state)
{
	struct rig *rig = rig_open();
	struct port *port = &rig->neighbour.vif->port;

	port->mtu = 1500;
	guest_post(&rig->neighbour, 4);
	for (unsigned int i = 0; i < 3; i++) {
		guest_put_frame(&rig->guest, i, 1514, 1);
		guest_put_frame(&rig->guest, i, 2014 + i, 1);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		assert_int_equal(world_alarmed(&rig->world), i == 0);
		assert_int_equal(port->counters[0].to.drops[DROP_TOO_BIG], i + 1);
		assert_int_equal(port->counters[0].to.frames, i + 1);
	}
	assert_int_equal(port->too_big, (uint64_t)GUEST_MTU << 32 | 2000);
	assert_int_equal(rig->world.memory->port.too_big, 0);
	guest_check_books(&rig->neighbour);
	rig_close(rig);
}

/* Good frames in one batch with a fatal one behind them are served. */
static void test_what_came_before_a_fault_is_served(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	guest_put_frame(&rig->guest, 1, 60, 1);
	guest_put_frame(&rig->guest, 2, 700, 4);
	put_crossing(&rig->guest);
	guest_put_frame(&rig->guest, 3, 60, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	assert_string_equal(rig->guest.vif->fault, "slot crosses a page");
	assert_int_equal(rig->world.memory->n, 2);
	check_recorded(rig, 1, 2, 700);
	guest_take_answers(&rig->guest, &answers);
	assert_int_equal(answers.okay, 5);
	assert_int_equal(answers.error, 0);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* The page may change while it is forwarded; what was checked is what leaves. */
static void test_the_head_is_private(void **state)
{
	struct rig *rig = rig_open();
	struct guest *guest = &rig->guest;
	struct batch *batch = &rig->world.worker->batch;

	guest_put_frame(guest, 4, 300, 1);
	ring_publish(&guest->tx);
	assert_int_equal(vif_tx_receive(guest->vif->queues, batch, 64), 1);
	memset(guest_tx_page(guest, guest->tx_page - 1), 0xaa, PAGE_BYTES);
	bridge_forward(rig->world.bridge, &rig->world.worker->lane, &guest->vif->port,
		       batch->frames, 1, 1);
	vif_tx_complete(guest->vif->queues, batch);
	assert_int_equal(rig->world.memory->bytes[0][6], 0x02);
	assert_int_equal(rig->world.memory->bytes[0][FRAME_HEAD_BYTES], 0xaa);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_every_number_of_slots),
		cmocka_unit_test(test_large_frames_arrive_whole),
		cmocka_unit_test(test_full_rings_in_order),
		cmocka_unit_test(test_refusals),
		cmocka_unit_test(test_dropped_by_the_bridge_is_okay_to_the_guest),
		cmocka_unit_test(test_empty_slots),
		cmocka_unit_test(test_facts_travel),
		cmocka_unit_test(test_segments_are_bounded),
		cmocka_unit_test(test_a_turn_is_bounded_by_segments),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_what_came_before_a_fault_is_served),
		cmocka_unit_test(test_too_big_for_a_neighbour),
		cmocka_unit_test(test_the_head_is_private),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
