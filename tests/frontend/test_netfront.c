/* Memory, grants and notifications of a whole vif. */
#include <errno.h>

#include "fixture.h"

static void send_frames(struct fixture *f, unsigned int n)
{
	struct splitvif_frame frames[64];

	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, n, 60), n);
	for (unsigned int i = 0; i < n; i++)
		frames[i].length = 60;
	front_tx_commit(&f->front.queues[0].tx, frames, n);
}

static void test_everything_is_granted_once(void **state)
{
	struct fixture *f = *state;
	uint32_t granted, in_use;
	int16_t status;

	grant_census(&f->mock.view, &granted, &in_use);
	assert_int_equal(granted, FRONT_QUEUE_GRANTS);
	assert_int_equal(in_use, 2);
	assert_int_equal(mock_rx_posted(&f->mock), FRONT_RX_PAGES);
	for (int i = 0; i < 256; i++) {
		assert_non_null(grant_resolve(&f->mock.view, f->front.queues[0].tx.refs[i], 0, 4096,
					      false, &status));
		assert_null(grant_resolve(&f->mock.view, f->front.queues[0].tx.refs[i], 0, 4096,
					  true, &status));
		assert_non_null(grant_resolve(&f->mock.view, f->front.queues[0].rx.refs[i], 0, 4096,
					      true, &status));
	}
}

static void test_one_notification_a_batch(void **state)
{
	struct fixture *f = *state;
	netif_tx_request_t request;

	send_frames(f, 64);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 0), 1);
	assert_int_equal(fixture_wakes(f, 1), 0);
	send_frames(f, 64);
	netfront_flush(&f->front); /* the backend has not armed again */
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 0), 0);
	while (mock_take_tx(&f->mock, &request))
		;
	assert_int_equal(ring_arm(&f->mock.tx, 1), 0);
	send_frames(f, 1);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 0), 1);
	assert_int_equal(f->front.queues[0].tx_channel.sent, 2);
}

static void test_buffers_wake_only_who_waits_for_them(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frames[64];
	uint8_t bytes[60] = { 0 };

	for (int i = 0; i < 64; i++)
		mock_send_frame(&f->mock, bytes, sizeof(bytes));
	mock_publish_rx(&f->mock);
	assert_int_equal(front_rx_receive(&f->front.queues[0].rx, frames, 64), 64);
	front_rx_release(&f->front.queues[0].rx, 32);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 1), 0);
	/* asks for the 8th beyond what is there */
	assert_int_equal(ring_arm(&f->mock.rx, FRONT_RX_PAGES - 64 + 32 + 8), 224);
	front_rx_release(&f->front.queues[0].rx, 32);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 1), 1);
}

static void test_arm_looks_again(void **state)
{
	struct fixture *f = *state;
	struct splitvif_frame frame;
	uint8_t bytes[60] = { 0 };

	assert_true(netfront_arm(&f->front, 0));
	assert_false(netfront_arm(&f->front, 1514)); /* there is room */
	mock_send_frame(&f->mock, bytes, sizeof(bytes));
	assert_true(mock_publish_rx(&f->mock));
	assert_false(netfront_arm(&f->front, 0));
	assert_int_equal(front_rx_receive(&f->front.queues[0].rx, &frame, 1), 1);
	assert_true(netfront_arm(&f->front, 0));
	f->front.queues[0].rx.fault = FRONT_RX_ID;
	assert_true(netfront_arm(&f->front, 1514));
}

/* Who takes none asks for none; room to send is another matter. */
static void test_waiting_asks_for_nothing(void **state)
{
	struct fixture *f = *state;
	struct front_rx *rx = &f->front.queues[0].rx;
	struct splitvif_frame frames[2];
	uint8_t bytes[60] = { 0 };

	mock_send_frame(&f->mock, bytes, sizeof(bytes));
	assert_true(mock_publish_rx(&f->mock)); /* the first is always told of */
	assert_int_equal(front_rx_receive(rx, frames, 2), 1);
	assert_true(netfront_wait(&f->front, 0));
	assert_true(netfront_wait(&f->front, 0));
	assert_int_equal(rx->waits, 1);
	assert_false(netfront_wait(&f->front, 1514)); /* there is room */
	for (int i = 0; i < 2; i++) {
		mock_send_frame(&f->mock, bytes, sizeof(bytes));
		assert_false(mock_publish_rx(&f->mock));
	}
	assert_true(netfront_wait(&f->front, 0));
	assert_int_equal(front_rx_receive(rx, frames, 2), 2);
	assert_true(netfront_arm(&f->front, 0));
	mock_send_frame(&f->mock, bytes, sizeof(bytes));
	assert_true(mock_publish_rx(&f->mock));
	assert_true(netfront_wait(&f->front, 0));
	assert_int_equal(rx->waits, 2);
}

