#include "support/unit.h"

#include <string.h>

#include "bridge/counters.h"
#include "bridge/frame.h"

enum { BYTES = 70000, PIECES = 8 };

static uint8_t source[BYTES];

static const struct {
	const char *name;
	uint32_t pieces[PIECES];
	unsigned int nr;
	uint16_t head, nr_frags;
} cases[] = {
	{ "no piece", { 0 }, 0, 0, 0 },
	{ "one short", { 60 }, 1, 60, 0 },
	{ "one, as long as the head", { 128 }, 1, 128, 0 },
	{ "one, a byte more", { 129 }, 1, 128, 1 },
	{ "head in two", { 100, 100 }, 2, 128, 1 },
	{ "cut on the head's end", { 128, 1 }, 2, 128, 1 },
	{ "cut a byte before", { 127, 1, 1 }, 3, 128, 1 },
	{ "many tiny", { 1, 2, 3, 4, 5, 6, 7 }, 7, 28, 0 },
	{ "empty ones between", { 0, 14, 0, 200, 0, 5 }, 6, 128, 2 },
	{ "64 KiB", { 4096, 4096, 57342 }, 3, 128, 3 },
};

static uint32_t lay_out(size_t i, struct frame *frame, struct fragment *rest)
{
	struct fragment pieces[PIECES];
	uint32_t length = 0;

	for (unsigned int p = 0; p < cases[i].nr; p++) {
		pieces[p] = (struct fragment){ source + length, cases[i].pieces[p] };
		length += cases[i].pieces[p];
	}
	memset(frame, 0xee, sizeof(*frame));
	frame_build(frame, pieces, cases[i].nr, rest);
	return length;
}

static void build_splits_at_the_head(void **state)
{
	struct fragment rest[PIECES];
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t length = lay_out(i, &frame, rest);

		if (frame.length != length || frame.head != cases[i].head ||
		    frame.nr_frags != cases[i].nr_frags)
			fail_msg("%s: %u bytes, head %u, %u fragments", cases[i].name, frame.length,
				 frame.head, frame.nr_frags);
		assert_memory_equal(frame.bytes, source, frame.head);
		assert_int_equal(frame.csum, CSUM_NONE);
		assert_int_equal(frame.gso_type, GSO_NONE);
		assert_int_equal(frame.gso_size, 0);
		assert_int_equal(frame.source, 0);
	}
}

/* Of every length around the sizes that are copied without a call; nothing is
 * written behind the head. */
static void a_plain_one_is_the_same(void **state)
{
	struct fragment rest[2], plain_rest;
	struct frame frame, plain;

	for (uint32_t length = 0; length < 300; length++) {
		struct fragment whole = { source, length };

		memset(&frame, 0xee, sizeof(frame));
		memset(&plain, 0xee, sizeof(plain));
		frame_build(&frame, &whole, 1, rest);
		frame_build_plain(&plain, source, length, &plain_rest);
		plain.frags = frame.frags;
		assert_memory_equal(&plain, &frame, sizeof(frame));
		if (!frame.nr_frags)
			continue;
		assert_ptr_equal(plain_rest.data, rest->data);
		assert_int_equal(plain_rest.length, rest->length);
	}
}

/* Every range around every boundary. */
static void copy_out_finds_every_range(void **state)
{
	static const uint32_t marks[] = { 0, 1, 14, 99, 100, 127, 128, 129, 200, 4096, 65000 };
	static uint8_t copy[BYTES];
	struct fragment rest[PIECES];
	struct frame frame;

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		uint32_t length = lay_out(i, &frame, rest);

		for (size_t a = 0; a < COUNT_OF(marks); a++) {
			for (size_t b = 0; b < COUNT_OF(marks); b++) {
				if (marks[a] + marks[b] > length)
					continue;
				memset(copy, 0xee, marks[b] + 1);
				frame_copy_out(&frame, marks[a], marks[b], copy);
				assert_memory_equal(copy, source + marks[a], marks[b]);
				assert_int_equal(copy[marks[b]], 0xee);
			}
		}
		frame_copy_out(&frame, 0, length, copy);
		assert_memory_equal(copy, source, length);
	}
}

/* The head is private: what the source's memory becomes later is not seen. */
static void head_is_a_copy(void **state)
{
	uint8_t bytes[200];
	struct fragment piece = { bytes, sizeof(bytes) };
	struct fragment rest;
	struct frame frame;

	memset(bytes, 1, sizeof(bytes));
	frame_build(&frame, &piece, 1, &rest);
	memset(bytes, 2, sizeof(bytes));
	assert_int_equal(frame.bytes[0], 1);
	assert_int_equal(frame.bytes[FRAME_HEAD_BYTES - 1], 1);
	assert_ptr_equal(frame.frags[0].data, bytes + FRAME_HEAD_BYTES);
}

static void reasons_have_names_and_sums(void **state)
{
	struct port_counters counters = { 0 };
	uint64_t expected = 0;

	for (unsigned int i = 0; i < DROP_REASONS; i++) {
		for (unsigned int k = 0; k < i; k++)
			assert_string_not_equal(drop_reason_name(i), drop_reason_name(k));
		counter_add(&counters.from.drops[i], i + 1);
		counter_add(&counters.to.drops[i], 100);
		expected += i + 1;
	}
	assert_string_equal(drop_reason_name(DROP_SAME_PORT), "same_port");
	assert_string_equal(drop_reason_name(DROP_SHUTDOWN), "shutdown");
	assert_string_equal(drop_reason_name(DROP_REASONS), "unknown");
	assert_int_equal(counters_dropped_from(&counters), expected);
	assert_int_equal(counters_dropped_to(&counters), 100 * DROP_REASONS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(build_splits_at_the_head),
		cmocka_unit_test(a_plain_one_is_the_same),
		cmocka_unit_test(copy_out_finds_every_range),
		cmocka_unit_test(head_is_a_copy),
		cmocka_unit_test(reasons_have_names_and_sums),
	};

	for (unsigned int i = 0; i < BYTES; i++)
		source[i] = (uint8_t)(i * 7 + i / 251);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
