/*
 * How a source falls asleep and is woken: the machine over a ring and a channel
 * of this process, with a producer whose steps fall anywhere between its own.
 *
 * Where the consumer could be overtaken, the producer may take any number of
 * its steps: all ways to do so are tried, one after another, under every
 * setting. The orders of memory are not what is looked at here: these steps
 * are whole (tests/ring/test_notify_model.c has the rest).
 */
#include "support/unit.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "ring/poll.h"

enum {
	FRAMES = 2,
	STEPS = 2 * FRAMES, /* of the producer: publish, then look and signal */
	PLACES = 48,	    /* where it may take them */
	ROUNDS_MAX = 400,   /* then it polls for ever */
	USEC = 1000,
	MSEC = 1000000,
};

/* What is left out of the protocol, to be found. */
enum flaw { SOUND, NO_SECOND_LOOK, LISTENS_FIRST_CLEARS_LATER, FLAWS };

struct setting {
	const char *name;
	struct poll_tuning tuning;
	unsigned int accompanied; /* loops in which another source moves a frame, too */
};

static const struct setting settings[] = {
	{ "limit 64", { .weight = 64 } },
	{ "limit 1", { .weight = 1 } },
	{ "limit 1, the textbook's rule", { .weight = 1, .by_budget = true } },
	{ "limit 2, the textbook's rule", { .weight = 2, .by_budget = true } },
	{ "deferred", { .weight = 64, .defer_rounds = 2, .defer_ns = 20 * USEC } },
	{ "deferred where it pays",
	  { .weight = 1, .defer_rounds = 1, .defer_ns = 20 * USEC, .adaptive = true } },
	{ "spinning", { .weight = 64, .spin_ns = 3 * USEC } },
	{ "spinning where it pays",
	  { .weight = 1, .spin_ns = 3 * USEC, .spins_adaptively = true } },
	{ "spinning, then deferred",
	  { .weight = 1, .spin_ns = 2 * USEC, .defer_rounds = 1, .defer_ns = 20 * USEC } },
	{ "spinning beside others",
	  { .weight = 1, .spin_ns = 4 * USEC, .spins_adaptively = true },
	  .accompanied = 3 },
};

struct model {
	struct poll_item item; /* first */
	struct poll_item other;
	struct poll_list list;
	struct timers timers;
	enum flaw flaw;
	unsigned int accompanied;   /* loops more */
	uint32_t prod, cons, event; /* the ring */
	bool pending, listening;    /* the channel */
	unsigned int steps;	    /* that the producer took */
	unsigned int signals, announcements;
	bool masked; /* announced nothing: may not be called */
	/* How many steps at each place: what is being tried. */
	uint8_t choices[PLACES];
	unsigned int place;
};

static uint64_t now_ns;

static uint64_t hand_clock(void)
{
	return now_ns += USEC;
}

static void producer_step(struct model *m)
{
	if (m->steps++ % 2 == 0) {
		m->prod++;
		return;
	}
	if (m->event != m->prod)
		return;
	assert_false(m->masked);
	m->pending = true;
	m->signals++;
}

static void overtake(struct model *m)
{
	unsigned int n = m->place < PLACES ? m->choices[m->place] : 0;

	m->place++;
	while (n-- && m->steps < STEPS)
		producer_step(m);
}

static bool model_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct model *m = (struct model *)item;
	uint32_t seen;

	overtake(m);
	seen = m->prod;
	while (m->cons != seen && *done < weight) {
		m->cons++;
		++*done;
	}
	overtake(m);
	return m->prod != m->cons;
}

static bool model_arm(struct poll_item *item)
{
	struct model *m = (struct model *)item;

	overtake(m);
	m->event = m->cons + 1;
	m->masked = false;
	m->announcements++;
	overtake(m);
	if (m->prod == m->cons || m->flaw == NO_SECOND_LOOK)
		return false;
	m->masked = m->event != m->prod; /* passed already: nothing more is sent */
	return true;
}

static void model_listen(struct poll_item *item)
{
	struct model *m = (struct model *)item;

	overtake(m);
	if (m->flaw == LISTENS_FIRST_CLEARS_LATER)
		m->pending = false;
	m->listening = true;
}

