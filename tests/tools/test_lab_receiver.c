/*
 * The laboratory's receiver behind a daemon and a sender: every frame is
 * delivered or dropped where it says, in each of its modes.
 */
#include "support/unit.h"

#include <errno.h>
#include <sched.h>

#include "bench/host.h"
#include "bench/lab/burn.h"
#include "bench/lab/receiver.h"
#include "bench/lab/stamp.h"
#include "support/clock.h"
#include "support/daemon.h"

enum { FRAMES = 400, CREDIT = 100, PATIENCE_S = 60 };

static const uint8_t sender_mac[6] = { 2, 0, 0, 0, 0, 1 }, receiver_mac[6] = { 2, 0, 0, 0, 0, 2 };

static struct daemon backend;
static struct splitvif *sender, *vif;
static int cpus[2];

static struct splitvif *open_vif(const char *name, const uint8_t mac[6])
{
	struct splitvif_config config = { .name = name, .rundir = backend.rundir };
	struct splitvif *opened;
	char error[256];

	memcpy(config.mac, mac, 6);
	opened = splitvif_open(&config, error, sizeof(error));
	if (!opened)
		fail_msg("%s", error);
	return opened;
}

static int start_all(void **state)
{
	const char *const args[] = { "--bridge", "xenbr0", NULL };

	assert_int_equal(daemon_start(&backend, args), 0);
	assert_int_equal(host_choose_cpus(cpus), 0);
	burn_calibrate();
	sender = open_vif("sender", sender_mac);
	vif = open_vif("receiver", receiver_mac);
	return 0;
}

static int stop_all(void **state)
{
	splitvif_close(sender);
	splitvif_close(vif);
	return daemon_stop(&backend);
}

static bool send_one(uint64_t number)
{
	struct stamp stamp = { number, host_now_ns() };
	struct splitvif_frame frame;
	uint8_t *bytes;

	if (splitvif_reserve(sender, &frame, 1, STAMP_FRAME_MIN) != 1)
		return false;
	bytes = frame.parts[0].iov_base;
	memset(bytes, 0, STAMP_FRAME_MIN);
	memcpy(bytes, receiver_mac, 6);
	memcpy(bytes + 6, sender_mac, 6);
	bytes[12] = STAMP_ETHERTYPE >> 8;
	bytes[13] = STAMP_ETHERTYPE & 0xff;
	stamp_write(bytes, &stamp);
	frame.length = STAMP_FRAME_MIN;
	splitvif_commit(sender, &frame, 1);
	splitvif_flush(sender);
	return true;
}

/* Never more under way than fit the ring, so that none is dropped there. */
static void send_all(struct receiver *receiver, struct receiver_counters *seen)
{
	int64_t deadline = host_now_ns() + PATIENCE_S * 1000000000LL;
	uint64_t sent = 0, gone = 0;

	while (gone < FRAMES && host_now_ns() < deadline) {
		receiver_read(receiver, seen);
		gone = seen->delivered + seen->drop_queue;
		while (sent < FRAMES && sent < gone + seen->queued + CREDIT && send_one(sent))
			sent++;
		splitvif_process(sender);
	}
	assert_int_equal(gone, FRAMES);
}

struct mode_case {
	const char *name;
	enum receiver_mode mode;
	unsigned int weight, ring_frames, queue_frames;
	uint64_t app_cost_ns;
	bool drops, pauses;
};

static const struct mode_case cases[] = {
	{ "irq", RECEIVER_IRQ_PER_FRAME, 64, 0, 4096, 0 },
	{ "napi", RECEIVER_NAPI, 64, 0, 4096, 0 },
	{ "napi, limit 1", RECEIVER_NAPI, 1, 0, 4096, 0 },
	{ "napi, ring of 128", RECEIVER_NAPI, 256, 128, 4096, 0 },
	{ "napi, short queue", RECEIVER_NAPI, 64, 0, 2, 20000, .drops = true },
	{ "handover", RECEIVER_NAPI_HANDOVER, 2, 0, 4096, 0 },
	{ "feedback", RECEIVER_NAPI_FEEDBACK, 64, 0, 2, 20000, .pauses = true },
	{ "poll", RECEIVER_POLL, 64, 0, 4096, 0 },
};

