#include "bench/ring_bench.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/ring_back.h"
#include "bench/ring_front.h"
#include "bench/suite.h"

enum { STALL_MS = 5000, WARMUPS = 4 /* each run has one, so it may be shorter */ };

/* What is measured in one case, and what became of it in all rounds. */
struct ring_case {
	struct ring_load load;
	uint64_t messages, kicks, irqs;
};

struct ring_bench {
	const struct options *options;
	const int *cpus;
	struct ring_case cases[SUITE_CASES_MAX];
	struct ring_link link;
	struct ring_front front;
	pid_t backend;
};

static const char *shape_name(enum ring_shape shape)
{
	return shape == RING_TX ? "tx" : "rx";
}

/* Its exit status is what ring_back_serve() said. */
static _Noreturn void be_backend(struct ring_bench *bench, const struct ring_load *load,
				 pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	signal(SIGINT, SIG_IGN); /* the terminal's goes to both: the parent ends us */
	host_pin(bench->cpus[1]);
	_exit(-ring_back_serve(&bench->link, load) & 0xff);
}

static int fork_backend(struct ring_bench *bench, const struct ring_load *load)
{
	pid_t parent = getpid();

	bench->backend = fork();
	if (bench->backend < 0)
		return -errno;
	if (!bench->backend)
		be_backend(bench, load, parent);
	return 0;
}

static int setup(struct ring_bench *bench, const struct ring_load *load)
{
	int err = ring_link_create(&bench->link, load->shape);

	if (err)
		return err;
	err = ring_front_init(&bench->front, &bench->link, load);
	if (err)
		goto destroy;
	err = fork_backend(bench, load);
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

	ring_link_stop(&bench->link, bench->front.load->wake ? &bench->front.signaller : NULL);
	while (waitpid(bench->backend, &status, WNOHANG) != bench->backend) {
		if (host_now_ns() > deadline)
			kill(bench->backend, SIGKILL);
		usleep(200);
	}
	ring_front_fini(&bench->front);
	ring_link_destroy(&bench->link);
	return WIFEXITED(status) ? -WEXITSTATUS(status) : -ESRCH;
}

/* Whoever stopped first knows why the other one stalled. */
static int end_case(void *arg, unsigned int at, int err)
{
	struct ring_bench *bench = arg;
	int back_err;

	bench->cases[at].kicks += bench->link.front.sent;
	bench->cases[at].irqs += load_relaxed(&bench->link.control->sent);
	back_err = teardown(bench);
	return back_err && (!err || err == -ETIMEDOUT) ? back_err : err;
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

static int begin_case(void *arg, unsigned int at)
{
	struct ring_bench *bench = arg;
	struct ring_case *one = &bench->cases[at];
	uint64_t messages;
	int64_t ns;
	int err = setup(bench, &one->load);

	if (err)
		return err;
	err = run(bench, bench->options->warmup_s / WARMUPS, &messages, &ns);
	if (err)
		return end_case(arg, at, err);
	one->messages += messages;
	return 0;
}

static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct ring_bench *bench = arg;
	uint64_t messages;
	int64_t ns;
	int err = run(bench, seconds, &messages, &ns);

	if (err)
		return err;
	figures[0] = (double)messages * 1e3 / (double)ns;
	bench->cases[at].messages += messages;
	return 0;
}

static void tell_case(void *arg, unsigned int at, struct report *report)
{
	const struct ring_case *one = &((struct ring_bench *)arg)->cases[at];
	double thousands = one->messages ? (double)one->messages / 1e3 : 1;

	report_string(report, "ring", NULL, one->load.kind->name);
	report_string(report, "shape", NULL, shape_name(one->load.shape));
	report_number(report, "size", NULL, one->load.size);
	report_number(report, "batch", NULL, one->load.batch);
	report_number(report, "messages", NULL, one->messages);
	report_decimal(report, "front_notifications_per_1000", "kicks/1000",
		       (double)one->kicks / thousands, 2);
	report_decimal(report, "back_notifications_per_1000", "irqs/1000",
		       (double)one->irqs / thousands, 2);
}

static const char *explain(int err)
{
	switch (err) {
	case -ETIMEDOUT:
		return "no message for 5 s";
	case -EBADMSG:
		return "a payload is not the one that was sent";
	case -ESRCH:
		return "the backend's process was killed";
	case -EPROTO:
		return "the other side's indices or ids make no sense";
	default:
		return NULL;
	}
}

static void add_case(struct suite *suite, struct ring_bench *bench, struct ring_load load)
{
	unsigned int at = suite_add(suite, "%s %s %u B, batches of %u%s", load.kind->name,
				    shape_name(load.shape), load.size, load.batch,
				    load.wake ? ", sleeping" : "");

	bench->cases[at].load = load;
}

static void add_cases(struct suite *suite, struct ring_bench *bench)
{
	const struct options *options = bench->options;

	for (unsigned int k = 0; k < RING_KINDS; k++)
		for (int shape = RING_TX; shape <= RING_RX; shape++)
			for (unsigned int i = 0; i < options->sizes.nr; i++)
				if (options->rings & 1u << k &&
				    options->shapes != (shape == RING_TX ? SHAPES_RX : SHAPES_TX))
					add_case(suite, bench,
						 (struct ring_load){
							 .kind = ring_kind_get(k),
							 .shape = (enum ring_shape)shape,
							 .size = options->sizes.list[i],
							 .batch = options->batch,
							 .wake = options->wake,
							 .yield = suite->cpus[0] == suite->cpus[1],
						 });
}

int ring_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "mmsg_per_s", "mmsg_per_s_low", "mmsg_per_s_high", "Mmsg/s", .places = 3 },
	};
	static struct ring_bench bench;
	static struct suite suite;

	bench.options = options;
	suite = (struct suite){
		.options = options,
		.names = names,
		.nr_figures = 1,
		.begin = begin_case,
		.end = end_case,
		.arg = &bench,
		.run = run_case,
		.tell = tell_case,
		.explain = explain,
	};
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	bench.cpus = suite.cpus;
	add_cases(&suite, &bench);
	return suite_run(&suite, report) ? EXIT_FAILED : EXIT_DONE;
}
