#include "bench/ring_bench.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/interrupt.h"
#include "bench/measure.h"
#include "bench/progress.h"
#include "bench/ring_back.h"
#include "bench/ring_front.h"
#include "io/log.h"

enum { STALL_MS = 5000 };

struct ring_bench {
	struct ring_load load;
	int cpus[2];
	struct ring_link link;
	struct ring_front front;
	pid_t backend;
};

static const char *shape_name(enum ring_shape shape)
{
	return shape == RING_TX ? "tx" : "rx";
}

/* Its exit status is what ring_back_serve() said. */
static _Noreturn void be_backend(struct ring_bench *bench, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the terminal's goes to both: the parent ends us */
	host_pin(bench->cpus[1]);
	_exit(-ring_back_serve(&bench->link, &bench->load) & 0xff);
}

static int fork_backend(struct ring_bench *bench)
{
	pid_t parent = getpid();

	bench->backend = fork();
	if (bench->backend < 0)
		return -errno;
	if (!bench->backend)
		be_backend(bench, parent);
	return 0;
}

static int setup(struct ring_bench *bench)
{
	int err = ring_link_create(&bench->link, bench->load.shape);

	if (err)
		return err;
	err = ring_front_init(&bench->front, &bench->link, &bench->load);
	if (err)
		goto destroy;
	err = fork_backend(bench);
	if (!err)
		return 0;
	ring_front_fini(&bench->front);
destroy:
	ring_link_destroy(&bench->link);
	return err;
}

/* Ends the backend, one way or the other: what it said, 0 if it went well. */
static int teardown(struct ring_bench *bench)
{
	int64_t deadline = host_now_ns() + STALL_MS * INT64_C(1000000);
	int status = 0;

	ring_link_stop(&bench->link, &bench->front.signaller);
	while (waitpid(bench->backend, &status, WNOHANG) != bench->backend) {
		if (host_now_ns() > deadline)
			kill(bench->backend, SIGKILL);
		usleep(1000);
	}
	ring_front_fini(&bench->front);
	ring_link_destroy(&bench->link);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ESRCH;
}

/* Messages within the time, to the end of the turn that completes it; but at
 * least one: beside busy neighbours both sides may have to wait for their turn. */
static int run(struct ring_bench *bench, double seconds, uint64_t *messages, int64_t *ns)
{
	int64_t start = host_now_ns(), end = start + (int64_t)(seconds * 1e9);
	int64_t now = start, moved = start;

	*messages = 0;
	while (now < end || !*messages) {
		int done = ring_front_turn(&bench->front);

		if (done < 0)
			return done;
		now = host_now_ns();
		if (done)
			moved = now;
		else if (now - moved > STALL_MS * INT64_C(1000000))
			return -ETIMEDOUT;
		if (interrupt_seen())
			return -EINTR;
		*messages += (uint64_t)done;
	}
	*ns = now - start;
	return 0;
}

static int run_all(struct ring_bench *bench, const struct options *options, struct measure *measure,
		   uint64_t *total)
{
	uint64_t messages;
	int64_t ns;
	int err = run(bench, options->warmup_s, &messages, &ns);

	*total = messages;
	measure_begin(measure);
	for (unsigned int i = 0; !err && i < options->repeats; i++) {
		progress_show("ring %s %u bytes: %u of %u", shape_name(bench->load.shape),
			      bench->load.size, i + 1, options->repeats);
		err = run(bench, options->duration_s, &messages, &ns);
		if (!err)
			measure_add(measure, messages, ns);
		*total += messages;
	}
	progress_clear();
	return err;
}

static void tell(struct ring_bench *bench, struct measure *measure, uint64_t total,
		 struct report *report)
{
	double thousands = total ? (double)total / 1e3 : 1;

	report_row(report);
	report_string(report, "shape", "ring", shape_name(bench->load.shape));
	report_number(report, "size", "bytes", bench->load.size);
	report_number(report, "batch", "batch", bench->load.batch);
	report_number(report, "messages", NULL, total);
	measure_tell(measure, report, "mmsg_per_s", "Mmsg/s");
	report_decimal(report, "front_notifications_per_1000", "kicks/1000",
		       (double)bench->link.front.sent / thousands, 2);
	report_decimal(report, "back_notifications_per_1000", "irqs/1000",
		       (double)load_relaxed(&bench->link.control->sent) / thousands, 2);
}

static const char *explain(int err)
{
	switch (err) {
	case -EINTR:
		return "interrupted";
	case -ETIMEDOUT:
		return "no message for 5 s";
	case -EBADMSG:
		return "a payload is not the one that was sent";
	case -ESRCH:
		return "the backend's process was killed";
	case -EPROTO:
		return "the other side's indices or ids make no sense";
	default:
		return strerror(-err);
	}
}

static int measure_one(struct ring_bench *bench, const struct options *options,
		       struct report *report)
{
	struct measure measure;
	uint64_t total;
	int err = setup(bench), back_err;

	if (err)
		return err;
	err = run_all(bench, options, &measure, &total);
	if (!err)
		tell(bench, &measure, total, report);
	back_err = teardown(bench);
	/* Whoever stopped first knows why the other one stalled. */
	return back_err && (!err || err == -ETIMEDOUT) ? back_err : err;
}

static int measure_shape(struct ring_bench *bench, const struct options *options,
			 struct report *report)
{
	static const uint32_t sizes[] = { 64, 1514 };
	int err = 0;

	for (unsigned int i = 0; !err && i < (options->size ? 1 : 2); i++) {
		bench->load.size = options->size ? options->size : sizes[i];
		err = measure_one(bench, options, report);
	}
	if (err)
		log_complain("cannot measure: ring %s with %u bytes: %s; nothing is reported",
			     shape_name(bench->load.shape), bench->load.size, explain(err));
	return err;
}

int ring_bench_run(const struct options *options, struct report *report)
{
	struct ring_bench bench = { .load = { .batch = options->batch, .wake = options->wake } };
	int err = measure_place(options, report, bench.cpus);

	if (err)
		return EXIT_FAILED;
	bench.load.yield = bench.cpus[0] == bench.cpus[1];
	err = host_pin(bench.cpus[0]);
	if (err)
		log_complain("cannot move to processor %d: %s; figures will vary", bench.cpus[0],
			     strerror(-err));
	err = 0;
	if (options->shapes != SHAPES_RX)
		err = measure_shape(&bench, options, report);
	bench.load.shape = RING_RX;
	if (!err && options->shapes != SHAPES_TX)
		err = measure_shape(&bench, options, report);
	if (err)
		return EXIT_FAILED;
	report_complete(report);
	return EXIT_DONE;
}
