#include "bench/relay.h"

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/progress.h"

#define MS INT64_C(1000000)

enum { LEARN_TRIES = 20, STALL_MS = 5000, QUIET_MS = 300, PROCESS_MS = 1 };

static struct splitvif *open_vif(const char *name, char error[RELAY_TEXT_BYTES])
{
	struct splitvif_config config = { .name = name };

	return splitvif_open(&config, error, RELAY_TEXT_BYTES);
}

/* What comes to the sender is of no interest, but its buffers are. How many. */
static unsigned int discard(struct splitvif *vif)
{
	struct splitvif_frame frames[RELAY_BATCH];
	unsigned int n = splitvif_receive(vif, frames, RELAY_BATCH);

	splitvif_release(vif, n);
	if (n)
		splitvif_flush(vif);
	return n;
}

/* Until the bridge has seen the sink's address, it floods. */
static int teach(struct relay *relay, const uint8_t sink[6], const uint8_t gen[6])
{
	uint8_t frame[RELAY_FRAME_HEAD + 32];
	struct iovec iov = { frame, sizeof(frame) };
	struct splitvif_output output = { &iov, 1 };
	struct pollfd ready = { .fd = splitvif_fd(relay->gen), .events = POLLIN };

	relay_frame_init(frame, sizeof(frame), gen, sink);
	for (int i = 0; i < LEARN_TRIES; i++) {
		splitvif_transmit(relay->sink, &output, 1);
		splitvif_flush(relay->sink);
		if (splitvif_arm(relay->gen, 0))
			poll(&ready, 1, 100);
		splitvif_process(relay->gen);
		splitvif_process(relay->sink);
		if (discard(relay->gen))
			return 0;
	}
	return -ETIMEDOUT;
}

static void make_frames(struct relay *relay, const uint8_t sink[6], const uint8_t gen[6])
{
	for (unsigned int i = 0; i < RELAY_BATCH; i++) {
		relay_frame_init(relay->frames[i], relay->size, sink, gen);
		relay->iov[i] = (struct iovec){ relay->frames[i], relay->size };
		relay->outputs[i] = (struct splitvif_output){ &relay->iov[i], 1 };
	}
}

int relay_open(struct relay *relay, const struct options *options, uint32_t size, bool yield,
	       char error[RELAY_TEXT_BYTES])
{
	struct splitvif_status gen, sink;
	int err;

	memset(relay, 0, sizeof(*relay));
	relay->options = options;
	relay->size = size;
	relay->whole = options->count;
	relay->yield = yield;
	relay->gen = open_vif("gen", error);
	if (!relay->gen)
		return -errno;
	relay->sink = open_vif("sink", error);
	err = relay->sink ? 0 : -errno;
	if (err)
		goto close_gen;
	splitvif_status(relay->gen, &gen);
	splitvif_status(relay->sink, &sink);
	make_frames(relay, sink.mac, gen.mac);
	err = teach(relay, sink.mac, gen.mac);
	if (!err)
		return 0;
	snprintf(error, RELAY_TEXT_BYTES, "no frame from sink to gen in 2 s; see 'splitvif stats'");
	splitvif_close(relay->sink);
close_gen:
	splitvif_close(relay->gen);
	return err;
}

void relay_close(struct relay *relay)
{
	splitvif_close(relay->gen);
	splitvif_close(relay->sink);
}

/* The other side can still write to shared pages: what is checked is a copy. */
static void gather(struct relay *relay, const struct splitvif_frame *frame)
{
	uint32_t wanted = relay->whole ? relay->size : RELAY_FRAME_HEAD, have = 0;

	for (unsigned int i = 0; i < frame->nr_parts && have < wanted; i++) {
		size_t here = frame->parts[i].iov_len;

		if (here > wanted - have)
			here = wanted - have;
		memcpy(relay->copy + have, frame->parts[i].iov_base, here);
		have += (uint32_t)here;
	}
}

static void take_frame(struct relay *relay, const struct splitvif_frame *frame)
{
	uint64_t number;

	gather(relay, frame);
	switch (relay_frame_check(relay->copy, frame->length, relay->size, relay->whole, &number)) {
	case RELAY_GOOD:
		sequence_note(&relay->arrivals, number);
		return;
	case RELAY_FOREIGN:
		relay->foreign++;
		return;
	case RELAY_CORRUPT:
		relay->corrupt++;
		return;
	}
}

/* How many frames are due by a rate and have not been dealt with. */
static uint64_t due(const struct relay *relay, uint64_t rate, uint64_t dealt, int64_t now)
{
	uint64_t frames = (uint64_t)((double)(now - relay->paced_ns) / 1e9 * (double)rate);

	return frames > dealt ? frames - dealt : 0;
}

/* A slow sink is quick when nothing is left to send. */
static unsigned int take(struct relay *relay, uint64_t target, int64_t now)
{
	struct splitvif_frame frames[RELAY_BATCH];
	uint64_t limit = RELAY_BATCH;
	unsigned int n;

	if (relay->options->sink_rate && relay->sent < target)
		limit = due(relay, relay->options->sink_rate, relay->paced_sink, now);
	n = splitvif_receive(relay->sink, frames,
			     (unsigned int)(limit < RELAY_BATCH ? limit : RELAY_BATCH));
	relay->paced_sink += n;
	for (unsigned int i = 0; i < n; i++)
		take_frame(relay, &frames[i]);
	splitvif_release(relay->sink, n);
	return n;
}

static uint64_t under_way(const struct relay *relay)
{
	uint64_t arrived = relay_received(relay) + relay->corrupt;

	return relay->sent > arrived ? relay->sent - arrived : 0;
}

