#include "bench/latency_bench.h"

#include <errno.h>
#include <math.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/relay_daemon.h"
#include "bench/relay_frame.h"
#include "bench/roundtrip.h"
#include "bench/suite.h"
#include "frontend/splitvif.h"
#include "io/log.h"

#define MS INT64_C(1000000)

enum {
	TRIPS_MAX = 1 << 20, /* of a run; then it ends early */
	STALL_MS = 2000,
	PROCESS_MS = 2,
	LEARN_TRIES = 100,
	TEXT_BYTES = 256,
};

/*
 * gen sends a frame, echo sends it back, and only then the next one goes: both are
 * VMs in one thread, so four times a trip a frame crosses from one processor to the
 * other.
 */
struct latency_bench {
	const struct options *options;
	const struct suite *suite;
	struct splitvif *gen, *echo;
	struct relay_stream there, back;
	uint64_t number; /* of the next frame */
	uint64_t trips, kicks;
	int64_t processed_ns;
	bool yield;
	uint32_t *ns; /* of each trip */
};

static const uint8_t gen_mac[6] = { 2, 0x73, 0x76, 0, 0, 1 };
static const uint8_t echo_mac[6] = { 2, 0x73, 0x76, 0, 0, 2 };

static bool send_one(struct splitvif *vif, const struct relay_stream *stream, uint64_t number)
{
	struct splitvif_frame frame;

	if (splitvif_reserve(vif, &frame, 1, stream->size) != 1)
		return false;
	relay_frame_write(stream, number, RELAY_HEAD, frame.parts);
	frame.length = stream->size;
	splitvif_commit(vif, &frame, 1);
	splitvif_flush(vif);
	return true;
}

/* 1: the number has come, and is to be released; 0: nothing has; -EBADMSG:
 * something else. */
static int receive_one(struct splitvif *vif, uint32_t size, uint64_t *number)
{
	enum relay_verdict verdict;
	struct splitvif_frame frame;
	uint8_t from;

	if (!splitvif_receive(vif, &frame, 1))
		return 0;
	verdict = relay_frame_read(frame.parts, frame.length, size, RELAY_HEAD, number, &from);
	return verdict == RELAY_GOOD ? 1 : -EBADMSG;
}

static int look_after(struct latency_bench *bench, int64_t now)
{
	if (now - bench->processed_ns < PROCESS_MS * MS)
		return 0;
	bench->processed_ns = now;
	if ((splitvif_process(bench->gen) | splitvif_process(bench->echo)) & SPLITVIF_WENT_DOWN)
		return -ENETDOWN;
	return interrupt_seen() ? -EINTR : 0;
}

/* Both have nothing to do. */
static void rest(struct latency_bench *bench)
{
	struct pollfd fds[] = { { splitvif_fd(bench->gen), POLLIN, 0 },
				{ splitvif_fd(bench->echo), POLLIN, 0 } };

	if (!bench->options->wake) {
		if (bench->yield)
			sched_yield();
		return;
	}
	if (splitvif_arm(bench->gen, 0) && splitvif_arm(bench->echo, 0) &&
	    poll(fds, 2, STALL_MS) > 0)
		bench->processed_ns = 0; /* what woke us wants to be taken notice of */
}

/* Until that VM has the frame with our number. */
static int await(struct latency_bench *bench, struct splitvif *vif, uint32_t size, int64_t start)
{
	uint64_t number = 0;
	int n;

	while (!(n = receive_one(vif, size, &number))) {
		int64_t now = host_now_ns();
		int err = look_after(bench, now);

		if (!err && now - start > STALL_MS * MS)
			err = -ETIMEDOUT;
		if (err)
			return err;
		rest(bench);
	}
	return n < 0 || number != bench->number ? -EBADMSG : 0;
}

