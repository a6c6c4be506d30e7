/*
 * To a guest: buffers, the frames that wait for them, and how long.
 */
#include "support/unit.h"

#include <stdio.h>
#include <string.h>

#include "backend/guest.h"
#include "support/packet.h"

struct rig {
	struct world world;
	struct guest guest;
	uint8_t got[GUEST_FRAME_MAX];
};

static struct rig *rig_create(void)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	return rig;
}

static struct rig *rig_open(void)
{
	struct rig *rig = rig_create();

	guest_attach(&rig->guest, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

static const struct port_counters *counters(const struct rig *rig)
{
	return &rig->guest.vif->port.counters[0];
}

/* The next frame that the guest finds is the one with that mark, whole. */
static void check_frame(struct rig *rig, uint32_t mark, uint32_t length)
{
	static uint8_t expected[GUEST_FRAME_MAX];
	unsigned int slots;
	uint16_t flags;

	assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags), length);
	assert_int_equal(slots, (length + PAGE_BYTES - 1) / PAGE_BYTES);
	frame_fill(expected, mark, length);
	expected[11] = 0xee;
	assert_memory_equal(rig->got, expected, length);
}

static void check_no_frame(struct rig *rig)
{
	assert_int_equal(ring_pending(&rig->guest.rx), 0);
}

static void test_frames_of_every_number_of_pages(void **state)
{
	static const uint32_t lengths[] = { 14,	  60,	127,  128,  129,   1514,  4095, 4096,
					    4097, 8191, 8192, 8193, 40000, 65534, 65535 };
	struct rig *rig = rig_open();
	uint64_t bytes = 0;

	for (int round = 0; round < 10; round++)
		for (uint32_t i = 0; i < COUNT_OF(lengths); i++) {
			bytes += lengths[i];
			guest_post(&rig->guest, (lengths[i] + PAGE_BYTES - 1) / PAGE_BYTES);
			world_send(&rig->world, i, lengths[i]);
			check_frame(rig, i, lengths[i]);
			check_no_frame(rig);
		}
	assert_true(rig->guest.rx.in_cons > 256); /* round the ring */
	assert_int_equal(counters(rig)->to.frames, 10 * COUNT_OF(lengths));
	assert_int_equal(counters(rig)->to.bytes, bytes);
	assert_int_equal(counters_dropped_to(counters(rig)), 0);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A frame never takes more than it needs, and is never written in part. */
static void test_one_buffer_too_few(void **state)
{
	struct rig *rig = rig_open();

	for (uint32_t pages = 1; pages <= 16; pages++) {
		uint32_t length = pages < 16 ? pages * PAGE_BYTES : GUEST_FRAME_MAX;

		guest_post(&rig->guest, pages - 1);
		world_send(&rig->world, pages, length);
		world_turn(&rig->world);
		check_no_frame(rig);
		assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 1);
		guest_check_books(&rig->guest);
		guest_post(&rig->guest, 1);
		world_turn(&rig->world);
		check_frame(rig, pages, length);
		assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 0);
	}
	assert_int_equal(counters_dropped_to(counters(rig)), 0);
	rig_close(rig);
}

/* iPXE posts four buffers and waits: small frames come, one after another. */
static void test_four_buffers_do(void **state)
{
	struct rig *rig = rig_open();

	guest_post(&rig->guest, 4);
	for (uint32_t i = 0; i < 40; i++) {
		world_send(&rig->world, i, 1514);
		world_turn(&rig->world);
		check_frame(rig, i, 1514);
		guest_post(&rig->guest, 1);
	}
	rig_close(rig);
}

/* What waited comes first and in order, also past frames that would have fitted. */
static void test_order_through_the_backlog(void **state)
{
	struct rig *rig = rig_open();
	uint32_t next = 0;

	guest_post(&rig->guest, 1);
	for (uint32_t i = 0; i < 300; i++)
		world_send(&rig->world, i, i % 3 ? 100 + i : 9000 + i);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 300);
	while (next < 300) {
		uint32_t length = next % 3 ? 100 + next : 9000 + next;

		guest_post(&rig->guest, 1);
		world_turn(&rig->world);
		if (ring_pending(&rig->guest.rx))
			check_frame(rig, next++, length);
	}
	guest_check_books(&rig->guest);
	assert_int_equal(counters_dropped_to(counters(rig)), 0);
	rig_close(rig);
}

