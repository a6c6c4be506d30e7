#include "bench/lab/guest_rig.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/lab/burn.h"
#include "bench/lab/guest_counts.h"
#include "bench/lab/testbed.h"
#include "bench/lab/wakeful.h"
#include "ring/poll.h"

#define MS INT64_C(1000000)

enum {
	REST_TRIES = 1500,
	REST_US = 1000,
	CALIBRATE_STEPS = 9,
	CALIBRATE_PERCENT = 85,
	WORD_BYTES = 16
};

const char *const guest_placements[] = { "apart", "shared" };
const char *const guest_modes[] = { "irq", "napi", "handover", "feedback", "poll" };
const char *const guest_completes[] = { "empty", "budget" };
const char *const guest_copiers[] = { "backend", "driver" };
const char *const guest_settings[] = { "plain", "defaults" };

struct guest_rig {
	struct testbed bed;
	struct splitvif *guest;
	uint8_t guest_mac[6];
	uint32_t adaptive_rx, rx_usecs, rx_frames; /* as set */
	struct guest_counts before, start, end, after;
};

static int set_coalescing(struct guest_rig *rig, const struct guest_setup *setup, char *error)
{
	char usecs[WORD_BYTES], frames[WORD_BYTES];
	const char *const off[] = { "adaptive-rx", "off", "rx-usecs", usecs, "rx-frames", frames };
	const char *const on[] = { "adaptive-rx", "on" };
	bool adaptive = setup->adaptive_rx || setup->settings == GUEST_DEFAULTS;
	int err;

	if (rig->adaptive_rx == adaptive &&
	    (adaptive || (rig->rx_usecs == setup->rx_usecs && rig->rx_frames == setup->rx_frames)))
		return 0;
	snprintf(usecs, sizeof(usecs), "%u", setup->rx_usecs);
	snprintf(frames, sizeof(frames), "%u", setup->rx_frames);
	err = backend_set(&rig->bed.backend, guest_name, adaptive ? on : off, adaptive ? 2 : 6,
			  error);
	rig->adaptive_rx = adaptive;
	rig->rx_usecs = setup->rx_usecs;
	rig->rx_frames = setup->rx_frames;
	return err;
}

/* A backend that spins would take the generator's processor. */
static int set_up(struct guest_rig *rig, char *error)
{
	static const char *const words[] = { "spin-usecs", "0" };
	int err = backend_set(&rig->bed.backend, guest_gen_name, words, 2, error);

	if (!err)
		err = backend_set(&rig->bed.backend, guest_name, words, 2, error);
	rig->adaptive_rx = UINT32_MAX; /* none yet */
	return err;
}

static void rig_close(void *arg)
{
	struct guest_rig *rig = arg;

	if (rig->guest)
		splitvif_close(rig->guest);
	testbed_close(&rig->bed);
	free(rig);
}

static int rig_open(const struct lab_context *context, void **out, char error[LAB_ERROR_BYTES])
{
	struct guest_rig *rig = calloc(1, sizeof(*rig));
	int err;

	if (!rig)
		return -ENOMEM;
	burn_calibrate();
	err = testbed_open(&rig->bed, context, guest_gen_name, error);
	if (err) {
		free(rig);
		return err;
	}
	rig->guest = testbed_open_vif(&rig->bed, guest_name, false, rig->guest_mac, error);
	err = rig->guest ? set_up(rig, error) : -errno;
	if (err)
		rig_close(rig);
	else
		*out = rig;
	return err;
}

static double rate_of(const struct guest_setup *setup, double capacity)
{
	return setup->load_percent ? capacity * setup->load_percent / 100 : setup->rate_pps;
}

static int start_receiver(struct guest_rig *rig, const struct guest_setup *setup,
			  struct receiver **receiver)
{
	bool defaults = setup->settings == GUEST_DEFAULTS;
	const int *cpus = rig->bed.context->cpus;
	struct receiver_config config = {
		.mode = (enum receiver_mode)setup->mode,
		.complete = (enum receiver_complete)setup->complete,
		.weight = setup->limit,
		.ring_frames = setup->ring_frames,
		.round_cost_ns = setup->round_cost_us * UINT64_C(1000),
		.app_cost_ns = setup->app_cost_us * UINT64_C(1000),
		.queue_frames = setup->queue_frames,
		.spin_ns = defaults ? POLL_SPIN_NS : setup->spin_us * UINT64_C(1000),
		.spins_adaptively = defaults,
		.defer_ns = setup->defer_us * UINT64_C(1000),
		.defer_rounds = setup->defer_rounds,
		.copies = setup->copier == GUEST_COPIED_BY_DRIVER,
		.cpu_poll = cpus[1],
		.cpu_app = cpus[setup->placement == GUEST_SHARED],
	};

	return receiver_start(receiver, rig->guest, &config);
}

static int start_sender(struct guest_rig *rig, const struct guest_setup *setup, double rate,
			struct sender **sender)
{
	int64_t rest_ns = rig->bed.context->gen_sleep_ns;
	struct sender_config config = {
		.rate = rate,
		.burst = setup->burst,
		.bytes = setup->frame_bytes,
		.rest_ns = rest_ns < 0 ? (int64_t)setup->rest_us * 1000 : rest_ns,
		.cpu = rig->bed.context->cpus[0],
	};

	memcpy(config.to, rig->guest_mac, 6);
	memcpy(config.from, rig->bed.gen_mac, 6);
	return sender_start(sender, rig->bed.gen, &config);
}

static int look(struct guest_rig *rig, struct sender *sender, struct receiver *receiver,
		struct guest_counts *counts, char *error)
{
	int err = guest_counts_ask(counts, &rig->bed.backend, error);

