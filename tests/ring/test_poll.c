/*
 * The round robin, with sources that have any number of frames to give.
 */
#include "support/unit.h"

#include <stdio.h>

#include "ring/poll.h"
#include "support/random.h"

enum { ITEMS = 8, ENDLESS = 1 << 30, SEED = 0x9011 };

struct source {
	struct poll_item item;
	unsigned int left;
	unsigned int given;
	unsigned int turns;
	unsigned int room; /* of whom it gives to; 0: no end of it */
};

struct rig {
	struct poll_list list;
	struct timers timers;
	struct source sources[ITEMS];
	unsigned int afters;
};

static bool source_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct source *source = (struct source *)item;

	if (source->room && source->room < weight)
		weight = source->room;
	*done = source->left < weight ? source->left : weight;
	if (source->room && !(source->room -= *done))
		poll_wait(item);
	source->left -= *done;
	source->given += *done;
	source->turns++;
	return source->left > 0;
}

static uint64_t now_ns, step_ns;

/* Each look at it takes step_ns. */
static uint64_t hand_clock(void)
{
	return now_ns += step_ns;
}

static void rig_init(struct rig *rig, unsigned int weight, unsigned int left)
{
	*rig = (struct rig){ 0 };
	now_ns = 1000000000;
	step_ns = 0;
	poll_init(&rig->list, &rig->timers, hand_clock);
	for (int i = 0; i < ITEMS; i++) {
		rig->sources[i].item =
			(struct poll_item){ .poll = source_poll, .tuning.weight = weight };
		rig->sources[i].left = left;
	}
}

static void after(void *arg)
{
	((struct rig *)arg)->afters++;
}

static bool run(struct rig *rig, unsigned int budget)
{
	rig->list.budget = budget;
	return poll_run(&rig->list, after, rig);
}

static unsigned int given(const struct rig *rig)
{
	unsigned int sum = 0;

	for (int i = 0; i < ITEMS; i++)
		sum += rig->sources[i].given;
	return sum;
}

static void test_scheduling_twice_is_once(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, 10);
	poll_schedule(&rig.list, &rig.sources[0].item);
	poll_schedule(&rig.list, &rig.sources[0].item);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(rig.sources[0].turns, 1);
	assert_int_equal(rig.sources[0].given, 10);
	assert_int_equal(rig.sources[0].item.state, POLL_IDLE);
	rig.sources[0].left = 5; /* and again, once it has left the list */
	poll_schedule(&rig.list, &rig.sources[0].item);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(rig.sources[0].given, 15);
	assert_int_equal(rig.sources[0].item.rounds, 2);
	assert_int_equal(rig.sources[0].item.frames, 15);
}

static void test_an_empty_list_has_no_work(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, 0);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(rig.afters, 0);
	assert_int_equal(rig.list.squeezed, 0);
}

/* After any number of passes no backlogged one is ahead by more than a weight. */
static void test_fairness(void **state)
{
	static const unsigned int weights[] = { 1, 7, 64 };
	static const unsigned int budgets[] = { 1, 63, 64, 65, 300 };

	for (size_t w = 0; w < COUNT_OF(weights); w++)
		for (size_t b = 0; b < COUNT_OF(budgets); b++) {
			struct rig rig;

			rig_init(&rig, weights[w], ENDLESS);
			for (int i = 0; i < ITEMS; i++)
				poll_schedule(&rig.list, &rig.sources[i].item);
			for (int pass = 0; pass < 100; pass++) {
				assert_true(run(&rig, budgets[b]));
				for (int i = 1; i < ITEMS; i++)
					assert_in_range(rig.sources[i - 1].given -
								rig.sources[i].given,
							0, weights[w]);
			}
			assert_int_equal(rig.list.squeezed, 100);
		}
}

/* One with much to do does not keep one with little waiting for more than a
 * turn of each other. */