static void test_the_backlog_is_bounded(void **state)
{
	struct rig *rig = rig_open();
	uint32_t kept;

	for (uint32_t i = 0; i < 2000; i++)
		world_send(&rig->world, i, 1514);
	kept = rig->guest.vif->queues[0].backlog.frames;
	assert_in_range(kept, 600, rig->guest.config.backlog_bytes / 1514);
	assert_int_equal(counters(rig)->to.drops[DROP_QUEUE_FULL], 2000 - kept);
	guest_check_books(&rig->guest);
	for (uint32_t i = 0; i < kept; i++) {
		guest_post(&rig->guest, 1);
		world_turn(&rig->world);
		check_frame(rig, i, 1514);
	}
	check_no_frame(rig);
	rig_close(rig);
}

static void test_waiting_ends_with_age(void **state)
{
	struct rig *rig = rig_open();

	world_send(&rig->world, 1, 60);
	world_pass(&rig->world, 5000, 50);
	world_send(&rig->world, 2, 60);
	world_pass(&rig->world, VIF_BACKLOG_AGE_MS - 5000 - 100, 50);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 2);
	world_pass(&rig->world, 200, 50);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 1);
	assert_int_equal(counters(rig)->to.drops[DROP_NO_RX_BUFFER], 1);
	guest_post(&rig->guest, 2);
	world_turn(&rig->world);
	check_frame(rig, 2, 60);
	check_no_frame(rig);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* One that never notifies is looked at, often, and waited for only shortly. */
static void test_a_frontend_without_rx_notify(void **state)
{
	struct rig *rig = rig_create();

	rig->guest.config.rx_notify = false;
	guest_attach(&rig->guest, &rig->world);
	world_send(&rig->world, 1, 60);
	world_turn(&rig->world);
	guest_post_ref(&rig->guest, rig->guest.rx_refs[0]);
	ring_publish(&rig->guest.rx); /* and no signal */
	world_pass(&rig->world, 3, 1);
	check_frame(rig, 1, 60);
	world_send(&rig->world, 2, 60);
	world_pass(&rig->world, VIF_BACKLOG_AGE_POLLED_MS + 2, 1);
	assert_int_equal(counters(rig)->to.drops[DROP_NO_RX_BUFFER], 1);
	/* With nothing waiting nobody looks every millisecond. */
	assert_true(rig->guest.vif->queues[0].timer.pending);
	assert_true(rig->guest.vif->queues[0].timer.due_ns >= (world_now_ms + 50) * 1000000);
	rig_close(rig);
}

