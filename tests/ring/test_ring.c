/*
 * The typed ring against ring.h's own macros.
 *
 * Two pages are kept: one that our handles work on, and one that Xen's macros
 * work on. A random walk does the same on both; after each step the pages must
 * be equal to the byte and every decision (notify? work left? room left?) must
 * be the same. A table then has what no honest peer does, which the macros do
 * not detect and our functions must.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdlib.h>

#include "ring/ring.h"
#include "support/random.h"

/* What ring.h's macros expect of their surroundings. */
#define xen_mb() full_fence()
#define xen_wmb() full_fence()

static const uint32_t starts[] = { 0,	       1,	   0x7fffff80, 0xfffffe00,
				   0xffffff00, 0xfffffff3, 0xffffffff };

struct rig {
	union ring_page ours, xens;
	struct ring front, back;
	netif_tx_front_ring_t xen_front;
	netif_tx_back_ring_t xen_back;
	uint64_t random;
	unsigned int notified, slept;
};

/* Both pages and all four handles as if `start` requests had come and gone. */
static void rig_init(struct rig *rig, uint32_t start)
{
	memset(rig, 0, sizeof(*rig));
	rig->random = 0x5eed0000 + start;
	ring_init_front(&rig->front, &rig->ours, TX_RING_ENTRIES);
	rig->ours.tx.req_prod = rig->ours.tx.rsp_prod = start;
	rig->ours.tx.req_event = rig->ours.tx.rsp_event = start + 1;
	rig->front.in_seen = rig->front.in_cons = start;
	rig->front.produced = rig->front.published = start;
	ring_attach_back(&rig->back, &rig->ours, TX_RING_ENTRIES);

	memcpy(&rig->xens, &rig->ours, sizeof(rig->xens));
	FRONT_RING_ATTACH(&rig->xen_front, &rig->xens.tx, start, PAGE_BYTES);
	BACK_RING_ATTACH(&rig->xen_back, &rig->xens.tx, start, PAGE_BYTES);
}

static void front_produce(struct rig *rig)
{
	uint32_t n = random_below(&rig->random, ring_free(&rig->front) + 1);

	while (n--) {
		netif_tx_request_t request = { .gref = random_next(&rig->random),
					       .id = (uint16_t)random_next(&rig->random),
					       .size = (uint16_t)n };

		ring_produce_tx_request(&rig->front, &request);
		*RING_GET_REQUEST(&rig->xen_front, rig->xen_front.req_prod_pvt) = request;
		rig->xen_front.req_prod_pvt++;
	}
}

static void front_publish(struct rig *rig)
{
	bool expected;

	RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&rig->xen_front, expected);
	assert_int_equal(ring_publish(&rig->front), expected);
	rig->notified += expected;
}

static void back_consume(struct rig *rig)
{
	int pending = ring_pending(&rig->back);
	uint32_t n;

	assert_int_equal(pending, XEN_RING_NR_UNCONSUMED_REQUESTS(&rig->xen_back));
	n = random_below(&rig->random, (uint32_t)pending + 1);
	for (uint32_t i = 0; i < n; i++) {
		netif_tx_request_t ours, xens;

		ring_copy_tx_request(&rig->back, rig->back.in_cons + i, &ours);
		RING_COPY_REQUEST(&rig->xen_back, rig->xen_back.req_cons + i, &xens);
		assert_memory_equal(&ours, &xens, sizeof(ours));
	}
	ring_consume(&rig->back, n);
	rig->xen_back.req_cons += n;
}

static void back_produce(struct rig *rig)
{
	uint32_t n = random_below(&rig->random, rig->back.in_cons - rig->back.produced + 1);

	while (n--) {
		netif_tx_response_t response = { .id = (uint16_t)n, .status = NETIF_RSP_ERROR };

		ring_produce_tx_response(&rig->back, &response);
		*RING_GET_RESPONSE(&rig->xen_back, rig->xen_back.rsp_prod_pvt) = response;
		rig->xen_back.rsp_prod_pvt++;
	}
}

