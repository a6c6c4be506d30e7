/*
 * Credit: the rules alone, under a clock turned by hand; then a guest that has
 * more to send than it may.
 */
#include "support/unit.h"

#include <string.h>

#include "backend/credit.h"
#include "backend/guest.h"

enum { MS = 1000000, LENGTH = 1000 };

static void test_rates_as_text(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes, usecs; /* 0: refused */
		const char *printed;
	} cases[] = {
		{ "62500,50000", 62500, 50000, "1250KB/s@50ms" },
		{ "1,1000000", 1, 1000000, "1B/s@1s" },
		{ "20000,20000", 20000, 20000, "1MB/s@20ms" },
		{ "333,777777", 333, 777777, "429B/s@777777us" },
		{ "62500000,50000", 62500000, 50000, "1250MB/s@50ms" },
		{ "1000000,1", 1000000, 1, "1000GB/s@1us" },
		{ "1000001,1", 1000001, 1, "1000001B@1us" },
		{ "1000000,5000000", 1000000, 5000000, "1MB@5s" },
		{ "7,1000001", 7, 1000001, "7B@1000001us" },
		{ "17592186044415,1", 17592186044415, 1, "17592186044415B@1us" },
		{ "1,17592186044415", 1, 17592186044415, "1B@17592186044415us" },
		{ "0,50000" },
		{ "50000,0" },
		{ "50000" },
		{ "50000," },
		{ ",50000" },
		{ "" },
		{ "5 0,1" },
		{ "-1,50000" },
		{ "+1,50000" },
		{ "1,-1" },
		{ "1,50000x" },
		{ "1,2,3" },
		{ "x,50000" },
		{ "17592186044416,1" },
		{ "99999999999999999999999,1" },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rate rate = { 7, 7 }, again = { 0 };
		char text[RATE_TEXT_BYTES];
		bool good = rate_parse(cases[i].text, &rate);

		if (good != !!cases[i].bytes || rate.bytes != (good ? cases[i].bytes : 7) ||
		    rate.usecs != (good ? cases[i].usecs : 7))
			fail_msg("'%s' is taken for %llu,%llu", cases[i].text,
				 (unsigned long long)rate.bytes, (unsigned long long)rate.usecs);
		if (!good)
			continue;
		rate_print(&rate, text);
		assert_string_equal(text, cases[i].printed);
		if (!rate_read(text, &again) || memcmp(&again, &rate, sizeof(rate)))
			fail_msg("'%s' is read as %llu,%llu", text, (unsigned long long)again.bytes,
				 (unsigned long long)again.usecs);
	}
}

/* Steps, each at its time: so much is asked for, and given or not. */
struct step {
	uint64_t ms;
	uint32_t bytes;
	bool given;
};

static const struct {
	const char *name;
	struct rate rate;
	struct step steps[8];
} walks[] = {
	{ "no limit", { 0, 0 }, { { 0, 65549, true }, { 0, 65549, true }, { 0, 65549, true } } },
	{ "an interval's worth, then none until the next",
	  { 3000, 50000 },
	  { { 0, 1000, true },
	    { 10, 2000, true },
	    { 20, 1, false },
	    { 49, 1, false },
	    { 50, 3000, true },
	    { 99, 1, false },
	    { 100, 1, true } } },
	{ "one that does not fit waits, what is left stays",
	  { 3000, 50000 },
	  { { 0, 2000, true }, { 0, 1001, false }, { 0, 1000, true }, { 0, 1, false } } },
	{ "a large frame waits for several intervals",
	  { 3000, 50000 },
	  { { 0, 9000, false }, { 50, 9000, false }, { 100, 9000, true }, { 100, 1, false } } },
	{ "late by half an interval: the next is not later for it",
	  { 3000, 50000 },
	  { { 0, 3000, true }, { 75, 3000, true }, { 99, 3000, false }, { 100, 3000, true } } },
	{ "what was not used is kept, up to a burst",
	  { 3000, 50000 },
	  { { 0, 3000, true },
	    { 60000, 65536, true },
	    { 60000, 65536, true },
	    { 60000, 1, false },
	    { 60050, 3000, true },
	    { 60050, 1, false } } },
	{ "above the burst, up to an interval's worth",
	  { 1000000, 50000 },
	  { { 0, 1000000, true }, { 60000, 1000000, true }, { 60000, 1, false } } },
};

static void test_walks(void **state)
{
	for (size_t w = 0; w < COUNT_OF(walks); w++) {
		struct credit credit = { .left = 5 };
		uint64_t epoch = 1234567890123;

		credit_set(&credit, &walks[w].rate, epoch);
		for (size_t i = 0; i < COUNT_OF(walks[w].steps) && walks[w].steps[i].bytes; i++) {
			const struct step *step = &walks[w].steps[i];
			uint64_t now = epoch + step->ms * MS;

			if (credit_take(&credit, step->bytes, now) != step->given)
				fail_msg("%s: step %zu", walks[w].name, i);
			if (!step->given)
				assert_true(credit_due_ns(&credit) > now);
		}
	}
}

