#include "bench/lab/channels_rig.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/host.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/sender.h"
#include "bench/lab/stage.h"
#include "bench/lab/testbed.h"

enum { BATCH = 64, FRAME_BYTES = 60, SLEEP_NS = 1000000, REST_NS = 1000000000 };

static const char *const gen_name = "gen", *const guest_name = "guest";

struct rig {
	struct testbed bed;
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
	counts->backend_ns = backend_cpu_ns(&rig->bed.backend);
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
		err = backend_count(&rig->bed.backend, guest_name, names, 1, &dropped, error);
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

/* No spinning, and each frame's event at once: what is asked is whom it wakes. */
static int set_up(struct rig *rig, const char *name, char *error)
{
	static const char *const words[] = { "spin-usecs", "0", "adaptive-rx", "off",
					     "rx-usecs",   "0", "rx-frames",   "1" };

	return backend_set(&rig->bed.backend, name, words, sizeof(words) / sizeof(words[0]), error);
}

static int start_sender(struct rig *rig, const struct guest *guest, uint32_t rate,
			struct sender **sender)
{
	struct sender_config config = {
		.rate = rate,
		.burst = 1,
		.bytes = FRAME_BYTES,
		.rest_ns = rig->bed.context->gen_sleep_ns < 0 ? 20000
							      : rig->bed.context->gen_sleep_ns,
		.cpu = rig->bed.context->cpus[0],
	};

	memcpy(config.to, guest->frame, 6);
	memcpy(config.from, rig->bed.gen_mac, 6);
	return sender_start(sender, rig->bed.gen, &config);
}

static int measure(struct rig *rig, struct guest *guest, const struct channels_setup *setup,
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
	const struct channels_setup *setup = settings;
	struct rig *rig = arg;
	struct guest guest = { .ratio = setup->ratio };
	int err;

	guest.vif = testbed_open_vif(&rig->bed, guest_name, setup->channels == CHANNELS_SINGLE,
				     guest.frame, error);
	if (!guest.vif)
		return -errno;
	memcpy(guest.frame + 6, guest.frame, 6);
	host_pin(rig->bed.context->cpus[1]);
	err = set_up(rig, guest_name, error);
	if (!err)
		err = measure(rig, &guest, setup, window, result, error);
	host_pin(rig->bed.context->cpus[0]);
	splitvif_close(guest.vif);
	return err;
}

static void close_rig(void *arg)
{
	struct rig *rig = arg;

	testbed_close(&rig->bed);
	free(rig);
}

static int open_rig(const struct lab_context *context, void **out, char error[LAB_ERROR_BYTES])
{
	struct rig *rig = calloc(1, sizeof(*rig));
	int err;

	if (!rig)
		return -ENOMEM;
	err = testbed_open(&rig->bed, context, gen_name, error);
	if (err) {
		free(rig);
		return err;
	}
	err = set_up(rig, gen_name, error);
	if (err)
		close_rig(rig);
	else
		*out = rig;
	return err;
}

const struct lab_rig channels_rig = {
	.name = "channels",
	.setup_bytes = sizeof(struct channels_setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};