static void test_a_newcomer_goes_to_the_tail(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, ENDLESS);
	poll_schedule(&rig.list, &rig.sources[0].item);
	assert_true(run(&rig, 64));
	rig.sources[1].left = 3;
	poll_schedule(&rig.list, &rig.sources[1].item);
	assert_true(run(&rig, 65));
	assert_int_equal(rig.sources[0].given, 128);
	assert_int_equal(rig.sources[1].given, 3);
}

static void test_a_pass_is_bounded(void **state)
{
	static const unsigned int budgets[] = { 1, 2, 63, 64, 65, 300 };

	for (size_t b = 0; b < COUNT_OF(budgets); b++)
		for (unsigned int weight = 1; weight <= 64; weight++) {
			struct rig rig;

			rig_init(&rig, weight, ENDLESS);
			for (int i = 0; i < ITEMS; i++)
				poll_schedule(&rig.list, &rig.sources[i].item);
			assert_true(run(&rig, budgets[b]));
			assert_in_range(given(&rig), budgets[b], budgets[b] + weight - 1);
			assert_int_equal(rig.afters, (given(&rig) + weight - 1) / weight);
		}
}

static bool poll_says_more(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	((struct source *)item)->turns++;
	*done = 0;
	return true;
}

/* A source that always wants another turn and gives nothing uses budget up. */
static void test_empty_rounds_cost(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, 0);
	rig.sources[0].item.poll = poll_says_more;
	poll_schedule(&rig.list, &rig.sources[0].item);
	assert_true(run(&rig, 50));
	assert_int_equal(rig.sources[0].turns, 50);
	assert_int_equal(rig.sources[0].item.empty_rounds, 50);
	assert_int_equal(rig.sources[0].item.per_round[0], 50);
	assert_int_equal(rig.sources[0].item.frames, 0);
}

/* However small the limit, what was there is all delivered, and then it rests. */
static void test_every_limit_delivers_all(void **state)
{
	for (unsigned int weight = 1; weight <= 65; weight++) {
		struct rig rig;

		rig_init(&rig, weight, 1000);
		for (int i = 0; i < ITEMS; i++)
			poll_schedule(&rig.list, &rig.sources[i].item);
		while (run(&rig, 1))
			;
		assert_int_equal(given(&rig), ITEMS * 1000);
		for (int i = 0; i < ITEMS; i++)
			assert_int_equal(rig.sources[i].item.state, POLL_IDLE);
		assert_null(rig.list.head);
	}
}

static void test_removal_anywhere(void **state)
{
	for (int at = 0; at < ITEMS; at++) {
		struct rig rig;

		rig_init(&rig, 64, 5);
		for (int i = 0; i < ITEMS; i++)
			poll_schedule(&rig.list, &rig.sources[i].item);
		poll_remove(&rig.list, &rig.sources[at].item);
		poll_remove(&rig.list, &rig.sources[at].item);	 /* no effect */
		poll_schedule(&rig.list, &rig.sources[at].item); /* at the tail now */
		poll_remove(&rig.list, &rig.sources[(at + 1) % ITEMS].item);
		assert_false(run(&rig, POLL_BUDGET));
		assert_int_equal(given(&rig), (ITEMS - 1) * 5);
		assert_int_equal(rig.sources[(at + 1) % ITEMS].given, 0);
	}
}

/* A random walk: the list holds those that were scheduled, each once. */
static void test_random_walk(void **state)
{
	uint64_t random = SEED;
	struct rig rig;

	rig_init(&rig, 3, 0);
	for (int step = 0; step < 100000; step++) {
		struct source *source = &rig.sources[random_below(&random, ITEMS)];
		unsigned int listed = 0, scheduled = 0;

		switch (random_below(&random, 3)) {
		case 0:
			source->left += random_below(&random, 9);
			poll_schedule(&rig.list, &source->item);
			break;
		case 1:
			poll_remove(&rig.list, &source->item);
			break;
		default:
			run(&rig, random_below(&random, 12));
		}
		for (struct poll_item *item = rig.list.head; item; item = item->next)
			listed++;
		for (int i = 0; i < ITEMS; i++)
			scheduled += rig.sources[i].item.state == POLL_SCHEDULED;
		assert_int_equal(listed, scheduled);
	}
	assert_true(given(&rig) > 10000);
}

