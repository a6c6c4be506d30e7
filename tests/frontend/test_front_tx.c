/* The transmit ring against a backend that answers well and badly. */
#include "fixture.h"

/* Copies a frame in through a reservation of exactly its length. */
static bool send_frame(struct front_tx *tx, const uint8_t *bytes, uint32_t length)
{
	struct splitvif_frame frame;
	uint32_t at = 0;

	if (front_tx_reserve(tx, &frame, 1, length) != 1)
		return false;
	for (unsigned int i = 0; at < length; i++) {
		size_t room = frame.parts[i].iov_len;
		size_t here = length - at < room ? length - at : room;

		assert_true(i < frame.nr_parts);
		memcpy(frame.parts[i].iov_base, bytes + at, here);
		at += (uint32_t)here;
	}
	frame.length = length;
	front_tx_commit(tx, &frame, 1);
	return true;
}

static const uint32_t lengths[] = { 14,	  60,	64,   1514, 2111, 2112,	 2113,	4095,
				    4096, 4097, 6208, 6209, 9018, 20000, 65534, 65535 };

static void test_frames_arrive_whole(void **state)
{
	struct fixture *f = *state;
	static uint8_t sent[65535], seen[65535 + 4096];
	uint16_t ids[32];
	unsigned int slots;

	for (size_t i = 0; i < 40 * COUNT_OF(lengths); i++) {
		uint32_t length = lengths[i % COUNT_OF(lengths)];

		fill_pattern(sent, length, (uint32_t)i);
		assert_true(send_frame(&f->front.queues[0].tx, sent, length));
		ring_publish(&f->front.queues[0].tx.ring);
		assert_int_equal(mock_take_frame(&f->mock, seen, ids, &slots), length);
		assert_memory_equal(sent, seen, length);
		assert_true(slots <= XEN_NETIF_NR_SLOTS_MIN);
		while (slots--) /* answers in any order are legal */
			mock_answer_tx(&f->mock, ids[slots], NETIF_RSP_OKAY);
		mock_publish_tx(&f->mock);
	}
	assert_true(front_tx_reclaim(&f->front.queues[0].tx));
	assert_int_equal(f->front.queues[0].tx.done, 40 * COUNT_OF(lengths));
	assert_int_equal(f->front.queues[0].tx.in_flight, 0);
	assert_int_equal(f->front.queues[0].tx.nr_free, FRONT_TX_PAGES);
}

static void test_starts_are_spread(void **state)
{
	struct fixture *f = *state;
	unsigned int starts[64] = { 0 };
	netif_tx_request_t request;
	uint8_t bytes[1514] = { 0 };

	for (int i = 0; i < TX_RING_ENTRIES; i++)
		assert_true(send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)));
	ring_publish(&f->front.queues[0].tx.ring);
	while (mock_take_tx(&f->mock, &request)) {
		assert_int_equal(request.offset % 64, 0);
		assert_int_equal(request.size, sizeof(bytes));
		assert_int_equal(request.flags, 0);
		starts[request.offset / 64]++;
	}
	for (int i = 0; i < FRONT_TX_OFFSETS; i++)
		assert_int_equal(starts[i], TX_RING_ENTRIES / FRONT_TX_OFFSETS);
}

static void test_full_ring_is_felt_and_ends(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[64];
	netif_tx_request_t request;
	uint8_t bytes[64] = { 0 };
	int sent = 0, answered = 0;

	while (send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)))
		sent++;
	assert_int_equal(sent, TX_RING_ENTRIES);
	assert_int_equal(f->front.queues[0].tx.full, 1);
	ring_publish(&f->front.queues[0].tx.ring);
	assert_true(front_tx_arm(&f->front.queues[0].tx, 1514)); /* nothing there: sleep */
	while (mock_take_tx(&f->mock, &request)) {
		mock_answer_tx(&f->mock, request.id, NETIF_RSP_OKAY);
		answered++;
		/* one event, at a quarter of the ring */
		assert_int_equal(mock_publish_tx(&f->mock), answered == TX_RING_ENTRIES / 4);
	}
	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, 64, 1514), 64);
	assert_false(front_tx_arm(&f->front.queues[0].tx, 1514)); /* room: do not sleep */
}

static void test_room_is_shared_out_by_size(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[64];

	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, 64, 65535), 256 / 17);
	assert_int_equal(frames[3].nr_parts, 17);
	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, 64, 9018), 64);
	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, 64, 65536), 0);
	front_tx_commit(&f->front.queues[0].tx, frames, 0);
	assert_int_equal(f->front.queues[0].tx.nr_free, FRONT_TX_PAGES);
}