/* A full ring: it is the answers that wake, though frames have come. */
static void test_waiting_for_room_to_send(void **state)
{
	struct fixture *f = *state;
	netif_tx_request_t request;
	uint8_t bytes[60] = { 0 };

	for (int i = 0; i < 4; i++)
		send_frames(f, 64);
	mock_send_frame(&f->mock, bytes, sizeof(bytes));
	mock_publish_rx(&f->mock);
	assert_false(netfront_arm(&f->front, 60)); /* a frame is there */
	assert_true(netfront_wait(&f->front, 60));
	for (int i = 0; i < 64; i++) {
		assert_true(mock_take_tx(&f->mock, &request));
		mock_answer_tx(&f->mock, request.id, NETIF_RSP_OKAY);
	}
	assert_true(mock_publish_tx(&f->mock));
	assert_false(netfront_wait(&f->front, 60));
}

static void test_single_channel_serves_both(void **state)
{
	struct fixture *f = *state;

	evtchn_fini(&f->front.queues[0].rx_channel);
	send_frames(f, 1);
	ring_arm(&f->mock.rx, FRONT_RX_PAGES + 1);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 0), 1);
	front_queue_take_event(&f->front.queues[0], true); /* there is none */
}

static void wake(const struct evtchn *channel)
{
	const uint64_t one = 1;

	assert_int_equal(write(channel->wait_fd, &one, sizeof(one)), sizeof(one));
}

/* A frame came, no answer did: whom it woke for nothing depends on the channels. */
static void test_an_event_is_counted_where_it_wakes(void **state)
{
	struct fixture *f = *state;
	struct front_queue *queue = &f->front.queues[0];
	uint8_t bytes[60] = { 0 };

	mock_send_frame(&f->mock, bytes, sizeof(bytes));
	mock_publish_rx(&f->mock);
	wake(&queue->rx_channel);
	front_queue_take_event(queue, true);
	front_queue_take_event(queue, true); /* it is taken */
	front_queue_take_event(queue, false);
	assert_int_equal(queue->rx_events.taken, 1);
	assert_int_equal(queue->rx_events.spurious, 0);
	assert_int_equal(queue->tx_events.taken, 0);

	evtchn_fini(&queue->rx_channel);
	wake(&queue->tx_channel);
	front_queue_take_event(queue, false);
	assert_int_equal(queue->rx_events.taken, 2);
	assert_int_equal(queue->rx_events.spurious, 0);
	assert_int_equal(queue->tx_events.taken, 1);
	assert_int_equal(queue->tx_events.spurious, 1);
}

static void test_pages_in_use_hold_up_the_next_connection(void **state)
{
	struct fixture *f = *state;

	send_frames(f, 3);
	/* the mock still has both rings mapped */
	assert_int_equal(netfront_revoke(&f->front), 2);
	assert_int_equal(f->front.queues[0].tx.lost, 3);
	assert_int_equal(netfront_prepare(&f->front, 0, 1), -EBUSY);
	grant_unmap(&f->mock.view, f->front.queues[0].tx_ring_ref, true);
	grant_unmap(&f->mock.view, f->front.queues[0].rx_ring_ref, true);
	assert_int_equal(netfront_revoke(&f->front), 0);
	assert_int_equal(netfront_prepare(&f->front, 0, 1), 0);
}

static void test_the_dead_hold_nothing(void **state)
{
	struct fixture *f = *state;
	struct mock_backend next;

	send_frames(f, 5);
	netfront_bury(&f->front);
	assert_int_equal(f->front.queues[0].tx.lost, 5);
	assert_int_equal(netfront_prepare(&f->front, 0, 1), 0);
	mock_attach(&next, &f->front);
	assert_int_equal(mock_rx_posted(&next), FRONT_RX_PAGES);
	assert_int_equal(f->front.queues[0].tx.nr_free, FRONT_TX_PAGES);
}

/* Before the first connection, and after its end, every call is harmless. */
static void test_down_is_quiet(void **state)
{
	struct fixture *f = *state;

	netfront_bury(&f->front);
	netfront_flush(&f->front);
	assert_true(netfront_arm(&f->front, 1514));
	front_queue_take_event(&f->front.queues[0], true);
	assert_int_equal(netfront_fault(&f->front), FRONT_SOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRONT_TEST(test_everything_is_granted_once),
		FRONT_TEST(test_one_notification_a_batch),
		FRONT_TEST(test_buffers_wake_only_who_waits_for_them),
		FRONT_TEST(test_arm_looks_again),
		FRONT_TEST(test_waiting_asks_for_nothing),
		FRONT_TEST(test_waiting_for_room_to_send),
		FRONT_TEST(test_single_channel_serves_both),
		FRONT_TEST(test_an_event_is_counted_where_it_wakes),
		FRONT_TEST(test_pages_in_use_hold_up_the_next_connection),
		FRONT_TEST(test_the_dead_hold_nothing),
		FRONT_TEST(test_down_is_quiet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
