/* The receive ring against a backend that answers well and badly. */
#include "fixture.h"

static uint8_t sent[65535], seen[65535];

static void copy_frame(const struct splitvif_frame *frame)
{
	uint32_t at = 0;

	for (unsigned int i = 0; i < frame->nr_parts; i++) {
		memcpy(seen + at, frame->parts[i].iov_base, frame->parts[i].iov_len);
		at += (uint32_t)frame->parts[i].iov_len;
	}
	assert_int_equal(at, frame->length);
}

static const uint32_t lengths[] = { 14, 60, 1514, 4096, 4097, 9018, 65535 };

static void test_frames_arrive_whole(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[4];

	for (size_t i = 0; i < 100 * COUNT_OF(lengths); i++) {
		uint32_t length = lengths[i % COUNT_OF(lengths)];

		fill_pattern(sent, length, (uint32_t)i);
		mock_send_frame(&f->mock, sent, length);
		mock_publish_rx(&f->mock);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 4), 1);
		assert_int_equal(frames[0].length, length);
		copy_frame(&frames[0]);
		assert_memory_equal(sent, seen, length);
		front_rx_release(&f->front.queues[0].rx, 1);
		ring_publish(&f->front.queues[0].rx.ring);
		assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
	}
}

static void test_held_pages_stay_with_the_caller(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[256];
	unsigned int n = 0, slots = 0;

	/* Mixed sizes until the ring is dry, then released piecewise, oldest
	 * first, through several turns of every index. */
	for (int turn = 0; turn < 50; turn++) {
		while (mock_rx_posted(&f->mock) >= 17) {
			uint32_t length = lengths[(unsigned int)turn * 3 % COUNT_OF(lengths)];

			fill_pattern(sent, length, (uint32_t)turn);
			slots += mock_send_frame(&f->mock, sent, length);
		}
		mock_publish_rx(&f->mock);
		n = front_rx_receive(&f->front.queues[0].rx, frames, 256);
		assert_true(n > 0);
		for (unsigned int i = 0; i < n; i++) {
			copy_frame(&frames[i]);
			assert_memory_equal(sent, seen, frames[i].length);
		}
		front_rx_release(&f->front.queues[0].rx, n / 3);
		ring_publish(&f->front.queues[0].rx.ring);
		assert_true(mock_rx_posted(&f->mock) < FRONT_RX_PAGES);
		front_rx_release(&f->front.queues[0].rx, n); /* more than there are is no harm */
		ring_publish(&f->front.queues[0].rx.ring);
		assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
	}
	assert_int_equal(f->front.queues[0].rx.fault, FRONT_SOUND);
}

static void test_errors_are_counted_and_posted_again(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[8];

	mock_send_slot(&f->mock, sent, 0, 0, -1);		   /* error */
	mock_send_slot(&f->mock, sent, 0, NETRXF_more_data, 1000); /* error in the middle */
	mock_send_slot(&f->mock, sent, 0, NETRXF_more_data, -2);
	mock_send_slot(&f->mock, sent, 0, 0, 10);
	mock_send_slot(&f->mock, sent, 0, 0, 13); /* no Ethernet header */
	mock_send_slot(&f->mock, sent, 0, 0, 0);
	mock_send_slot(&f->mock, sent, 4096 - 60, 0, 60);	 /* a good one */
	mock_send_slot(&f->mock, sent, 0, NETRXF_more_data, 60); /* with an empty slot */
	mock_send_slot(&f->mock, sent, 0, NETRXF_more_data, 0);
	mock_send_slot(&f->mock, sent, 0, 0, 4);
	mock_publish_rx(&f->mock);
	assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 8), 2);
	assert_int_equal(frames[0].length, 60);
	assert_int_equal(frames[1].length, 64);
	assert_int_equal(frames[1].nr_parts, 2);
	assert_int_equal(f->front.queues[0].rx.errors, 4);
	front_rx_release(&f->front.queues[0].rx, 2);
	ring_publish(&f->front.queues[0].rx.ring);
	assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
}