static bool other_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	*done = 1;
	return false;
}

/* As the worker: events, timers, a pass. */
static void loop(struct model *m)
{
	overtake(m);
	m->list.now_ns = hand_clock();
	if (m->accompanied && m->accompanied--)
		poll_schedule(&m->list, &m->other);
	if (m->listening && m->pending) {
		m->listening = m->pending = false;
		m->masked = true;
		poll_event(&m->list, &m->item);
	}
	timers_run(&m->timers, m->list.now_ns);
	poll_run(&m->list, (void (*)(void *))overtake, m);
}

/* Nothing to do but to wait: for a timer, or for the producer. False: for ever. */
static bool wait_on(struct model *m)
{
	if (m->list.head || (m->listening && m->pending))
		return true;
	if (timers_next(&m->timers) != UINT64_MAX)
		now_ns = timers_next(&m->timers);
	else if (m->steps < STEPS)
		producer_step(m);
	else
		return false;
	return true;
}

/* Runs one way through; true if all was consumed and it sleeps. */
static bool run(struct model *m, const struct setting *setting, enum flaw flaw)
{
	uint8_t choices[PLACES];
	unsigned int rounds = 0;

	memcpy(choices, m->choices, sizeof(choices));
	*m = (struct model){ .flaw = flaw,
			     .event = 1,
			     .listening = true,
			     .accompanied = setting->accompanied,
			     .other = { .poll = other_poll, .tuning.weight = 1 } };
	memcpy(m->choices, choices, sizeof(choices));
	m->item = (struct poll_item){ .poll = model_poll,
				      .arm = model_arm,
				      .listen = model_listen,
				      .tuning = setting->tuning };
	now_ns = 1000 * (uint64_t)MSEC;
	poll_init(&m->list, &m->timers, hand_clock);
	do
		loop(m);
	while (wait_on(m) && rounds++ < ROUNDS_MAX);
	return m->cons == FRAMES && m->item.state == POLL_IDLE && m->listening &&
	       m->event == m->cons + 1;
}

/* The next way, depth first: an odometer whose digits add up to STEPS at most,
 * over the places that the last run came by, the last one turning fastest. */
static bool next_way(struct model *m)
{
	unsigned int places = m->place < PLACES ? m->place : PLACES, sum = 0;

	for (unsigned int i = 0; i < places; i++)
		sum += m->choices[i];
	while (places--) {
		unsigned int i = places;

		if (sum < STEPS) {
			m->choices[i]++;
			return true;
		}
		sum -= m->choices[i];
		m->choices[i] = 0;
	}
	return false;
}

struct outcome {
	unsigned int ways, lost, events, deferrals, races, spins;
};

static struct outcome explore(const struct setting *setting, enum flaw flaw)
{
	struct outcome outcome = { 0 };
	struct model m;

	memset(m.choices, 0, sizeof(m.choices));
	do {
		outcome.ways++;
		outcome.lost += !run(&m, setting, flaw);
		if (m.signals > m.announcements + 1)
			fail_msg("%s: more signals than announcements", setting->name);
		outcome.events += m.signals;
		outcome.deferrals += m.item.deferrals != 0;
		outcome.races += m.item.races != 0;
		outcome.spins += m.item.empty_rounds != 0;
	} while (next_way(&m));
	return outcome;
}

static void test_no_wakeup_is_lost(void **state)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++) {
		struct outcome outcome = explore(&settings[i], SOUND);

		print_message("%s: %u ways, %u with a race\n", settings[i].name, outcome.ways,
			      outcome.races);
		if (outcome.lost)
			fail_msg("%s: lost in %u of %u", settings[i].name, outcome.lost,
				 outcome.ways);
		assert_true(outcome.ways > 500 && outcome.events && outcome.races);
		if (settings[i].tuning.defer_ns && !settings[i].tuning.adaptive)
			assert_true(outcome.deferrals);
		if (settings[i].accompanied)
			assert_true(outcome.spins);
	}
}

