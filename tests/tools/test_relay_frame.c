/*
 * Frames that notice every flipped bit, and the sink's bookkeeping.
 */
#include "support/unit.h"

#include <string.h>

#include "bench/relay_frame.h"
#include "frontend/sequence.h"

static const uint8_t to[6] = { 2, 0, 0, 0, 0, 1 }, from[6] = { 2, 0, 0, 0, 0, 2 };
static const uint32_t sizes[] = { 64, 65, 71, 1000, RELAY_FRAME_MAX };

static void make(uint8_t *frame, uint32_t size, uint64_t number, bool whole)
{
	relay_frame_init(frame, size, to, from);
	relay_frame_number(frame, size, number, whole);
}

static void frames_come_back_with_their_number(void **state)
{
	uint8_t frame[RELAY_FRAME_MAX];
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		for (int whole = 0; whole < 2; whole++) {
			make(frame, sizes[i], 0x123456789abcdefULL + i, whole);
			assert_memory_equal(frame, to, 6);
			assert_memory_equal(frame + 6, from, 6);
			assert_int_equal(relay_frame_check(frame, sizes[i], sizes[i], whole,
							   &number),
					 RELAY_GOOD);
			assert_true(number == 0x123456789abcdefULL + i);
		}
	}
}

static void every_flipped_bit_is_seen(void **state)
{
	uint8_t frame[RELAY_FRAME_MAX];
	uint64_t number;

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		make(frame, sizes[i], 77, true);
		for (uint32_t bit = 0; bit < sizes[i] * 8; bit++) {
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
			assert_int_not_equal(relay_frame_check(frame, sizes[i], sizes[i], true,
							       &number),
					     RELAY_GOOD);
			frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		}
	}
}

/* What a page of an earlier frame, or two exchanged parts, would look like. */
static void old_and_exchanged_payloads_are_seen(void **state)
{
	uint8_t frame[RELAY_FRAME_MAX], old[RELAY_FRAME_MAX], word[8];
	uint64_t number;

	make(old, sizeof(old), 10, true);
	make(frame, sizeof(frame), 11, true);
	memcpy(frame + 512, old + 512, 8);
	assert_int_equal(relay_frame_check(frame, sizeof(frame), sizeof(frame), true, &number),
			 RELAY_CORRUPT);
	make(frame, sizeof(frame), 11, true);
	memcpy(word, frame + 512, 8);
	memmove(frame + 512, frame + 1024, 8);
	memcpy(frame + 1024, word, 8);
	assert_int_equal(relay_frame_check(frame, sizeof(frame), sizeof(frame), true, &number),
			 RELAY_CORRUPT);
}

static void lengths_and_strangers_are_seen(void **state)
{
	uint8_t frame[RELAY_FRAME_MAX];
	uint64_t number;

	make(frame, 100, 5, false);
	assert_int_equal(relay_frame_check(frame, 99, 100, false, &number), RELAY_CORRUPT);
	assert_int_equal(relay_frame_check(frame, 101, 100, false, &number), RELAY_CORRUPT);
	assert_int_equal(relay_frame_check(frame, 100, 101, false, &number), RELAY_CORRUPT);
	assert_int_equal(relay_frame_check(frame, 31, 100, false, &number), RELAY_FOREIGN);
	frame[12] = 0x08;
	assert_int_equal(relay_frame_check(frame, 100, 100, false, &number), RELAY_FOREIGN);
}

enum { W = SEQUENCE_WINDOW };

static const struct sequence_case {
	const char *name;
	uint64_t numbers[8];
	unsigned int n;
	uint64_t next, good, duplicates, reordered;
} cases[] = {
	{ "none", { 0 }, 0, 0, 0, 0, 0 },
	{ "in order", { 0, 1, 2, 3 }, 4, 4, 4, 0, 0 },
	{ "one lost", { 0, 1, 3 }, 3, 4, 3, 0, 0 },
	{ "the first lost", { 1, 2 }, 2, 3, 2, 0, 0 },
	{ "twice", { 0, 1, 1, 2 }, 4, 3, 3, 1, 0 },
	{ "three times", { 0, 0, 0 }, 3, 1, 1, 2, 0 },
	{ "exchanged", { 0, 2, 1, 3 }, 4, 4, 4, 0, 1 },
	{ "late, then again", { 0, 2, 1, 1 }, 4, 3, 3, 1, 1 },
	{ "zero comes late", { 1, 0 }, 2, 2, 2, 0, 1 },
	{ "a window's gap", { 0, W, 1 }, 3, W + 1, 3, 0, 1 },
	{ "just in the window", { W, 1 }, 2, W + 1, 2, 0, 1 },
	{ "just out of it", { W, 0 }, 2, W + 1, 2, 0, 1 },
	{ "seen in an older window", { 5, W + 5, W + 4 }, 3, W + 6, 3, 0, 1 },
	{ "a gap of many windows",
	  { 3, 10 * W + 3, 10 * W + 2, 10 * W + 3 },
	  4,
	  10 * W + 4,
	  3,
	  1,
	  1 },
};

static void arrivals_add_up(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		const struct sequence_case *c = &cases[i];
		struct sequence arrivals = { 0 };

		print_message("  %s\n", c->name);
		for (unsigned int j = 0; j < c->n; j++)
			sequence_note(&arrivals, c->numbers[j]);
		assert_int_equal(arrivals.next, c->next);
		assert_int_equal(arrivals.missing, c->next - c->good);
		assert_int_equal(arrivals.duplicates, c->duplicates);
		assert_int_equal(arrivals.reordered, c->reordered);
		assert_int_equal(arrivals.received, c->n);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_back_with_their_number),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(old_and_exchanged_payloads_are_seen),
		cmocka_unit_test(lengths_and_strangers_are_seen),
		cmocka_unit_test(arrivals_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