static void test_indices_wrap_and_events_come(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frame;

	mock_shift(&f->mock, &f->front, 0xffffff00u);
	for (int i = 0; i < 1000; i++) {
		assert_true(front_rx_arm(&f->front.queues[0].rx));
		mock_send_frame(&f->mock, sent, 60);
		assert_true(mock_publish_rx(&f->mock)); /* armed: notify */
		mock_send_frame(&f->mock, sent, 60);
		assert_false(mock_publish_rx(&f->mock)); /* awake: do not */
		assert_false(front_rx_arm(&f->front.queues[0].rx));
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, &frame, 1), 1);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, &frame, 1), 1);
		front_rx_release(&f->front.queues[0].rx, 2);
		ring_publish(&f->front.queues[0].rx.ring);
	}
	assert_int_equal(f->front.queues[0].rx.frames, 2000);
}

enum { MORE = NETRXF_more_data, EXTRA = NETRXF_extra_info };

/* Slots that answer the first requests, byte counts and flags as they come. */
static const struct {
	const char *name;
	struct {
		uint16_t offset, flags;
		int16_t status;
	} slots[4];
	int nr_slots, repeat; /* the first one that often */
	int extra_type;	      /* replaces the second slot */
	int wrong_id;
	uint32_t index_plus;
	enum front_fault fault;
} hostile[] = {
	{ "a full page", { { 0, 0, 4096 } }, 1, 1, 0, 0, 0, FRONT_SOUND },
	{ "data_validated and csum_blank", { { 0, 3, 60 } }, 1, 1, 0, 0, 0, FRONT_SOUND },
	{ "size beyond a page", { { 0, 0, 4097 } }, 1, 1, 0, 0, 0, FRONT_RX_SIZE },
	{ "offset and size beyond", { { 4000, 0, 97 } }, 1, 1, 0, 0, 0, FRONT_RX_BOUNDS },
	{ "offset alone beyond", { { 65535, 0, 1 } }, 1, 1, 0, 0, 0, FRONT_RX_BOUNDS },
	{ "wrong id", { { 0, 0, 60 } }, 1, 1, 0, 1, 0, FRONT_RX_ID },
	{ "id out of range", { { 0, 0, 60 } }, 1, 1, 0, 256, 0, FRONT_RX_ID },
	{ "cut chain", { { 0, MORE, 60 } }, 1, 1, 0, 0, 0, FRONT_RX_CUT },
	{ "19 slots and cut", { { 0, MORE, 60 } }, 1, 18, 0, 0, 0, FRONT_RX_CUT },
	{ "20 slots", { { 0, MORE, 60 }, { 0, 0, 60 } }, 2, 19, 0, 0, 0, FRONT_RX_LONG },
	{ "19 slots", { { 0, MORE, 60 }, { 0, 0, 60 } }, 2, 18, 0, 0, 0, FRONT_SOUND },
	{ "65536 bytes", { { 0, MORE, 4096 }, { 0, 0, 0 } }, 2, 16, 0, 0, 0, FRONT_RX_LONG },
	{ "65535 bytes", { { 0, MORE, 4096 }, { 0, 0, 4095 } }, 2, 15, 0, 0, 0, FRONT_SOUND },
	{ "extra missing", { { 0, EXTRA, 60 } }, 1, 1, 0, 0, 0, FRONT_RX_EXTRA_CUT },
	{ "gso extra", { { 0, EXTRA, 60 }, { 0 } }, 2, 1, 1, 0, 0, FRONT_RX_GSO },
	{ "hash extra", { { 0, EXTRA, 60 }, { 0 } }, 2, 1, 4, 0, 0, FRONT_RX_EXTRA },
	{ "unknown extra", { { 0, EXTRA, 60 }, { 0 } }, 2, 1, 200, 0, 0, FRONT_RX_EXTRA },
	{ "extra late", { { 0, MORE, 60 }, { 0, EXTRA, 60 } }, 2, 1, 0, 0, 0, FRONT_RX_EXTRA_LATE },
	{ "index beyond", { { 0, 0, 60 } }, 1, 1, 0, 0, 256, FRONT_RX_INDEX },
	{ "index backwards", { { 0, 0, 60 } }, 1, 1, 0, 0, 0xfffffffeu, FRONT_RX_INDEX },
};

