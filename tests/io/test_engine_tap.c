#include "engines.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/netns.h"

enum { FRAMES = 100, LENGTH = 60, DRY = 0 };
static const int64_t LONG = 5000000000;

struct batch {
	uint8_t bytes[FRAMES][2048];
	struct iovec iov[FRAMES];
	struct engine_io io[FRAMES];
};

/* Frames of a local experimental type, numbered in their payload. */
static void batch_fill(struct batch *batch)
{
	memset(batch->bytes, 0, sizeof(batch->bytes));
	for (unsigned int i = 0; i < FRAMES; i++) {
		uint8_t *bytes = batch->bytes[i];

		memset(bytes, 0xff, 6);
		bytes[6] = 2;
		bytes[12] = 0x88;
		bytes[13] = 0xb5;
		bytes[14] = (uint8_t)i;
		batch->iov[i] = (struct iovec){ bytes, LENGTH };
		batch->io[i] = (struct engine_io){ .iov = &batch->iov[i], .iovcnt = 1 };
	}
}

static void batch_empty(struct batch *batch)
{
	batch_fill(batch);
	for (unsigned int i = 0; i < FRAMES; i++) {
		memset(batch->bytes[i], 0, LENGTH);
		batch->iov[i].iov_len = sizeof(batch->bytes[i]);
	}
}

static void expect_report(struct engine *engine, struct engine_source *source)
{
	struct engine_source *ready = NULL;

	assert_int_equal(engines_wait(engine, &ready, LONG), 1);
	assert_ptr_equal(ready, source);
}

static void reads_what_the_kernel_sends(void **state)
{
	static struct batch out, in;
	struct engine_source source;
	struct engine_source *ready;
	int tap = netns_open_tap("read0");
	int packet = netns_open_packet_socket("read0");

	assert_true(tap >= 0 && packet >= 0);
	assert_int_equal(engine_add(*state, &source, tap, NULL), 0);
	engine_arm(*state, &source);
	assert_int_equal(engines_wait(*state, &ready, 1000000), DRY);
	for (unsigned int round = 0; round < 3; round++) {
		batch_fill(&out);
		batch_empty(&in);
		assert_int_equal(engine_write(*state, packet, out.io, FRAMES), FRAMES);
		expect_report(*state, &source);
		assert_int_equal(engine_read(*state, tap, in.io, FRAMES), FRAMES);
		for (unsigned int i = 0; i < FRAMES; i++) {
			assert_int_equal(in.io[i].result, LENGTH);
			assert_memory_equal(in.bytes[i], out.bytes[i], LENGTH);
		}
		assert_int_equal(engine_read(*state, tap, in.io, FRAMES), 0);
		assert_int_equal(in.io[0].result, -EAGAIN);
		engine_arm(*state, &source);
	}
	engine_remove(*state, &source);
	close(packet);
	close(tap);
}

static void writes_what_the_kernel_receives(void **state)
{
	static struct batch out;
	uint8_t bytes[2048];
	unsigned int next = 0;
	int tap = netns_open_tap("write0");
	int packet = netns_open_packet_socket("write0");
	ssize_t length;

	assert_true(tap >= 0 && packet >= 0);
	batch_fill(&out);
	out.iov[1].iov_len = 5; /* the kernel refuses it, and takes the others */
	assert_int_equal(engine_write(*state, tap, out.io, FRAMES), FRAMES - 1);
	assert_int_equal(out.io[1].result, -EINVAL);
	while ((length = recv(packet, bytes, sizeof(bytes), 0)) > 0) {
		next += next == 1;
		assert_int_equal(length, LENGTH);
		assert_memory_equal(bytes, out.bytes[next], LENGTH);
		next++;
	}
	assert_int_equal(next, FRAMES);
	close(packet);
	close(tap);
}

static void a_link_that_is_down_says_so(void **state)
{
	static struct batch out;
	int tap = netns_open_tap("down0");

	assert_true(tap >= 0);
	assert_int_equal(netns_set_up("down0", false), 0);
	batch_fill(&out);
	assert_int_equal(engine_write(*state, tap, out.io, 2), 0);
	assert_int_equal(out.io[0].result, -EIO);
	assert_int_equal(out.io[1].result, -EIO);
	close(tap);
}

static void a_deleted_link_is_reported(void **state)
{
	static struct batch in;
	struct engine_source source;
	int tap = netns_open_tap("gone0");

	assert_true(tap >= 0);
	assert_int_equal(engine_add(*state, &source, tap, NULL), 0);
	engine_arm(*state, &source);
	assert_int_equal(engine_wait(*state, &(struct engine_source *){ NULL }, 1, 1000000), DRY);
	assert_int_equal(netns_delete_link("gone0"), 0);
	expect_report(*state, &source);
	batch_empty(&in);
	assert_int_equal(engine_read(*state, tap, in.io, 4), 0);
	assert_int_equal(in.io[0].result, -EBADFD);
	engine_remove(*state, &source);
	close(tap);
}

/* A poll request that kept the file would leave the interface busy. */
static void a_removed_tap_can_be_opened_again(void **state)
{
	struct engine_source source;
	struct engine_source *ready;

	for (unsigned int i = 0; i < 20; i++) {
		int tap = netns_open_tap("again0");

		if (tap < 0)
			fail_msg("round %u: %s", i, strerror(-tap));
		assert_int_equal(engine_add(*state, &source, tap, NULL), 0);
		engine_arm(*state, &source);
		assert_int_equal(engines_wait(*state, &ready, i % 2 ? 100000 : 0), DRY);
		engine_remove(*state, &source);
		close(tap);
	}
}

int main(void)
{
	static const struct engine_case cases[] = {
		{ "reads what the kernel sends", reads_what_the_kernel_sends },
		{ "writes what the kernel receives", writes_what_the_kernel_receives },
		{ "a link that is down says so", a_link_that_is_down_says_so },
		{ "a deleted link is reported", a_deleted_link_is_reported },
		{ "a removed TAP can be opened again", a_removed_tap_can_be_opened_again },
	};

	return netns_enter() ? engines_run(cases, COUNT_OF(cases)) : 77;
}