static void test_stall_and_recovery(void **state)
{
	struct rig *rig = rig_open();
	struct vif *vif = rig->guest.vif;

	world_send(&rig->world, 1, 60);
	world_pass(&rig->world, VIF_STALL_MS - 1000, 100);
	assert_int_equal(vif->queues[0].stalled, 0);
	assert_false(world_alarmed(&rig->world));
	world_pass(&rig->world, 1200, 100);
	assert_int_equal(vif->queues[0].stalled, 1);
	assert_true(world_alarmed(&rig->world));
	world_send(&rig->world, 2, 60);
	assert_int_equal(counters(rig)->to.drops[DROP_STALLED], 1);
	assert_int_equal(vif->queues[0].backlog.frames, 0);
	assert_null(vif->fault);

	guest_post(&rig->guest, 5);
	world_pass(&rig->world, 200, 50);
	assert_int_equal(vif->queues[0].stalled, 0);
	assert_true(world_alarmed(&rig->world));
	world_send(&rig->world, 3, 60);
	check_frame(rig, 3, 60);
	world_pass(&rig->world, 300, 50);
	assert_false(vif->queues[0].timer.pending); /* all is well: nobody looks any more */
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A stall that begins with the backlog half drained, frames coming all along. */
static void test_stall_of_one_that_posted_a_little(void **state)
{
	struct rig *rig = rig_open();

	for (uint32_t i = 0; i < 100; i++)
		world_send(&rig->world, i, 60);
	guest_post(&rig->guest, 3);
	world_turn(&rig->world);
	for (uint32_t i = 0; i < 3; i++)
		check_frame(rig, i, 60);
	for (int second = 0; second < 62; second++) {
		world_pass(&rig->world, 1000, 100);
		world_send(&rig->world, 5, 60);
	}
	assert_int_equal(rig->guest.vif->queues[0].stalled, 1);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A buffer that may not be written: ERROR for the frame, all its slots. */
struct bad_buffer {
	const char *name;
	grant_ref_t (*make)(struct guest *guest);
};

static grant_entry_v1_t *entry_of(struct guest *guest, grant_ref_t ref)
{
	return (grant_entry_v1_t *)guest->arena.shared.base + ref;
}

static grant_ref_t make_ungranted(struct guest *guest)
{
	return 1000;
}

static grant_ref_t make_out_of_range(struct guest *guest)
{
	return 0xffffffff;
}

static grant_ref_t make_tx_page(struct guest *guest)
{
	return guest->tx_refs[0];
}

static grant_ref_t make_writable_tx_page(struct guest *guest)
{
	entry_of(guest, guest->tx_refs[1])->flags = GTF_permit_access;
	return guest->tx_refs[1];
}

static grant_ref_t make_readonly(struct guest *guest)
{
	entry_of(guest, guest->rx_refs[200])->flags |= GTF_readonly;
	return guest->rx_refs[200];
}

static grant_ref_t make_of_another_domain(struct guest *guest)
{
	entry_of(guest, guest->rx_refs[201])->domid = 7;
	return guest->rx_refs[201];
}

static grant_ref_t make_grant_table(struct guest *guest)
{
	entry_of(guest, guest->rx_refs[202])->frame = 1;
	return guest->rx_refs[202];
}

static const struct bad_buffer bad_buffers[] = {
	{ "not granted", make_ungranted },
	{ "out of range", make_out_of_range },
	{ "a tx page", make_tx_page },
	{ "a tx page granted for writing", make_writable_tx_page },
	{ "read-only", make_readonly },
	{ "another domain's", make_of_another_domain },
	{ "the grant table", make_grant_table },
};

/* In each place of a frame of three pages. */
static void test_bad_buffers(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad_buffers); i++)
		for (uint32_t place = 0; place < 3; place++) {
			struct rig *rig = rig_open();
			unsigned int slots;
			uint16_t flags;
			int status;

			for (uint32_t k = 0; k < 3; k++)
				guest_post_ref(&rig->guest,
					       k == place ? bad_buffers[i].make(&rig->guest)
							  : rig->guest.rx_refs[k]);
			guest_post(&rig->guest, 1);
			world_send(&rig->world, 1, 3 * PAGE_BYTES);
			world_send(&rig->world, 2, 60);
			status = guest_take_frame(&rig->guest, rig->got, &slots, &flags);
			if (status != NETIF_RSP_ERROR || slots != 3)
				fail_msg("%s, place %u: status %d in %u slots", bad_buffers[i].name,
					 place, status, slots);
			check_frame(rig, 2, 60);
			assert_int_equal(counters(rig)->to.drops[DROP_BAD_GREF], 1);
			assert_int_equal(rig->guest.vif->queues[0].stats.rx_errors, 1);
			assert_null(rig->guest.vif->fault);
			guest_check_books(&rig->guest);
			rig_close(rig);
		}
}

static void test_without_sg_no_frame_has_two_slots(void **state)
{
	struct rig *rig = rig_create();
	unsigned int slots;
	uint16_t flags;

	rig->guest.config.guest.sg = false;
	guest_attach(&rig->guest, &rig->world);
	guest_post(&rig->guest, 10);
	world_send(&rig->world, 1, PAGE_BYTES);
	world_send(&rig->world, 2, PAGE_BYTES + 1);
	assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags), PAGE_BYTES);
	assert_false(flags & NETRXF_more_data);
	check_no_frame(rig);
	assert_int_equal(counters(rig)->to.drops[DROP_TOO_BIG], 1);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A batch of 64 frames to a guest whose buffers suffice for some of them. */
