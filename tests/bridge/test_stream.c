/* The bridge's port over a socket: frames in and out, bounds, and a peer that goes. */
#include "support/unit.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "bridge/lane.h"
#include "bridge/stream.h"

enum { LENGTH = 1514 };

static struct lane lane;
static struct frame frames[BATCH_FRAMES];
static struct fragment rest[BATCH_FRAMES];
static uint8_t bytes[BATCH_FRAMES][LENGTH];

struct ends {
	struct stream stream;
	int far;
};

static struct ends *ends_open(int buffer)
{
	struct ends *ends = lines_alloc(sizeof(*ends));
	int pair[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
	setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	assert_int_equal(stream_init(&ends->stream, "stream", pair[0], 1500), 0);
	ends->far = pair[1];
	return ends;
}

static void ends_close(struct ends *ends)
{
	stream_fini(&ends->stream);
	if (ends->far >= 0)
		close(ends->far);
	free(ends);
}

static void make_frames(struct frame **list)
{
	for (unsigned int i = 0; i < BATCH_FRAMES; i++) {
		for (unsigned int j = 0; j < LENGTH; j++)
			bytes[i][j] = (uint8_t)(i + j);
		frame_build(&frames[i], &(struct fragment){ bytes[i], LENGTH }, 1, &rest[i]);
		list[i] = &frames[i];
	}
}

static bool is_ready(const struct stream *stream)
{
	struct pollfd ready = { .fd = stream->wait_fd, .events = POLLIN };

	return poll(&ready, 1, 0) == 1;
}

static void says_what_it_takes(void **state)
{
	struct ends *ends = ends_open(1 << 20);

	assert_int_equal(ends->stream.port.takes, 0);
	assert_int_equal(ends->stream.port.mtu, 1500);
	assert_false(ends->stream.port.merges);
	assert_false(is_ready(&ends->stream));
	ends_close(ends);
}

static void frames_come_in(void **state)
{
	static uint8_t copy[LENGTH];
	struct frame *list[BATCH_FRAMES], got[BATCH_FRAMES];
	struct ends *ends = ends_open(1 << 20);
	uint8_t header[4];

	make_frames(list);
	framing_put_length(header, LENGTH);
	for (unsigned int i = 0; i < 3; i++) {
		assert_int_equal(send(ends->far, header, 4, 0), 4);
		assert_int_equal(send(ends->far, bytes[i], LENGTH, 0), LENGTH);
	}
	assert_int_equal(send(ends->far, header, 3, 0), 3); /* and the start of another */
	assert_true(is_ready(&ends->stream));
	assert_int_equal(stream_receive(&ends->stream, got, 2), 2);
	assert_int_equal(stream_receive(&ends->stream, got + 2, 62), 1);
	frame_copy_out(&got[2], 0, LENGTH, copy);
	assert_memory_equal(copy, bytes[2], LENGTH);
	assert_int_equal(got[2].csum, CSUM_NONE);
	assert_int_equal(stream_receive(&ends->stream, got, 64), 0);
	assert_false(is_ready(&ends->stream));
	ends_close(ends);
}

static uint64_t dropped(const struct stream *stream, enum drop_reason reason)
{
	return counter_read(&stream->port.counters[0].to.drops[reason]);
}

/* Each frame is delivered whole or counted, whatever the socket takes at a time. */
static void what_does_not_fit_is_counted(void **state)
{
	static uint8_t out[16 << 20]; /* more than is kept */
	struct frame *list[BATCH_FRAMES];
	struct ends *ends = ends_open(4096);
	struct stream *stream = &ends->stream;
	uint64_t delivered = 0, all = 0;
	ssize_t got = 0, n;

	make_frames(list);
	while (!dropped(stream, DROP_RING_FULL)) {
		delivered += stream->port.ops->transmit(&stream->port, &lane, list, BATCH_FRAMES);
		all += BATCH_FRAMES;
		assert_true(all < 10000);
	}
	assert_int_equal(counter_read(&stream->port.counters[0].to.frames), delivered);
	assert_int_equal(delivered + dropped(stream, DROP_RING_FULL), all);
	while ((n = recv(ends->far, out + got, sizeof(out) - (size_t)got, MSG_DONTWAIT)) > 0) {
		got += n;
		if (stream->wants_room)
			assert_true(is_ready(stream)); /* its receiver would come */
		stream_flush(stream);
	}
	assert_int_equal(got, delivered * (4 + LENGTH));
	assert_false(is_ready(stream));
	for (uint64_t i = 0; i < delivered; i++) {
		assert_memory_equal(out + i * (4 + LENGTH), "\0\0\x05\xea", 4);
		assert_memory_equal(out + i * (4 + LENGTH) + 4, bytes[i % BATCH_FRAMES], LENGTH);
	}
	ends_close(ends);
}

static void peer_that_goes_is_told(void **state)
{
	struct frame *list[BATCH_FRAMES], got[1];
	struct ends *ends = ends_open(4096);
	struct stream *stream = &ends->stream;

	make_frames(list);
	close(ends->far);
	ends->far = -1;
	assert_int_equal(stream->port.ops->transmit(&stream->port, &lane, list, 3), 0);
	assert_int_equal(dropped(stream, DROP_SHUTDOWN), 3);
	assert_true(is_ready(stream));
	assert_int_equal(stream_receive(stream, got, 1), -EPIPE);
	ends_close(ends);
}

static void impossible_length_ends_it(void **state)
{
	struct ends *ends = ends_open(4096);
	struct frame got[1];

	assert_int_equal(send(ends->far, "\xff\xff\xff\xff rubbish", 12, 0), 12);
	assert_int_equal(stream_receive(&ends->stream, got, 1), -EPROTO);
	assert_int_equal(ends->stream.socket.reader.fault, FRAMING_TOO_LONG);
	ends_close(ends);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(says_what_it_takes),
		cmocka_unit_test(frames_come_in),
		cmocka_unit_test(what_does_not_fit_is_counted),
		cmocka_unit_test(peer_that_goes_is_told),
		cmocka_unit_test(impossible_length_ends_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