	sender_read(sender, &counts->sender);
	receiver_read(receiver, &counts->receiver);
	counts->now_ns = host_now_ns();
	return err;
}

static void since(struct guest_counts *whole, const struct guest_counts *before)
{
	for (unsigned int i = 0; i < GUEST_COUNTS; i++)
		whole->backend[i] -= before->backend[i];
}

/* Until every frame that was sent is at its end, as far as the counters know: the
 * backend's queue may be long, so only standing still for so long counts as an end. */
static int come_to_rest(struct guest_rig *rig, struct receiver *receiver, char *error)
{
	int64_t under_way = INT64_MAX;
	int err = 0;

	for (unsigned int still = 0; !err && still < REST_TRIES; still++) {
		int64_t before = under_way;

		receiver_read(receiver, &rig->after.receiver);
		err = guest_counts_ask(&rig->after, &rig->bed.backend, error);
		since(&rig->after, &rig->before);
		under_way = guest_counts_under_way(&rig->after);
		if (!err && under_way <= 0)
			return 0;
		if (under_way != before)
			still = 0;
		usleep(REST_US);
	}
	return err; /* the check will say what is missing */
}

static void wait_for(int64_t ns)
{
	usleep((useconds_t)(ns / 1000));
}

/* Those of the window but for its ends: to look at the counters takes the daemon's
 * processor, and frames wait for it. */
static void time_frames(struct receiver *receiver, const struct lab_window *window)
{
	int64_t now = host_now_ns(), margin = window->measure_ns / 8;

	if (margin > MS)
		margin = MS;
	receiver_time(receiver, now + margin, now + window->measure_ns - margin);
}

static int measure(struct guest_rig *rig, struct sender *sender, struct receiver *receiver,
		   const struct lab_window *window, char *error)
{
	int err;

	wait_for(window->warmup_ns);
	err = look(rig, sender, receiver, &rig->start, error);
	if (err)
		return err;
	time_frames(receiver, window);
	wait_for(window->measure_ns);
	return look(rig, sender, receiver, &rig->end, error);
}

/* From the first frame to the last; the counters of the whole are in `after`. */
static int pass(struct guest_rig *rig, const struct guest_setup *setup, double rate,
		const struct lab_window *window, char *error)
{
	struct receiver *receiver;
	struct sender *sender;
	int err = guest_counts_ask(&rig->before, &rig->bed.backend, error), rest;

	if (!err)
		err = start_receiver(rig, setup, &receiver);
	if (err)
		return err;
	receiver_time(receiver, INT64_MAX, INT64_MAX); /* none yet */
	err = start_sender(rig, setup, rate, &sender);
	if (!err) {
		err = measure(rig, sender, receiver, window, error);
		sender_stop(sender, &rig->after.sender);
		receiver_hurry(receiver);
		rest = come_to_rest(rig, receiver, error);
		err = err ? err : rest;
	}
	receiver_stop(receiver, &rig->after.receiver);
	return err;
}

static int pass_awake(struct guest_rig *rig, const struct guest_setup *setup, double rate,
		      const struct lab_window *window, char *error)
{
	struct wakeful wakeful;
	int err = wakeful_start(&wakeful, rig->bed.context->cpus);

	if (err)
		return err;
	err = pass(rig, setup, rate, window, error);
	wakeful_stop(&wakeful);
	return err;
}

static void tell_lateness(struct guest_rig *rig, double rate, struct lab_result *result)
{
	struct histogram late = rig->end.sender.late;

	histogram_since(&late, &rig->start.sender.late);
	result->late = lateness_of(&late, rate);
}

static int rig_run(void *arg, const void *settings, const struct lab_window *window,
		   struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct guest_setup *setup = settings;
	double rate = rate_of(setup, window->capacity);
	struct guest_rig *rig = arg;
	int err = set_coalescing(rig, setup, error);

	if (!err)
		err = (setup->awake ? pass_awake : pass)(rig, setup, rate, window, error);
	if (!err)
		err = guest_counts_check(&rig->after, error);
	if (err)
		return err;
	guest_counts_tell(&rig->start, &rig->end, &rig->after, result->values);
	tell_lateness(rig, rate, result);
	return 0;
}

/* From the highest goodput of a ladder of rates: more than what fits costs the
 * generator's processor, so the best one is where it just fits. What a shared machine
 * does in its best moment it does not do all the time, and the source's sender had its
 * ceiling below what its receivers could take, too: so 100 % is a little less. */
static int rig_calibrate(void *arg, const void *settings, double *capacity,
			 char error[LAB_ERROR_BYTES])
{
	const struct lab_window window = { 30 * MS, 150 * MS, 0 };
	struct guest_setup setup = *(const struct guest_setup *)settings;
	double rate = 10000;
	int err = 0;

	*capacity = 0;
	for (unsigned int i = 0; !err && i < CALIBRATE_STEPS; i++, rate *= 1.4) {
		struct lab_result result;

		setup.load_percent = 0;
		setup.rate_pps = (uint32_t)rate;
		err = rig_run(arg, &setup, &window, &result, error);
		if (!err && result.values[1] > *capacity)
			*capacity = result.values[1];
		if (!err && result.values[1] < 0.7 * rate)
			break;
	}
	*capacity *= CALIBRATE_PERCENT / 100.0;
	return err;
}

const struct lab_rig guest_rig = {
	.name = "guest",
	.setup_bytes = sizeof(struct guest_setup),
	.columns = guest_columns,
	.open = rig_open,
	.run = rig_run,
	.calibrate = rig_calibrate,
	.close = rig_close,
};