/* Frames to send now, a batch at most. */
static unsigned int wanted(const struct relay *relay, uint64_t target, int64_t now)
{
	uint64_t n = target - relay->sent;

	if (n > RELAY_BATCH)
		n = RELAY_BATCH;
	if (relay->options->mode == RELAY_OPEN) {
		uint64_t rate = relay->options->rate;
		uint64_t limit = rate ? due(relay, rate, relay->paced, now) : n;

		return (unsigned int)(n < limit ? n : limit);
	}
	/* Whole batches, unless these are the last frames. */
	return under_way(relay) + n <= RELAY_CREDIT ? (unsigned int)n : 0;
}

/* Without a rate, a polling sender waits for room for all of them: small
 * batches cost both sides more. */
static unsigned int fitting(const struct relay *relay, unsigned int n)
{
	unsigned int room = SPLITVIF_SLOTS - splitvif_in_flight(relay->gen);

	if (room >= n)
		return n;
	return relay->options->rate || relay->options->wake ? room : 0;
}

static unsigned int give(struct relay *relay, unsigned int n)
{
	unsigned int fits = fitting(relay, n), taken;

	for (unsigned int i = 0; i < fits; i++)
		relay_frame_number(relay->frames[i], relay->size, relay->sent + i, relay->whole);
	taken = splitvif_transmit(relay->gen, relay->outputs, fits);
	relay->sent += taken;
	if (relay->options->rate) {
		relay->paced += n;
		relay->unsent += n - taken;
	}
	return taken;
}

static int look_after(struct relay *relay, int64_t now)
{
	unsigned int events = splitvif_process(relay->gen) | splitvif_process(relay->sink);

	relay->processed_ns = now;
	discard(relay->gen);
	if (events & SPLITVIF_WENT_DOWN)
		return -ENETDOWN;
	return interrupt_seen() ? -EINTR : 0;
}

/* A tenth of a second at most, less if a frame is due by the rate. */
static struct timespec sleep_time(const struct relay *relay)
{
	int64_t ns = 100 * MS;

	if (relay->options->rate)
		ns = INT64_C(1000000000) / (int64_t)relay->options->rate;
	return (struct timespec){ .tv_nsec = ns < 100 * MS ? ns : 100 * MS };
}

static int rest(struct relay *relay, bool wants_room, int64_t now)
{
	struct pollfd fds[] = { { splitvif_fd(relay->gen), POLLIN, 0 },
				{ splitvif_fd(relay->sink), POLLIN, 0 } };
	struct timespec timeout;

	if (!relay->options->wake) {
		if (relay->yield)
			sched_yield();
		return 0;
	}
	timeout = sleep_time(relay);
	if (splitvif_arm(relay->sink, 0) && splitvif_arm(relay->gen, wants_room ? relay->size : 0))
		ppoll(fds, 2, &timeout, NULL);
	return look_after(relay, now);
}

static int turn(struct relay *relay, uint64_t target, int64_t now)
{
	unsigned int want = wanted(relay, target, now);
	unsigned int taken = take(relay, target, now), given = want ? give(relay, want) : 0;

	if (taken || given) {
		splitvif_flush(relay->sink);
		splitvif_flush(relay->gen);
		relay->moved_ns = now;
	} else {
		int err = rest(relay, want, now);

		if (err)
			return err;
	}
	return now - relay->processed_ns >= PROCESS_MS * MS ? look_after(relay, now) : 0;
}

static void show_progress(const struct relay *relay, uint64_t target, int64_t *shown, int64_t now)
{
	if (now - *shown < 500 * MS)
		return;
	*shown = now;
	progress_show("relay %u bytes: %llu frames to go", relay->size,
		      (unsigned long long)(target - relay->sent));
}

/* At least one frame: beside busy neighbours the daemon may have to wait for its
 * turn. */
static int run_timed(struct relay *relay, int64_t end)
{
	uint64_t before = relay_received(relay);
	int64_t now;
	int err = 0;

	while (!err && ((now = host_now_ns()) < end || relay_received(relay) == before)) {
		err = turn(relay, UINT64_MAX, now);
		if (!err && now - relay->moved_ns > STALL_MS * MS)
			err = -ETIMEDOUT;
	}
	return err;
}

/* All arrived, or the sender has every answer and nothing has come for a while. */
static bool is_over(struct relay *relay, int64_t now)
{
	if (!under_way(relay))
		return !splitvif_in_flight(relay->gen);
	return now - relay->moved_ns > QUIET_MS * MS && !splitvif_in_flight(relay->gen);
}

static int run_counted(struct relay *relay, uint64_t target)
{
	int64_t now = host_now_ns(), shown = now;
	int err = 0;

	while (!err && (relay->sent < target || !is_over(relay, now))) {
		now = host_now_ns();
		err = turn(relay, target, now);
		if (!err && now - relay->moved_ns > STALL_MS * MS)
			err = -ETIMEDOUT;
		show_progress(relay, target, &shown, now);
	}
	return err;
}

int relay_run(struct relay *relay, double seconds, uint64_t count, uint64_t *received, int64_t *ns)
{
	uint64_t before = relay_received(relay);
	int64_t start = host_now_ns();
	int err;

	relay->paced_ns = relay->moved_ns = start;
	relay->paced = relay->paced_sink = 0;
	err = count ? run_counted(relay, relay->sent + count)
		    : run_timed(relay, start + (int64_t)(seconds * 1e9));
	*received = relay_received(relay) - before;
	*ns = (count ? relay->moved_ns : host_now_ns()) - start;
	return err;
}

int relay_drain(struct relay *relay)
{
	relay->moved_ns = host_now_ns();
	return run_counted(relay, relay->sent);
}
