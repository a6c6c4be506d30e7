/*
 * The controller, on loads made here, with the edge that it steers: a guest that
 * is woken by each event, takes what is there and sleeps again.
 */
#include "support/unit.h"

#include <stdio.h>

#include "backend/adaptive.h"
#include "ring/coalesce.h"

enum { ENTRIES = 256, MSEC = 1000000 };

struct rig {
	struct adaptive adaptive;
	struct coalesce edge;
	uint64_t now_ns, next_ns; /* next: the frame that comes */
	uint64_t frames, events, waited_ns, longest_ns;
	unsigned int changes, slots_each, drops_each;
};

static void rig_init(struct rig *rig)
{
	const struct adaptive_config config = { .wakeup_ns = ADAPTIVE_WAKEUP_NS,
						.frame_ns = ADAPTIVE_FRAME_NS,
						.target_usecs = ADAPTIVE_TARGET_USECS,
						.window_ms = 10,
						.entries = ENTRIES };

	*rig = (struct rig){ .now_ns = 1000 * MSEC, .next_ns = 1000 * MSEC, .slots_each = 1 };
	adaptive_init(&rig->adaptive, &config, rig->now_ns);
	coalesce_init(&rig->edge, ENTRIES);
	coalesce_space(&rig->edge, 0);
}

static void event(struct rig *rig)
{
	uint64_t waited = rig->now_ns - rig->edge.first_ns;

	rig->events++;
	rig->adaptive.events++;
	rig->waited_ns += waited;
	if (waited > rig->longest_ns)
		rig->longest_ns = waited;
}

static void timer(struct rig *rig)
{
	while (rig->edge.owed && rig->edge.due_ns <= rig->next_ns) {
		rig->now_ns = rig->edge.due_ns;
		if (coalesce_expired(&rig->edge, rig->now_ns, true))
			event(rig);
	}
	rig->now_ns = rig->next_ns;
}

static void frame(struct rig *rig)
{
	struct coalesce_news news = { .frames = 1,
				      .slots = rig->slots_each,
				      .armed = !rig->edge.owed };

	timer(rig);
	news.now_ns = rig->now_ns;
	rig->frames++;
	rig->adaptive.frames++;
	rig->adaptive.slots += rig->slots_each;
	rig->adaptive.drops += rig->drops_each;
	if (coalesce_published(&rig->edge, &news) == COALESCE_SEND)
		event(rig);
	if (rig->edge.slots > rig->adaptive.fullest)
		rig->adaptive.fullest = rig->edge.slots;
	if (!adaptive_is_due(&rig->adaptive, rig->now_ns))
		return;
	if (adaptive_choose(&rig->adaptive, rig->now_ns))
		rig->changes++;
	coalesce_space(&rig->edge, rig->adaptive.usecs);
}

/* Frames at that rate for so long; counts from the start of it. */
static void load(struct rig *rig, unsigned int pps, unsigned int ms)
{
	uint64_t end = rig->next_ns + (uint64_t)ms * MSEC;

	rig->frames = rig->events = rig->waited_ns = rig->longest_ns = rig->changes = 0;
	for (; rig->next_ns < end; rig->next_ns += 1000000000 / pps)
		frame(rig);
}

static const struct {
	unsigned int pps, slots;
	uint32_t usecs;
} loads[] = {
	{ 100, 1, 0 },	    { 10000, 1, 0 },	{ 150000, 1, 0 },   { 300000, 1, 60 },
	{ 600000, 1, 60 },  { 1000000, 1, 60 }, { 2500000, 1, 40 }, /* half a ring: 51 us */
	{ 300000, 17, 20 },					    /* likewise: 25 us */
};

static void test_steady_loads(void **state)
{
	for (size_t i = 0; i < COUNT_OF(loads); i++) {
		struct rig rig;

		rig_init(&rig);
		rig.slots_each = loads[i].slots;
		load(&rig, loads[i].pps, 500);
		load(&rig, loads[i].pps, 15);
		if (rig.adaptive.usecs != loads[i].usecs)
			fail_msg("%u pps of %u slots: %u us", loads[i].pps, loads[i].slots,
				 rig.adaptive.usecs);
		assert_true(rig.longest_ns <= loads[i].usecs * 1000);
		if (!loads[i].usecs)
			assert_int_equal(rig.events, rig.frames);
		else
			assert_true(rig.events < rig.frames / 4);
	}
}