/* Buffers are given back after the frame that is waited for was sent. */
static int trip(struct latency_bench *bench, int64_t *ns)
{
	uint32_t size = bench->there.size;
	int64_t start = host_now_ns();
	int err = 0;

	if (!send_one(bench->gen, &bench->there, bench->number))
		return -ENOBUFS;
	err = await(bench, bench->echo, size, start);
	if (!err && !send_one(bench->echo, &bench->back, bench->number))
		err = -ENOBUFS;
	splitvif_release(bench->echo, 1);
	if (!err)
		err = await(bench, bench->gen, size, start);
	*ns = host_now_ns() - start;
	splitvif_release(bench->gen, 1);
	bench->number++;
	return err;
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static double percentile_us(const uint32_t *sorted, uint64_t n, double part)
{
	return (double)sorted[(uint64_t)(part * (double)(n - 1))] / 1e3;
}

static void use_size(struct latency_bench *bench, uint32_t size)
{
	relay_stream_init(&bench->there, size, echo_mac, gen_mac, RELAY_ETHERTYPE);
	relay_stream_init(&bench->back, size, gen_mac, echo_mac, RELAY_ETHERTYPE);
}

static uint64_t kicks(const struct latency_bench *bench)
{
	struct splitvif_stats gen, echo;

	splitvif_stats(bench->gen, &gen);
	splitvif_stats(bench->echo, &echo);
	return gen.events_sent + echo.events_sent;
}

static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct latency_bench *bench = arg;
	double line_ns = roundtrip_measure(bench->suite->cpus);
	int64_t end = host_now_ns() + (int64_t)(seconds * 1e9), ns;
	uint64_t n = 0, before = kicks(bench);
	int err = 0;

	use_size(bench, bench->options->sizes.list[at]);
	while (!err && n < TRIPS_MAX && (!n || host_now_ns() < end)) {
		err = trip(bench, &ns);
		bench->ns[n++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
	}
	if (err)
		return err;
	qsort(bench->ns, n, sizeof(*bench->ns), compare);
	figures[0] = percentile_us(bench->ns, n, 0.5);
	figures[1] = percentile_us(bench->ns, n, 0.99);
	figures[2] = percentile_us(bench->ns, n, 0.999);
	figures[3] = line_ns > 0 ? (figures[0] - 1) * 1e3 / line_ns : NAN; /* 1 us: our own work */
	bench->trips += n;
	bench->kicks += kicks(bench) - before;
	return 0;
}

static void tell_case(void *arg, unsigned int at, struct report *report)
{
	const struct latency_bench *bench = arg;

	report_number(report, "size", NULL, bench->options->sizes.list[at]);
	report_number(report, "trips", NULL, bench->trips);
	report_decimal(report, "kicks_per_trip", "kicks/trip",
		       (double)bench->kicks / (double)bench->trips, 2);
}

/* The bridge floods until it knows both; whatever is under way then goes. */
static int learn(struct latency_bench *bench)
{
	int64_t ns;
	int err = -ETIMEDOUT;

	use_size(bench, bench->options->sizes.list[0]);
	for (unsigned int i = 0; err && i < LEARN_TRIES; i++)
		err = trip(bench, &ns);
	return err;
}

static int open_vifs(struct latency_bench *bench)
{
	struct splitvif_config gen = { .name = "gen" }, echo = { .name = "echo" };
	char error[TEXT_BYTES];
	int err = 0;

	memcpy(gen.mac, gen_mac, 6);
	memcpy(echo.mac, echo_mac, 6);
	bench->gen = splitvif_open(&gen, error, sizeof(error));
	bench->echo = bench->gen ? splitvif_open(&echo, error, sizeof(error)) : NULL;
	if (!bench->echo)
		err = -errno;
	if (!err && (err = learn(bench)))
		snprintf(error, sizeof(error), "no frame comes back (%s); see 'splitvif stats'",
			 strerror(-err));
	if (err)
		log_complain("cannot measure: latency: %s", error);
	return err;
}

static const char *explain(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "a frame does not come back";
	case -EBADMSG:
		return "a frame is not the one that was sent";
	case -ENETDOWN:
		return "a vif went down";
	default:
		return NULL;
	}
}

static int measure(struct latency_bench *bench, struct suite *suite, struct report *report)
{
	const struct sizes *sizes = &bench->options->sizes;
	int err = open_vifs(bench);

	for (unsigned int i = 0; !err && i < sizes->nr; i++)
		suite_add(suite, "%u B%s", sizes->list[i],
			  bench->options->wake ? ", sleeping" : ", polling");
	if (!err)
		err = suite_run(suite, report);
	splitvif_close(bench->echo);
	splitvif_close(bench->gen);
	return err;
}

static int with_daemon(struct latency_bench *bench, struct suite *suite, struct report *report)
{
	const struct options *options = bench->options;
	char error[RELAY_ERROR_BYTES];
	struct relay_daemon daemon;
	int err;

	if (relay_daemon_start(&daemon, options, 1500, suite->cpus[1], error)) {
		log_complain("%s", error);
		return EXIT_NO_DAEMON;
	}
	report_string(report, "engine", "daemon's engine", daemon.engine);
	err = measure(bench, suite, report);
	if (relay_daemon_stop(&daemon, error)) {
		log_complain("%s", error);
		return EXIT_FAILED;
	}
	return err ? EXIT_FAILED : EXIT_DONE;
}

int latency_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "p50_us", "p50_us_low", "p50_us_high", "p50 us", .cost = true, .places = 2 },
		{ "p99_us", "p99_us_low", "p99_us_high", "p99 us", .cost = true, .places = 2 },
		{ "p999_us", "p999_us_low", "p999_us_high", "p99.9 us", .cost = true, .places = 2 },
		{ "p50_line_trips", "p50_line_trips_low", "p50_line_trips_high",
		  "(p50 - 1 us) / trip", .cost = true, .places = 1 },
	};
	static struct latency_bench bench;
	static struct suite suite;
	int status;

	bench.options = options;
	bench.suite = &suite;
	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 4,
				.arg = &bench,
				.run = run_case,
				.tell = tell_case,
				.explain = explain };
	bench.ns = malloc(TRIPS_MAX * sizeof(*bench.ns));
	if (!bench.ns || suite_place(&suite, report)) {
		free(bench.ns);
		return EXIT_FAILED;
	}
	bench.yield = suite.cpus[0] == suite.cpus[1];
	status = with_daemon(&bench, &suite, report);
	free(bench.ns);
	return status;
}