static void test_a_batch_beyond_the_buffers(void **state)
{
	static uint8_t bytes[5000];
	static struct frame frames[BATCH_FRAMES];
	struct fragment whole = { bytes, sizeof(bytes) }, rest[BATCH_FRAMES];
	struct rig *rig = rig_open();
	unsigned int slots;
	uint16_t flags;

	frame_fill(bytes, 9, sizeof(bytes));
	for (int i = 0; i < BATCH_FRAMES; i++)
		frame_build(&frames[i], &whole, 1, &rest[i]);
	guest_post(&rig->guest, 101);
	world_forward(&rig->world, frames, BATCH_FRAMES);
	assert_int_equal(counters(rig)->to.frames, 50);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 14);
	for (int i = 0; i < 50; i++)
		assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags), 5000);
	guest_post(&rig->guest, 27);
	world_turn(&rig->world);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 0);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

static void test_csum_flags(void **state)
{
	static const struct {
		enum frame_csum csum;
		uint16_t flags;
	} cases[] = {
		{ CSUM_NONE, 0 },
		{ CSUM_VALID, NETRXF_data_validated },
		{ CSUM_BLANK, NETRXF_data_validated | NETRXF_csum_blank },
	};
	struct rig *rig = rig_open();

	rig->guest.vif->port.takes = PORT_CSUM_IPV4;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint8_t bytes[60];
		struct fragment whole = { bytes, sizeof(bytes) }, rest[2];
		unsigned int slots;
		struct frame frame;
		uint16_t flags;

		frame_fill(bytes, 1, sizeof(bytes));
		frame_build(&frame, &whole, 1, rest);
		frame.csum = (uint8_t)cases[i].csum;
		guest_post(&rig->guest, 1);
		bridge_forward(rig->world.bridge, &rig->world.worker->lane,
			       &rig->world.memory->port, &frame, 1, 1);
		assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags), 60);
		assert_int_equal(flags, cases[i].flags);
	}
	rig_close(rig);
}

/* GSO frames. */

enum { GSO_SIZE = 1400 };

static void gso_rig_attach(struct rig *rig)
{
	rig->guest.config.guest = (struct offload_guest){
		.sg = true, .gso_tcpv4 = true, .gso_tcpv6 = true, .ipv6_csum = true
	};
	guest_attach(&rig->guest, &rig->world);
}

static struct rig *gso_rig_open(void)
{
	struct rig *rig = rig_create();

	gso_rig_attach(rig);
	return rig;
}

/* One of exactly that many bytes, to the guest. */
static uint32_t send_gso(struct rig *rig, unsigned int version, uint32_t length, uint8_t *bytes)
{
	static uint8_t payload[PACKET_MAX_BYTES];
	struct packet packet = { .version = version,
				 .ttl = 64,
				 .flags = PACKET_ACK,
				 .port = (uint16_t)length,
				 .blank = true,
				 .payload = payload };
	struct fragment parts[2] = { { bytes, 3000 }, { bytes + 3000, 0 } }, rest[3];
	struct frame frame;

	for (unsigned int i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)(i * 11 + (i >> 8));
	packet.payload_bytes = length - packet_headers(&packet);
	assert_int_equal(packet_write(&packet, bytes), length);
	parts[0].length = length < 3000 ? length : 3000;
	parts[1].length = length - parts[0].length;
	frame_build(&frame, parts, 2, rest);
	frame.csum = CSUM_BLANK;
	frame.gso_type = version == 4 ? GSO_TCPV4 : GSO_TCPV6;
	frame.gso_size = GSO_SIZE;
	bridge_forward(rig->world.bridge, &rig->world.worker->lane, &rig->world.memory->port,
		       &frame, 1, 1);
	return (length + PAGE_BYTES - 1) / PAGE_BYTES;
}

static void check_gso_frame(struct rig *rig, unsigned int version, const uint8_t *bytes,
			    uint32_t length)
{
	const netif_extra_info_t *extra = &rig->guest.extra;
	unsigned int slots;
	uint16_t flags;

	assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags), length);
	assert_memory_equal(rig->got, bytes, length);
	assert_int_equal(slots, (length + PAGE_BYTES - 1) / PAGE_BYTES + 1);
	assert_int_equal(flags & ~NETRXF_more_data,
			 NETRXF_extra_info | NETRXF_csum_blank | NETRXF_data_validated);
	assert_int_equal(extra->type, XEN_NETIF_EXTRA_TYPE_GSO);
	assert_int_equal(extra->flags, 0);
	assert_int_equal(extra->u.gso.size, GSO_SIZE);
	assert_int_equal(extra->u.gso.type,
			 version == 4 ? XEN_NETIF_GSO_TYPE_TCPV4 : XEN_NETIF_GSO_TYPE_TCPV6);
	assert_int_equal(extra->u.gso.features, 0);
	assert_int_equal(extra->u.gso.pad, 0);
}