static void test_commit_takes_some_and_frees_the_rest(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[4];
	netif_tx_request_t request;

	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, 4, 9000), 4);
	frames[0].length = 100;
	frames[1].length = 0;
	frames[2].length = 13; /* refused */
	frames[3].length = 5000;
	front_tx_commit(&f->front.queues[0].tx, frames, 4);
	front_tx_commit(&f->front.queues[0].tx, frames, 4); /* stale: nothing more */
	assert_int_equal(f->front.queues[0].tx.nr_free, FRONT_TX_PAGES - 3);
	assert_int_equal(f->front.queues[0].tx.refused, 1);
	assert_int_equal(f->front.queues[0].tx.frames, 2);
	ring_publish(&f->front.queues[0].tx.ring);
	assert_true(mock_take_tx(&f->mock, &request));
	assert_int_equal(request.size, 100);
	assert_true(mock_take_tx(&f->mock, &request));
	assert_int_equal(request.size, 5000);
	assert_int_equal(request.flags, NETTXF_more_data);
	assert_true(mock_take_tx(&f->mock, &request));
	assert_int_equal(request.flags, 0);
	assert_false(mock_take_tx(&f->mock, &request));
}

static void test_indices_wrap(void **state)
{
	struct fixture *f = *state;
	netif_tx_request_t request;
	uint8_t bytes[64] = { 0 };

	mock_shift(&f->mock, &f->front, 0xffffff00u);
	for (int i = 0; i < 1000; i++) {
		assert_true(send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)));
		assert_true(ring_publish(&f->front.queues[0].tx.ring) == (i % 2 == 0));
		if (i % 2 == 0)
			continue;
		for (int j = 0; j < 2; j++) {
			assert_true(mock_take_tx(&f->mock, &request));
			mock_answer_tx(&f->mock, request.id, NETIF_RSP_OKAY);
		}
		ring_arm(&f->mock.tx, 1);
		mock_publish_tx(&f->mock);
	}
	assert_true(front_tx_reclaim(&f->front.queues[0].tx));
	assert_int_equal(f->front.queues[0].tx.done, 1000);
	assert_true(f->front.queues[0].tx.ring.in_cons < 1000);
}

static void test_errors_count_once_a_frame(void **state)
{
	struct fixture *f = *state;
	static uint8_t bytes[9000], seen[9000 + 4096];
	uint16_t ids[32];
	unsigned int slots;

	for (int i = 0; i < 3; i++) {
		assert_true(send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)));
		ring_publish(&f->front.queues[0].tx.ring);
		mock_take_frame(&f->mock, seen, ids, &slots);
		assert_int_equal(slots, 3);
		while (i < 2 && slots--)
			mock_answer_tx(&f->mock, ids[slots],
				       i ? NETIF_RSP_DROPPED : NETIF_RSP_ERROR);
	}
	mock_publish_tx(&f->mock);
	assert_true(front_tx_reclaim(&f->front.queues[0].tx));
	assert_int_equal(f->front.queues[0].tx.errors, 2);
	front_tx_forsake(&f->front.queues[0].tx);
	assert_int_equal(f->front.queues[0].tx.lost, 1);
	assert_int_equal(f->front.queues[0].tx.frames, f->front.queues[0].tx.done +
							       f->front.queues[0].tx.errors +
							       f->front.queues[0].tx.lost);
}

enum {
	SG = SPLITVIF_OFFLOAD_SG,
	CSUM6 = SPLITVIF_OFFLOAD_CSUM_IPV6,
	TSO4 = SPLITVIF_OFFLOAD_GSO_TCPV4,
	TSO6 = SPLITVIF_OFFLOAD_GSO_TCPV6,
	ALL = SG | SPLITVIF_OFFLOAD_CSUM_IPV4 | CSUM6 | TSO4 | TSO6,
	NONE = SPLITVIF_CSUM_NONE,
	VALID = SPLITVIF_CSUM_VALID,
	BLANK = SPLITVIF_CSUM_BLANK,
	F_BLANK = NETTXF_csum_blank | NETTXF_data_validated,
	F_EXTRA = NETTXF_extra_info,
};