/* As on a table of loads; but each starts where the one before ended. */
static void test_changing_loads(void **state)
{
	struct rig rig;

	rig_init(&rig);
	load(&rig, 1000, 200);
	load(&rig, 300000, 100);
	assert_int_equal(rig.adaptive.usecs, 60);
	load(&rig, 1000, 1); /* the first frames after it */
	assert_in_range(rig.longest_ns, 0, 60000);
	load(&rig, 1000, 20);
	load(&rig, 1000, 100);
	assert_int_equal(rig.adaptive.usecs, 0);
	assert_int_equal(rig.waited_ns, 0);
}

/* Up with the second whole window that has the load, down with the first without. */
static void test_up_soon_down_at_once(void **state)
{
	struct rig rig;

	rig_init(&rig);
	load(&rig, 1000, 100);
	load(&rig, 500000, 1);
	assert_int_equal(rig.adaptive.usecs, 0);
	load(&rig, 500000, 3);
	assert_int_equal(rig.adaptive.usecs, 60);
	rig.next_ns += 100 * MSEC; /* a pause */
	load(&rig, 1000, 11);
	assert_int_equal(rig.adaptive.usecs, 0);
}

/* A batch now and then is no load to delay anything for. */
static void test_bursts(void **state)
{
	struct rig rig;

	rig_init(&rig);
	for (int i = 0; i < 100; i++) {
		for (int k = 0; k < 64; k++, rig.next_ns += 1000)
			frame(&rig);
		rig.next_ns += 10 * MSEC;
	}
	assert_int_equal(rig.changes, 0);
	assert_int_equal(rig.longest_ns, 0);
}

/* Near the rate where it would begin, it does not waver. */
static void test_hysteresis(void **state)
{
	const unsigned int windows = 1000 * 1000 / (60 * ADAPTIVE_EVENTS); /* in a second */
	struct rig rig;

	rig_init(&rig);
	load(&rig, 200000, 100);
	rig.changes = 0;
	for (unsigned int i = 0, changes = 0; i < 100; i++) {
		load(&rig, i % 2 ? 195000 : 205000, 10);
		changes += rig.changes;
		assert_true(changes <= 1);
	}
	load(&rig, 230000, 100); /* from here on only tries change it, and their ends */
	load(&rig, 230000, 10);
	assert_int_equal(rig.adaptive.usecs, 60);
	for (unsigned int i = 0, changes = 0; i < 100; i++) {
		load(&rig, i % 2 ? 195000 : 205000, 10);
		changes += rig.changes;
		assert_true(changes <= 2 + 2 * windows / ADAPTIVE_PROBE_EVERY);
	}
}

static void test_drops_take_the_delay_back(void **state)
{
	struct rig rig;

	rig_init(&rig);
	load(&rig, 500000, 100);
	assert_int_equal(rig.adaptive.usecs, 60);
	rig.drops_each = 1;
	load(&rig, 500000, 100);
	assert_int_equal(rig.adaptive.usecs, 0);
	rig.drops_each = 0;
	load(&rig, 500000, 100);
	assert_int_equal(rig.adaptive.usecs, 60);
}

/* Windows made by hand: where the events fall with the distance a step more is
 * kept, and the next one not, since it brings less than a tenth; where they do
 * not fall nothing is. */
static void test_what_pays_is_kept(void **state)
{
	for (int pays = 0; pays < 2; pays++) {
		struct rig rig;
		uint64_t now = 0;

		rig_init(&rig);
		rig.adaptive.config.wakeup_ns = 1000; /* so that the rules say 20 us */
		for (int i = 0; i < 10 * ADAPTIVE_PROBE_EVERY; i++) {
			rig.adaptive.frames = rig.adaptive.slots = 3000;
			rig.adaptive.events = pays ? 3000 / (1 + rig.adaptive.usecs / 5) : 100;
			now += 10 * MSEC;
			rig.adaptive.window_ns = now - 10 * MSEC;
			adaptive_choose(&rig.adaptive, now);
		}
		assert_int_equal(rig.adaptive.bias, pays ? 1 : 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_steady_loads),
		cmocka_unit_test(test_changing_loads),
		cmocka_unit_test(test_up_soon_down_at_once),
		cmocka_unit_test(test_bursts),
		cmocka_unit_test(test_hysteresis),
		cmocka_unit_test(test_drops_take_the_delay_back),
		cmocka_unit_test(test_what_pays_is_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
