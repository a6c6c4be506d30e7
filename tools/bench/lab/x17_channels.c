#include "bench/lab/experiments.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/host.h"
#include "bench/lab/backend.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/sender.h"
#include "bench/lab/stage.h"

/*
 * X17: an event channel for each direction, or one for both.
 *
 * A generator sends to a guest, which sends so many frames for each hundred that it
 * receives (to itself: the bridge drops them, and answers). It does for each interrupt
 * what its driver is told that it is for, and no more: frames for one of the receiving
 * direction, answers for one of the sending direction, both where a channel cannot tell.
 * So an interrupt is spurious where the ring has nothing new, and never because somebody
 * looked there before.
 *
 * Generator and backend are on the first processor, the guest on the second.
 */

enum {
	BATCH = 64,
	FRAME_BYTES = 60,
	OUTPUTS_MAX = BATCH,
	SLEEP_NS = 1000000,
	REST_NS = 1000000000
};

static const char *const gen_name = "gen", *const guest_name = "guest";
static const char *const channel_words[] = { "split", "single" };

enum channels { CHANNELS_SPLIT, CHANNELS_SINGLE };

struct setup {
	uint32_t channels;
	uint32_t ratio; /* frames sent for each hundred received */
	uint32_t rate;	/* received, a second */
};

struct rig {
	const struct lab_context *context;
	struct backend backend;
	struct splitvif *gen;
	uint8_t gen_mac[6];
};

struct guest {
	struct splitvif *vif;
	uint8_t frame[FRAME_BYTES];
	uint32_t ratio, owed; /* owed: hundredths of frames */
	struct splitvif_stats seen;
	uint64_t received, sent;
	bool down;
};

struct counts {
	int64_t now_ns;
	uint64_t received, sent, cpu_ns, backend_ns;
	struct splitvif_stats stats;
	struct sender_counters sender;
};

enum column {
	RX_PPS,
	TX_PPS,
	IRQ_PER_S,
	IRQ_PER_FRAME,
	RX_SPURIOUS_PER_S,
	RX_SPURIOUS_PERCENT,
	TX_SPURIOUS_PER_S,
	TX_SPURIOUS_PERCENT,
	CPU_GUEST,
	CPU_BACKEND,
	GUEST_NS_PER_FRAME,
	UNSENT,
	COLUMNS
};

static const struct lab_column columns[] = {
	[RX_PPS] = { "rx_pps", 0 },
	[TX_PPS] = { "tx_pps", 0 },
	[IRQ_PER_S] = { "irq_per_s", 0 },
	[IRQ_PER_FRAME] = { "irq_per_frame", 4 },
	[RX_SPURIOUS_PER_S] = { "rx_spurious_per_s", 0 },
	[RX_SPURIOUS_PERCENT] = { "rx_spurious_percent", 2 },
	[TX_SPURIOUS_PER_S] = { "tx_spurious_per_s", 0 },
	[TX_SPURIOUS_PERCENT] = { "tx_spurious_percent", 2 },
	[CPU_GUEST] = { "cpu_guest_percent", 1 },
	[CPU_BACKEND] = { "cpu_backend_percent", 1 },
	[GUEST_NS_PER_FRAME] = { "guest_ns_per_frame", 0 },
	[UNSENT] = { "unsent", 0 },
	[COLUMNS] = { NULL, 0 },
};

/* Frames of our own for n that came, as many as are owed and fit. */
static void send_back(struct guest *guest, unsigned int n)
{
	struct iovec iov = { guest->frame, FRAME_BYTES };
	struct splitvif_output outputs[BATCH];
	unsigned int wanted;

	guest->owed += n * guest->ratio;
	wanted = guest->owed / 100;
	guest->owed %= 100;
	for (unsigned int i = 0; i < wanted; i++)
		outputs[i] = (struct splitvif_output){ .iov = &iov, .iovcnt = 1 };
	guest->sent += splitvif_transmit(guest->vif, outputs, wanted);
}

