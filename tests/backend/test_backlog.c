/*
 * The bounded ring of waiting frames against a plain queue of the same bytes.
 */
#include "support/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backlog.h"
#include "io/state.h"
#include "support/random.h"

enum { SIZE = 1 << 17, LENGTH_MAX = 65535, SEED = 0xbac1 };

/* A frame of `length` bytes that only `mark` makes, over its own memory. */
struct made {
	struct frame frame;
	struct fragment rest[3];
	uint8_t bytes[LENGTH_MAX];
};

static uint8_t byte_of(uint32_t mark, uint32_t at)
{
	return (uint8_t)(mark * 167 + at * 13 + (at >> 8));
}

/* Cut in three, so that copying out has seams to cross. */
static void make(struct made *made, uint32_t mark, uint32_t length)
{
	uint32_t first = length / 3, second = length / 2;
	struct fragment parts[3] = { { made->bytes, first },
				     { made->bytes + first, second - first },
				     { made->bytes + second, length - second } };

	for (uint32_t i = 0; i < length; i++)
		made->bytes[i] = byte_of(mark, i);
	frame_build(&made->frame, parts, 3, made->rest);
	made->frame.csum = (uint8_t)(mark % 3);
	made->frame.gso_type = (uint8_t)(mark % 2);
	made->frame.gso_size = (uint16_t)mark;
}

static void check_front(const struct backlog *backlog, uint32_t mark, uint32_t length,
			uint64_t since_ms)
{
	static uint8_t copy[LENGTH_MAX], expected[LENGTH_MAX];
	struct fragment rest[2];
	struct frame frame;
	uint64_t since;

	assert_true(backlog_front(backlog, &frame, rest, &since));
	assert_int_equal(frame.length, length);
	assert_int_equal(since, since_ms);
	assert_int_equal(frame.csum, mark % 3);
	assert_int_equal(frame.gso_type, mark % 2);
	assert_int_equal(frame.gso_size, (uint16_t)mark);
	frame_copy_out(&frame, 0, length, copy);
	for (uint32_t i = 0; i < length; i++)
		expected[i] = byte_of(mark, i);
	assert_memory_equal(copy, expected, length);
}

static void test_every_length(void **state)
{
	struct made *made = malloc(sizeof(*made));
	struct backlog backlog;

	assert_non_null(made);
	assert_int_equal(backlog_init(&backlog, SIZE), 0);
	for (uint32_t length = 14; length <= LENGTH_MAX; length += length < 300 ? 1 : 251) {
		make(made, length, length);
		assert_true(backlog_push(&backlog, &made->frame, length * 2));
		assert_false(backlog_is_empty(&backlog));
		assert_int_equal(backlog.frames, 1);
		check_front(&backlog, length, length, length * 2);
		backlog_pop(&backlog);
		assert_true(backlog_is_empty(&backlog));
	}
	make(made, 7, LENGTH_MAX);
	assert_true(backlog_push(&backlog, &made->frame, 1));
	check_front(&backlog, 7, LENGTH_MAX, 1);
	backlog_fini(&backlog);
	free(made);
}

static void test_empty_has_no_front(void **state)
{
	struct fragment rest[2];
	struct backlog backlog;
	struct frame frame;
	uint64_t since;

	assert_int_equal(backlog_init(&backlog, 4096), 0);
	assert_true(backlog_is_empty(&backlog));
	assert_false(backlog_front(&backlog, &frame, rest, &since));
	backlog_fini(&backlog);
}

/* Full is full: refused without a trace, and accepted again after one pop. */
static void test_full(void **state)
{
	struct made *made = malloc(sizeof(*made));
	struct backlog backlog;
	uint32_t n = 0;

	assert_non_null(made);
	assert_int_equal(backlog_init(&backlog, SIZE), 0);
	for (make(made, 0, 1514); backlog_push(&backlog, &made->frame, n); make(made, n, 1514))
		n++;
	assert_in_range(n, (SIZE - 1600) / 1536, SIZE / 1514);
	assert_int_equal(backlog.frames, n);
	assert_false(backlog_push(&backlog, &made->frame, n));
	for (uint32_t i = 0; i < n; i++) {
		check_front(&backlog, i, 1514, i);
		backlog_pop(&backlog);
		make(made, n + i, 1514);
		assert_true(backlog_push(&backlog, &made->frame, n + i));
	}
	for (uint32_t i = n; i < 2 * n; i++) {
		check_front(&backlog, i, 1514, i);
		backlog_pop(&backlog);
	}
	assert_true(backlog_is_empty(&backlog));
	backlog_fini(&backlog);
	free(made);
}