static uint64_t frames_of_rounds(const struct receiver_counters *counters, unsigned int weight)
{
	uint64_t frames = 0;

	for (unsigned int i = 0; i <= RECEIVER_WEIGHT_MAX; i++) {
		frames += i * counters->per_round[i];
		if (i > weight)
			assert_int_equal(counters->per_round[i], 0);
	}
	return frames;
}

static void check(const struct mode_case *c, const struct receiver_counters *counters)
{
	unsigned int weight = c->mode == RECEIVER_IRQ_PER_FRAME ? 1 : c->weight;

	assert_int_equal(counters->delivered + counters->drop_queue, FRAMES);
	assert_int_equal(frames_of_rounds(counters, weight), FRAMES + counters->strangers);
	assert_int_equal(histogram_count(&counters->latency), counters->delivered);
	assert_int_equal(counters->queued, 0);
	assert_int_equal(counters->downs, 0);
	assert_int_equal(counters->drop_queue > 0, c->drops);
	assert_int_equal(counters->pauses > 0, c->pauses);
	assert_true(counters->cpu_poll_ns > 0 && counters->cpu_app_ns > 0);
	if (c->mode == RECEIVER_IRQ_PER_FRAME)
		assert_true(counters->irq >= FRAMES);
	if (c->mode == RECEIVER_POLL)
		assert_int_equal(counters->irq, 0);
}

static void test_modes(void **state)
{
	for (size_t i = 0; i < COUNT_OF(cases) * 2; i++) {
		const struct mode_case *c = &cases[i / 2];
		const struct receiver_config config = {
			.mode = c->mode,
			.weight = c->weight,
			.ring_frames = c->ring_frames,
			.app_cost_ns = c->app_cost_ns,
			.queue_frames = c->queue_frames,
			.cpu_poll = cpus[0],
			.cpu_app = cpus[i % 2],
		};
		struct receiver_counters *seen = lines_alloc(sizeof(*seen));
		struct receiver *receiver;

		print_message("%s, %s\n", c->name, i % 2 ? "apart" : "on one processor");
		assert_int_equal(receiver_start(&receiver, vif, &config), 0);
		send_all(receiver, seen);
		receiver_stop(receiver, seen);
		check(c, seen);
		free(seen);
	}
}

/* Only the latencies of frames that were due then are noted. */
static void test_timed(void **state)
{
	const struct receiver_config config = { .mode = RECEIVER_NAPI,
						.weight = 64,
						.queue_frames = 4096,
						.cpu_poll = cpus[0],
						.cpu_app = cpus[1] };
	const int64_t now = host_now_ns();
	const struct {
		int64_t from, until;
		uint64_t noted;
	} windows[] = { { INT64_MAX, INT64_MAX, 0 },
			{ INT64_MIN, now, 0 },
			{ now, INT64_MAX, FRAMES } };
	struct receiver_counters *seen = lines_alloc(sizeof(*seen));

	for (size_t i = 0; i < COUNT_OF(windows); i++) {
		struct receiver *receiver;

		assert_int_equal(receiver_start(&receiver, vif, &config), 0);
		receiver_time(receiver, windows[i].from, windows[i].until);
		send_all(receiver, seen);
		receiver_stop(receiver, seen);
		assert_int_equal(seen->delivered, FRAMES);
		assert_int_equal(histogram_count(&seen->latency), windows[i].noted);
	}
	free(seen);
}

static void test_refused(void **state)
{
	static const struct receiver_config bad[] = {
		{ .weight = 0, .queue_frames = 1 },
		{ .weight = RECEIVER_WEIGHT_MAX + 1, .queue_frames = 1 },
		{ .weight = 1, .queue_frames = 0 },
		{ .weight = 1, .queue_frames = RECEIVER_QUEUE_MAX + 1 },
		{ .weight = 1, .queue_frames = 1, .mode = RECEIVER_MODES },
		{ .weight = 1, .queue_frames = 1, .cpu_poll = -1 },
		{ .weight = 1, .queue_frames = 1, .cpu_poll = CPU_SETSIZE - 1 },
		{ .weight = 1, .queue_frames = 1, .cpu_app = CPU_SETSIZE - 1 },
	};
	struct receiver *receiver;

	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_int_equal(receiver_start(&receiver, vif, &bad[i]), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_modes),
		cmocka_unit_test(test_timed),
	};

	return cmocka_run_group_tests(tests, start_all, stop_all);
}