/* What a frame asks for, and whether the backend gets it. */
static const struct {
	const char *name;
	unsigned int offers;
	uint8_t csum, gso;
	uint16_t gso_size;
	uint16_t ethertype;
	unsigned int tags;
	bool sent;
	uint16_t flags;
} facts[] = {
	{ "nothing", 0, NONE, 0, 0, 0x800, 0, true, 0 },
	{ "valid", 0, VALID, 0, 0, 0x86dd, 0, true, NETTXF_data_validated },
	{ "blank IPv4 is everybody's", 0, BLANK, 0, 0, 0x800, 0, true, F_BLANK },
	{ "blank IPv6", CSUM6, BLANK, 0, 0, 0x86dd, 0, true, F_BLANK },
	{ "blank IPv6, not offered", ALL & ~CSUM6, BLANK, 0, 0, 0x86dd, 0, false, 0 },
	{ "the same behind a tag", ALL & ~CSUM6, BLANK, 0, 0, 0x86dd, 1, false, 0 },
	{ "the same behind two", ALL & ~CSUM6, BLANK, 0, 0, 0x86dd, 2, false, 0 },
	{ "blank IPv4 behind two", ALL & ~CSUM6, BLANK, 0, 0, 0x800, 2, true, F_BLANK },
	{ "TSO 4", ALL, BLANK, 1, 1448, 0x800, 0, true, F_BLANK | F_EXTRA },
	{ "TSO 6", ALL, BLANK, 2, 1428, 0x86dd, 0, true, F_BLANK | F_EXTRA },
	{ "TSO 4, not offered", ALL & ~TSO4, BLANK, 1, 1448, 0x800, 0, false, 0 },
	{ "TSO 6, not offered", ALL & ~TSO6, BLANK, 2, 1428, 0x86dd, 0, false, 0 },
	{ "TSO without a size", ALL, BLANK, 1, 0, 0x800, 0, false, 0 },
	{ "TSO with a checksum", ALL, VALID, 1, 1448, 0x800, 0, false, 0 },
	{ "no such type", ALL, BLANK, 3, 1448, 0x800, 0, false, 0 },
	{ "no such checksum", ALL, 3, 0, 0, 0x800, 0, false, 0 },
};

static void write_ethertype(uint8_t *bytes, unsigned int tags, uint16_t ethertype)
{
	unsigned int at = 12;

	for (; tags; tags--, at += 4) {
		bytes[at] = tags == 2 ? 0x88 : 0x81;
		bytes[at + 1] = tags == 2 ? 0xa8 : 0;
	}
	bytes[at] = (uint8_t)(ethertype >> 8);
	bytes[at + 1] = (uint8_t)ethertype;
}

static void test_the_backend_gets_what_it_takes(void **state)
{
	struct fixture *f = *state;
	struct front_tx *tx = &f->front.queues[0].tx;
	struct splitvif_frame frame;
	netif_tx_request_t request;
	netif_extra_info_t extra;

	for (size_t i = 0; i < COUNT_OF(facts); i++) {
		uint64_t refused = tx->refused;

		print_message("%s\n", facts[i].name);
		tx->offers = facts[i].offers;
		assert_int_equal(front_tx_reserve(tx, &frame, 1, 2000), 1);
		write_ethertype(frame.parts[0].iov_base, facts[i].tags, facts[i].ethertype);
		frame.length = 2000;
		frame.csum = facts[i].csum;
		frame.gso_type = facts[i].gso;
		frame.gso_size = facts[i].gso_size;
		front_tx_commit(tx, &frame, 1);
		ring_publish(&tx->ring);
		assert_int_equal(tx->refused - refused, !facts[i].sent);
		assert_int_equal(mock_take_tx(&f->mock, &request), facts[i].sent);
		if (!facts[i].sent)
			continue;
		assert_int_equal(request.flags, facts[i].flags);
		mock_answer_tx(&f->mock, request.id, NETIF_RSP_OKAY);
		if (facts[i].gso) {
			assert_true(mock_take_extra(&f->mock, &extra));
			assert_int_equal(extra.type, XEN_NETIF_EXTRA_TYPE_GSO);
			assert_int_equal(extra.flags, 0);
			assert_int_equal(extra.u.gso.type, facts[i].gso);
			assert_int_equal(extra.u.gso.size, facts[i].gso_size);
			mock_answer_tx(&f->mock, 0xdead, NETIF_RSP_NULL);
		}
		assert_false(mock_take_tx(&f->mock, &request));
		mock_publish_tx(&f->mock);
	}
	assert_true(front_tx_reclaim(tx));
	assert_int_equal(tx->nr_free, FRONT_TX_PAGES);
	assert_int_equal(tx->nr_extras, 0);
	assert_int_equal(tx->done, tx->frames);
}