static const uint32_t gso_lengths[] = { 2000,  4095,  4096,  4097,  8192,  8193, 12000,
					30000, 61440, 61441, 65000, 65534, 65535 };

/* A page each and one slot for the extra info, no more: what is posted is what
 * is used, round the ring, and one too few is waited for. */
static void test_gso_frames_of_every_number_of_pages(void **state)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct rig *rig = gso_rig_open();

	for (unsigned int round = 0; round < 12; round++)
		for (size_t i = 0; i < COUNT_OF(gso_lengths); i++) {
			unsigned int version = round & 1 ? 6 : 4;
			uint32_t length = gso_lengths[i];
			uint32_t pages = (length + PAGE_BYTES - 1) / PAGE_BYTES;

			guest_post(&rig->guest, pages);
			send_gso(rig, version, length, bytes);
			world_turn(&rig->world);
			check_no_frame(rig);
			assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 1);
			guest_post(&rig->guest, 1);
			world_turn(&rig->world);
			check_gso_frame(rig, version, bytes, length);
			check_no_frame(rig);
			assert_int_equal(rig->guest.rx.published, rig->guest.rx.in_cons);
			guest_post(&rig->guest, pages + 1); /* and all at hand */
			send_gso(rig, version, length, bytes);
			check_gso_frame(rig, version, bytes, length);
		}
	assert_int_equal(counters_dropped_to(counters(rig)), 0);
	assert_int_equal(counters(rig)->gso_passed, counters(rig)->to.frames);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* The buffer in the extra info's slot does not matter; any other does. */
static void test_a_refused_page_refuses_the_gso_frame(void **state)
{
	static uint8_t bytes[PACKET_MAX_BYTES];

	for (uint32_t place = 0; place < 4; place++) {
		struct rig *rig = gso_rig_open();
		unsigned int slots;
		uint16_t flags;
		int got;

		for (uint32_t k = 0; k < 4; k++)
			guest_post_ref(&rig->guest, k == place ? 1000 : rig->guest.rx_refs[k]);
		guest_post(&rig->guest, 1);
		send_gso(rig, 4, 3 * PAGE_BYTES, bytes);
		world_send(&rig->world, 2, 60);
		got = guest_take_frame(&rig->guest, rig->got, &slots, &flags);
		assert_int_equal(got, place == 1 ? 3 * PAGE_BYTES : NETIF_RSP_ERROR);
		assert_int_equal(slots, 4);
		assert_int_equal(rig->guest.extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
		check_frame(rig, 2, 60);
		assert_int_equal(counters(rig)->to.drops[DROP_BAD_GREF], place != 1);
		guest_check_books(&rig->guest);
		rig_close(rig);
	}
}

/* What a guest says it cannot take, and what is turned off, comes cut. */
static void test_gso_frames_are_cut_for_others(void **state)
{
	static const struct {
		const char *name;
		struct offload_guest guest;
		uint32_t off;
		uint16_t flags;
	} cases[] = {
		{ "without sg", { .gso_tcpv4 = true }, 0, 3 },
		{ "without GSO", { .sg = true }, 0, 3 },
		{ "GSO for IPv6 alone",
		  { .sg = true, .gso_tcpv6 = true, .ipv6_csum = true },
		  0,
		  3 },
		{ "without checksums", { .sg = true, .gso_tcpv4 = true, .no_csum = true }, 0, 1 },
		{ "gso off", { .sg = true, .gso_tcpv4 = true }, 1 << OFFLOAD_GSO, 3 },
		{ "rx off", { .sg = true, .gso_tcpv4 = true }, 1 << OFFLOAD_RX_CSUM, 1 },
	};
	static uint8_t bytes[PACKET_MAX_BYTES];

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rig *rig = rig_create();
		unsigned int n = 0, slots;
		uint16_t flags;

		rig->guest.config.guest = cases[i].guest;
		rig->guest.config.offloads = OFFLOADS_ALL & ~cases[i].off;
		guest_attach(&rig->guest, &rig->world);
		guest_post(&rig->guest, 40);
		send_gso(rig, 4, 54 + 10 * GSO_SIZE, bytes);
		for (; guest_take_frame(&rig->guest, rig->got, &slots, &flags) > 0; n++) {
			/* data_validated, and csum_blank where that is taken */
			if (slots != 1 || flags != cases[i].flags)
				fail_msg("%s: %u slots, flags %x", cases[i].name, slots, flags);
			assert_int_equal(rig->got[16] << 8 | rig->got[17], 40 + GSO_SIZE);
		}
		if (n != 10)
			fail_msg("%s: %u frames", cases[i].name, n);
		guest_check_books(&rig->guest);
		rig_close(rig);
	}
}

