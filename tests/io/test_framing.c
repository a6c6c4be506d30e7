/* Frames cut out of bytes, however those come, and what is kept of those that go. */
#include "support/unit.h"

#include "io/framing.h"

enum { STREAM_BYTES = 300000, ROOM = FRAMING_WHOLE_MAX };

static uint8_t stream[STREAM_BYTES];
static uint8_t memory[ROOM];

static uint8_t byte_at(uint32_t frame, uint32_t i)
{
	return (uint8_t)(frame * 31 + i * 7);
}

/* Writes frames of these lengths one after another; how many bytes. */
static size_t write_frames(const uint32_t *lengths, unsigned int n)
{
	size_t at = 0;

	for (unsigned int f = 0; f < n; f++) {
		framing_put_length(stream + at, lengths[f]);
		at += FRAMING_HEADER_BYTES;
		for (uint32_t i = 0; i < lengths[f]; i++)
			stream[at++] = byte_at(f, i);
	}
	return at;
}

static void check_frame(uint32_t number, const uint8_t *frame, uint32_t length, uint32_t wanted)
{
	assert_int_equal(length, wanted);
	for (uint32_t i = 0; i < length; i++)
		if (frame[i] != byte_at(number, i))
			fail_msg("frame %u differs at %u", number, i);
}

/* Every way of cutting: one piece, byte by byte, odd sizes, just beside the headers. */
static void frames_come_in_any_pieces(void **state)
{
	static const uint32_t lengths[] = { 14, 60, 15, 1514, 65535, 14, 64, 9014, 65535, 100 };
	static const size_t cuts[] = { STREAM_BYTES, 1, 2, 3, 5, 17, 18, 19, 64, 4096, 65538, 65539 };
	size_t total = write_frames(lengths, COUNT_OF(lengths));

	for (size_t c = 0; c < COUNT_OF(cuts); c++) {
		struct framing_reader reader = { .bytes = memory, .room = ROOM };
		const uint8_t *frame;
		uint32_t length, seen = 0;
		size_t at = 0;

		while (at < total) {
			size_t room, n = total - at < cuts[c] ? total - at : cuts[c];
			uint8_t *to = framing_room(&reader, &room);

			assert_true(room > 0);
			n = n < room ? n : room;
			memcpy(to, stream + at, n);
			framing_filled(&reader, n);
			at += n;
			while (framing_next(&reader, &frame, &length)) {
				check_frame(seen, frame, length, lengths[seen]);
				seen++;
			}
			assert_int_equal(reader.fault, FRAMING_SOUND);
		}
		assert_int_equal(seen, COUNT_OF(lengths));
	}
}

static void impossible_lengths_are_refused(void **state)
{
	static const struct {
		const char *name;
		uint8_t header[4];
		enum framing_fault fault;
	} cases[] = {
		{ "none", { 0, 0, 0, 0 }, FRAMING_TOO_SHORT },
		{ "13", { 0, 0, 0, 13 }, FRAMING_TOO_SHORT },
		{ "14", { 0, 0, 0, 14 }, FRAMING_SOUND },
		{ "65535", { 0, 0, 0xff, 0xff }, FRAMING_SOUND },
		{ "65536", { 0, 1, 0, 0 }, FRAMING_TOO_LONG },
		{ "2^31", { 0x80, 0, 0, 0 }, FRAMING_TOO_LONG },
		{ "2^32-1", { 0xff, 0xff, 0xff, 0xff }, FRAMING_TOO_LONG },
		{ "little endian 60", { 60, 0, 0, 0 }, FRAMING_TOO_LONG },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct framing_reader reader = { .bytes = memory, .room = ROOM };
		const uint8_t *frame;
		uint32_t length;
		size_t room;

		memcpy(framing_room(&reader, &room), cases[i].header, 4);
		framing_filled(&reader, 4);
		assert_false(framing_next(&reader, &frame, &length));
		if (reader.fault != cases[i].fault)
			fail_msg("%s: %s", cases[i].name, framing_fault_text(reader.fault));
		if (!reader.fault)
			continue;
		framing_filled(&reader, 100); /* nothing is found any more */
		assert_false(framing_next(&reader, &frame, &length));
	}
}