/* A backend without feature-sg: a page a frame, from its start where needed. */
static void test_one_part_where_no_more_are_taken(void **state)
{
	struct fixture *f = *state;
	struct front_tx *tx = &f->front.queues[0].tx;
	struct splitvif_frame frames[64];
	netif_tx_request_t request;

	tx->offers = SPLITVIF_OFFLOAD_CSUM_IPV4;
	assert_int_equal(front_tx_reserve(tx, frames, 1, 4097), 0);
	assert_true(front_tx_arm(tx, 1514) == false);
	assert_int_equal(front_tx_reserve(tx, frames, 64, 4096), 64);
	for (int i = 0; i < 64; i++) {
		assert_int_equal(frames[i].nr_parts, 1);
		assert_int_equal(frames[i].parts[0].iov_len, 4096);
		frames[i].length = i ? 4096 : 4097;
	}
	front_tx_commit(tx, frames, 64);
	assert_int_equal(tx->refused, 1);
	ring_publish(&tx->ring);
	for (int i = 1; i < 64; i++) {
		assert_true(mock_take_tx(&f->mock, &request));
		assert_int_equal(request.offset, 0);
		assert_int_equal(request.size, 4096);
		assert_int_equal(request.flags, 0);
	}
	assert_false(mock_take_tx(&f->mock, &request));
}

static unsigned int send_big(struct front_tx *tx, unsigned int n)
{
	struct splitvif_frame frames[64];
	unsigned int room = front_tx_reserve(tx, frames, n, 65535);

	for (unsigned int i = 0; i < room; i++) {
		frames[i].length = 65535;
		frames[i].csum = BLANK;
		frames[i].gso_type = SPLITVIF_GSO_TCPV4;
		frames[i].gso_size = 1448;
	}
	front_tx_commit(tx, frames, room);
	ring_publish(&tx->ring);
	return room;
}

/* Answers one big frame; its slots. */
static unsigned int answer_big(struct mock_backend *mock)
{
	netif_tx_request_t request;
	netif_extra_info_t extra;
	unsigned int slots = 0;

	do {
		assert_true(mock_take_tx(mock, &request));
		mock_answer_tx(mock, request.id, NETIF_RSP_OKAY);
		if (request.flags & F_EXTRA) {
			assert_true(mock_take_extra(mock, &extra));
			mock_answer_tx(mock, 0, NETIF_RSP_NULL);
			slots++;
		}
		slots++;
	} while (request.flags & NETTXF_more_data);
	return slots;
}

/* An extra info takes a slot of the ring and no page. */
static void test_slots_run_out_before_pages(void **state)
{
	struct fixture *f = *state;
	struct front_tx *tx = &f->front.queues[0].tx;
	unsigned int sent = 0, answered = 0, got;

	tx->offers = ALL;
	while (sent < 1000) {
		while ((got = send_big(tx, 64)) > 0)
			sent += got;
		assert_true(tx->ring.produced - tx->ring.in_cons <= TX_RING_ENTRIES);
		assert_true(TX_RING_ENTRIES - (tx->ring.produced - tx->ring.in_cons) < 18);
		assert_true(front_tx_arm(tx, 65535));
		for (int i = 0; i < 5; i++, answered++)
			assert_in_range(answer_big(&f->mock), 17, 18);
		assert_true(mock_publish_tx(&f->mock)); /* woken */
	}
	for (; answered < sent; answered++)
		answer_big(&f->mock);
	mock_publish_tx(&f->mock);
	assert_true(front_tx_reclaim(tx));
	assert_int_equal(tx->nr_extras, 0);
	assert_int_equal(tx->nr_free, FRONT_TX_PAGES);
	assert_int_equal(tx->done, sent);
}

static void test_more_nulls_than_extras(void **state)
{
	struct fixture *f = *state;
	struct front_tx *tx = &f->front.queues[0].tx;

	tx->offers = ALL;
	assert_int_equal(send_big(tx, 1), 1);
	for (int i = 0; i < 2; i++)
		mock_answer_tx(&f->mock, tx->free[tx->free_first % FRONT_TX_PAGES],
			       NETIF_RSP_NULL);
	assert_in_range(ring_pending(&f->mock.tx), 17, 18); /* by where it starts */
	mock_publish_tx(&f->mock);
	assert_false(front_tx_reclaim(tx));
	assert_int_equal(tx->fault, FRONT_TX_INACTIVE);
}

