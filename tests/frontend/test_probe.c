/* gen's frames, and what sink makes of a stream of them. */
#include "support/unit.h"

#include <errno.h>
#include <string.h>

#include "frontend/probe.h"
#include "frontend/sequence.h"

static const uint32_t sizes[] = { PROBE_FRAME_MIN, 60, 64, 1514, 65535 };

static void test_what_was_written_is_read(void **state)
{
	static uint8_t frame[65535];
	struct probe in = { .dst = { 2, 1 },
			    .src = { 2, 2 },
			    .kind = PROBE_DATA,
			    .run = 7,
			    .sequence = 1ull << 40,
			    .stamp_ns = 123456789012345 };

	for (size_t i = 0; i < COUNT_OF(sizes); i++) {
		struct probe out;

		probe_write(frame, &in, probe_fill(frame, sizes[i]));
		assert_int_equal(frame[12] << 8 | frame[13], 0x88b5);
		assert_int_equal(probe_read(&out, frame, sizes[i]), 0);
		assert_memory_equal(out.dst, in.dst, 6);
		assert_memory_equal(out.src, in.src, 6);
		assert_int_equal(out.kind, in.kind);
		assert_int_equal(out.run, in.run);
		assert_int_equal(out.sequence, in.sequence);
		assert_int_equal(out.stamp_ns, in.stamp_ns);
	}
}

static void test_every_bit_counts(void **state)
{
	uint8_t frame[100];
	struct probe in = { .kind = PROBE_DATA, .sequence = 5 }, out;

	probe_write(frame, &in, probe_fill(frame, sizeof(frame)));
	for (size_t bit = 14 * 8; bit < sizeof(frame) * 8; bit++) {
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
		/* the two bytes of padding are not read, but are summed up */
		assert_int_equal(probe_read(&out, frame, sizeof(frame)), -EBADMSG);
		frame[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	assert_int_equal(probe_read(&out, frame, sizeof(frame) - 1), -EBADMSG);
	assert_int_equal(probe_read(&out, frame, PROBE_FRAME_MIN - 1), -EBADMSG);
	assert_int_equal(probe_read(&out, frame, 13), -ENOMSG);
	frame[13]++;
	assert_int_equal(probe_read(&out, frame, sizeof(frame)), -ENOMSG);
}

static const struct {
	const char *name;
	uint64_t numbers[8];
	int n;
	uint64_t missing, duplicates, reordered;
} streams[] = {
	{ "in order", { 0, 1, 2, 3 }, 4, 0, 0, 0 },
	{ "starts late", { 3, 4 }, 2, 3, 0, 0 },
	{ "gap", { 0, 1, 4, 5 }, 4, 2, 0, 0 },
	{ "twice", { 0, 1, 1, 2 }, 4, 0, 1, 0 },
	{ "swapped", { 0, 2, 1, 3 }, 4, 0, 0, 1 },
	{ "late and twice", { 0, 2, 1, 1 }, 4, 0, 1, 1 },
	{ "far ahead", { 0, 100000, 100001 }, 3, 99999, 0, 0 },
	{ "late beyond the window", { 0, 5000, 1 }, 3, 4998, 0, 1 },
	{ "twice at the window's end", { 0, 1, 4096, 1 }, 4, 4094, 1, 0 },
	{ "seen before a jump is not seen after it", { 0, 4097, 4096, 4096 }, 4, 4095, 1, 1 },
};

static void test_streams(void **state)
{
	for (size_t i = 0; i < COUNT_OF(streams); i++) {
		struct sequence sequence = { 0 };
		uint64_t told[3] = { 0 };

		print_message("%s\n", streams[i].name);
		for (int j = 0; j < streams[i].n; j++)
			told[sequence_note(&sequence, streams[i].numbers[j])]++;
		assert_int_equal(told[SEQUENCE_AGAIN], streams[i].duplicates);
		assert_int_equal(told[SEQUENCE_LATE], streams[i].reordered);
		assert_int_equal(sequence.received, streams[i].n);
		assert_int_equal(sequence.missing, streams[i].missing);
		assert_int_equal(sequence.duplicates, streams[i].duplicates);
		assert_int_equal(sequence.reordered, streams[i].reordered);
		assert_int_equal(sequence.received,
				 sequence.next - sequence.missing + sequence.duplicates);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_was_written_is_read),
		cmocka_unit_test(test_every_bit_counts),
		cmocka_unit_test(test_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
