/*
 * When an event is sent: cases under a clock turned by hand. A case is what the
 * edge is set to and a script: publications, and looks at the time.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>

#include "ring/coalesce.h"
#include "ring/ring.h"

enum { ENTRIES = 256, STEPS = 12, START_US = 1000000 };

/* ARMED: the publication reaches the event index; MORE: it does not. */
enum what { END, ARMED, MORE, FORCED, TAKEN_NOT, LOOK, LOOK_AWAKE, FLUSH };

enum { SUPPRESS = COALESCE_SUPPRESS, WAIT = COALESCE_WAIT, SEND = COALESCE_SEND };

struct step {
	enum what what;
	uint32_t at_us, frames, slots, in_flight;
	int want;	 /* verdict, or for looks and flushes: sent? */
	uint32_t due_us; /* after it; 0: nothing is due */
};

struct scenario {
	const char *name;
	struct coalesce_config config;
	struct step steps[STEPS];
};

#define EACH                \
	{                   \
		.frames = 1 \
	}
#define ALIKE(usecs_, frames_) \
	.plain = { usecs_, frames_ }, .irq = { usecs_, frames_ }, .sample_ms = 10

static const struct scenario scenarios[] = {
	{ "off: each at once",
	  { ALIKE(0, 1) },
	  { { ARMED, 0, 1, 1, 0, SEND, 0 }, { ARMED, 1, 5, 5, 0, SEND, 0 } } },
	{ "a peer that polls is owed nothing",
	  { ALIKE(50, 4) },
	  { { MORE, 0, 9, 9, 0, SUPPRESS, 0 }, { LOOK, 100, 0, 0, 0, false, 0 } } },
	{ "the count comes first",
	  { ALIKE(50, 4) },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 },
	    { MORE, 1, 2, 2, 0, WAIT, 50 },
	    { MORE, 2, 1, 1, 0, SEND, 0 },
	    { MORE, 3, 1, 1, 0, SUPPRESS, 0 } } },
	{ "the time comes first",
	  { ALIKE(50, 4) },
	  { { ARMED, 10, 1, 1, 0, WAIT, 60 },
	    { LOOK, 59, 0, 0, 0, false, 60 },
	    { LOOK, 60, 0, 0, 0, true, 0 },
	    { LOOK, 61, 0, 0, 0, false, 0 } } },
	{ "the time is absolute: later frames do not prolong it",
	  { ALIKE(50, 100) },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 },
	    { MORE, 20, 1, 1, 0, WAIT, 50 },
	    { MORE, 40, 1, 1, 0, WAIT, 50 },
	    { LOOK, 50, 0, 0, 0, true, 0 } } },
	{ "a publication after the time needs no timer",
	  { ALIKE(50, 100) },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 }, { MORE, 50, 1, 1, 0, SEND, 0 } } },
	{ "by time only",
	  { ALIKE(50, 0) },
	  { { ARMED, 0, 60, 60, 0, WAIT, 50 }, { LOOK, 50, 0, 0, 0, true, 0 } } },
	{ "by count only: the last few wait 10 ms and no longer",
	  { ALIKE(0, 8) },
	  { { ARMED, 0, 7, 7, 0, WAIT, 10000 },
	    { LOOK, 9999, 0, 0, 0, false, 10000 },
	    { LOOK, 10000, 0, 0, 0, true, 0 } } },
	{ "frames are counted and not slots",
	  { ALIKE(0, 4) },
	  { { ARMED, 0, 3, 51, 0, WAIT, 10000 }, { MORE, 1, 1, 17, 0, SEND, 0 } } },
	{ "a batch counts whole", { ALIKE(50, 4) }, { { ARMED, 0, 64, 64, 0, SEND, 0 } } },
	{ "a peer that looked by itself is not called",
	  { ALIKE(50, 4) },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 },
	    { LOOK_AWAKE, 50, 0, 0, 0, false, 0 },
	    { MORE, 51, 1, 1, 0, SUPPRESS, 0 } } },
	{ "armed anew: count and time start anew",
	  { ALIKE(50, 4) },
	  { { ARMED, 0, 3, 3, 0, WAIT, 50 },
	    { ARMED, 30, 1, 1, 0, WAIT, 80 },
	    { LOOK, 50, 0, 0, 0, false, 80 },
	    { MORE, 60, 3, 3, 0, SEND, 0 } } },
	{ "forced",
	  { ALIKE(50, 4) },
	  { { FORCED, 0, 1, 1, 0, SEND, 0 }, { ARMED, 1, 1, 1, 0, WAIT, 51 } } },
	{ "forced does not call one who polls",
	  { ALIKE(50, 4) },
	  { { ARMED, 0, 4, 4, 0, SEND, 0 }, { MORE, 1, 1, 1, 0, SUPPRESS, 0 } } },
	{ "flush",
	  { ALIKE(50, 4) },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 },
	    { FLUSH, 1, 0, 0, 0, true, 0 },
	    { FLUSH, 2, 0, 0, 0, false, 0 } } },
	{ "half a ring of slots waits for nothing",
	  { ALIKE(1000, 64) },
	  { { ARMED, 0, 4, 68, 0, WAIT, 1000 }, { MORE, 1, 4, 68, 0, SEND, 0 } } },
	{ "a quarter of the ring is the most to count",
	  { ALIKE(1000, 256) },
	  { { ARMED, 0, 63, 63, 0, WAIT, 1000 }, { MORE, 1, 1, 1, 0, SEND, 0 } } },
	{ "while an event is not taken, the -irq limits",
	  { .plain = { 50, 4 }, .irq = { 200, 8 }, .sample_ms = 10 },
	  { { ARMED, 0, 1, 1, 0, WAIT, 50 },
	    { TAKEN_NOT, 1, 5, 5, 0, WAIT, 200 },
	    { TAKEN_NOT, 2, 2, 2, 0, SEND, 0 } } },
	{ "spaced: after a pause at once, then with that distance",
	  { ALIKE(50, 0), .spaced = true },
	  { { ARMED, 0, 1, 1, 0, SEND, 0 },
	    { ARMED, 20, 1, 1, 0, WAIT, 50 },
	    { MORE, 30, 9, 9, 0, WAIT, 50 },
	    { LOOK, 50, 0, 0, 0, true, 0 },
	    { ARMED, 99, 1, 1, 0, WAIT, 100 },
	    { LOOK, 100, 0, 0, 0, true, 0 },
	    { ARMED, 150, 1, 1, 0, SEND, 0 } } },
	{ "a quarter of what is in flight",
	  { ALIKE(100, 64), .by_share = true },
	  { { ARMED, 0, 8, 8, 64, WAIT, 100 },
	    { MORE, 1, 8, 8, 64, SEND, 0 },
	    { ARMED, 2, 1, 1, 3, SEND, 0 },
	    { ARMED, 3, 1, 1, 8, WAIT, 103 },
	    { MORE, 4, 1, 1, 8, SEND, 0 } } },
};

