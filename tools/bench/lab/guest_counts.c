#include "bench/lab/guest_counts.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *const guest_gen_name = "gen", *const guest_name = "guest";

enum column {
	OFFERED_PPS,
	GOODPUT_PPS,
	TAKEN_PPS,
	LOSS_PERCENT,
	DROP_RING_PPS,
	DROP_QUEUE_PPS,
	IRQ_PER_S,
	IRQ_PER_FRAME,
	FRAMES_PER_IRQ,
	ROUNDS_PER_S,
	EMPTY_ROUNDS_PER_S,
	FRAMES_PER_ROUND,
	HANDOVERS_PER_S,
	PAUSES_PER_S,
	MERGED_PER_S,
	SPURIOUS_PER_S,
	KICKS_PER_S,
	KICKS_PER_FRAME,
	SUPPRESSED_PER_S,
	CPU_POLL,
	CPU_APP,
	CPU_GUEST,
	CPU_GEN,
	CPU_BACKEND,
	CPU_ALL,
	POLL_NS_PER_FRAME,
	GUEST_NS_PER_FRAME,
	P50_US,
	P90_US,
	P99_US,
	P999_US,
	MAX_US,
	LATENCIES,
	SWITCHES_VOLUNTARY,
	SWITCHES_INVOLUNTARY,
	ROUNDS_OF_0,
	ROUNDS_OF_1,
	ROUNDS_OF_2,
	ROUNDS_OF_4,
	ROUNDS_OF_8,
	ROUNDS_OF_16,
	ROUNDS_OF_32,
	ROUNDS_OF_64,
	WINDOW_S,
	RUN_OFFERED,
	RUN_UNSENT,
	RUN_DROP_RING,
	RUN_DROP_QUEUE,
	RUN_DELIVERED,
	RUN_IN_FLIGHT,
	COLUMNS
};
_Static_assert((int)COLUMNS < (int)LAB_COLUMNS_MAX, "one without a name ends them");

const struct lab_column guest_columns[LAB_COLUMNS_MAX] = {
	[OFFERED_PPS] = { "offered_pps", 0 },
	[GOODPUT_PPS] = { "goodput_pps", 0 },
	[TAKEN_PPS] = { "taken_pps", 0 },
	[LOSS_PERCENT] = { "loss_percent", 3 },
	[DROP_RING_PPS] = { "drop_ring_pps", 0 },
	[DROP_QUEUE_PPS] = { "drop_queue_pps", 0 },
	[IRQ_PER_S] = { "irq_per_s", 0 },
	[IRQ_PER_FRAME] = { "irq_per_frame", 4 },
	[FRAMES_PER_IRQ] = { "frames_per_irq", 2 },
	[ROUNDS_PER_S] = { "rounds_per_s", 0 },
	[EMPTY_ROUNDS_PER_S] = { "empty_rounds_per_s", 0 },
	[FRAMES_PER_ROUND] = { "frames_per_round", 3 },
	[HANDOVERS_PER_S] = { "handovers_per_s", 1 },
	[PAUSES_PER_S] = { "pauses_per_s", 0 },
	[MERGED_PER_S] = { "merged_per_s", 0 },
	[SPURIOUS_PER_S] = { "spurious_per_s", 0 },
	[KICKS_PER_S] = { "kicks_per_s", 0 },
	[KICKS_PER_FRAME] = { "kicks_per_frame", 4 },
	[SUPPRESSED_PER_S] = { "suppressed_per_s", 0 },
	[CPU_POLL] = { "cpu_poll_percent", 1 },
	[CPU_APP] = { "cpu_app_percent", 1 },
	[CPU_GUEST] = { "cpu_guest_percent", 1 },
	[CPU_GEN] = { "cpu_gen_percent", 1 },
	[CPU_BACKEND] = { "cpu_backend_percent", 1 },
	[CPU_ALL] = { "cpu_all_percent", 1 },
	[POLL_NS_PER_FRAME] = { "poll_ns_per_frame", 0 },
	[GUEST_NS_PER_FRAME] = { "guest_ns_per_frame", 0 },
	[P50_US] = { "p50_us", 1 },
	[P90_US] = { "p90_us", 1 },
	[P99_US] = { "p99_us", 1 },
	[P999_US] = { "p999_us", 1 },
	[MAX_US] = { "max_us", 1 },
	[LATENCIES] = { "latencies", 0 },
	[SWITCHES_VOLUNTARY] = { "switches_voluntary", 0 },
	[SWITCHES_INVOLUNTARY] = { "switches_involuntary", 0 },
	[ROUNDS_OF_0] = { "rounds_of_0", 0 },
	[ROUNDS_OF_1] = { "rounds_of_1", 0 },
	[ROUNDS_OF_2] = { "rounds_of_2_3", 0 },
	[ROUNDS_OF_4] = { "rounds_of_4_7", 0 },
	[ROUNDS_OF_8] = { "rounds_of_8_15", 0 },
	[ROUNDS_OF_16] = { "rounds_of_16_31", 0 },
	[ROUNDS_OF_32] = { "rounds_of_32_63", 0 },
	[ROUNDS_OF_64] = { "rounds_of_64_up", 0 },
	[WINDOW_S] = { "window_s", 4 },
	[RUN_OFFERED] = { "run_offered", 0 },
	[RUN_UNSENT] = { "run_unsent", 0 },
	[RUN_DROP_RING] = { "run_drop_ring", 0 },
	[RUN_DROP_QUEUE] = { "run_drop_queue", 0 },
	[RUN_DELIVERED] = { "run_delivered", 0 },
	[RUN_IN_FLIGHT] = { "run_in_flight", 0 },
};