static void test_a_pass_ends_in_time(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, ENDLESS);
	rig.list.budget_usecs = 1;
	step_ns = 300;
	poll_schedule(&rig.list, &rig.sources[0].item);
	assert_true(run(&rig, ENDLESS));
	assert_int_equal(rig.sources[0].turns, 4); /* 0, 300, 600, 900 */
	assert_int_equal(rig.list.squeezed, 1);
}

static void test_handovers(void **state)
{
	struct rig rig;

	rig_init(&rig, 64, 64 * (2 * POLL_RESTARTS + 1));
	poll_schedule(&rig.list, &rig.sources[0].item);
	for (int pass = 1; pass <= 2 * POLL_RESTARTS; pass++) {
		assert_true(run(&rig, 64));
		assert_int_equal(rig.list.handovers, pass / POLL_RESTARTS);
	}
	assert_false(run(&rig, 64)); /* and from the start again, when all is done */
	rig.sources[0].left = 64 * 20;
	poll_schedule(&rig.list, &rig.sources[0].item);
	for (int pass = 1; pass < POLL_RESTARTS; pass++)
		assert_true(run(&rig, 64));
	assert_int_equal(rig.list.handovers, 2);
}

static void test_frames_a_round(void **state)
{
	static const unsigned int frames[] = { 0, 1, 3, 4, 64, 255, 256, 4000 };
	static const unsigned int buckets[] = { 0, 1, 2, 3, 7, 8, 9, 9 };
	struct rig rig;

	for (size_t i = 0; i < COUNT_OF(frames); i++) {
		rig_init(&rig, 4000, frames[i]);
		poll_schedule(&rig.list, &rig.sources[0].item);
		run(&rig, 1);
		assert_int_equal(rig.sources[0].item.per_round[buckets[i]], 1);
	}
}

/* Not polled, whatever comes, until there is room; the others go on. */
static void test_waiting_for_room(void **state)
{
	struct rig rig;
	struct source *full = &rig.sources[0];

	rig_init(&rig, 64, 100);
	full->room = 10;
	poll_event(&rig.list, &full->item);
	poll_event(&rig.list, &rig.sources[1].item);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(full->item.state, POLL_WAITING);
	assert_int_equal(full->given, 10);
	assert_int_equal(rig.sources[1].given, 100);
	poll_event(&rig.list, &full->item);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(full->given, 10);
	assert_int_equal(full->item.late, 1);
	poll_resume(&rig.list, &full->item);
	assert_false(run(&rig, POLL_BUDGET));
	assert_int_equal(full->given, 100);
	assert_int_equal(full->item.state, POLL_IDLE);
	assert_int_equal(full->item.waits, 1);
	poll_resume(&rig.list, &full->item); /* nobody waits: no turn */
	assert_int_equal(full->item.state, POLL_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scheduling_twice_is_once),
		cmocka_unit_test(test_an_empty_list_has_no_work),
		cmocka_unit_test(test_fairness),
		cmocka_unit_test(test_a_newcomer_goes_to_the_tail),
		cmocka_unit_test(test_a_pass_is_bounded),
		cmocka_unit_test(test_empty_rounds_cost),
		cmocka_unit_test(test_every_limit_delivers_all),
		cmocka_unit_test(test_removal_anywhere),
		cmocka_unit_test(test_random_walk),
		cmocka_unit_test(test_a_pass_ends_in_time),
		cmocka_unit_test(test_handovers),
		cmocka_unit_test(test_frames_a_round),
		cmocka_unit_test(test_waiting_for_room),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
