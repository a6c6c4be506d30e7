#include "bench/lab/experiments.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/host.h"
#include "bench/lab/backend.h"
#include "bench/lab/cpu_time.h"
#include "bench/lab/stage.h"
#include "bench/lab/tcp_stream.h"
#include "ctl/client.h"
#include "io/log.h"

/*
 * X8: frames that stand for many, and frames that are bigger. A TCP connection from
 * one VM to another, each with a kernel of its own.
 *
 *	GSO	the sender's eth0 takes segments of up to 64 KiB as one frame (TSO, GSO)
 *	GRO	the backend merges what it forwards to the receiver
 */

enum merging { MERGE_OFF, MERGE_GSO, MERGE_GRO, MERGE_BOTH };
static const char *const merging_words[] = { "off", "GSO", "GRO", "both" };

enum { MTU_BIG = 65521, PAIRS = 3 };

static const struct pair_names {
	unsigned int mtu;
	const char *from, *to, *from_ip, *to_ip, *to_address;
} pairs[PAIRS] = {
	{ 1500, "a1500", "b1500", "10.80.1.1/24", "10.80.1.2/24", "10.80.1.2" },
	{ 9000, "a9000", "b9000", "10.80.2.1/24", "10.80.2.2/24", "10.80.2.2" },
	{ MTU_BIG, "a64k", "b64k", "10.80.3.1/24", "10.80.3.2/24", "10.80.3.2" },
};

struct setup {
	uint32_t merging, mtu;
};

struct segments {
	struct backend backend;
	struct kernel_vm from[PAIRS], to[PAIRS];
};

enum column {
	GBITS_PER_S,
	FRAMES_PER_S,
	FRAMES_PER_GBIT,
	BYTES_PER_FRAME,
	EVENTS_PER_GBIT,
	CPU_MS_PER_GBIT,
	DAEMON_MS_PER_GBIT,
	DELIVERED_BYTES,
};

static const struct lab_column columns[] = {
	[GBITS_PER_S] = { "gbits_per_s", 3 },
	[FRAMES_PER_S] = { "frames_per_s", 0 },
	[FRAMES_PER_GBIT] = { "frames_per_gbit", 0 },
	[BYTES_PER_FRAME] = { "bytes_per_frame", 0 },
	[EVENTS_PER_GBIT] = { "events_per_gbit", 0 },
	[CPU_MS_PER_GBIT] = { "cpu_ms_per_gbit", 2 },
	[DAEMON_MS_PER_GBIT] = { "daemon_ms_per_gbit", 2 },
	[DELIVERED_BYTES] = { "delivered_bytes", 0 },
	{ 0 },
};

static void close_rig(void *rig)
{
	struct segments *segments = rig;

	for (unsigned int i = 0; i < PAIRS; i++) {
		kernel_vm_stop(&segments->from[i]);
		kernel_vm_stop(&segments->to[i]);
	}
	backend_stop(&segments->backend);
	free(segments);
}

static int start_pair(struct segments *segments, unsigned int i, const int cpus[2], char *error)
{
	const struct pair_names *names = &pairs[i];
	const struct kernel_vm_config from = { names->from, names->from_ip, names->mtu, cpus[0] };
	const struct kernel_vm_config to = { names->to, names->to_ip, names->mtu, cpus[1] };
	int err = kernel_vm_start(&segments->from[i], &segments->backend.daemon, &from, error);

	return err ? err : kernel_vm_start(&segments->to[i], &segments->backend.daemon, &to, error);
}

static int open_rig(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct segments *segments = calloc(1, sizeof(*segments));
	int err = 0;

	if (!segments)
		return -ENOMEM;
	for (unsigned int i = 0; i < PAIRS; i++)
		segments->from[i] = segments->to[i] =
			(struct kernel_vm){ .front = -1, .stop_fd = -1 };
	err = relay_daemon_start(&segments->backend.daemon, context->options, MTU_BIG,
				 context->cpus[0], error);
	if (err) {
		free(segments);
		return err;
	}
	for (unsigned int i = 0; !err && i < PAIRS; i++)
		err = start_pair(segments, i, context->cpus, error);
	if (err)
		close_rig(segments);
	else
		*rig = segments;
	return err;
}

