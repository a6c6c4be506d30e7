/*
 * What a hostile guest may do with the buffers that it posts, and what must
 * come of it: frames wait for buffers, in order and whole; a buffer that may
 * not be written costs that frame only; an index that lies ends the vif.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "e2e/hostile.h"
#include "ring/barrier.h"

#define INDEX_FAULT "rx request index out of the ring"

enum { MOMENT_MS = 40, BIG = 8000 };

/* Posts n sound buffers, the i-th in page i. */
static void post_buffers(struct stage *on, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		raw_guest_post(&on->attacker, (uint16_t)(i % RAW_RX_PAGES),
			       on->attacker.rx_refs[i % RAW_RX_PAGES]);
	raw_guest_push_buffers(&on->attacker);
}

/* The next response is for buffer `id` and carries this piece of a frame. */
static void expect_piece(struct stage *on, uint16_t id, const uint8_t *bytes, uint32_t length,
			 bool more)
{
	netif_rx_response_t response;

	if (on->failed)
		return;
	if (raw_guest_receive(&on->attacker, &response, 1, RAW_TIMEOUT_MS) != 1)
		hostile_fail(on, "nothing came into buffer %u", id);
	else if (response.id != id || response.status != (int)length ||
		 !(response.flags & NETRXF_more_data) == more)
		hostile_fail(on, "buffer %u: id %u, status %d, flags %#x", id, response.id,
			     response.status, response.flags);
	else if (memcmp(raw_guest_rx_page(&on->attacker, id) + response.offset, bytes, length))
		hostile_fail(on, "buffer %u has other bytes", id);
}

static void expect_frame(struct stage *on, uint16_t id, uint32_t number, uint32_t length)
{
	static uint8_t frame[HOSTILE_MTU];

	peer_frame(on, number, length, frame);
	for (uint32_t at = 0; at < length; at += PAGE_BYTES, id++) {
		uint32_t part = length - at < PAGE_BYTES ? length - at : PAGE_BYTES;

		expect_piece(on, id, frame + at, part, at + part < length);
	}
}

static void expect_error(struct stage *on, uint16_t id)
{
	netif_rx_response_t response;

	if (raw_guest_receive(&on->attacker, &response, 1, RAW_TIMEOUT_MS) != 1)
		hostile_fail(on, "buffer %u was not answered", id);
	else if (response.id != id || response.status != NETIF_RSP_ERROR)
		hostile_fail(on, "buffer %u: id %u, status %d", id, response.id, response.status);
}

static void expect_nothing(struct stage *on)
{
	netif_rx_response_t response;

	if (raw_guest_receive(&on->attacker, &response, 1, MOMENT_MS) != 0)
		hostile_fail(on, "something came: id %u, status %d", response.id, response.status);
}

static void rx_no_buffers(struct stage *on)
{
	peer_send(on, 0, 20, 300);
	expect_nothing(on);
	post_buffers(on, 20);
	for (uint16_t i = 0; i < 20; i++)
		expect_frame(on, i, i, 300);
}

/* Two buffers are needed: with one nothing is written, not even a part. */
static void rx_one_buffer_of_two(struct stage *on)
{
	post_buffers(on, 1);
	peer_send(on, 7, 1, BIG);
	peer_send(on, 8, 1, 60); /* and nothing overtakes */
	expect_nothing(on);
	for (unsigned int i = 0; i < PAGE_BYTES; i++)
		if (raw_guest_rx_page(&on->attacker, 0)[i])
			hostile_fail(on, "a part was written");
	for (uint16_t i = 1; i < 3; i++)
		raw_guest_post(&on->attacker, i, on->attacker.rx_refs[i]);
	raw_guest_push_buffers(&on->attacker);
	expect_frame(on, 0, 7, BIG);
	expect_frame(on, 2, 8, 60);
}

static void rx_four_buffers(struct stage *on)
{
	for (int round = 0; round < 5; round++) {
		post_buffers(on, 4); /* as iPXE does */
		peer_send(on, 0, 4, 1514);
		for (uint16_t i = 0; i < 4; i++)
			expect_frame(on, i, i, 1514);
	}
}