static void back_publish(struct rig *rig)
{
	bool expected;

	RING_PUSH_RESPONSES_AND_CHECK_NOTIFY(&rig->xen_back, expected);
	assert_int_equal(ring_publish(&rig->back), expected);
	rig->notified += expected;
}

static void front_consume(struct rig *rig)
{
	int pending = ring_pending(&rig->front);
	uint32_t n;

	assert_int_equal(pending, XEN_RING_NR_UNCONSUMED_RESPONSES(&rig->xen_front));
	n = random_below(&rig->random, (uint32_t)pending + 1);
	for (uint32_t i = 0; i < n; i++) {
		netif_tx_response_t ours, xens;

		ring_copy_tx_response(&rig->front, rig->front.in_cons + i, &ours);
		RING_COPY_RESPONSE(&rig->xen_front, rig->xen_front.rsp_cons + i, &xens);
		assert_memory_equal(&ours, &xens, sizeof(ours));
	}
	ring_consume(&rig->front, n);
	rig->xen_front.rsp_cons += n;
}

/* The macros announce only when a first look found nothing. */
static int final_check(struct ring *ring)
{
	int pending = ring_pending(ring);

	return pending ? pending : ring_arm(ring, 1);
}

static void front_sleep(struct rig *rig)
{
	int expected;

	RING_FINAL_CHECK_FOR_RESPONSES(&rig->xen_front, expected);
	assert_int_equal(final_check(&rig->front), expected);
	rig->slept += !expected;
}

static void back_sleep(struct rig *rig)
{
	int expected;

	RING_FINAL_CHECK_FOR_REQUESTS(&rig->xen_back, expected);
	assert_int_equal(final_check(&rig->back), expected);
	rig->slept += !expected;
}

static void walk(struct rig *rig, unsigned int steps)
{
	static void (*const moves[])(struct rig *) = {
		front_produce, front_publish, back_consume,  back_produce,
		back_publish,  front_consume, front_sleep, back_sleep,
	};

	while (steps--) {
		moves[random_below(&rig->random, COUNT_OF(moves))](rig);
		assert_memory_equal(&rig->ours, &rig->xens, sizeof(rig->ours));
		assert_int_equal(ring_free(&rig->front), RING_FREE_REQUESTS(&rig->xen_front));
	}
}

static void test_walk_equals_the_macros(void **state)
{
	struct rig *rig = malloc(sizeof(*rig));

	assert_non_null(rig);
	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		rig_init(rig, starts[i]);
		walk(rig, 20000);
		/* The walk went somewhere, past the wrap, and slept and woke. */
		assert_true(rig->front.in_cons - starts[i] > 4 * TX_RING_ENTRIES);
		assert_true(rig->notified > 100 && rig->slept > 100);
	}
	free(rig);
}

static void test_init_is_the_macros_init(void **state)
{
	union ring_page ours, xens;
	netif_rx_front_ring_t xen_front;
	struct ring front;

	memset(&ours, 0xa5, sizeof(ours));
	memset(&xens, 0xa5, sizeof(xens));
	ring_init_front(&front, &ours, RX_RING_ENTRIES);
	XEN_FRONT_RING_INIT(&xen_front, &xens.rx, PAGE_BYTES);
	assert_memory_equal(&ours, &xens, sizeof(ours));
	assert_int_equal(ring_free(&front), RING_FREE_REQUESTS(&xen_front));
	assert_int_equal(ring_pending(&front), 0);
}

/* The event index asks to be told at the n-th slot from now, not before. */
static void test_arm_for_several(void **state)
{
	for (size_t i = 0; i < COUNT_OF(starts); i++) {
		struct rig *rig = malloc(sizeof(*rig));
		netif_tx_request_t request = { 0 };

		assert_non_null(rig);
		rig_init(rig, starts[i]);
		assert_int_equal(ring_arm(&rig->back, 4), 0);
		for (unsigned int n = 1; n <= 6; n++) {
			ring_produce_tx_request(&rig->front, &request);
			assert_int_equal(ring_publish(&rig->front), n == 4);
		}
		assert_int_equal(ring_arm(&rig->back, 4), 6);
		free(rig);
	}
}

