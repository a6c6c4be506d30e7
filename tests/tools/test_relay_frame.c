/*
 * Frames that notice every flipped bit, and the sink's bookkeeping.
 */
#include "support/unit.h"

#include <string.h>

#include "bench/relay_frame.h"
#include "frontend/sequence.h"

static const uint8_t to[6] = { 2, 0, 0, 0, 0, 1 }, from[6] = { 2, 0, 0, 0, 0, 2 };
static const uint32_t sizes[] = { 64, 65, 71, 1000, 1514, 4096, 4100, 9000, RELAY_FRAME_MAX };

enum { PARTS = RELAY_FRAME_MAX / 4096 + 1 };

/* A frame in pieces as a ring has them. */
static uint8_t bytes[RELAY_FRAME_MAX];

static const struct iovec *parts_of(uint32_t size)
{
	static struct iovec parts[PARTS];

	for (uint32_t i = 0, at = 0; at < size; at += 4096, i++)
		parts[i] = (struct iovec){ bytes + at, size - at < 4096 ? size - at : 4096 };
	return parts;
}

static void make(uint32_t size, uint64_t number, enum relay_depth depth)
{
	struct relay_stream stream;

	relay_stream_init(&stream, size, to, from, RELAY_ETHERTYPE);
	relay_frame_write(&stream, number, depth, parts_of(size));
}

static enum relay_verdict verdict(uint32_t length, uint32_t size, enum relay_depth depth)
{
	uint64_t number;
	uint8_t sender;

	return relay_frame_read(parts_of(length), length, size, depth, &number, &sender);
}

static void frames_come_back_with_their_number(void **state)
{
	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		for (enum relay_depth depth = RELAY_HEAD; depth <= RELAY_CHECKED; depth++) {
			uint64_t number = 0;
			uint8_t sender = 0;

			make(sizes[i], 0x123456789abcdefULL + i, depth);
			assert_memory_equal(bytes, to, 6);
			assert_memory_equal(bytes + 6, from, 6);
			assert_int_equal(relay_frame_read(parts_of(sizes[i]), sizes[i], sizes[i],
							  depth, &number, &sender),
					 RELAY_GOOD);
			assert_true(number == 0x123456789abcdefULL + i);
			assert_int_equal(sender, 2);
		}
	}
}

/* Of the whole of a frame, and of its head if that is all that is looked at. */
static void every_flipped_bit_is_seen(void **state)
{
	for (enum relay_depth depth = RELAY_HEAD; depth <= RELAY_CHECKED; depth++) {
		for (size_t i = 0; i < 5; i++) {
			uint32_t seen = depth == RELAY_HEAD ? RELAY_FRAME_HEAD : sizes[i];

			make(sizes[i], 77, depth);
			for (uint32_t bit = 0; bit < seen * 8; bit++) {
				bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
				assert_int_not_equal(verdict(sizes[i], sizes[i], depth),
						     RELAY_GOOD);
				bytes[bit / 8] ^= (uint8_t)(1 << bit % 8);
			}
			assert_int_equal(verdict(sizes[i], sizes[i], depth), RELAY_GOOD);
		}
	}
}

/* What a page of an earlier frame, or two exchanged parts, would look like. */
static void old_and_exchanged_payloads_are_seen(void **state)
{
	uint8_t old[8], word[8];

	make(1514, 10, RELAY_CHECKED);
	memcpy(old, bytes + 512, 8);
	make(1514, 11, RELAY_CHECKED);
	memcpy(bytes + 512, old, 8);
	assert_int_equal(verdict(1514, 1514, RELAY_CHECKED), RELAY_CORRUPT);
	make(1514, 11, RELAY_CHECKED);
	memcpy(word, bytes + 512, 8);
	memmove(bytes + 512, bytes + 1024, 8);
	memcpy(bytes + 1024, word, 8);
	assert_int_equal(verdict(1514, 1514, RELAY_CHECKED), RELAY_CORRUPT);
}

static void lengths_and_strangers_are_seen(void **state)
{
	struct relay_stream stream;

	make(100, 5, RELAY_HEAD);
	assert_int_equal(verdict(99, 100, RELAY_HEAD), RELAY_CORRUPT);
	assert_int_equal(verdict(101, 100, RELAY_HEAD), RELAY_CORRUPT);
	assert_int_equal(verdict(100, 101, RELAY_HEAD), RELAY_CORRUPT);
	assert_int_equal(verdict(31, 100, RELAY_HEAD), RELAY_FOREIGN);
	bytes[12] = 0x08;
	assert_int_equal(verdict(100, 100, RELAY_HEAD), RELAY_FOREIGN);
	relay_stream_init(&stream, 64, to, from, RELAY_ETHERTYPE_HERE);
	relay_frame_write(&stream, 0, RELAY_HEAD, parts_of(64));
	assert_int_equal(verdict(64, 1514, RELAY_CHECKED), RELAY_HERE);
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