/* Or nothing was shown. */
static void test_flaws_are_found(void **state)
{
	for (size_t i = 0; i < COUNT_OF(settings); i++)
		for (enum flaw flaw = SOUND + 1; flaw < FLAWS; flaw++)
			if (!explore(&settings[i], flaw).lost)
				fail_msg("%s: flaw %d is not found", settings[i].name, flaw);
}

/* One that has the frames ready, and no producer. */
static void model_open(struct model *m, const struct poll_tuning *tuning)
{
	*m = (struct model){ .event = 1, .listening = true, .steps = STEPS };
	m->item = (struct poll_item){
		.poll = model_poll, .arm = model_arm, .listen = model_listen, .tuning = *tuning
	};
	now_ns = 1000 * (uint64_t)MSEC;
	poll_init(&m->list, &m->timers, hand_clock);
}

/* An event at that time, with so many frames. */
static void happen(struct model *m, uint64_t ns, uint32_t frames)
{
	now_ns = ns;
	m->prod += frames;
	m->pending = m->listening;
	loop(m);
}

static void test_deferral(void **state)
{
	const struct poll_tuning tuning = { .weight = 64,
					    .defer_rounds = 2,
					    .defer_ns = 20 * USEC };
	struct model m;

	model_open(&m, &tuning);
	happen(&m, now_ns, 3);
	assert_int_equal(m.item.state, POLL_DEFERRED);
	assert_int_equal(m.announcements, 0);
	m.prod += 2; /* found by the timer, without an event */
	now_ns = timers_next(&m.timers);
	loop(&m);
	assert_int_equal(m.cons, 5);
	assert_int_equal(m.item.state, POLL_DEFERRED);
	for (int i = 0; i < 2; i++) { /* then empty, twice, and it is armed */
		assert_int_equal(m.announcements, 0);
		now_ns = timers_next(&m.timers);
		loop(&m);
	}
	assert_int_equal(m.item.state, POLL_IDLE);
	assert_int_equal(m.announcements, 1);
	assert_int_equal(m.item.deferrals, 3);
	assert_int_equal(timers_next(&m.timers), UINT64_MAX);
}

/* Frames every `gap` us: how many of 50 visits were followed by a deferral. */
static unsigned int deferrals_at(unsigned int gap)
{
	const struct poll_tuning tuning = {
		.weight = 64, .defer_rounds = 1, .defer_ns = 20 * USEC, .adaptive = true
	};
	uint64_t next;
	struct model m;

	model_open(&m, &tuning);
	next = now_ns;
	for (int i = 0; i < 50; i++) {
		next += gap * USEC;
		while (timers_next(&m.timers) < next) {
			now_ns = timers_next(&m.timers) + 1;
			loop(&m);
		}
		happen(&m, next, 1);
	}
	assert_int_equal(m.cons + (m.prod - m.cons), 50);
	return (unsigned int)m.item.deferrals;
}

static void test_deferral_where_it_pays(void **state)
{
	assert_true(deferrals_at(8) > 15);
	assert_int_equal(deferrals_at(100), 0);
	assert_int_equal(deferrals_at(10000), 0);
}

static void test_spinning_ends(void **state)
{
	const struct poll_tuning tuning = { .weight = 64, .spin_ns = 50 * USEC };
	struct model m;

	model_open(&m, &tuning);
	happen(&m, now_ns, 1);
	for (int i = 0; m.list.head && i < 100; i++)
		loop(&m);
	assert_int_equal(m.item.state, POLL_IDLE);
	assert_in_range(m.item.empty_rounds, 10, 50);
	happen(&m, now_ns + MSEC, 0); /* an event without a frame is not spun after */
	assert_int_equal(m.item.state, POLL_IDLE);
}

/* Frames every `gap` us: how many looks found nothing, of 50 frames' spinning. */
static unsigned int looks_at(unsigned int gap)
{
	const struct poll_tuning tuning = { .weight = 64,
					    .spin_ns = 50 * USEC,
					    .spins_adaptively = true };
	uint64_t next;
	struct model m;

	model_open(&m, &tuning);
	next = now_ns;
	for (int i = 0; i < 50; i++) {
		next += gap * USEC;
		while (m.list.head && now_ns < next)
			loop(&m);
		if (now_ns < next)
			now_ns = next;
		happen(&m, now_ns, 1);
	}
	while (m.list.head)
		loop(&m);
	assert_int_equal(m.cons, 50);
	assert_int_equal(m.item.state, POLL_IDLE);
	return (unsigned int)m.item.empty_rounds;
}