/* What stands where, relative to the start, and what ring_pending must say. */
struct bogus_case {
	const char *name;
	bool front;	    /* which side looks */
	uint32_t published; /* by the side that looks */
	uint32_t consumed, seen;
	uint32_t peer; /* the index that the peer shows */
	int expected;
};

static const struct bogus_case bogus_cases[] = {
	{ "back: nothing new", false, 0, 0, 0, 0, 0 },
	{ "back: exactly full", false, 0, 0, 0, 256, 256 },
	{ "back: one beyond the ring", false, 0, 0, 0, 257, -EPROTO },
	{ "back: full, some answered", false, 10, 10, 10, 266, 256 },
	{ "back: beyond what was answered", false, 10, 10, 10, 267, -EPROTO },
	{ "back: full, consumed, none answered", false, 0, 256, 256, 256, 0 },
	{ "back: beyond, all consumed, none answered", false, 0, 256, 256, 257, -EPROTO },
	{ "back: full, half consumed", false, 0, 128, 128, 256, 128 },
	{ "back: beyond, half consumed", false, 0, 128, 128, 257, -EPROTO },
	{ "back: backwards behind what was seen", false, 0, 0, 20, 19, -EPROTO },
	{ "back: backwards behind what was consumed", false, 10, 10, 10, 9, -EPROTO },
	{ "back: backwards by a ring", false, 300, 300, 300, 44, -EPROTO },
	{ "back: backwards to the start", false, 300, 300, 300, 0, -EPROTO },
	{ "back: half the number space", false, 0, 0, 0, 0x80000000, -EPROTO },
	{ "back: the whole number space but one", false, 0, 0, 0, 0xffffffff, -EPROTO },
	{ "front: nothing new", true, 5, 0, 0, 0, 0 },
	{ "front: a response to each request", true, 5, 0, 0, 5, 5 },
	{ "front: more responses than requests", true, 5, 0, 0, 6, -EPROTO },
	{ "front: a response to no request", true, 0, 0, 0, 1, -EPROTO },
	{ "front: more than requests, some read", true, 5, 3, 3, 6, -EPROTO },
	{ "front: exactly full", true, 256, 0, 0, 256, 256 },
	{ "front: beyond the ring", true, 256, 0, 0, 257, -EPROTO },
	{ "front: backwards behind what was seen", true, 9, 2, 5, 4, -EPROTO },
	{ "front: backwards behind what was consumed", true, 9, 5, 5, 4, -EPROTO },
	{ "front: half the number space", true, 256, 0, 0, 0x80000000, -EPROTO },
};

static int bogus_run(const struct bogus_case *c, uint32_t start)
{
	static union ring_page page;
	struct ring ring;

	memset(&page, 0, sizeof(page));
	page.tx.req_prod = page.tx.rsp_prod = start;
	if (c->front) {
		ring_init_front(&ring, &page, TX_RING_ENTRIES);
		page.tx.rsp_prod = start + c->peer;
	} else {
		ring_attach_back(&ring, &page, TX_RING_ENTRIES);
		page.tx.req_prod = start + c->peer;
	}
	ring.produced = ring.published = start + c->published;
	ring.in_cons = start + c->consumed;
	ring.in_seen = start + c->seen;
	return ring_pending(&ring);
}

static void test_bogus_producers(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bogus_cases); i++)
		for (size_t s = 0; s < COUNT_OF(starts); s++) {
			const struct bogus_case *c = &bogus_cases[i];
			int pending = bogus_run(c, starts[s]);

			if (pending != c->expected)
				fail_msg("%s, from %#x: %d instead of %d", c->name, starts[s],
					 pending, c->expected);
		}
}