unsigned int guest_column(const char *name)
{
	unsigned int i = 0;

	while (strcmp(guest_columns[i].name, name))
		i++;
	return i;
}

int guest_counts_ask(struct guest_counts *counts, struct backend *backend,
		     char error[LAB_ERROR_BYTES])
{
	static const char *const of_gen[] = { "from_guest_frames", "from_guest_dropped" };
	static const char *const of_guest[] = { "to_guest_intended", "to_guest_frames",
						"to_guest_dropped", "kick", "suppressed" };
	int err = backend_count(backend, guest_gen_name, of_gen, GUEST_INTENDED, counts->backend,
				error);

	if (!err)
		err = backend_count(backend, guest_name, of_guest, GUEST_COUNTS - GUEST_INTENDED,
				    counts->backend + GUEST_INTENDED, error);
	counts->backend_cpu_ns = backend_cpu_ns(backend);
	return err;
}

/* A counter's growth; NAN of nothing. */
#define GREW(member) ((double)(end->member - start->member))

static double per(double value, double unit)
{
	return unit > 0 ? value / unit : NAN;
}

static void tell_frames(const struct guest_counts *start, const struct guest_counts *end,
			double seconds, double *values)
{
	double offered = GREW(sender.offered), delivered = GREW(receiver.delivered);

	values[OFFERED_PPS] = offered / seconds;
	values[GOODPUT_PPS] = delivered / seconds;
	values[DROP_RING_PPS] = (GREW(sender.unsent) + GREW(backend[GUEST_FROM_DROPPED]) +
				 GREW(backend[GUEST_DROPPED])) /
				seconds;
	values[DROP_QUEUE_PPS] = GREW(receiver.drop_queue) / seconds;
	values[LOSS_PERCENT] =
		per(100 * seconds * (values[DROP_RING_PPS] + values[DROP_QUEUE_PPS]), offered);
}

/* What was taken off the ring, for the application or for nothing. */
static double taken(const struct guest_counts *start, const struct guest_counts *end)
{
	return GREW(receiver.delivered) + GREW(receiver.drop_queue) + (double)end->receiver.queued -
	       (double)start->receiver.queued;
}

static void tell_notification(const struct guest_counts *start, const struct guest_counts *end,
			      double seconds, double *values)
{
	double irqs = GREW(receiver.irq), rounds = GREW(receiver.rounds),
	       kicks = GREW(backend[GUEST_KICKS]);
	double frames = taken(start, end);

	values[TAKEN_PPS] = frames / seconds;
	values[IRQ_PER_S] = irqs / seconds;
	values[IRQ_PER_FRAME] = per(irqs, frames);
	values[FRAMES_PER_IRQ] = per(frames, irqs);
	values[ROUNDS_PER_S] = rounds / seconds;
	values[EMPTY_ROUNDS_PER_S] = GREW(receiver.empty_rounds) / seconds;
	values[FRAMES_PER_ROUND] = per(frames, rounds - GREW(receiver.empty_rounds));
	values[HANDOVERS_PER_S] = GREW(receiver.handovers) / seconds;
	values[PAUSES_PER_S] = GREW(receiver.pauses) / seconds;
	values[MERGED_PER_S] = GREW(receiver.merged) / seconds;
	values[SPURIOUS_PER_S] = GREW(receiver.spurious) / seconds;
	values[KICKS_PER_S] = kicks / seconds;
	values[KICKS_PER_FRAME] = per(kicks, frames);
	values[SUPPRESSED_PER_S] = GREW(backend[GUEST_SUPPRESSED]) / seconds;
}

static void tell_cpu(const struct guest_counts *start, const struct guest_counts *end,
		     double seconds, double *values)
{
	double unit = seconds * 1e7; /* ns of a percent */
	double frames = GREW(receiver.delivered);

	values[CPU_POLL] = GREW(receiver.cpu_poll_ns) / unit;
	values[CPU_APP] = GREW(receiver.cpu_app_ns) / unit;
	values[CPU_GUEST] = values[CPU_POLL] + values[CPU_APP];
	values[CPU_GEN] = GREW(sender.cpu_ns) / unit;
	values[CPU_BACKEND] = GREW(backend_cpu_ns) / unit;
	values[CPU_ALL] = values[CPU_GUEST] + values[CPU_GEN] + values[CPU_BACKEND];
	values[POLL_NS_PER_FRAME] = per(GREW(receiver.cpu_poll_ns), taken(start, end));
	values[GUEST_NS_PER_FRAME] = per(values[CPU_GUEST] * unit, frames);
	values[SWITCHES_VOLUNTARY] = GREW(receiver.switches_voluntary);
	values[SWITCHES_INVOLUNTARY] = GREW(receiver.switches_involuntary);
}

