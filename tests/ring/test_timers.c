/*
 * Deadlines, against a list that is searched whole.
 */
#include "support/unit.h"

#include "ring/timers.h"
#include "support/random.h"

enum { TIMERS = 40, SEED = 0x7173 };

struct alarm_clock {
	struct timer timer;
	uint64_t due; /* what the list says; 0: none */
	unsigned int rang;
};

static struct timers timers;
static struct alarm_clock clocks[TIMERS];
static uint64_t now, last_rung;

static void ring(struct timer *timer)
{
	struct alarm_clock *clock = (struct alarm_clock *)timer;

	assert_true(clock->due && clock->due <= now);
	assert_true(clock->due >= last_rung);
	last_rung = clock->due;
	clock->due = 0;
	clock->rang++;
}

static uint64_t earliest(void)
{
	uint64_t first = UINT64_MAX;

	for (int i = 0; i < TIMERS; i++)
		if (clocks[i].due && clocks[i].due < first)
			first = clocks[i].due;
	return first;
}

static void set(struct alarm_clock *clock, uint64_t due)
{
	timers_set(&timers, &clock->timer, due);
	if (!clock->due || due < clock->due)
		clock->due = due;
}

static void test_random_walk(void **state)
{
	uint64_t random = SEED;
	unsigned int rang = 0;

	timers = (struct timers){ 0 };
	for (int i = 0; i < TIMERS; i++)
		clocks[i] = (struct alarm_clock){ .timer = { .expired = ring } };
	for (int step = 0; step < 200000; step++) {
		struct alarm_clock *clock = &clocks[random_below(&random, TIMERS)];

		switch (random_below(&random, 8)) {
		case 0:
			timers_cancel(&timers, &clock->timer);
			clock->due = 0;
			break;
		case 1:
			now += random_below(&random, 30);
			last_rung = 0;
			timers_run(&timers, now);
			break;
		default:
			set(clock, now + random_below(&random, 100));
		}
		assert_int_equal(timers_next(&timers), earliest());
		assert_int_equal(clock->timer.pending, clock->due != 0);
	}
	for (int i = 0; i < TIMERS; i++)
		rang += clocks[i].rang;
	assert_true(rang > 10000);
}

static void ring_again(struct timer *timer)
{
	((struct alarm_clock *)timer)->rang++;
	timers_set(&timers, timer, 0);
}

/* One that sets itself for the past rings once a run. */
static void test_one_that_sets_itself(void **state)
{
	struct alarm_clock clock = { .timer = { .expired = ring_again } };

	timers = (struct timers){ 0 };
	timers_set(&timers, &clock.timer, 5);
	for (uint64_t t = 1; t <= 10; t++)
		timers_run(&timers, t);
	assert_int_equal(clock.rang, 6);
	assert_true(clock.timer.pending);
}

static void cancel_other(struct timer *timer)
{
	clocks[0].rang++;
	timers_cancel(&timers, &clocks[1].timer);
}

/* Due in the same run, and cancelled by the one before it. */
static void test_cancelled_by_another(void **state)
{
	timers = (struct timers){ 0 };
	for (int i = 0; i < 2; i++) {
		clocks[i] = (struct alarm_clock){ .timer = { .expired = cancel_other } };
		timers_set(&timers, &clocks[i].timer, 10 + (uint64_t)i);
	}
	timers_run(&timers, 20);
	assert_int_equal(clocks[0].rang, 1);
	assert_null(timers.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_random_walk),
		cmocka_unit_test(test_one_that_sets_itself),
		cmocka_unit_test(test_cancelled_by_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
