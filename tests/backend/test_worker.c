/*
 * The worker's loop: timers by a clock turned by hand, events, calls.
 */
#include "support/unit.h"

#include <stdio.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "backend/worker.h"

static uint64_t now_ms = 5000;

static uint64_t hand_clock(void)
{
	return now_ms * 1000000;
}

static struct worker *hand_worker(void)
{
	struct worker *worker;
	char note[160];

	assert_int_equal(worker_open(&worker, ENGINE_EPOLL, -1, note, sizeof(note)), 0);
	worker->polls.clock_ns = hand_clock;
	worker_turn(worker);
	return worker;
}

struct alarm_clock {
	struct timer timer;
	struct worker *worker;
	unsigned int rang;
	uint64_t again_ms; /* 0: once */
};

static void ring(struct timer *timer)
{
	struct alarm_clock *clock = (struct alarm_clock *)timer;

	clock->rang++;
	if (clock->again_ms)
		worker_set_timer(clock->worker, timer, clock->worker->now_ms + clock->again_ms);
}

static void pass_to(struct worker *worker, uint64_t ms)
{
	now_ms = ms;
	worker_turn(worker);
}

static void test_timers(void **state)
{
	struct worker *worker = hand_worker();
	struct alarm_clock clocks[3];
	uint64_t t = now_ms;

	for (int i = 0; i < 3; i++)
		clocks[i] = (struct alarm_clock){ .timer = { .expired = ring }, .worker = worker };
	for (int i = 0; i < 3; i++)
		worker_set_timer(worker, &clocks[i].timer, t + 10 * (uint64_t)(i + 1));
	pass_to(worker, t + 9);
	assert_int_equal(clocks[0].rang, 0);
	pass_to(worker, t + 10);
	assert_int_equal(clocks[0].rang, 1);
	timers_cancel(&worker->timers, &clocks[1].timer);
	timers_cancel(&worker->timers, &clocks[1].timer); /* no effect */
	pass_to(worker, t + 100);
	assert_int_equal(clocks[0].rang, 1);
	assert_int_equal(clocks[1].rang, 0);
	assert_int_equal(clocks[2].rang, 1);
	assert_null(worker->timers.first);
	worker_close(worker);
}

static void test_the_earlier_deadline_stands(void **state)
{
	struct worker *worker = hand_worker();
	struct alarm_clock clock = { .timer = { .expired = ring }, .worker = worker };
	uint64_t t = now_ms;

	worker_set_timer(worker, &clock.timer, t + 10);
	worker_set_timer(worker, &clock.timer, t + 50);
	pass_to(worker, t + 10);
	assert_int_equal(clock.rang, 1);
	pass_to(worker, t + 60);
	assert_int_equal(clock.rang, 1);
	worker_set_timer(worker, &clock.timer, t + 200);
	worker_set_timer(worker, &clock.timer, t + 100);
	pass_to(worker, t + 100);
	assert_int_equal(clock.rang, 2);
	worker_close(worker);
}

static void test_a_timer_that_sets_itself(void **state)
{
	struct worker *worker = hand_worker();
	struct alarm_clock clock = { .timer = { .expired = ring },
				     .worker = worker,
				     .again_ms = 10 };
	uint64_t t = now_ms;

	worker_set_timer(worker, &clock.timer, t);
	for (uint64_t i = 0; i <= 100; i++)
		pass_to(worker, t + i);
	assert_int_equal(clock.rang, 11);
	timers_cancel(&worker->timers, &clock.timer);
	worker_close(worker);
}

struct ear {
	struct worker_source source;
	unsigned int heard;
};

static void hear(struct worker_source *source)
{
	struct ear *ear = (struct ear *)source;
	uint64_t count;

	assert_int_equal(read(source->source.fd, &count, sizeof(count)), sizeof(count));
	ear->heard++;
}

struct ending {
	struct worker *worker;
	struct ear *ear;
	unsigned int calls;
};

static void end_ear(void *arg)
{
	struct ending *ending = arg;

	ending->calls++;
	worker_remove(ending->worker, &ending->ear->source);
	ending->ear->source.readable = NULL; /* as if freed: whoever calls it now crashes */
}

/* A call and an event of the source that it ends, reported together, the call
 * first: it is made last. */
static void test_a_call_comes_after_events(void **state)
{
	struct worker *worker = hand_worker();
	struct ear ear = { .heard = 0 };
	struct ending ending = { worker, &ear, 0 };
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	uint64_t one = 1;

	assert_int_equal(worker_add(worker, &ear.source, fd, NULL, hear), 0);
	engine_arm(worker->engine, &worker->mailbox.source);
	engine_arm(worker->engine, &ear.source.source);
	worker->call = end_ear;
	worker->call_arg = &ending;
	assert_int_equal(write(worker->mailbox.source.fd, &one, sizeof(one)), sizeof(one));
	assert_int_equal(write(fd, &one, sizeof(one)), sizeof(one));
	worker_turn(worker);
	assert_int_equal(ear.heard, 1);
	assert_int_equal(ending.calls, 1);
	worker_turn(worker);
	assert_int_equal(ending.calls, 1);
	assert_int_equal(sem_trywait(&worker->answered), 0);
	close(fd);
	worker_close(worker);
}

static void note_thread(void *arg)
{
	*(pthread_t *)arg = pthread_self();
}

static void test_calls_run_on_the_thread(void **state)
{
	struct worker *worker;
	char note[160];

	assert_int_equal(worker_create(&worker, ENGINE_AUTO, -1, note, sizeof(note)), 0);
	for (int i = 0; i < 1000; i++) {
		pthread_t where = pthread_self();

		worker_call(worker, note_thread, &where);
		assert_true(pthread_equal(where, worker->thread));
	}
	worker_destroy(worker);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_timers),
		cmocka_unit_test(test_the_earlier_deadline_stands),
		cmocka_unit_test(test_a_timer_that_sets_itself),
		cmocka_unit_test(test_a_call_comes_after_events),
		cmocka_unit_test(test_calls_run_on_the_thread),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