static void test_spinning_where_it_pays(void **state)
{
	assert_true(looks_at(6) > 50);
	assert_int_equal(looks_at(100), 0);
}

/* A frame each 30 us, and each `gap` us one of another source: how often it slept
 * in vain, of 50 times. */
static unsigned int sleeps_beside(unsigned int gap)
{
	const struct poll_tuning tuning = { .weight = 64,
					    .spin_ns = 50 * USEC,
					    .spins_adaptively = true };
	unsigned int sleeps = 0;
	struct model m;

	model_open(&m, &tuning);
	m.list.budget = 2;
	m.other = (struct poll_item){ .poll = other_poll, .tuning.weight = 1 };
	for (uint64_t start = now_ns, own = start, others = start; m.prod < 50; loop(&m)) {
		m.accompanied = now_ns >= others;
		others += m.accompanied * gap * USEC;
		if (now_ns < own)
			continue;
		sleeps += m.item.state == POLL_IDLE;
		own += 30 * USEC;
		happen(&m, now_ns, 1);
	}
	while (m.list.head)
		loop(&m);
	assert_int_equal(m.cons, 50);
	assert_int_equal(m.item.state, POLL_IDLE);
	return sleeps;
}

static void test_spinning_beside_others(void **state)
{
	assert_in_range(sleeps_beside(2), 0, 2);
	assert_in_range(sleeps_beside(15), 30, 50); /* but for trials */
}

/* A peer that answers what we send: its frames come 24 us after the last one if it
 * had to wait for us to be woken, else after `spun` us. How often we were, of 2000. */
static unsigned int wakings_of(unsigned int spun)
{
	const struct poll_tuning tuning = { .weight = 64,
					    .spin_ns = 50 * USEC,
					    .spins_adaptively = true };
	unsigned int woken = 0;
	struct model m;

	model_open(&m, &tuning);
	m.list.budget = 1; /* a turn a pass */
	happen(&m, now_ns, 1);
	happen(&m, now_ns + 1000 * MSEC, 1); /* after a long pause */
	for (int i = 0; i < 2000; i++) {
		uint64_t next = now_ns + (m.list.head ? spun : 24) * USEC;

		woken += !m.list.head;
		while (m.list.head && now_ns < next)
			loop(&m);
		happen(&m, now_ns < next ? next : now_ns, 1);
	}
	assert_int_equal(m.cons, 2002);
	return woken;
}

static void test_a_trial_of_spinning(void **state)
{
	assert_in_range(wakings_of(2), 2, 100);
	assert_in_range(wakings_of(18), 1700, 1999); /* it tried, and let it be */
}

static void test_who_is_wanted_does_not_spin(void **state)
{
	const struct poll_tuning tuning = { .weight = 64, .spin_ns = 50 * USEC };
	struct model m;

	model_open(&m, &tuning);
	m.list.budget = 1;
	happen(&m, now_ns, 1);
	assert_true(m.list.moved);
	loop(&m);
	assert_int_equal(m.item.state, POLL_SCHEDULED);
	assert_false(m.list.moved);
	m.list.is_wanted = true;
	loop(&m);
	assert_int_equal(m.item.state, POLL_IDLE);
	happen(&m, now_ns + MSEC, 1); /* work again: it spins again */
	assert_true(m.list.moved);
	assert_int_equal(m.item.state, POLL_SCHEDULED);
}

/* Empty events, one each `gap` us for a second: how many turns they got. */
static unsigned int turns_of_flood(struct model *m, unsigned int gap, uint32_t frames_each)
{
	uint64_t end = now_ns + 1000 * (uint64_t)MSEC, next = now_ns;
	uint64_t before = m->item.rounds;

	for (; next < end; next += gap * USEC) {
		while (timers_next(&m->timers) < next) {
			now_ns = timers_next(&m->timers);
			loop(m);
		}
		happen(m, next, frames_each);
	}
	return (unsigned int)(m->item.rounds - before);
}