static void receive(struct guest *guest)
{
	struct splitvif_frame frames[BATCH];
	unsigned int n = splitvif_receive(guest->vif, frames, BATCH);

	splitvif_release(guest->vif, n);
	guest->received += n;
	send_back(guest, n);
	splitvif_flush(guest->vif);
}

/* Takes the events. True: one was for the receiving direction. */
static bool is_interrupted(struct guest *guest)
{
	uint64_t before = guest->seen.rx_events;

	guest->down |= (splitvif_process(guest->vif) & SPLITVIF_WENT_DOWN) != 0;
	splitvif_stats(guest->vif, &guest->seen);
	return guest->seen.rx_events != before;
}

/* Its life until then. What comes while it is not interrupted waits for its event. */
static void serve(struct guest *guest, int64_t until_ns)
{
	struct pollfd ready = { .fd = splitvif_fd(guest->vif), .events = POLLIN };
	struct timespec timeout = { .tv_nsec = SLEEP_NS };

	while (host_now_ns() < until_ns) {
		bool interrupted = is_interrupted(guest);

		if (interrupted)
			receive(guest);
		splitvif_arm_answers(guest->vif, 0);
		while (interrupted && splitvif_queue_pending(guest->vif, 0)) {
			receive(guest);
			splitvif_arm_answers(guest->vif, 0);
		}
		ppoll(&ready, 1, &timeout, NULL);
	}
}

static void look(struct rig *rig, struct guest *guest, struct sender *sender, struct counts *counts)
{
	sender_read(sender, &counts->sender);
	splitvif_stats(guest->vif, &counts->stats);
	counts->received = guest->received;
	counts->sent = guest->sent;
	counts->backend_ns = backend_cpu_ns(&rig->backend);
	counts->cpu_ns = cpu_time_self();
	counts->now_ns = host_now_ns();
}

#define GREW(member) (end->member - start->member)

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100 * (double)part / (double)whole : 0;
}

static void tell(const struct counts *start, const struct counts *end, struct lab_result *result)
{
	uint64_t frames = GREW(received) + GREW(sent), irqs = GREW(stats.events_received);
	int64_t ns = GREW(now_ns);
	double *values = result->values;

	values[RX_PPS] = stage_rate(GREW(received), ns);
	values[TX_PPS] = stage_rate(GREW(sent), ns);
	values[IRQ_PER_S] = stage_rate(irqs, ns);
	values[IRQ_PER_FRAME] = frames ? (double)irqs / (double)frames : NAN;
	values[RX_SPURIOUS_PER_S] = stage_rate(GREW(stats.rx_spurious), ns);
	values[RX_SPURIOUS_PERCENT] = percent(GREW(stats.rx_spurious), GREW(stats.rx_events));
	values[TX_SPURIOUS_PER_S] = stage_rate(GREW(stats.tx_spurious), ns);
	values[TX_SPURIOUS_PERCENT] = percent(GREW(stats.tx_spurious), GREW(stats.tx_events));
	values[CPU_GUEST] = stage_percent(GREW(cpu_ns), ns);
	values[CPU_BACKEND] = stage_percent(GREW(backend_ns), ns);
	values[GUEST_NS_PER_FRAME] = frames ? (double)GREW(cpu_ns) / (double)frames : NAN;
	values[UNSENT] = (double)GREW(sender.unsent);
}

/* Everything that was sent has come, or was dropped by name. */
static int check(struct rig *rig, struct guest *guest, const struct sender_counters *sender,
		 char *error)
{
	static const char *const names[] = { "to_guest_dropped" };
	int64_t end = host_now_ns() + REST_NS;
	uint64_t dropped = 0;
	int err = 0;

	while (!err && !guest->down && guest->received + dropped < sender->sent &&
	       host_now_ns() < end) {
		serve(guest, host_now_ns() + SLEEP_NS);
		err = backend_count(&rig->backend, guest_name, names, 1, &dropped, error);
	}
	if (err || (!guest->down && guest->received + dropped == sender->sent))
		return err;
	snprintf(error, LAB_ERROR_BYTES,
		 "frames do not add up: %s: sent %llu = received %llu + dropped %llu",
		 guest->down || sender->downs ? "a vif went down" : "at rest",
		 (unsigned long long)sender->sent, (unsigned long long)guest->received,
		 (unsigned long long)dropped);
	return -EBADE;
}