/* A frame larger than all of it never fits, and does no harm. */
static void test_too_large(void **state)
{
	struct made *made = malloc(sizeof(*made));
	struct backlog backlog;

	assert_non_null(made);
	assert_int_equal(backlog_init(&backlog, 4096), 0);
	make(made, 1, 4096);
	assert_false(backlog_push(&backlog, &made->frame, 0));
	assert_true(backlog_is_empty(&backlog));
	make(made, 2, 4096 - 16);
	assert_true(backlog_push(&backlog, &made->frame, 0));
	check_front(&backlog, 2, 4096 - 16, 0);
	backlog_fini(&backlog);
	free(made);
}

/* Another one goes on with what waits. */
static void carry(struct backlog *backlog)
{
	struct state saved, restored;
	struct backlog fresh;

	state_save(&saved);
	backlog_carry(backlog, &saved);
	assert_int_equal(state_seal(&saved), 0);
	assert_int_equal(backlog_init(&fresh, SIZE), 0);
	assert_int_equal(state_restore(&restored, saved.bytes, saved.at, NULL, 0), 0);
	backlog_carry(&fresh, &restored);
	assert_null(restored.fault);
	assert_int_equal(restored.at, saved.at);
	assert_int_equal(fresh.frames, backlog->frames);
	state_fini(&saved);
	backlog_fini(backlog);
	*backlog = fresh;
}

static void test_it_is_carried_from_any_position(void **state)
{
	struct made *made = malloc(sizeof(*made));
	struct backlog backlog;

	assert_non_null(made);
	assert_int_equal(backlog_init(&backlog, SIZE), 0);
	for (uint32_t n = 0; n < 300; n++) {
		make(made, n, 1500 + n);
		assert_true(backlog_push(&backlog, &made->frame, n));
		if (n < 60)
			continue;
		check_front(&backlog, n - 60, 1500 + n - 60, n - 60);
		backlog_pop(&backlog);
		if (n % 7 == 0)
			carry(&backlog);
	}
	for (uint32_t n = 240; n < 300; n++) {
		check_front(&backlog, n, 1500 + n, n);
		backlog_pop(&backlog);
	}
	assert_true(backlog_is_empty(&backlog));
	carry(&backlog);
	assert_true(backlog_is_empty(&backlog));
	backlog_fini(&backlog);
	free(made);
}

/* Random lengths through many turns of the buffer: order, bytes, and the skip
 * at its end, whatever the position. */
static void test_walk(void **state)
{
	struct made *made = malloc(sizeof(*made));
	uint32_t lengths[4096], first = 0, next = 0, refused = 0;
	uint64_t random = SEED;
	struct backlog backlog;

	assert_non_null(made);
	assert_int_equal(backlog_init(&backlog, SIZE), 0);
	while (backlog.tail < 200ull * SIZE) {
		bool large = random_below(&random, 16) == 0;
		uint32_t length = 14 + random_below(&random, large ? LENGTH_MAX - 13 : 1501);
		bool fits;

		make(made, next, length);
		fits = backlog_push(&backlog, &made->frame, next);
		lengths[next % COUNT_OF(lengths)] = length;
		next += fits;
		refused += !fits;
		assert_true(backlog.tail - backlog.head <= SIZE);
		while (first < next && random_below(&random, 2)) {
			check_front(&backlog, first, lengths[first % COUNT_OF(lengths)], first);
			backlog_pop(&backlog);
			first++;
		}
		assert_int_equal(backlog.frames, next - first);
		assert_int_equal(backlog_is_empty(&backlog), first == next);
	}
	assert_true(refused > 10);
	backlog_fini(&backlog);
	free(made);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_length),
		cmocka_unit_test(test_empty_has_no_front),
		cmocka_unit_test(test_full),
		cmocka_unit_test(test_too_large),
		cmocka_unit_test(test_walk),
		cmocka_unit_test(test_it_is_carried_from_any_position),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