static void test_a_flood_of_empty_events(void **state)
{
	const struct poll_tuning tuning = { .weight = 64 };
	struct model m;

	model_open(&m, &tuning);
	assert_in_range(turns_of_flood(&m, 10, 0), POLL_SPURIOUS_RUN, 70);
	assert_in_range(turns_of_flood(&m, 10, 0), 8, 2 * 1000 / POLL_THROTTLE_MS + 2);
	assert_int_equal(m.item.state, POLL_THROTTLED);

	/* It recovers on real work: found by the timer, and heard at once then. */
	m.prod++;
	now_ns = timers_next(&m.timers);
	loop(&m);
	assert_int_equal(m.cons, 1);
	assert_int_equal(m.item.state, POLL_IDLE);
	assert_true(m.listening);
	happen(&m, now_ns + USEC, 1);
	assert_int_equal(m.cons, 2);
}

/* Each sixteenth event brings a frame: never 16 in a row, but too many. */
static void test_a_flood_with_some_work(void **state)
{
	const struct poll_tuning tuning = { .weight = 64 };
	unsigned int turns;
	struct model m;

	model_open(&m, &tuning);
	for (int i = 0; i < 20000; i++)
		happen(&m, now_ns + 10 * USEC, i % 16 == 0);
	turns = (unsigned int)m.item.spurious;
	assert_in_range(turns, POLL_SPURIOUS_RATE, POLL_SPURIOUS_RATE + 1000 / 4);
}

/* A fast one of whose events a part come too late to bring any is none. */
static void test_some_empty_events_are_no_flood(void **state)
{
	const struct poll_tuning tuning = { .weight = 64 };
	struct model m;

	model_open(&m, &tuning);
	for (int i = 0; i < 50000; i++)
		happen(&m, now_ns + 10 * USEC, i % 3 != 0);
	assert_true(m.item.spurious > 5 * POLL_SPURIOUS_RATE);
	assert_int_equal(m.item.throttlings, 0);
	assert_int_equal(m.cons, 50000 - m.item.spurious);
}

/* An honest one, with as many events and a frame in each, is never throttled. */
static void test_busy_is_no_flood(void **state)
{
	const struct poll_tuning tuning = { .weight = 64 };
	struct model m;

	model_open(&m, &tuning);
	assert_int_equal(turns_of_flood(&m, 10, 1), 100000);
	assert_int_equal(m.item.throttlings, 0);
	assert_int_equal(m.item.spurious, 0);
}

static void test_removal_from_any_state(void **state)
{
	const struct poll_tuning tuning = { .weight = 1, .defer_rounds = 9, .defer_ns = USEC };
	struct model m;

	model_open(&m, &tuning);
	happen(&m, now_ns, 1);
	assert_int_equal(m.item.state, POLL_DEFERRED);
	poll_remove(&m.list, &m.item);
	assert_int_equal(timers_next(&m.timers), UINT64_MAX);
	poll_schedule(&m.list, &m.item);
	poll_remove(&m.list, &m.item);
	assert_null(m.list.head);
	assert_int_equal(m.item.state, POLL_IDLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_no_wakeup_is_lost),
		cmocka_unit_test(test_flaws_are_found),
		cmocka_unit_test(test_deferral),
		cmocka_unit_test(test_deferral_where_it_pays),
		cmocka_unit_test(test_spinning_ends),
		cmocka_unit_test(test_spinning_where_it_pays),
		cmocka_unit_test(test_spinning_beside_others),
		cmocka_unit_test(test_a_trial_of_spinning),
		cmocka_unit_test(test_who_is_wanted_does_not_spin),
		cmocka_unit_test(test_a_flood_of_empty_events),
		cmocka_unit_test(test_a_flood_with_some_work),
		cmocka_unit_test(test_some_empty_events_are_no_flood),
		cmocka_unit_test(test_busy_is_no_flood),
		cmocka_unit_test(test_removal_from_any_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