/* Whenever it is looked at, what is given adds up to the rate. */
static void test_the_rate_is_kept(void **state)
{
	static const struct rate rates[] = { { 62500, 50000 }, { 1250, 1000 }, { 25000, 20000 } };

	for (size_t r = 0; r < COUNT_OF(rates); r++) {
		struct credit credit;
		uint64_t now = 99, end = now + 2000ull * MS, sum = 0, most;
		uint64_t nominal = rates[r].bytes * 2000000 / rates[r].usecs;

		credit_set(&credit, &rates[r], now);
		while (now < end)
			if (credit_take(&credit, 1514, now))
				sum += 1514;
			else
				now = credit_due_ns(&credit) + 37 * 1000; /* a timer is late */
		most = nominal + rates[r].bytes;
		if (sum > most || sum < nominal - 2 * 1514)
			fail_msg("%zu: %llu bytes instead of %llu", r, (unsigned long long)sum,
				 (unsigned long long)nominal);
	}
}

struct rig {
	struct world world;
	struct guest guest;
};

static struct rig *rig_open(struct rate rate)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	rig->guest.config.rate = rate;
	guest_attach(&rig->guest, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

static void put_frames(struct rig *rig, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		guest_put_frame(&rig->guest, i, LENGTH, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
}

static uint64_t waits(const struct rig *rig)
{
	struct vif_totals totals;

	vif_totals(rig->guest.vif, &totals);
	return totals.stats.credit_waits;
}

/* All arrive, in order, none is dropped, three of them each 50 ms; the guest is
 * not asked to tell of more meanwhile, and the worker does not turn for it. */
static void test_a_guest_waits(void **state)
{
	struct rig *rig = rig_open((struct rate){ 3 * LENGTH, 50000 });
	uint64_t rounds;

	put_frames(rig, 20);
	assert_int_equal(rig->world.memory->n, 3);
	assert_int_equal(waits(rig), 1);
	rounds = rig->guest.vif->queues[0].item.rounds;
	guest_signal(&rig->guest, &rig->guest.tx_channel); /* unasked: changes nothing */
	world_turn(&rig->world);
	world_pass(&rig->world, 48, 1);
	assert_int_equal(rig->world.memory->n, 3);
	assert_in_range(rig->guest.vif->queues[0].item.rounds - rounds, 0, 2);
	for (unsigned int n = 6; n <= 18; n += 3) {
		world_pass(&rig->world, n == 6 ? 2 : 50, 1);
		assert_int_equal(rig->world.memory->n, n);
	}
	world_pass(&rig->world, 50, 1);
	assert_int_equal(rig->world.memory->n, 20);
	for (unsigned int i = 0; i < 20; i++) {
		uint8_t bytes[LENGTH];

		frame_fill(bytes, i, LENGTH);
		assert_memory_equal(rig->world.memory->bytes[i], bytes, LENGTH);
	}
	assert_int_equal(waits(rig), 6);
	guest_check_books(&rig->guest);
	put_frames(rig, 1); /* and it sleeps as ever, to be woken */
	assert_int_equal(rig->world.memory->n, 21);
	rig_close(rig);
}

/* Raised, lowered, taken away while it waits: at once. */
static void test_a_rate_changes_live(void **state)
{
	struct rig *rig = rig_open((struct rate){ LENGTH, 1000000 });

	put_frames(rig, 30);
	assert_int_equal(rig->world.memory->n, 1);
	vif_set_rate(rig->guest.vif, &(struct rate){ 5 * LENGTH, 1000000 });
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 6);
	vif_set_rate(rig->guest.vif, &(struct rate){ 2 * LENGTH, 1000000 });
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 8);
	world_pass(&rig->world, 1000, 100);
	assert_int_equal(rig->world.memory->n, 10);
	vif_set_rate(rig->guest.vif, &(struct rate){ 0 });
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 30);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* What goes to the guest is not limited. */
static void test_to_the_guest_there_is_no_limit(void **state)
{
	struct rig *rig = rig_open((struct rate){ 1, 1000000 });
	static uint8_t bytes[GUEST_FRAME_MAX];
	unsigned int slots;
	uint16_t flags;

	put_frames(rig, 1);
	assert_int_equal(rig->world.memory->n, 0);
	guest_post(&rig->guest, 64);
	for (uint32_t i = 0; i < 64; i++)
		world_send(&rig->world, i, LENGTH);
	world_turn(&rig->world);
	for (unsigned int i = 0; i < 64; i++)
		assert_int_equal(guest_take_frame(&rig->guest, bytes, &slots, &flags), LENGTH);
	rig_close(rig);
}

static void test_closed_while_it_waits(void **state)
{
	struct rig *rig = rig_open((struct rate){ LENGTH, 50000 });

	put_frames(rig, 9);
	guest_detach(&rig->guest);
	world_pass(&rig->world, 200, 10); /* no timer is left */
	guest_attach(&rig->guest, &rig->world);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rates_as_text),
		cmocka_unit_test(test_walks),
		cmocka_unit_test(test_the_rate_is_kept),
		cmocka_unit_test(test_a_guest_waits),
		cmocka_unit_test(test_a_rate_changes_live),
		cmocka_unit_test(test_to_the_guest_there_is_no_limit),
		cmocka_unit_test(test_closed_while_it_waits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
