/* Frames over a socket pair whose buffers are small, and a peer that dawdles. */
#include "support/unit.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/stream_socket.h"

enum { BATCH = 64, LONGEST = 9000, FRAMES = 600 };

struct ends {
	struct stream_socket near, far;
};

static void ends_open(struct ends *ends)
{
	int small = 4096, pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	assert_int_equal(stream_socket_init(&ends->near, pair[0]), 0);
	assert_int_equal(stream_socket_init(&ends->far, pair[1]), 0);
}

static void ends_close(struct ends *ends)
{
	stream_socket_fini(&ends->near);
	stream_socket_fini(&ends->far);
}

static uint32_t length_of(uint32_t number)
{
	return 14 + number * 2654435761u % (LONGEST - 14);
}

static void fill(uint8_t *bytes, uint32_t number)
{
	for (uint32_t i = 0; i < length_of(number); i++)
		bytes[i] = (uint8_t)(number + i);
}

/* Lines frames up from this number on, each in three pieces behind its length's. */
static void line_up(struct stream_frame *list, uint32_t first, unsigned int n)
{
	static uint8_t bytes[BATCH][LONGEST];
	static struct iovec pieces[BATCH][4];

	for (unsigned int i = 0; i < n; i++) {
		uint32_t length = length_of(first + i);

		fill(bytes[i], first + i);
		pieces[i][1] = (struct iovec){ bytes[i], 6 };
		pieces[i][2] = (struct iovec){ bytes[i] + 6, 8 };
		pieces[i][3] = (struct iovec){ bytes[i] + 14, length - 14 };
		list[i].pieces = pieces[i];
		list[i].nr_pieces = 4;
		list[i].length = length;
	}
}

/* Takes what is complete; the number of the next frame. */
static uint32_t check_frames(struct stream_socket *far, uint32_t number)
{
	static uint8_t wanted[LONGEST];
	const uint8_t *frame;
	uint32_t length;

	for (; framing_next(&far->reader, &frame, &length); number++) {
		assert_int_equal(length, length_of(number));
		fill(wanted, number);
		assert_memory_equal(frame, wanted, length);
	}
	return number;
}

/* The near end is always ahead: writes are cut, kept, refused, and nothing is lost. */
static void frames_arrive_whole_and_in_order(void **state)
{
	static struct stream_frame list[BATCH];
	uint32_t sent = 0, seen = 0;
	unsigned int refusals = 0;
	struct ends ends;

	ends_open(&ends);
	ends.near.writer.most = 4 * LONGEST; /* so that it does refuse, */
	ends.near.writer.room = 8 * LONGEST; /* and moves what it keeps */
	while (seen < FRAMES) {
		unsigned int n = FRAMES - sent < BATCH ? FRAMES - sent : BATCH;
		int took, got;

		line_up(list, sent, n);
		took = stream_socket_send(&ends.near, list, n);
		assert_in_range(took, 0, n);
		refusals += took < (int)n;
		sent += (uint32_t)took;
		got = stream_socket_read(&ends.far);
		assert_true(got >= 0);
		seen = check_frames(&ends.far, seen);
	}
	assert_int_equal(sent, FRAMES);
	assert_true(refusals > 0);
	assert_int_equal(stream_socket_flush(&ends.near), 0);
	assert_false(stream_socket_is_blocked(&ends.near));
	assert_int_equal(stream_socket_read(&ends.far), 0);
	ends_close(&ends);
}

static void keeps_no_more_than_it_may(void **state)
{
	static struct stream_frame list[BATCH];
	struct ends ends;
	size_t kept;
	int took;

	ends_open(&ends);
	do {
		line_up(list, 0, BATCH);
		took = stream_socket_send(&ends.near, list, BATCH);
		assert_true(took >= 0);
		kept = ends.near.writer.end - ends.near.writer.start;
		assert_true(kept <= STREAM_SOCKET_KEPT);
	} while (took == BATCH);
	assert_true(stream_socket_is_blocked(&ends.near));
	assert_true(kept > STREAM_SOCKET_KEPT - LONGEST - 4);
	ends_close(&ends);
}

/* Full, it is low again when half of what it kept has gone. */
static void low_is_half_of_what_is_kept(void **state)
{
	static struct stream_frame list[BATCH];
	const uint8_t *frame;
	struct ends ends;
	uint32_t length;
	size_t kept;

	ends_open(&ends);
	assert_true(stream_socket_is_low(&ends.near));
	line_up(list, 0, BATCH);
	while (stream_socket_send(&ends.near, list, BATCH) == BATCH)
		;
	assert_false(stream_socket_is_low(&ends.near));
	do {
		kept = ends.near.writer.end - ends.near.writer.start;
		assert_int_equal(stream_socket_is_low(&ends.near), kept <= STREAM_SOCKET_KEPT / 2);
		while (framing_next(&ends.far.reader, &frame, &length))
			;
		assert_true(stream_socket_read(&ends.far) >= 0);
		assert_int_equal(stream_socket_flush(&ends.near), 0);
	} while (stream_socket_is_blocked(&ends.near));
	assert_true(stream_socket_is_low(&ends.near));
	ends_close(&ends);
}

static void hang_up_is_told(void **state)
{
	static struct stream_frame list[1];
	struct ends ends;
	int pair[2];

	ends_open(&ends);
	line_up(list, 0, 1);
	assert_int_equal(stream_socket_send(&ends.near, list, 1), 1);
	stream_socket_renew(&ends.far, -1); /* with a frame unread */
	assert_int_equal(stream_socket_read(&ends.near), -EPIPE);
	assert_int_equal(stream_socket_send(&ends.near, list, 1), -EPIPE);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	stream_socket_renew(&ends.near, pair[0]);
	stream_socket_renew(&ends.far, pair[1]);
	assert_int_equal(stream_socket_send(&ends.near, list, 1), 1);
	assert_true(stream_socket_read(&ends.far) > 0);
	assert_int_equal(check_frames(&ends.far, 0), 1);
	ends_close(&ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(frames_arrive_whole_and_in_order),
		cmocka_unit_test(keeps_no_more_than_it_may),
		cmocka_unit_test(low_is_half_of_what_is_kept),
		cmocka_unit_test(hang_up_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