static void rx_same_id_for_all(struct stage *on)
{
	for (int i = 0; i < 10; i++)
		raw_guest_post(&on->attacker, 5, on->attacker.rx_refs[5]);
	raw_guest_push_buffers(&on->attacker);
	for (uint32_t i = 0; i < 10; i++) {
		peer_send(on, i, 1, 200);
		expect_frame(on, 5, i, 200);
	}
}

static void rx_ring_exactly_full(struct stage *on)
{
	post_buffers(on, RX_RING_ENTRIES);
	for (uint32_t i = 0; i < RX_RING_ENTRIES; i++) {
		peer_send(on, i, 1, 100);
		expect_frame(on, i % RAW_RX_PAGES, i, 100);
	}
	peer_send(on, 0, 1, 100);
	expect_nothing(on);
}

/* More than the vif keeps: the oldest stay, the rest is dropped and counted. */
static void rx_far_too_many(struct stage *on)
{
	peer_send(on, 0, 2000, 1500);
	for (uint16_t round = 0; round < 5; round++) {
		post_buffers(on, RAW_RX_PAGES);
		for (uint16_t i = 0; i < RAW_RX_PAGES; i++)
			expect_frame(on, i, round * RAW_RX_PAGES + i, 1500);
	}
}

static void rx_revoked(struct stage *on)
{
	post_buffers(on, 32);
	for (unsigned int i = 0; i < 32; i++)
		gnttab_revoke(&on->attacker.gnttab, on->attacker.rx_refs[i]);
	peer_send(on, 0, 32, 300);
	for (uint16_t i = 0; i < 32; i++)
		expect_error(on, i);
	raw_guest_post(&on->attacker, 40, on->attacker.rx_refs[40]);
	raw_guest_push_buffers(&on->attacker);
	peer_send(on, 9, 1, 300);
	expect_frame(on, 40, 9, 300);
}

static void rx_prod_set(struct stage *on, uint32_t index)
{
	store_release(&on->attacker.rx.page->rx.req_prod, index);
	peer_send(on, 0, 1, 60);
	expect_fault(on, INDEX_FAULT);
}

static void rx_beyond(struct stage *on)
{
	rx_prod_set(on, 257);
}

static void rx_far_beyond(struct stage *on)
{
	rx_prod_set(on, 0x7fffffff);
}

static void rx_backwards(struct stage *on)
{
	post_buffers(on, 5);
	peer_send(on, 0, 1, 60);
	expect_frame(on, 0, 0, 60);
	rx_prod_set(on, 3);
}

/* Told of buffers, but there are none: a look that finds a lie, not work. */
static void rx_beyond_while_waiting(struct stage *on)
{
	peer_send(on, 0, 3, 60);
	store_release(&on->attacker.rx.page->rx.req_prod, 1000);
	raw_guest_push_buffers(&on->attacker);
	expect_fault(on, INDEX_FAULT);
}

/* The backend is made to write frames over the rings. Whatever then stands in
 * them, it is this guest's affair. */
static void rx_rings_as_buffers(struct stage *on)
{
	for (uint16_t i = 0; i < 8; i++)
		raw_guest_post(&on->attacker, i,
			       i % 2 ? on->attacker.rx_ring_ref : on->attacker.tx_ring_ref);
	raw_guest_push_buffers(&on->attacker);
	for (uint32_t i = 0; i < 8; i++)
		peer_send(on, i, 1, 1514);
	raw_guest_push(&on->attacker);
	usleep(MOMENT_MS * 1000);
}

static void rx_responses_scribbled(struct stage *on)
{
	post_buffers(on, 8);
	store_release(&on->attacker.rx.page->rx.rsp_prod, 0xdeadbeef);
	store_release(&on->attacker.rx.page->rx.req_event, 0xdeadbeef);
	peer_send(on, 0, 8, 100);
	while (load_acquire(&on->attacker.rx.page->rx.rsp_prod) != 8)
		usleep(200); /* the test's own time limit ends this */
	for (uint16_t i = 0; i < 8; i++)
		expect_frame(on, i, i, 100);
}