static uint64_t at(uint32_t us)
{
	return (uint64_t)(START_US + us) * 1000;
}

static int take(struct coalesce *edge, const struct step *step)
{
	struct coalesce_news news = {
		.now_ns = at(step->at_us),
		.frames = step->frames,
		.slots = step->slots,
		.in_flight = step->in_flight,
		.armed = step->what == ARMED || step->what == FORCED,
		.forced = step->what == FORCED,
		.untaken = step->what == TAKEN_NOT,
	};

	switch (step->what) {
	case LOOK:
	case LOOK_AWAKE:
		return coalesce_expired(edge, news.now_ns, step->what == LOOK);
	case FLUSH:
		return coalesce_flush(edge, news.now_ns);
	default:
		return (int)coalesce_published(edge, &news);
	}
}

static void test_scenarios(void **state)
{
	for (size_t i = 0; i < COUNT_OF(scenarios); i++) {
		const struct scenario *scenario = &scenarios[i];
		struct coalesce edge;

		coalesce_init(&edge, ENTRIES);
		assert_int_equal(coalesce_configure(&edge, &scenario->config), 0);
		for (const struct step *step = scenario->steps; step->what != END; step++) {
			uint64_t due = step->due_us ? at(step->due_us) : UINT64_MAX;
			int got = take(&edge, step);

			if (got != step->want || edge.due_ns != due)
				fail_msg("%s, step %d: %d, due at %d us", scenario->name,
					 (int)(step - scenario->steps), got,
					 (int)(edge.due_ns / 1000 - START_US));
		}
	}
}

static const struct {
	const char *name;
	struct coalesce_config config;
	int want;
} settings[] = {
	{ "off", { ALIKE(0, 1) }, 0 },
	{ "by time", { ALIKE(1, 0) }, 0 },
	{ "never", { ALIKE(0, 0) }, -EINVAL },
	{ "never in the irq", { .plain = EACH }, -EINVAL },
	{ "low and high without a high rate are not looked at", { ALIKE(0, 1) }, 0 },
	{ "never when low", { ALIKE(0, 1), .high_pps = 9, .high = EACH }, -EINVAL },
	{ "never when high", { ALIKE(0, 1), .high_pps = 9, .low = EACH }, -EINVAL },
	{ "by rate", { ALIKE(0, 1), .high_pps = 9, .low = EACH, .high = EACH }, 0 },
	{ "low above high",
	  { ALIKE(0, 1), .low_pps = 10, .high_pps = 9, .low = EACH, .high = EACH },
	  -EINVAL },
};

static void test_settings(void **state)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct coalesce edge, before;

		coalesce_init(&edge, ENTRIES);
		before = edge;
		if (coalesce_configure(&edge, &settings[i].config) != settings[i].want)
			fail_msg("%s", settings[i].name);
		if (settings[i].want)
			assert_memory_equal(&edge, &before, sizeof(edge));
	}
}

