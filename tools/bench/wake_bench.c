#include "bench/wake_bench.h"

#include <errno.h>
#include <liburing.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/statistics.h"
#include "bench/suite.h"
#include "io/engine.h"
#include "io/log.h"
#include "io/signal.h"
#include "ring/barrier.h"

enum {
	SAMPLES_MAX = STATISTICS_SAMPLES_MAX,
	ASLEEP_NS = 30000, /* so long after the last wake-up the waiter sleeps again */
	STALL_NS = 1000000000,
};

struct wake_bench;

struct wake_case {
	const char *how;
	void (*notify)(struct wake_bench *bench);
	int engine; /* of the waiter; -1: there is none */
};

/* Of both threads; what one writes often is on a line of its own. */
struct wake_bench {
	const struct options *options;
	const int *cpus;
	struct wake_case cases[SUITE_CASES_MAX];
	int fd;
	struct signaller signaller;
	struct io_uring uring;
	bool has_uring;
	pthread_t waiter;
	enum engine_kind engine;
	_Alignas(64) uint32_t woken; /* how often the waiter ran */
	uint64_t ran_ns;	     /* when; before `woken` */
	uint32_t refused;	     /* there is no such engine */
	_Alignas(64) uint32_t stop;
	double costs[SAMPLES_MAX], waits[SAMPLES_MAX];
};

static void notify_signaller(struct wake_bench *bench)
{
	signaller_add(&bench->signaller, bench->fd);
	signaller_flush(&bench->signaller);
}

static void notify_nop(struct wake_bench *bench)
{
	struct io_uring_cqe *cqe;

	io_uring_prep_nop(io_uring_get_sqe(&bench->uring));
	io_uring_submit(&bench->uring);
	if (!io_uring_peek_cqe(&bench->uring, &cqe))
		io_uring_cqe_seen(&bench->uring, cqe);
}

static void notify_write(struct wake_bench *bench)
{
	eventfd_write(bench->fd, 1);
}

/* Waits as the daemon's worker does. */
static void *wait_for_events(void *arg)
{
	struct wake_bench *bench = arg;
	struct engine_source source, *ready;
	struct engine *engine;
	eventfd_t count;
	char note[160];

	host_pin(bench->cpus[1]);
	if (engine_create(&engine, bench->engine, note, sizeof(note))) {
		store_release(&bench->refused, 1);
		return NULL;
	}
	engine_add(engine, &source, bench->fd, NULL);
	store_release(&bench->woken, 1); /* here */
	while (!load_acquire(&bench->stop)) {
		engine_arm(engine, &source);
		if (engine_wait(engine, &ready, 1, -1) < 1)
			continue;
		bench->ran_ns = (uint64_t)host_now_ns();
		eventfd_read(bench->fd, &count); /* before the next one can come */
		store_release(&bench->woken, bench->woken + 1);
	}
	engine_remove(engine, &source);
	engine_destroy(engine);
	return NULL;
}

static int begin_case(void *arg, unsigned int at)
{
	struct wake_bench *bench = arg;

	bench->stop = bench->woken = bench->refused = 0;
	if (bench->cases[at].engine < 0)
		return 0;
	bench->engine = (enum engine_kind)bench->cases[at].engine;
	if (pthread_create(&bench->waiter, NULL, wait_for_events, bench))
		return -ENOMEM;
	while (!load_acquire(&bench->woken)) {
		if (load_acquire(&bench->refused)) {
			pthread_join(bench->waiter, NULL);
			return -ENOSYS;
		}
		sched_yield();
	}
	return 0;
}

static int end_case(void *arg, unsigned int at, int err)
{
	struct wake_bench *bench = arg;
	eventfd_t count;

	if (bench->cases[at].engine >= 0) {
		store_release(&bench->stop, 1);
		eventfd_write(bench->fd, 1);
		pthread_join(bench->waiter, NULL);
	}
	eventfd_read(bench->fd, &count);
	return err;
}

static void spin_until(int64_t ns)
{
	while (host_now_ns() < ns)
		;
}