struct rx_case {
	const char *name;
	void (*run)(struct stage *on);
	bool dies;
};

static const struct rx_case rx_cases[] = {
	{ "no buffers, then some", rx_no_buffers, false },
	{ "one buffer where two are needed", rx_one_buffer_of_two, false },
	{ "four buffers at a time", rx_four_buffers, false },
	{ "the same id for all", rx_same_id_for_all, false },
	{ "ring exactly full", rx_ring_exactly_full, false },
	{ "far more frames than buffers", rx_far_too_many, false },
	{ "revoked after they were posted", rx_revoked, false },
	{ "producer beyond the ring", rx_beyond, true },
	{ "producer far beyond the ring", rx_far_beyond, true },
	{ "producer backwards", rx_backwards, true },
	{ "producer beyond the ring, frames waiting", rx_beyond_while_waiting, true },
	{ "the rings themselves as buffers", rx_rings_as_buffers, true },
	{ "the other side's indices overwritten", rx_responses_scribbled, false },
};

static struct stage stage;
static unsigned int failures; /* of the test under way */

static void test_buffers(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(rx_cases); i++) {
		hostile_begin_connected(&stage, rx_cases[i].name);
		expect_alive(&stage); /* now the bridge knows where it lives */
		if (!stage.failed)
			rx_cases[i].run(&stage);
		if (!rx_cases[i].dies)
			expect_alive(&stage);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* Buffers that the backend must not write. */

static grant_ref_t ref_readonly(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, RAW_FRAME_RX, true);
}

static grant_ref_t ref_tx_page(struct raw_guest *guest)
{
	return guest->tx_refs[3];
}

static grant_ref_t ref_tx_page_writable(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, RAW_SHARED_PAGES + 3, false);
}

static grant_ref_t ref_foreign(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 99, RAW_FRAME_RX, false);
}

static grant_ref_t ref_table(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, 0, false);
}

static grant_ref_t ref_beyond(struct raw_guest *guest)
{
	return gnttab_grant(&guest->gnttab, 0, 0xfffffff, false);
}

static grant_ref_t ref_zero(struct raw_guest *guest)
{
	return 0;
}

static grant_ref_t ref_highest(struct raw_guest *guest)
{
	return 0xffffffff;
}

static const struct {
	const char *name;
	grant_ref_t (*make)(struct raw_guest *guest);
} buffer_cases[] = {
	{ "a readonly buffer", ref_readonly },
	{ "a tx page as buffer", ref_tx_page },
	{ "a tx page as buffer, writable", ref_tx_page_writable },
	{ "somebody else's buffer", ref_foreign },
	{ "the grant table as buffer", ref_table },
	{ "a buffer beyond the arena", ref_beyond },
	{ "reference 0", ref_zero },
	{ "the highest reference", ref_highest },
};

/* A bad buffer costs one frame; as one half of a big one's two, that one. */
static void bad_buffer_run(struct stage *on, grant_ref_t bad)
{
	raw_guest_post(&on->attacker, 9, bad);
	raw_guest_post(&on->attacker, 0, on->attacker.rx_refs[0]);
	raw_guest_push_buffers(&on->attacker);
	peer_send(on, 1, 2, 100);
	expect_error(on, 9);
	expect_frame(on, 0, 2, 100);
	raw_guest_post(&on->attacker, 1, on->attacker.rx_refs[1]);
	raw_guest_post(&on->attacker, 8, bad);
	raw_guest_post(&on->attacker, 2, on->attacker.rx_refs[2]);
	raw_guest_push_buffers(&on->attacker);
	peer_send(on, 3, 1, BIG);
	peer_send(on, 4, 1, 100);
	expect_error(on, 1);
	expect_error(on, 8);
	expect_frame(on, 2, 4, 100);
}

static void test_bad_buffers(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(buffer_cases); i++) {
		hostile_begin_connected(&stage, buffer_cases[i].name);
		expect_alive(&stage);
		if (!stage.failed)
			bad_buffer_run(&stage, buffer_cases[i].make(&stage.attacker));
		expect_alive(&stage);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_buffers),
		cmocka_unit_test(test_bad_buffers),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