/* Live: the next frame is made to fit what is on now. */
static void test_offloads_are_switched_live(void **state)
{
	static uint8_t bytes[PACKET_MAX_BYTES];
	struct rig *rig = gso_rig_open();
	unsigned int slots;
	uint16_t flags;

	guest_post(&rig->guest, 40);
	vif_set_offloads(rig->guest.vif, OFFLOADS_ALL & ~(1u << OFFLOAD_GSO));
	assert_false(rig->guest.vif->port.merges);
	send_gso(rig, 4, 54 + 3 * GSO_SIZE, bytes);
	for (int i = 0; i < 3; i++)
		assert_int_equal(guest_take_frame(&rig->guest, rig->got, &slots, &flags),
				 54 + GSO_SIZE);
	vif_set_offloads(rig->guest.vif, OFFLOADS_ALL);
	assert_true(rig->guest.vif->port.merges);
	send_gso(rig, 4, 54 + 3 * GSO_SIZE, bytes);
	check_gso_frame(rig, 4, bytes, 54 + 3 * GSO_SIZE);
	vif_set_offloads(rig->guest.vif, OFFLOADS_ALL & ~(1u << OFFLOAD_GRO));
	assert_false(rig->guest.vif->port.merges);
	send_gso(rig, 4, 54 + 3 * GSO_SIZE, bytes);
	check_gso_frame(rig, 4, bytes, 54 + 3 * GSO_SIZE);
	rig_close(rig);
}

/* What waits when the vif goes is counted, and nothing else is. */
static void test_detaching_counts_what_waits(void **state)
{
	struct rig *rig = rig_open();

	for (uint32_t i = 0; i < 5; i++)
		world_send(&rig->world, i, 60);
	world_turn(&rig->world);
	assert_true(rig->guest.vif->queues[0].timer.pending);
	vif_detach(rig->guest.vif);
	assert_false(rig->guest.vif->queues[0].timer.pending);
	assert_int_equal(counters(rig)->to.drops[DROP_SHUTDOWN], 5);
	assert_int_equal(counters(rig)->to.intended, 5);
	guest_check_books(&rig->guest);
	vif_close(rig->guest.vif);
	rig->guest.vif = NULL;
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames_of_every_number_of_pages),
		cmocka_unit_test(test_one_buffer_too_few),
		cmocka_unit_test(test_four_buffers_do),
		cmocka_unit_test(test_order_through_the_backlog),
		cmocka_unit_test(test_the_backlog_is_bounded),
		cmocka_unit_test(test_waiting_ends_with_age),
		cmocka_unit_test(test_a_frontend_without_rx_notify),
		cmocka_unit_test(test_stall_and_recovery),
		cmocka_unit_test(test_stall_of_one_that_posted_a_little),
		cmocka_unit_test(test_bad_buffers),
		cmocka_unit_test(test_without_sg_no_frame_has_two_slots),
		cmocka_unit_test(test_a_batch_beyond_the_buffers),
		cmocka_unit_test(test_csum_flags),
		cmocka_unit_test(test_gso_frames_of_every_number_of_pages),
		cmocka_unit_test(test_a_refused_page_refuses_the_gso_frame),
		cmocka_unit_test(test_gso_frames_are_cut_for_others),
		cmocka_unit_test(test_offloads_are_switched_live),
		cmocka_unit_test(test_detaching_counts_what_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
