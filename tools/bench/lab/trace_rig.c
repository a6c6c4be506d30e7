#include "bench/lab/trace_rig.h"

#include <math.h>
#include <string.h>

#include "bench/statistics.h"

enum { VISIT_MS = 40, ROUNDS_MAX = 20, STEPS = 6, TARGET_US = 100, LOSS_US = 10 };

enum phase { LIGHT, HEAVY, SINGLE, BURSTS, PHASES };

static const struct load {
	uint32_t rate_pps, burst;
} loads[PHASES] = { { 1000, 1 }, { 300000, 1 }, { 20000, 1 }, { 50000, 32 } };

/* A round. */
static const enum phase steps[STEPS] = { LIGHT, HEAVY, LIGHT, SINGLE, LIGHT, BURSTS };

/* Of a visit; a row has those before TOLD of each phase. */
enum told {
	COST_P50,
	COST_P99,
	P50,
	P99,
	IRQ_PER_FRAME,
	CPU_US,
	LOSS,
	TOLD,
	LATE_MAX = TOLD,
	LATE_P999,
	LATE_P99,
	NOTED
};

#define PHASE(name)                                                                         \
	{ name "_cost_p50", 3 }, { name "_cost_p99", 3 }, { name "_p50_us", 1 },            \
		{ name "_p99_us", 1 }, { name "_irq_per_frame", 4 }, { name "_cpu_us", 3 }, \
	{                                                                                   \
		name "_loss_percent", 3                                                     \
	}

static const struct lab_column columns[] = {
	{ "cost_p50", 3 }, { "cost_p99", 3 }, PHASE("light"), PHASE("heavy"),
	PHASE("single"),   PHASE("bursts"),   { NULL, 0 },
};

static unsigned int column_of(const char *name)
{
	unsigned int i = 0;

	while (strcmp(guest_rig.columns[i].name, name))
		i++;
	return i;
}

static double value(const struct lab_result *result, const char *name)
{
	return result->values[column_of(name)];
}

static double cost(double cpu_us, double latency_us, double loss_percent)
{
	double beyond = latency_us > TARGET_US ? (latency_us - TARGET_US) / TARGET_US : 0;

	return cpu_us * (1 + beyond) + LOSS_US * loss_percent / 100;
}

/* Of all visits to a phase. */
struct visits {
	double of[NOTED][ROUNDS_MAX * STEPS];
	unsigned int n;
	double late_bound_us;
};

static void note_visit(const struct lab_result *of, struct visits *visits)
{
	double told[NOTED] = {
		[P50] = value(of, "p50_us"),
		[P99] = value(of, "p99_us"),
		[IRQ_PER_FRAME] = value(of, "irq_per_frame"),
		[CPU_US] = value(of, "guest_ns_per_frame") / 1000 +
			   value(of, "cpu_backend_percent") * 1e4 / value(of, "goodput_pps"),
		[LOSS] = value(of, "loss_percent"),
		[LATE_MAX] = of->late.max_us,
		[LATE_P999] = of->late.p999_us,
		[LATE_P99] = of->late.p99_us,
	};

	told[COST_P50] = cost(told[CPU_US], told[P50], told[LOSS]);
	told[COST_P99] = cost(told[CPU_US], told[P99], told[LOSS]);
	for (unsigned int i = 0; i < NOTED; i++)
		visits->of[i][visits->n] = isnan(told[i]) ? INFINITY : told[i];
	visits->n++;
	visits->late_bound_us = of->late.bound_us;
}

/* Of the phase that was the latest in relation to what is borne there. */
static void note_lateness(const struct visits *visits, const double *medians,
			  struct lab_result *result)
{
	const struct lateness late = { medians[LATE_MAX], medians[LATE_P999], medians[LATE_P99],
				       visits->late_bound_us };

	if (!result->late.bound_us ||
	    late.p99_us * result->late.bound_us > result->late.p99_us * late.bound_us)
		result->late = late;
}

static void tell(struct visits *visits, struct lab_result *result)
{
	double logs[2] = { 0, 0 };

	for (unsigned int i = 0; i < PHASES; i++) {
		double medians[NOTED];

		for (unsigned int j = 0; j < NOTED; j++)
			medians[j] = statistics_median(visits[i].of[j], visits[i].n);
		memcpy(&result->values[2 + i * TOLD], medians, TOLD * sizeof(*medians));
		note_lateness(&visits[i], medians, result);
		logs[0] += log(medians[COST_P50]) / PHASES;
		logs[1] += log(medians[COST_P99]) / PHASES;
	}
	result->values[0] = exp(logs[0]);
	result->values[1] = exp(logs[1]);
}

static unsigned int rounds_of(const struct lab_window *window)
{
	int64_t rounds = window->measure_ns / (STEPS * VISIT_MS * INT64_C(1000000));

	return rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : (unsigned int)rounds;
}

static int trace_run(void *rig, const void *setup, const struct lab_window *window,
		     struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	unsigned int rounds = rounds_of(window);
	const struct lab_window each = { 0, window->measure_ns / (STEPS * rounds), 0 };
	struct guest_setup settings = *(const struct guest_setup *)setup;
	struct visits visits[PHASES] = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < STEPS * rounds; i++) {
		enum phase phase = steps[i % STEPS];
		struct lab_result of = { .late = { 0 } };

		settings.rate_pps = loads[phase].rate_pps;
		settings.burst = loads[phase].burst;
		err = guest_rig.run(rig, &settings, &each, &of, error);
		if (!err)
			note_visit(&of, &visits[phase]);
	}
	if (!err)
		tell(visits, result);
	return err;
}

static int trace_open(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	return guest_rig.open(context, rig, error);
}

static void trace_close(void *rig)
{
	guest_rig.close(rig);
}

const struct lab_rig trace_rig = {
	.name = "trace",
	.setup_bytes = sizeof(struct guest_setup),
	.columns = columns,
	.open = trace_open,
	.run = trace_run,
	.close = trace_close,
};