static int set_gro(const struct segments *segments, const char *vif, bool on, char *error)
{
	const char *const words[] = { "ethtool", "-K", vif, "gro", on ? "on" : "off" };
	char path[RUNDIR_PATH_BYTES];
	struct client_answer answer;
	int err;

	setenv("SPLITVIF_RUNDIR", segments->backend.daemon.rundir, 1);
	err = client_call(words, 5, 5000, path, &answer);
	if (!err && answer.reply.code)
		err = -EIO;
	if (err)
		snprintf(error, LAB_ERROR_BYTES, "cannot set gro of %s: %s", vif, strerror(-err));
	else
		free(answer.message);
	return err;
}

/* What is looked at twice. */
struct reading {
	uint64_t bytes, frames, events, cpu_ns, daemon_ns;
	int64_t ns;
};

static int take_reading(struct segments *segments, unsigned int pair,
			const struct tcp_stream *stream, struct reading *reading, char *error)
{
	static const char *const names[] = { "from_guest_frames", "irq", "kick" };
	uint64_t from[3], to[3];
	int err = backend_count(&segments->backend, pairs[pair].from, names, 3, from, error);

	if (!err)
		err = backend_count(&segments->backend, pairs[pair].to, names, 3, to, error);
	if (err)
		return err;
	reading->ns = host_now_ns();
	reading->bytes = tcp_stream_received(stream);
	reading->frames = from[0];
	reading->events = from[1] + from[2] + to[1] + to[2];
	reading->daemon_ns = cpu_time_of(segments->backend.daemon.pid);
	reading->cpu_ns = reading->daemon_ns + cpu_time_of(segments->from[pair].front) +
			  cpu_time_of(segments->to[pair].front) + cpu_time_of(stream->sender) +
			  cpu_time_of(stream->receiver);
	return 0;
}

static void tell(const struct reading *before, const struct reading *after, double *values)
{
	double bytes = (double)(after->bytes - before->bytes), gbits = bytes * 8 / 1e9;
	double frames = (double)(after->frames - before->frames);
	double seconds = (double)(after->ns - before->ns) / 1e9;

	values[GBITS_PER_S] = gbits / seconds;
	values[FRAMES_PER_S] = frames / seconds;
	values[FRAMES_PER_GBIT] = frames / gbits;
	values[BYTES_PER_FRAME] = bytes / frames;
	values[EVENTS_PER_GBIT] = (double)(after->events - before->events) / gbits;
	values[CPU_MS_PER_GBIT] = (double)(after->cpu_ns - before->cpu_ns) / 1e6 / gbits;
	values[DAEMON_MS_PER_GBIT] = (double)(after->daemon_ns - before->daemon_ns) / 1e6 / gbits;
	values[DELIVERED_BYTES] = bytes;
}

static void pass(int64_t ns)
{
	const struct timespec time = { ns / 1000000000, ns % 1000000000 };

	nanosleep(&time, NULL);
}

static int measure(struct segments *segments, unsigned int pair, const struct lab_window *window,
		   const struct tcp_stream *stream, double *values, char *error)
{
	struct reading before, after;
	int err;

	pass(window->warmup_ns);
	err = take_reading(segments, pair, stream, &before, error);
	if (err)
		return err;
	pass(window->measure_ns);
	err = take_reading(segments, pair, stream, &after, error);
	if (!err)
		tell(&before, &after, values);
	return err;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct setup *setup = arg;
	struct segments *segments = rig;
	struct tcp_stream stream;
	unsigned int pair = 0;
	int err;

	while (pair < PAIRS - 1 && pairs[pair].mtu != setup->mtu)
		pair++;
	err = set_gro(segments, pairs[pair].to,
		      setup->merging == MERGE_GRO || setup->merging == MERGE_BOTH, error);
	if (!err)
		err = tcp_stream_start(&stream, &segments->from[pair], &segments->to[pair],
				       pairs[pair].to_address,
				       setup->merging == MERGE_GSO || setup->merging == MERGE_BOTH,
				       error);
	if (err)
		return err;
	err = measure(segments, pair, window, &stream, result->values, error);
	if (tcp_stream_stop(&stream) && !err) {
		snprintf(error, LAB_ERROR_BYTES, "an end of a TCP connection failed");
		err = -EIO;
	}
	return err;
}

