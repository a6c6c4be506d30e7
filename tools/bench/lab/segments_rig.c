#include "bench/lab/segments_rig.h"

#include <errno.h>
#include <math.h>
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

enum { PAIRS = 4 };

const char *const segments_mergings[] = { "off", "GSO", "GRO", "both" };

static const struct pair_names {
	unsigned int mtu, device_mtu; /* what the kernels believe, and what is so */
	const char *from, *to, *from_ip, *to_ip, *to_address;
} pairs[PAIRS] = {
	{ 1500, 1500, "a1500", "b1500", "10.80.1.1/24", "10.80.1.2/24", "10.80.1.2" },
	{ 9000, 9000, "a9000", "b9000", "10.80.2.1/24", "10.80.2.2/24", "10.80.2.2" },
	{ SEGMENTS_MTU_BIG, SEGMENTS_MTU_BIG, "a64k", "b64k", "10.80.3.1/24", "10.80.3.2/24",
	  "10.80.3.2" },
	{ 9000, 1500, "above", "below", "10.80.4.1/24", "10.80.4.2/24", "10.80.4.2" },
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
	const struct kernel_vm_config from = { names->from, names->from_ip, names->device_mtu,
					       cpus[0], names->mtu };
	const struct kernel_vm_config to = { names->to, names->to_ip, names->device_mtu, cpus[1],
					     names->mtu };
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
	err = relay_daemon_start(&segments->backend.daemon, context->options, SEGMENTS_MTU_BIG,
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

static double per(double value, double unit)
{
	return unit > 0 ? value / unit : NAN;
}

static void tell(const struct reading *before, const struct reading *after, double *values)
{
	double bytes = (double)(after->bytes - before->bytes), gbits = bytes * 8 / 1e9;
	double frames = (double)(after->frames - before->frames);
	double seconds = (double)(after->ns - before->ns) / 1e9;

	values[GBITS_PER_S] = gbits / seconds;
	values[FRAMES_PER_S] = frames / seconds;
	values[FRAMES_PER_GBIT] = per(frames, gbits);
	values[BYTES_PER_FRAME] = per(bytes, frames);
	values[EVENTS_PER_GBIT] = per((double)(after->events - before->events), gbits);
	values[CPU_MS_PER_GBIT] = per((double)(after->cpu_ns - before->cpu_ns) / 1e6, gbits);
	values[DAEMON_MS_PER_GBIT] =
		per((double)(after->daemon_ns - before->daemon_ns) / 1e6, gbits);
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

static unsigned int pair_of(const struct segments_setup *setup)
{
	uint32_t device = setup->device_mtu ? setup->device_mtu : setup->mtu;
	unsigned int pair = 0;

	while (pair < PAIRS - 1 &&
	       (pairs[pair].mtu != setup->mtu || pairs[pair].device_mtu != device))
		pair++;
	return pair;
}

static int run(void *rig, const void *arg, const struct lab_window *window,
	       struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct segments_setup *setup = arg;
	struct segments *segments = rig;
	struct tcp_stream stream;
	unsigned int pair = pair_of(setup);
	int err = set_gro(segments, pairs[pair].to,
			  setup->merging == SEGMENTS_GRO || setup->merging == SEGMENTS_BOTH, error);
	if (!err)
		err = tcp_stream_start(
			&stream, &segments->from[pair], &segments->to[pair], pairs[pair].to_address,
			setup->merging == SEGMENTS_GSO || setup->merging == SEGMENTS_BOTH, error);
	if (err)
		return err;
	err = measure(segments, pair, window, &stream, result->values, error);
	if (tcp_stream_stop(&stream) && !err) {
		snprintf(error, LAB_ERROR_BYTES, "an end of a TCP connection failed");
		err = -EIO;
	}
	return err;
}

const struct lab_rig segments_rig = {
	.name = "segments",
	.setup_bytes = sizeof(struct segments_setup),
	.columns = columns,
	.open = open_rig,
	.run = run,
	.close = close_rig,
};
