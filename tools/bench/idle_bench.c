#include "bench/idle_bench.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/interrupt.h"
#include "bench/relay.h"
#include "bench/relay_daemon.h"
#include "bench/suite.h"
#include "io/log.h"

enum { LOOK_MS = 20 };

struct idle_bench {
	struct relay_daemon daemon;
	struct relay relay;
	int64_t spent_ns;   /* until all were connected */
	pid_t processes[2]; /* the privileged parent, and the one that moves frames */
};

/* The only child; 0: there is none. */
static pid_t child_of(pid_t parent)
{
	char path[64];
	int child = 0;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/task/%d/children", (int)parent, (int)parent);
	file = fopen(path, "re");
	if (file && fscanf(file, "%d", &child) != 1)
		child = 0;
	if (file)
		fclose(file);
	return (pid_t)child;
}

static int64_t cpu_ns(const struct idle_bench *bench)
{
	int64_t ns = 0;

	for (unsigned int i = 0; i < 2; i++) {
		struct timespec spent;
		clockid_t clock;

		if (clock_getcpuclockid(bench->processes[i], &clock) ||
		    clock_gettime(clock, &spent))
			return -1;
		ns += spent.tv_sec * INT64_C(1000000000) + spent.tv_nsec;
	}
	return ns;
}

static int run(void *arg, unsigned int at, double seconds, double *figures)
{
	struct idle_bench *bench = arg;
	int64_t before = cpu_ns(bench), start = host_now_ns(), after;
	int64_t end = start + (int64_t)(seconds * 1e9), now;

	while ((now = host_now_ns()) < end && !interrupt_seen())
		usleep(end - now < LOOK_MS * INT64_C(1000000) ? (useconds_t)((end - now) / 1000)
							      : LOOK_MS * 1000);
	after = cpu_ns(bench);
	if (before < 0 || after < 0)
		return -ECHILD;
	figures[0] = 100 * (double)(after - before) / (double)(now - start);
	return 0;
}

static void tell(void *arg, unsigned int at, struct report *report)
{
	const struct idle_bench *bench = arg;

	report_number(report, "attached", NULL, bench->relay.board->nr + bench->relay.nr_idle);
	report_decimal(report, "spent_ms", "ms to connect them", (double)bench->spent_ns / 1e6, 1);
}

static int measure(struct idle_bench *bench, struct suite *suite, struct report *report)
{
	char error[RELAY_TEXT_BYTES];
	int err;

	bench->processes[0] = bench->daemon.pid;
	bench->processes[1] = child_of(bench->daemon.pid);
	if (!bench->processes[1])
		bench->processes[1] = bench->processes[0];
	if (relay_open(&bench->relay, suite->options, 1500, suite->cpus, error)) {
		log_complain("cannot measure: idle: %s", error);
		return EXIT_FAILED;
	}
	bench->spent_ns = cpu_ns(bench);
	suite_add(suite, "%u vifs, connected and idle", suite->options->attached);
	err = suite_run(suite, report);
	relay_close(&bench->relay);
	return err ? EXIT_FAILED : EXIT_DONE;
}

int idle_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "percent", "percent_low", "percent_high", "% of a processor", .cost = true,
		  .places = 3 },
	};
	static struct idle_bench bench;
	static struct suite suite;
	char error[RELAY_ERROR_BYTES];
	int status;

	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 1,
				.alone = true,
				.apart = true,
				.arg = &bench,
				.run = run,
				.tell = tell };
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	if (relay_daemon_start(&bench.daemon, options, 1500, suite.cpus[1], error)) {
		log_complain("%s", error);
		return EXIT_NO_DAEMON;
	}
	report_string(report, "engine", "daemon's engine", bench.daemon.engine);
	status = measure(&bench, &suite, report);
	if (relay_daemon_stop(&bench.daemon, error)) {
		log_complain("%s", error);
		return EXIT_FAILED;
	}
	return status;
}