/* An index that was refused once stays refused: nothing of it is remembered. */
static void test_refusal_leaves_no_trace(void **state)
{
	static union ring_page page;
	struct ring ring;

	memset(&page, 0, sizeof(page));
	ring_attach_back(&ring, &page, TX_RING_ENTRIES);
	page.tx.req_prod = 5;
	assert_int_equal(ring_pending(&ring), 5);
	page.tx.req_prod = 400;
	assert_int_equal(ring_pending(&ring), -EPROTO);
	assert_int_equal(ring_arm(&ring, 1), -EPROTO);
	page.tx.req_prod = 6;
	assert_int_equal(ring_pending(&ring), 6);
	page.tx.req_prod = 4;
	assert_int_equal(ring_arm(&ring, 1), -EPROTO);
}

static void test_attach_starts_at_the_responses(void **state)
{
	static union ring_page page;
	struct ring ring;

	memset(&page, 0, sizeof(page));
	page.tx.rsp_prod = 0xfffffffe;
	page.tx.req_prod = 3;
	ring_attach_back(&ring, &page, TX_RING_ENTRIES);
	assert_int_equal(ring_pending(&ring), 5);
	assert_int_equal(page.tx.req_prod, 3);
}

/* Each typed writer and reader meets the others at the macros' address. */
static void test_slots_of_every_type(void **state)
{
	static union ring_page page;
	netif_rx_back_ring_t rx = { .nr_ents = RX_RING_ENTRIES, .sring = &page.rx };
	netif_tx_back_ring_t tx = { .nr_ents = TX_RING_ENTRIES, .sring = &page.tx };
	const uint32_t at = 0xffffffff; /* the last slot; the next is slot 0 */
	netif_rx_request_t rx_request = { .id = 7, .gref = 0x01020304 }, rx_request_copy;
	netif_rx_response_t rx_response = { .id = 8, .offset = 9, .flags = 10, .status = -1 };
	netif_rx_response_t rx_response_copy;
	netif_tx_request_t tx_request = { .gref = 1, .offset = 2, .id = 3, .size = 4 };
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO, .u.gso.size = 1448 }, copy;
	struct ring ring;

	ring_init_front(&ring, &page, RX_RING_ENTRIES);
	ring.produced = at;
	ring_produce_rx_request(&ring, &rx_request);
	assert_memory_equal(RING_GET_REQUEST(&rx, at), &rx_request, sizeof(rx_request));
	ring_copy_rx_request(&ring, at, &rx_request_copy);
	assert_memory_equal(&rx_request_copy, &rx_request, sizeof(rx_request));
	ring_produce_rx_response(&ring, &rx_response);
	assert_memory_equal(RING_GET_RESPONSE(&rx, 0), &rx_response, sizeof(rx_response));
	ring_copy_rx_response(&ring, 0, &rx_response_copy);
	assert_memory_equal(&rx_response_copy, &rx_response, sizeof(rx_response));
	ring_produce_rx_extra(&ring, &extra);
	assert_memory_equal(RING_GET_RESPONSE(&rx, 1), &extra, sizeof(extra));
	ring_copy_rx_extra(&ring, 1, &copy);
	assert_memory_equal(&copy, &extra, sizeof(extra));
	ring_produce_tx_request(&ring, &tx_request);
	assert_memory_equal(RING_GET_REQUEST(&tx, 2), &tx_request, sizeof(tx_request));
	ring_produce_tx_extra(&ring, &extra);
	assert_memory_equal(RING_GET_REQUEST(&tx, 3), &extra, sizeof(extra));
	ring_copy_tx_extra(&ring, 3, &copy);
	assert_memory_equal(&copy, &extra, sizeof(extra));
	assert_int_equal(ring.produced, 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_walk_equals_the_macros),
		cmocka_unit_test(test_init_is_the_macros_init),
		cmocka_unit_test(test_arm_for_several),
		cmocka_unit_test(test_bogus_producers),
		cmocka_unit_test(test_refusal_leaves_no_trace),
		cmocka_unit_test(test_attach_starts_at_the_responses),
		cmocka_unit_test(test_slots_of_every_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