static struct splitvif *open_vif(const struct rig *rig, const char *name, bool single,
				 uint8_t mac[6], char *error)
{
	struct splitvif_config config = { .name = name,
					  .rundir = rig->backend.daemon.rundir,
					  .single_channel = single };
	struct splitvif *vif = splitvif_open(&config, error, LAB_ERROR_BYTES);
	struct splitvif_status status;

	if (!vif)
		return NULL;
	splitvif_status(vif, &status);
	memcpy(mac, status.mac, 6);
	return vif;
}

/* No spinning, and each frame's event at once: what is asked is whom it wakes. */
static int set_up(struct rig *rig, const char *name, char *error)
{
	static const char *const words[] = { "spin-usecs", "0", "adaptive-rx", "off",
					     "rx-usecs",   "0", "rx-frames",   "1" };

	return backend_set(&rig->backend, name, words, sizeof(words) / sizeof(words[0]), error);
}

static int start_sender(struct rig *rig, const struct guest *guest, uint32_t rate,
			struct sender **sender)
{
	struct sender_config config = {
		.rate = rate,
		.burst = 1,
		.bytes = FRAME_BYTES,
		.rest_ns = rig->context->gen_sleep_ns < 0 ? 20000 : rig->context->gen_sleep_ns,
		.cpu = rig->context->cpus[0],
	};

	memcpy(config.to, guest->frame, 6);
	memcpy(config.from, rig->gen_mac, 6);
	return sender_start(sender, rig->gen, &config);
}

static int measure(struct rig *rig, struct guest *guest, const struct setup *setup,
		   const struct lab_window *window, struct lab_result *result, char *error)
{
	struct counts start, end;
	struct sender_counters last;
	struct sender *sender;
	int err = start_sender(rig, guest, setup->rate, &sender);

	if (err)
		return err;
	serve(guest, host_now_ns() + window->warmup_ns);
	look(rig, guest, sender, &start);
	serve(guest, host_now_ns() + window->measure_ns);
	look(rig, guest, sender, &end);
	sender_stop(sender, &last);
	histogram_since(&end.sender.late, &start.sender.late);
	result->late = lateness_of(&end.sender.late, setup->rate);
	tell(&start, &end, result);
	return check(rig, guest, &last, error);
}

static int run(void *arg, const void *settings, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = settings;
	struct rig *rig = arg;
	struct guest guest = { .ratio = setup->ratio };
	int err;

	guest.vif =
		open_vif(rig, guest_name, setup->channels == CHANNELS_SINGLE, guest.frame, error);
	if (!guest.vif)
		return -errno;
	memcpy(guest.frame + 6, guest.frame, 6);
	host_pin(rig->context->cpus[1]);
	err = set_up(rig, guest_name, error);
	if (!err)
		err = measure(rig, &guest, setup, window, result, error);
	host_pin(rig->context->cpus[0]);
	splitvif_close(guest.vif);
	return err;
}

static void close_rig(void *arg)
{
	struct rig *rig = arg;

	if (rig->gen)
		splitvif_close(rig->gen);
	backend_stop(&rig->backend);
	free(rig);
}

static int open_rig(const struct lab_context *context, void **out, char error[LAB_ERROR_BYTES])
{
	struct rig *rig = calloc(1, sizeof(*rig));
	int err;

	if (!rig)
		return -ENOMEM;
	rig->context = context;
	err = backend_start(&rig->backend, context, error);
	if (err) {
		free(rig);
		return err;
	}
	rig->gen = open_vif(rig, gen_name, false, rig->gen_mac, error);
	err = rig->gen ? set_up(rig, gen_name, error) : -errno;
	if (err)
		close_rig(rig);
	else
		*out = rig;
	return err;
}

static const struct lab_rig channels_rig = {
	.name = "channels",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};