/* One notification of a sleeper. False if he does not wake. */
static bool wake_once(struct wake_bench *bench, const struct wake_case *one, unsigned int i)
{
	uint32_t woken = load_acquire(&bench->woken);
	int64_t start = host_now_ns();

	one->notify(bench);
	bench->costs[i] = (double)(host_now_ns() - start);
	while (load_acquire(&bench->woken) == woken) {
		if (host_now_ns() - start > STALL_NS)
			return false;
		if (bench->cpus[0] == bench->cpus[1])
			sched_yield();
	}
	bench->waits[i] = (double)((int64_t)bench->ran_ns - start);
	spin_until(host_now_ns() + ASLEEP_NS);
	if (bench->cpus[0] == bench->cpus[1])
		sched_yield();
	return true;
}

/* Nobody waits: what the call costs by itself. */
static void notify_nobody(struct wake_bench *bench, const struct wake_case *one, unsigned int i)
{
	int64_t start = host_now_ns();
	eventfd_t count;

	one->notify(bench);
	bench->costs[i] = (double)(host_now_ns() - start);
	eventfd_read(bench->fd, &count);
}

static double median_of(double *samples, unsigned int n)
{
	struct statistics statistics = { 0 };

	return statistics_summarise(&statistics, samples, n) ? NAN : statistics.median;
}

static int run_case(void *arg, unsigned int at, double seconds, double *figures)
{
	struct wake_bench *bench = arg;
	const struct wake_case *one = &bench->cases[at];
	int64_t end = host_now_ns() + (int64_t)(seconds * 1e9);
	unsigned int n = 0;

	do {
		if (one->engine < 0)
			notify_nobody(bench, one, n);
		else if (!wake_once(bench, one, n))
			return -ETIMEDOUT;
		n++;
	} while (n < SAMPLES_MAX && host_now_ns() < end);
	figures[0] = median_of(bench->costs, n);
	figures[1] = one->engine < 0 ? NAN : median_of(bench->waits, n) / 1e3;
	return 0;
}

static const char *explain(int err)
{
	return err == -ETIMEDOUT ? "the sleeper did not wake for 1 s"
	       : err == -ENOSYS	 ? "no such engine here"
				 : NULL;
}

static void add_cases(struct suite *suite, struct wake_bench *bench)
{
	static const struct wake_case hows[] = {
		{ "io_submit", notify_signaller, -1 },
		{ "io_uring's NOP", notify_nop, -1 },
		{ "write of an eventfd", notify_write, -1 },
	};
	static const struct {
		const char *who;
		int engine;
	} waiters[] = {
		{ "nobody", -1 },
		{ "a sleeper in epoll", ENGINE_EPOLL },
		{ "a sleeper in io_uring", ENGINE_URING },
	};

	for (unsigned int w = 0; w < 3; w++) {
		for (unsigned int h = 0; h < 3; h++) {
			unsigned int at;

			if (!bench->has_uring &&
			    (hows[h].notify == notify_nop || waiters[w].engine == ENGINE_URING))
				continue;
			at = suite_add(suite, "%s, to %s", hows[h].how, waiters[w].who);
			bench->cases[at] = hows[h];
			bench->cases[at].engine = waiters[w].engine;
		}
	}
}

static int open_all(struct wake_bench *bench)
{
	int err = signaller_init(&bench->signaller);

	bench->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (err || bench->fd < 0)
		return err ? err : -errno;
	bench->has_uring = !io_uring_queue_init(8, &bench->uring, 0);
	if (bench->has_uring && io_uring_register_eventfd(&bench->uring, bench->fd))
		return -ENOSYS;
	return 0;
}

int wake_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "notify_ns", "notify_ns_low", "notify_ns_high", "ns to notify", .cost = true },
		{ "wake_us", "wake_us_low", "wake_us_high", "us till he runs", .cost = true,
		  .places = 2 },
	};
	static struct wake_bench bench;
	static struct suite suite;
	int err;

	bench.options = options;
	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 2,
				.arg = &bench,
				.begin = begin_case,
				.run = run_case,
				.end = end_case,
				.explain = explain };
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	bench.cpus = suite.cpus;
	err = open_all(&bench);
	if (err) {
		log_complain("cannot measure: wake: %s; see 'splitvif doctor'", strerror(-err));
		return EXIT_FAILED;
	}
	if (!bench.has_uring)
		log_complain("no io_uring here: its cases are left out");
	add_cases(&suite, &bench);
	err = suite_run(&suite, report);
	if (bench.has_uring)
		io_uring_queue_exit(&bench.uring);
	signaller_fini(&bench.signaller);
	close(bench.fd);
	return err ? EXIT_FAILED : EXIT_DONE;
}