static void answer(struct mock_backend *mock, size_t i)
{
	struct ring *ring = &mock->rx;

	for (int j = 0; j < hostile[i].nr_slots; j++)
		for (int k = 0; k < (j ? 1 : hostile[i].repeat); k++)
			mock_send_slot(mock, NULL, hostile[i].slots[j].offset,
				       hostile[i].slots[j].flags, hostile[i].slots[j].status);
	if (hostile[i].extra_type) {
		netif_extra_info_t extra = { .type = (uint8_t)hostile[i].extra_type };

		ring->produced--;
		ring_produce_rx_extra(ring, &extra);
	}
	if (hostile[i].wrong_id)
		ring->page->rx.ring[0].rsp.id += (uint16_t)hostile[i].wrong_id;
	mock_publish_rx(mock);
	ring->page->rx.rsp_prod += hostile[i].index_plus;
}

static void test_bad_answers_break_the_connection(void **state)
{
	for (size_t i = 0; i < COUNT_OF(hostile); i++) {
		struct splitvif_frame frames[4];
		unsigned int n;
		struct fixture *f;
		void *own;

		print_message("%s\n", hostile[i].name);
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		answer(&f->mock, i);
		n = front_rx_receive(&f->front.queues[0].rx, frames, 4);
		assert_int_equal(netfront_fault(&f->front), hostile[i].fault);
		assert_int_equal(n, hostile[i].fault == FRONT_SOUND);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 4), 0);
		fixture_teardown(&own);
	}
}

enum {
	TSO4 = SPLITVIF_OFFLOAD_GSO_TCPV4,
	TSO6 = SPLITVIF_OFFLOAD_GSO_TCPV6,
	BLANK = NETRXF_csum_blank,
	VALID = NETRXF_data_validated,
};

/* A frame of `pages` full pages, the last one `last` bytes, an extra after the
 * first. */
static void send_gso(struct mock_backend *mock, const netif_extra_info_t *extra, uint16_t flags,
		     int pages, int last)
{
	for (int i = 0; i < pages; i++) {
		uint16_t more = i < pages - 1 ? MORE : 0;

		mock_send_slot(mock, sent + i * PAGE_BYTES, 0, more | (i ? 0 : EXTRA | flags),
			       (int16_t)(more ? PAGE_BYTES : last));
		if (i == 0)
			mock_send_extra(mock, extra);
	}
}

static netif_extra_info_t gso_extra(uint8_t type, uint16_t size)
{
	netif_extra_info_t extra = { .type = XEN_NETIF_EXTRA_TYPE_GSO };

	extra.u.gso.type = type;
	extra.u.gso.size = size;
	return extra;
}

/* A slot that an extra used up is posted again with its frame, whatever the
 * order in which pages come to stand in the ring. */
static void test_gso_frames_arrive_and_give_all_pages_back(void **state)
{
	const netif_extra_info_t v4 = gso_extra(1, 1448), v6 = gso_extra(2, 1428);
	struct fixture *f = *state;
	struct splitvif_frame frames[8];

	f->front.queues[0].rx.takes = TSO4 | TSO6;
	for (int i = 0; i < 500; i++) {
		fill_pattern(sent, 65000, (uint32_t)i);
		send_gso(&f->mock, &v4, BLANK, 1 + i % 16, 500);
		mock_send_slot(&f->mock, sent, 0, VALID, 60);
		send_gso(&f->mock, &v6, 0, 2, 1000);
		mock_publish_rx(&f->mock);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 8), 3);
		assert_int_equal(frames[0].gso_type, SPLITVIF_GSO_TCPV4);
		assert_int_equal(frames[0].gso_size, 1448);
		assert_int_equal(frames[0].csum, SPLITVIF_CSUM_BLANK);
		assert_int_equal(frames[0].length, i % 16 * PAGE_BYTES + 500);
		copy_frame(&frames[0]);
		assert_memory_equal(sent, seen, frames[0].length);
		assert_int_equal(frames[1].gso_type, SPLITVIF_GSO_NONE);
		assert_int_equal(frames[1].csum, SPLITVIF_CSUM_VALID);
		assert_int_equal(frames[2].gso_type, SPLITVIF_GSO_TCPV6);
		assert_int_equal(frames[2].gso_size, 1428);
		assert_int_equal(frames[2].csum, SPLITVIF_CSUM_BLANK);
		assert_int_equal(frames[2].nr_parts, 2);
		front_rx_release(&f->front.queues[0].rx, 3);
		ring_publish(&f->front.queues[0].rx.ring);
		assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
	}
	/* every page is posted exactly once */
	for (int i = 0; i < FRONT_RX_PAGES; i++)
		seen[i] = 0;
	for (int i = 0; i < FRONT_RX_PAGES; i++)
		assert_int_equal(seen[f->front.queues[0].rx.posted[i]]++, 0);
}

