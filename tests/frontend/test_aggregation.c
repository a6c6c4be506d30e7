/* Frames to be sent, of which the backend is told in groups. */
#include <errno.h>
#include <poll.h>
#include <time.h>

#include "fixture.h"

enum { LONG_USECS = 100000, NO_TIME = 0 };

static void send_frames(struct fixture *f, unsigned int n)
{
	struct splitvif_frame frames[64];

	assert_int_equal(front_tx_reserve(&f->front.queues[0].tx, frames, n, 60), n);
	for (unsigned int i = 0; i < n; i++)
		frames[i].length = 60;
	front_tx_commit(&f->front.queues[0].tx, frames, n);
	netfront_flush(&f->front);
}

static void backend_sleeps(struct fixture *f)
{
	netif_tx_request_t request;

	while (mock_take_tx(&f->mock, &request))
		;
	assert_int_equal(ring_arm(&f->mock.tx, 1), 0);
	fixture_wakes(f, 0);
}

static void aggregate(struct fixture *f, uint32_t usecs, uint32_t frames)
{
	const struct coalesce_limits limits = { usecs, frames };

	assert_int_equal(netfront_aggregate(&f->front, &limits), 0);
	backend_sleeps(f);
}

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void wait_until(uint64_t due_ns)
{
	while (now_ns() < due_ns)
		poll(NULL, 0, 1);
}

static void test_by_number(void **state)
{
	struct fixture *f = *state;

	aggregate(f, NO_TIME, 4);
	for (int group = 0; group < 3; group++) {
		send_frames(f, 2);
		assert_int_equal(fixture_wakes(f, 0), 0);
		send_frames(f, 2);
		assert_int_equal(fixture_wakes(f, 0), 1);
		assert_true(netfront_due(&f->front) == UINT64_MAX);
		backend_sleeps(f);
	}
}

/* The last frame of a burst is told of when its time has come. */
static void test_by_time(void **state)
{
	struct fixture *f = *state;
	uint64_t due, start;

	aggregate(f, LONG_USECS, 0);
	start = now_ns();
	send_frames(f, 3);
	due = netfront_due(&f->front);
	assert_true(due >= start + LONG_USECS * 1000 && due <= now_ns() + LONG_USECS * 1000);
	send_frames(f, 3); /* later frames do not prolong it */
	assert_true(netfront_due(&f->front) == due || now_ns() >= due);
	wait_until(due);
	netfront_flush(&f->front);
	assert_int_equal(fixture_wakes(f, 0), 1);
	assert_true(netfront_due(&f->front) == UINT64_MAX);
	netfront_flush(&f->front); /* told once */
	assert_int_equal(fixture_wakes(f, 0), 0);
}

/* It has looked by itself meanwhile, and does not sleep. */
static void test_a_busy_backend_is_not_told(void **state)
{
	struct fixture *f = *state;
	netif_tx_request_t request;
	uint64_t due;

	aggregate(f, LONG_USECS, 0);
	send_frames(f, 1);
	due = netfront_due(&f->front);
	while (mock_take_tx(&f->mock, &request))
		;
	assert_int_equal(ring_arm(&f->mock.tx, 1), 0);
	wait_until(due);
	netfront_flush(&f->front);
	assert_true(netfront_due(&f->front) == UINT64_MAX);
	assert_int_equal(fixture_wakes(f, 0), 0);
}

/* Half a ring, whoever waits for room, and new settings: told at once. */
static void test_forced(void **state)
{
	struct fixture *f = *state;

	aggregate(f, LONG_USECS, 0);
	for (int i = 0; i < 2; i++)
		send_frames(f, 64);
	assert_int_equal(fixture_wakes(f, 0), 1);
	backend_sleeps(f);
	send_frames(f, 1);
	netfront_arm(&f->front, 60);
	assert_int_equal(fixture_wakes(f, 0), 1);
	backend_sleeps(f);
	send_frames(f, 1);
	assert_int_equal(netfront_aggregate(&f->front, &(struct coalesce_limits){ 0, 1 }), 0);
	assert_int_equal(fixture_wakes(f, 0), 1);
	backend_sleeps(f);
	send_frames(f, 1);
	assert_int_equal(fixture_wakes(f, 0), 1);
}

static void test_never_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(netfront_aggregate(&f->front, &(struct coalesce_limits){ 0, 0 }), -EINVAL);
	backend_sleeps(f);
	send_frames(f, 1);
	assert_int_equal(fixture_wakes(f, 0), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FRONT_TEST(test_by_number), FRONT_TEST(test_by_time),
		FRONT_TEST(test_a_busy_backend_is_not_told), FRONT_TEST(test_forced),
		FRONT_TEST(test_never_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