static const struct lab_rig rig = {
	.name = "segments",
	.setup_bytes = sizeof(struct setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};

static const struct setup setup = { .mtu = 1500 };

static const struct lab_sweep sweep = {
	.name = "X8",
	.rig = &rig,
	.setup = &setup,
	.factors = { { "merging", offsetof(struct setup, merging), merging_words },
		     { "mtu", offsetof(struct setup, mtu), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 4, { MERGE_OFF, MERGE_GSO, MERGE_GRO, MERGE_BOTH } },
		       { 3, { 1500, 9000, MTU_BIG } } } } },
};

static struct interval at(const struct summaries *summaries, const char *column,
			  enum merging merging, unsigned int mtu)
{
	return judge_at(summaries, column, WHERE({ "merging", merging }, { "mtu", mtu }));
}

/* At an MTU of 1500, to what there is without any merging. */
static struct interval to_none(const struct summaries *summaries, const char *column,
			       enum merging merging)
{
	return interval_ratio(at(summaries, column, merging, 1500),
			      at(summaries, column, MERGE_OFF, 1500));
}

static void judge_gso(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, to_none(summaries, "frames_per_gbit", MERGE_GSO), 0.2,
		    "frames a Gbit at an MTU of 1500, with GSO to without");
	judge_below(judge, to_none(summaries, "events_per_gbit", MERGE_GSO), 1, "events a Gbit");
	judge_below(judge, to_none(summaries, "cpu_ms_per_gbit", MERGE_GSO), 1,
		    "processor time a Gbit");
}

static void judge_gro(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, to_none(summaries, "cpu_ms_per_gbit", MERGE_GRO), 1,
		    "processor time a Gbit at an MTU of 1500, with GRO to without");
	judge_above(judge, to_none(summaries, "gbits_per_s", MERGE_GRO), 1,
		    "Gbit/s with GRO to without it");
}

static void judge_mtu(struct judge *judge, const struct summaries *summaries)
{
	judge_within(judge,
		     interval_ratio(at(summaries, "frames_per_gbit", MERGE_OFF, 1500),
				    at(summaries, "frames_per_gbit", MERGE_OFF, 9000)),
		     5, 7, "frames a Gbit, an MTU of 1500 to one of 9000 (payloads: 6.2)");
	judge_above(judge,
		    interval_ratio(at(summaries, "gbits_per_s", MERGE_GSO, 1500),
				   at(summaries, "gbits_per_s", MERGE_OFF, 9000)),
		    1, "Gbit/s of GSO at 1500, to an MTU of 9000 without it");
}

#define SOURCE "slides: GSO, GRO; Kuroda 2013, Mesclagem de Interrupções na Transmissão"

const struct lab_experiment x08_segments = {
	.number = 8,
	.title = "Big frames: GSO, GRO and the MTU",
	.hypothesis = "What a stream costs, it costs by the frame; who makes frames big does not "
		      "matter much.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "gbits_per_s", "frames_per_gbit", "bytes_per_frame", "events_per_gbit",
		     "cpu_ms_per_gbit", "daemon_ms_per_gbit" },
	.claims = {
		{ SOURCE,
		  "Leaving the cutting to the device means fewer packets, and fewer interrupts.",
		  "at an MTU of 1500, GSO leaves less than a fifth of the frames of a Gbit, fewer "
		  "events and less processor time",
		  judge_gso },
		{ SOURCE, "Merging what arrives helps the receiver, too.",
		  "at an MTU of 1500, GRO alone takes less processor time a Gbit than nothing, and "
		  "carries more",
		  judge_gro },
		{ SOURCE " (the source: GSO deceives the MTU; it leaves the device's as it is)",
		  "GSO does what a bigger MTU would, without one.",
		  "frames of a Gbit fall as payloads grow (5 to 7 times from 1500 to 9000), and GSO "
		  "at 1500 carries more than an MTU of 9000 without it",
		  judge_mtu },
	},
	.figures = {
		{ .name = "rate",
		  .title = "One TCP connection between two VMs",
		  .x = "mtu",
		  .y = "gbits_per_s",
		  .xlabel = "MTU",
		  .ylabel = "Gbit/s",
		  .series = "merging",
		  .log_x = true },
		{ .name = "cpu",
		  .title = "Processor time of all that takes part",
		  .x = "mtu",
		  .y = "cpu_ms_per_gbit",
		  .xlabel = "MTU",
		  .ylabel = "ms a Gbit",
		  .series = "merging",
		  .log_x = true },
	},
};