/* One frame of one slot is outstanding; the answers are these. */
static const struct {
	const char *name;
	struct {
		int id_plus; /* added to the request's id */
		int16_t status;
	} answers[2];
	int nr_answers;
	uint32_t index_plus; /* added to the response index afterwards */
	enum front_fault fault;
} hostile[] = {
	{ "good", { { 0, 0 } }, 1, 0, FRONT_SOUND },
	{ "error", { { 0, -1 } }, 1, 0, FRONT_SOUND },
	{ "dropped", { { 0, -2 } }, 1, 0, FRONT_SOUND },
	{ "id out of range", { { FRONT_TX_PAGES, 0 } }, 1, 0, FRONT_TX_ID },
	{ "id at the end of 16 bits", { { 65535, 0 } }, 1, 0, FRONT_TX_ID },
	{ "id not outstanding", { { 1, 0 } }, 1, 0, FRONT_TX_INACTIVE },
	{ "null to a request", { { 0, 1 } }, 1, 0, FRONT_TX_STATUS },
	{ "status unknown", { { 0, 7 } }, 1, 0, FRONT_TX_STATUS },
	{ "status below", { { 0, -3 } }, 1, 0, FRONT_TX_STATUS },
	{ "index ahead", { { 0, 0 } }, 1, 1, FRONT_TX_INDEX },
	{ "index far ahead", { { 0, 0 } }, 1, 0x80000000u, FRONT_TX_INDEX },
	{ "index backwards", { { 0, 0 } }, 1, 0xfffffffeu, FRONT_TX_INDEX },
};

static void test_bad_answers_break_the_connection(void **state)
{
	uint8_t bytes[64] = { 0 };

	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		netif_tx_request_t request;
		struct fixture *f;
		void *own;

		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		assert_true(send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)));
		ring_publish(&f->front.queues[0].tx.ring);
		assert_true(mock_take_tx(&f->mock, &request));
		for (int j = 0; j < hostile[i].nr_answers; j++)
			mock_answer_tx(&f->mock,
				       (uint16_t)(request.id + hostile[i].answers[j].id_plus),
				       hostile[i].answers[j].status);
		mock_publish_tx(&f->mock);
		f->front.queues[0].tx.ring.page->tx.rsp_prod += hostile[i].index_plus;
		print_message("%s\n", hostile[i].name);
		assert_int_equal(front_tx_reclaim(&f->front.queues[0].tx),
				 hostile[i].fault == FRONT_SOUND);
		assert_int_equal(netfront_fault(&f->front), hostile[i].fault);
		fixture_teardown(&own);
	}
}

static void test_an_answer_twice(void **state)
{
	struct fixture *f = *state;
	netif_tx_request_t request;
	uint8_t bytes[64] = { 0 };

	for (int i = 0; i < 2; i++)
		assert_true(send_frame(&f->front.queues[0].tx, bytes, sizeof(bytes)));
	ring_publish(&f->front.queues[0].tx.ring);
	assert_true(mock_take_tx(&f->mock, &request));
	mock_answer_tx(&f->mock, request.id, 0);
	mock_answer_tx(&f->mock, request.id, 0);
	mock_publish_tx(&f->mock);
	assert_false(front_tx_reclaim(&f->front.queues[0].tx));
	assert_int_equal(f->front.queues[0].tx.fault, FRONT_TX_INACTIVE);
	assert_int_equal(f->front.queues[0].tx.done, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRONT_TEST(test_frames_arrive_whole),
		FRONT_TEST(test_starts_are_spread),
		FRONT_TEST(test_full_ring_is_felt_and_ends),
		FRONT_TEST(test_room_is_shared_out_by_size),
		FRONT_TEST(test_commit_takes_some_and_frees_the_rest),
		FRONT_TEST(test_indices_wrap),
		FRONT_TEST(test_errors_count_once_a_frame),
		FRONT_TEST(test_an_answer_twice),
		FRONT_TEST(test_the_backend_gets_what_it_takes),
		FRONT_TEST(test_one_part_where_no_more_are_taken),
		FRONT_TEST(test_slots_run_out_before_pages),
		FRONT_TEST(test_more_nulls_than_extras),
		cmocka_unit_test(test_bad_answers_break_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
