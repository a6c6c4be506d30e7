#include "bench/growth_bench.h"

#include <errno.h>
#include <string.h>

#include "bench/relay.h"
#include "bench/relay_daemon.h"
#include "bench/statistics.h"
#include "bench/suite.h"
#include "io/log.h"

/* Each is held against a smaller one, if there is one. */
static const struct shape {
	const char *name;
	uint32_t macs, destinations, attached;
	uint32_t vms;		    /* that all send to all others; 0: one sends to one */
	const struct shape *former; /* NULL: the others' */
} shapes[] = {
	{ "16 addresses", 16, 16, 2, 0, NULL },
	{ "64000 addresses, frames to 1000", 64000, 1000, 2, 0, &shapes[0] },
	{ "64000 addresses, frames to all", 64000, 64000, 2, 0, &shapes[0] },
	{ "16 addresses, 64 vifs, 62 idle", 16, 16, 64, 0, &shapes[0] },
	{ "one sends to one", 1, 1, 2, 0, NULL },
	{ "8 VMs, each to all others", 1, 1, 8, 8, &shapes[4] },
};

enum { SHAPES = sizeof(shapes) / sizeof(shapes[0]), MTU = 1500 };

/* Each has a daemon of its own; those whose turn it is not sleep. */
struct scene {
	struct options options;
	struct relay_daemon daemon;
	struct relay relay;
	bool started, opened;
	double rates[STATISTICS_SAMPLES_MAX];
	unsigned int nr_rates;
};

struct growth_bench {
	struct scene scenes[SHAPES];
	const struct suite *suite;
};

static int run(void *arg, unsigned int at, double seconds, double *figures)
{
	struct growth_bench *bench = arg;
	struct scene *scene = &bench->scenes[at];
	struct relay_result result;
	int err = relay_run(&scene->relay, seconds, 0, scene->options.sizes.list[0],
			    scene->options.payload == PAYLOAD_WHOLE ? RELAY_WHOLE : RELAY_HEAD,
			    &result);

	if (err)
		return err;
	figures[0] = (double)result.received * 1e3 / (double)result.ns;
	if (!bench->suite->warming && scene->nr_rates < STATISTICS_SAMPLES_MAX)
		scene->rates[scene->nr_rates++] = figures[0];
	return 0;
}

/* Each ratio is that of two runs of one round. */
static void tell(void *arg, unsigned int at, struct report *report)
{
	const struct growth_bench *bench = arg;
	const struct scene *scene = &bench->scenes[at];
	const struct shape *former = shapes[at].former;
	double ratios[STATISTICS_SAMPLES_MAX];
	struct statistics statistics;
	uint64_t counts[RELAY_COUNTS];

	for (unsigned int i = 0; former && i < scene->nr_rates; i++)
		ratios[i] = scene->rates[i] / bench->scenes[former - shapes].rates[i];
	relay_sum(&scene->relay, counts);
	report_number(report, "missing", NULL, counts[RELAY_SENT] - counts[RELAY_RECEIVED]);
	if (!former || statistics_summarise(&statistics, ratios, scene->nr_rates))
		return;
	report_decimal(report, "of_smaller", "of the smaller", statistics.median, 3);
	report_decimal(report, "of_smaller_low", "95 % from", statistics.low, 3);
	report_decimal(report, "of_smaller_high", "to", statistics.high, 3);
}

static int open_scene(struct scene *scene, const struct options *options, const struct shape *shape,
		      const int cpus[2])
{
	char error[RELAY_ERROR_BYTES], reason[RELAY_TEXT_BYTES];

	scene->options = *options;
	scene->options.macs = shape->macs;
	scene->options.destinations = shape->destinations;
	scene->options.attached = shape->attached;
	scene->options.vms = shape->vms;
	if (relay_daemon_start(&scene->daemon, &scene->options, MTU, cpus[1], error)) {
		log_complain("%s", error);
		return EXIT_NO_DAEMON;
	}
	scene->started = true;
	if (relay_open(&scene->relay, &scene->options, MTU, cpus, reason)) {
		log_complain("cannot measure: growth: %s", reason);
		return EXIT_FAILED;
	}
	scene->opened = true;
	return EXIT_DONE;
}

static int close_scene(struct scene *scene)
{
	char error[RELAY_ERROR_BYTES];

	if (scene->opened)
		relay_close(&scene->relay);
	if (!scene->started || !relay_daemon_stop(&scene->daemon, error))
		return EXIT_DONE;
	log_complain("%s", error);
	return EXIT_FAILED;
}

static const char *explain(int err)
{
	return err == -ETIMEDOUT  ? "no frame moves any more"
	       : err == -ENETDOWN ? "a vif went down"
				  : NULL;
}

int growth_bench_run(const struct options *options, struct report *report)
{
	static const struct report_name names[] = {
		{ "mpps", "mpps_low", "mpps_high", "Mpps", .places = 3 },
	};
	static struct growth_bench bench;
	static struct suite suite;
	int status = EXIT_DONE;

	suite = (struct suite){ .options = options,
				.names = names,
				.nr_figures = 1,
				.arg = &bench,
				.run = run,
				.tell = tell,
				.explain = explain };
	bench.suite = &suite;
	if (suite_place(&suite, report))
		return EXIT_FAILED;
	for (unsigned int i = 0; !status && i < SHAPES; i++) {
		suite_add(&suite, "%s", shapes[i].name);
		status = open_scene(&bench.scenes[i], options, &shapes[i], suite.cpus);
	}
	if (!status && suite_run(&suite, report))
		status = EXIT_FAILED;
	for (unsigned int i = 0; i < SHAPES; i++)
		if (close_scene(&bench.scenes[i]))
			status = EXIT_FAILED;
	return status;
}