static void tell_latency(const struct guest_counts *whole, double *values)
{
	static const double parts[] = { 0.5, 0.9, 0.99, 0.999, 1 };
	const struct histogram *latency = &whole->receiver.latency;

	values[LATENCIES] = (double)histogram_count(latency);
	for (unsigned int i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		values[P50_US + i] =
			values[LATENCIES] > 0 ? histogram_quantile(latency, parts[i]) / 1e3 : NAN;
}

static void tell_rounds(const struct guest_counts *start, const struct guest_counts *end,
			double *values)
{
	for (unsigned int i = ROUNDS_OF_0; i <= ROUNDS_OF_64; i++)
		values[i] = 0;
	for (unsigned int n = 0; n <= RECEIVER_WEIGHT_MAX; n++) {
		unsigned int bucket = n ? 32 - (unsigned int)__builtin_clz(n) : 0;

		if (bucket > ROUNDS_OF_64 - ROUNDS_OF_0)
			bucket = ROUNDS_OF_64 - ROUNDS_OF_0;
		values[ROUNDS_OF_0 + bucket] += GREW(receiver.per_round[n]);
	}
}

static uint64_t dropped(const struct guest_counts *whole)
{
	return whole->backend[GUEST_FROM_DROPPED] + whole->backend[GUEST_DROPPED];
}

int64_t guest_counts_under_way(const struct guest_counts *whole)
{
	return (int64_t)(whole->sender.sent - dropped(whole) - whole->receiver.drop_queue -
			 whole->receiver.delivered);
}

void guest_counts_tell(const struct guest_counts *start, const struct guest_counts *end,
		       const struct guest_counts *whole, double values[LAB_COLUMNS_MAX])
{
	double seconds = (double)(end->now_ns - start->now_ns) / 1e9;

	tell_frames(start, end, seconds, values);
	tell_notification(start, end, seconds, values);
	tell_cpu(start, end, seconds, values);
	tell_latency(whole, values);
	tell_rounds(start, end, values);
	values[WINDOW_S] = seconds;
	values[RUN_OFFERED] = (double)whole->sender.offered;
	values[RUN_UNSENT] = (double)whole->sender.unsent;
	values[RUN_DROP_RING] = (double)dropped(whole);
	values[RUN_DROP_QUEUE] = (double)whole->receiver.drop_queue;
	values[RUN_DELIVERED] = (double)whole->receiver.delivered;
	values[RUN_IN_FLIGHT] = (double)guest_counts_under_way(whole);
}

static int complain(const struct guest_counts *whole, const char *what, char *error)
{
	snprintf(error, LAB_ERROR_BYTES,
		 "frames do not add up: %s: offered %" PRIu64 " = unsent %" PRIu64
		 " + drop_ring %" PRIu64 " + drop_queue %" PRIu64 " + delivered %" PRIu64
		 " + in_flight %" PRId64 "; the backend has taken %" PRIu64 ", meant %" PRIu64
		 " and given %" PRIu64,
		 what, whole->sender.offered, whole->sender.unsent, dropped(whole),
		 whole->receiver.drop_queue, whole->receiver.delivered,
		 guest_counts_under_way(whole), whole->backend[GUEST_FROM_FRAMES],
		 whole->backend[GUEST_INTENDED], whole->backend[GUEST_FRAMES]);
	return -EBADE;
}

int guest_counts_check(const struct guest_counts *whole, char error[LAB_ERROR_BYTES])
{
	const uint64_t *backend = whole->backend;
	const struct receiver_counters *receiver = &whole->receiver;

	if (whole->sender.downs || receiver->downs)
		return complain(whole, "a vif went down", error);
	if (whole->sender.offered != whole->sender.sent + whole->sender.unsent)
		return complain(whole, "generator", error);
	if (backend[GUEST_FROM_FRAMES] != whole->sender.sent)
		return complain(whole, "generator to backend", error);
	if (backend[GUEST_INTENDED] + backend[GUEST_FROM_DROPPED] != backend[GUEST_FROM_FRAMES] ||
	    backend[GUEST_FRAMES] + backend[GUEST_DROPPED] != backend[GUEST_INTENDED])
		return complain(whole, "within the backend", error);
	if (receiver->delivered + receiver->drop_queue != backend[GUEST_FRAMES] ||
	    receiver->queued || receiver->strangers)
		return complain(whole, "backend to application", error);
	return guest_counts_under_way(whole) ? complain(whole, "at rest", error) : 0;
}