/* The pieces of a frame in the stream that begins at that byte. */
static struct iovec whole(size_t at, uint32_t length)
{
	return (struct iovec){ stream + at, FRAMING_HEADER_BYTES + length };
}

/* What is kept comes out in order, from the byte on where it was cut, however
 * little of it is taken at a time. */
static void rest_is_kept_in_order(void **state)
{
	static uint8_t out[STREAM_BYTES];
	static const uint32_t lengths[] = { 1000, 60, 14, 300 };
	size_t total = write_frames(lengths, COUNT_OF(lengths));

	for (size_t cut = 0; cut < 1004; cut++) {
		struct framing_writer writer = { .bytes = memory, .room = ROOM };
		struct iovec pieces[] = { { stream, 4 }, { stream + 4, 600 }, { stream + 604, 400 } };
		size_t got = cut, length, at = 1004;
		const uint8_t *bytes;

		memcpy(out, stream, cut);
		assert_true(framing_keep(&writer, pieces, 3, cut));
		for (unsigned int i = 1; i < COUNT_OF(lengths); i++) {
			struct iovec piece = whole(at, lengths[i]);

			assert_true(framing_keep(&writer, &piece, 1, 0));
			at += piece.iov_len;
		}
		while ((bytes = framing_kept(&writer, &length))) {
			size_t take = length > cut % 37 ? cut % 37 + 1 : length;

			memcpy(out + got, bytes, take);
			framing_sent(&writer, take);
			got += take;
		}
		assert_int_equal(got, total);
		assert_memory_equal(out, stream, total);
	}
}

/* One call never cuts a frame, but for one that is cut already. */
static void goes_out_by_whole_frames(void **state)
{
	static const uint32_t lengths[] = { 30000, 2000, 800, 60, 50000, 60, 32764, 14 };
	static const size_t chunks[] = { 29000, 4 + 2000 + 4 + 800 + 4 + 60, 50004, 64, 32768, 18 };
	struct framing_writer writer = { .bytes = memory, .room = ROOM };
	static uint8_t large[2 * ROOM];
	size_t length, at = 0;

	writer.bytes = large;
	writer.room = sizeof(large);
	write_frames(lengths, COUNT_OF(lengths));
	for (unsigned int i = 0; i < COUNT_OF(lengths); i++) {
		struct iovec piece = whole(at, lengths[i]);

		assert_true(framing_keep(&writer, &piece, 1, i ? 0 : 1004));
		at += piece.iov_len;
	}
	for (unsigned int i = 0; i < COUNT_OF(chunks); i++) {
		assert_non_null(framing_kept(&writer, &length));
		assert_int_equal(length, chunks[i]);
		framing_sent(&writer, length);
	}
	assert_null(framing_kept(&writer, &length));
}

static void keeping_is_bounded(void **state)
{
	struct framing_writer writer = { .bytes = memory, .room = ROOM };
	struct iovec longest = { stream, FRAMING_WHOLE_MAX }, shortest = { stream, 18 };
	size_t length;

	framing_put_length(stream, FRAMING_FRAME_MAX);
	assert_true(framing_keep(&writer, &longest, 1, 0));
	framing_put_length(stream, 14);
	assert_false(framing_keep(&writer, &shortest, 1, 0));
	assert_non_null(framing_kept(&writer, &length));
	assert_int_equal(length, FRAMING_WHOLE_MAX);
	framing_sent(&writer, 18);
	assert_true(framing_keep(&writer, &shortest, 1, 0));
	assert_false(framing_keep(&writer, &shortest, 1, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_come_in_any_pieces),
		cmocka_unit_test(impossible_lengths_are_refused),
		cmocka_unit_test(rest_is_kept_in_order),
		cmocka_unit_test(goes_out_by_whole_frames),
		cmocka_unit_test(keeping_is_bounded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