/* Publishes one armed frame every `gap` us for 30 ms; the share of them, in per
 * cent, that was sent at once in the last 10. */
static unsigned int sent_at_once(struct coalesce *edge, uint32_t *now_us, uint32_t gap)
{
	unsigned int sent = 0, of = 0;

	for (uint32_t us = 0; us < 30000; us += gap) {
		struct coalesce_news news = {
			.now_ns = at(*now_us + us), .frames = 1, .slots = 1, .armed = !edge->owed
		};
		bool now = coalesce_published(edge, &news) == COALESCE_SEND;

		if (us >= 20000) {
			of++;
			sent += now;
		}
	}
	*now_us += 30000;
	return sent * 100 / of;
}

static void test_limits_by_load(void **state)
{
	struct coalesce_config config = { .plain = { 0, 2 },
					  .irq = { 0, 2 },
					  .low_pps = 1000,
					  .high_pps = 10000,
					  .low = { 0, 1 },
					  .high = { 0, 10 },
					  .sample_ms = 5 };
	struct coalesce edge;
	uint32_t now = 0;

	coalesce_init(&edge, ENTRIES);
	assert_int_equal(coalesce_configure(&edge, &config), 0);
	assert_int_equal(sent_at_once(&edge, &now, 2500), 100); /* 400/s: low */
	assert_int_equal(sent_at_once(&edge, &now, 500), 50);	/* 2000/s: plain */
	assert_int_equal(sent_at_once(&edge, &now, 20), 10);	/* 50000/s: high */
	assert_int_equal(sent_at_once(&edge, &now, 2500), 100);
	config.high_pps = 0;
	assert_int_equal(coalesce_configure(&edge, &config), 0);
	assert_int_equal(sent_at_once(&edge, &now, 20), 50);
}

/* At 1 slot a us half of 256 entries is 128 us, whatever was asked for. */
static void test_ring_guard_by_time(void **state)
{
	struct coalesce_config config = { ALIKE(5000, 0) };
	struct coalesce_news news = { .frames = 1, .slots = 4, .armed = true };
	struct coalesce edge;

	coalesce_init(&edge, ENTRIES);
	assert_int_equal(coalesce_configure(&edge, &config), 0);
	for (uint32_t us = 0; us < 20000; us += 4) {
		news.now_ns = at(us);
		coalesce_published(&edge, &news);
	}
	assert_in_range(edge.due_ns - news.now_ns, 127000, 129000);
	news.now_ns = at(1000000); /* and when the load has gone, what was asked for */
	coalesce_published(&edge, &news);
	news.now_ns = at(2000000);
	coalesce_published(&edge, &news);
	assert_int_equal(edge.due_ns - news.now_ns, 5000000);
}

static void test_spacing_by_a_controller(void **state)
{
	struct coalesce_news news = { .now_ns = at(0), .frames = 1, .slots = 1, .armed = true };
	struct coalesce edge;

	coalesce_init(&edge, ENTRIES);
	coalesce_space(&edge, 20);
	assert_false(coalesce_asks_untaken(&edge));
	assert_int_equal(coalesce_published(&edge, &news), COALESCE_SEND);
	news.now_ns = at(5);
	assert_int_equal(coalesce_published(&edge, &news), COALESCE_WAIT);
	assert_int_equal(edge.due_ns, at(20));
	coalesce_space(&edge, 0);
	news.now_ns = at(6);
	assert_int_equal(coalesce_published(&edge, &news), COALESCE_SEND);
}

/* Against a true ring: the peer that armed is awaited until it looks and arms
 * anew, at the wrap of the indices, too. */
static void test_awaited(void **state)
{
	static union ring_page page;
	struct ring front, back;

	for (uint32_t start = 0xfffffffe; start != 2; start++) {
		ring_init_front(&front, &page, ENTRIES);
		page.tx.rsp_prod = page.tx.req_prod = start;
		page.tx.rsp_event = page.tx.req_event = start + 1;
		ring_attach_back(&back, &page, ENTRIES);
		front.in_seen = front.in_cons = front.produced = front.published = start;
		assert_false(ring_is_awaited(&back));
		back.produced++;
		assert_true(ring_publish(&back));
		back.produced++;
		assert_false(ring_publish(&back));
		assert_true(ring_is_awaited(&back));
		ring_consume(&front, 2); /* it looked by itself */
		assert_true(ring_is_awaited(&back));
		ring_arm(&front, 1);
		assert_false(ring_is_awaited(&back));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_scenarios),
		cmocka_unit_test(test_settings),
		cmocka_unit_test(test_limits_by_load),
		cmocka_unit_test(test_ring_guard_by_time),
		cmocka_unit_test(test_spacing_by_a_controller),
		cmocka_unit_test(test_awaited),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