static const struct setup usual = { .rate = 20000 };

enum { CHANNELS, RATIO, RATE };

#define BOTH                                            \
	{                                               \
		2,                                      \
		{                                       \
			CHANNELS_SPLIT, CHANNELS_SINGLE \
		}                                       \
	}

static const struct lab_sweep sweep = {
	.name = "channels",
	.rig = &channels_rig,
	.setup = &usual,
	.factors = {
		[CHANNELS] = { "channels", offsetof(struct setup, channels), channel_words },
		[RATIO] = { "ratio", offsetof(struct setup, ratio), NULL },
		[RATE] = { "rate", offsetof(struct setup, rate), NULL },
	},
	.grids = {
		{ LAB_IN_QUICK, { [CHANNELS] = BOTH, [RATIO] = { 2, { 0, 100 } } } },
		{ LAB_IN_FULL, { [CHANNELS] = BOTH, [RATIO] = { 4, { 0, 10, 50, 100 } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [CHANNELS] = BOTH, [RATIO] = { 5, { 0, 10, 25, 50, 100 } },
		    [RATE] = { 3, { 5000, 20000, 100000 } } } },
	},
};

#define AT(name, channels_, ratio_) \
	judge_at(summaries, name,   \
		 WHERE({ "channels", channels_ }, { "ratio", ratio_ }, { "rate", 20000 }))

static void judge_spurious(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, AT("rx_spurious_percent", CHANNELS_SINGLE, 100), 5,
		    "receive interrupts without a frame, %%, one channel, as many frames each way");
	judge_below(judge, AT("rx_spurious_percent", CHANNELS_SPLIT, 100), 0.5,
		    "the same with a channel for each direction");
	judge_below(judge, AT("rx_spurious_percent", CHANNELS_SINGLE, 0), 0.5,
		    "the same with one channel, frames one way only");
}

static void judge_cost(struct judge *judge, const struct summaries *summaries)
{
	static const char *const costs[] = { "irq_per_frame", "guest_ns_per_frame" };

	for (unsigned int i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		judge_within(judge,
			     interval_ratio(AT(costs[i], CHANNELS_SINGLE, 100),
					    AT(costs[i], CHANNELS_SPLIT, 100)),
			     0.9, 1.1, "%s, as many frames each way, one channel to two", costs[i]);
}

const struct lab_experiment x17_channels = {
	.number = 17,
	.title = "An event channel for each direction",
	.hypothesis = "Where one channel serves both directions, the answer to a frame that was "
		      "sent interrupts the receiver, which finds nothing: the more, the more "
		      "alike the two directions are. With a channel each there is none of that.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "rx_pps", "tx_pps", "irq_per_s", "irq_per_frame", "rx_spurious_percent",
		     "tx_spurious_percent", "cpu_guest_percent", "guest_ns_per_frame" },
	.claims = {
		{ "Xen's netif.h, feature-split-event-channels; left open by the source",
		  "One channel makes spurious interrupts, a channel for each direction none.",
		  "holds if, with as many frames each way, more than 5 % of the receive "
		  "interrupts find no frame with one channel, and less than 0.5 % with two; and "
		  "less than 0.5 % with one where frames go one way only",
		  judge_spurious },
		{ "left open by the source",
		  "For a thread that serves both directions the interrupts are as many, and as "
		  "dear, either way.",
		  "holds if interrupts and the guest's processor time per frame are within 10 % of "
		  "each other, with as many frames each way",
		  judge_cost },
	},
	.figures = {
		{ .name = "spurious", .title = "Receive interrupts that found no frame",
		  .x = "ratio", .y = "rx_spurious_percent",
		  .xlabel = "frames sent per 100 received", .ylabel = "% of receive interrupts",
		  .series = "channels", .where = { { "rate", 20000 } } },
		{ .name = "cpu", .title = "The guest's CPU per frame", .x = "ratio",
		  .y = "guest_ns_per_frame", .xlabel = "frames sent per 100 received",
		  .ylabel = "ns", .series = "channels", .where = { { "rate", 20000 } } },
	},
};