/* A backend's error in a GSO frame gives all its slots back, too. */
static void test_gso_frame_with_an_error(void **state)
{
	const netif_extra_info_t v4 = gso_extra(1, 1448);
	struct fixture *f = *state;
	struct splitvif_frame frames[8];

	f->front.queues[0].rx.takes = TSO4;
	for (int i = 0; i < 300; i++) {
		mock_send_slot(&f->mock, sent, 0, MORE | EXTRA | BLANK, -1);
		mock_send_extra(&f->mock, &v4);
		mock_send_slot(&f->mock, sent, 0, 0, -1);
		mock_publish_rx(&f->mock);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 8), 0);
		ring_publish(&f->front.queues[0].rx.ring);
		assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
	}
	assert_int_equal(f->front.queues[0].rx.errors, 300);
}

static const struct {
	const char *name;
	unsigned int takes;
	uint8_t type, flags, gso_type;
	uint16_t size;
	int pages, last;
	enum front_fault fault;
} extras[] = {
	{ "TSO 4", TSO4, 1, 0, 1, 1448, 2, 9, FRONT_SOUND },
	{ "TSO 4, not taken", TSO6, 1, 0, 1, 1448, 2, 9, FRONT_RX_GSO },
	{ "TSO 6", TSO6, 1, 0, 2, 1448, 2, 9, FRONT_SOUND },
	{ "TSO 6, not taken", TSO4, 1, 0, 2, 1448, 2, 9, FRONT_RX_GSO },
	{ "no such GSO type", TSO4 | TSO6, 1, 0, 3, 1448, 2, 9, FRONT_RX_GSO },
	{ "GSO type 0", TSO4 | TSO6, 1, 0, 0, 1448, 2, 9, FRONT_RX_GSO },
	{ "size 0", TSO4, 1, 0, 1, 0, 2, 9, FRONT_RX_GSO_SIZE },
	{ "another after it", TSO4, 1, 1, 1, 1448, 2, 9, FRONT_RX_EXTRA },
	{ "a hash", TSO4, 4, 0, 1, 1448, 2, 9, FRONT_RX_EXTRA },
	{ "type 0", TSO4, 0, 0, 1, 1448, 2, 9, FRONT_RX_EXTRA },
	{ "type 255", TSO4, 255, 0, 1, 1448, 2, 9, FRONT_RX_EXTRA },
	{ "an IP packet of 65535", TSO4, 1, 0, 1, 1448, 17, 17, FRONT_SOUND },
	{ "one byte more", TSO4, 1, 0, 1, 1448, 17, 18, FRONT_RX_LONG },
};

static void test_extras_are_checked(void **state)
{
	for (size_t i = 0; i < COUNT_OF(extras); i++) {
		netif_extra_info_t extra = gso_extra(extras[i].gso_type, extras[i].size);
		struct splitvif_frame frames[4];
		struct fixture *f;
		void *own;

		print_message("%s\n", extras[i].name);
		assert_int_equal(fixture_setup(&own), 0);
		f = own;
		f->front.queues[0].rx.takes = extras[i].takes;
		extra.type = extras[i].type;
		extra.flags = extras[i].flags;
		for (int k = 0; k < extras[i].pages; k++) {
			uint16_t more = k < extras[i].pages - 1 ? MORE : 0;

			mock_send_slot(&f->mock, NULL, 0, more | (k ? 0 : EXTRA),
				       (int16_t)(more ? PAGE_BYTES : extras[i].last));
			if (k == 0)
				mock_send_extra(&f->mock, &extra);
		}
		mock_publish_rx(&f->mock);
		assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 4),
				 extras[i].fault == FRONT_SOUND);
		assert_int_equal(netfront_fault(&f->front), extras[i].fault);
		fixture_teardown(&own);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRONT_TEST(test_frames_arrive_whole),
		FRONT_TEST(test_held_pages_stay_with_the_caller),
		FRONT_TEST(test_errors_are_counted_and_posted_again),
		FRONT_TEST(test_indices_wrap_and_events_come),
		FRONT_TEST(test_gso_frames_arrive_and_give_all_pages_back),
		FRONT_TEST(test_gso_frame_with_an_error),
		cmocka_unit_test(test_extras_are_checked),
		cmocka_unit_test(test_bad_answers_break_the_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
