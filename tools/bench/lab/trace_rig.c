#include "bench/lab/trace_rig.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/adaptive.h"
#include "bench/lab/guest_counts.h"
#include "bench/statistics.h"

#define MS INT64_C(1000000)

enum {
	VISIT_MS = 40,
	ROUNDS_MAX = 20,
	STEPS = 13,
	STEPS_COSTING = 5,
	TARGET_US = 100,
	LOSS_US = 10
};

enum phase { LIGHT, HEAVY, SINGLE, BURSTS, AWAKE, PLAIN, PHASES, COSTING = AWAKE };

static const struct load {
	uint32_t rate_pps, burst, awake;
} loads[PHASES] = {
	[LIGHT] = { 1000, 1, 0 },    [HEAVY] = { 300000, 1, 0 }, [SINGLE] = { 20000, 1, 0 },
	[BURSTS] = { 50000, 32, 0 }, [AWAKE] = { 1000, 1, 1 },	 [PLAIN] = { 1000, 1, 1 },
};

/* A round. */
static const enum phase steps[STEPS] = { LIGHT, HEAVY,	AWAKE, PLAIN, PLAIN, AWAKE, SINGLE,
					 LIGHT, BURSTS, AWAKE, PLAIN, PLAIN, AWAKE };

const char *const trace_beliefs[] = {
	[TRACE_USUAL] = "100", [TRACE_HALF] = "50", [TRACE_DOUBLE] = "200"
};

/* A guest's rig for each, and one that is never told to aggregate. */
enum { PLAIN_RIG = TRACE_BELIEFS, RIGS };
struct trace {
	void *rigs[RIGS];
};

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
	{ "cost_p50", 3 }, { "cost_p99", 3 }, PHASE("light"), PHASE("heavy"), PHASE("single"),
	PHASE("bursts"),   PHASE("awake"),    PHASE("plain"), { NULL, 0 },
};

static double value(const struct lab_result *result, const char *name)
{
	return result->values[guest_column(name)];
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

		for (unsigned int j = 0; j < TOLD; j++)
			result->values[2 + i * TOLD + j] = NAN;
		if (!visits[i].n)
			continue;
		for (unsigned int j = 0; j < NOTED; j++)
			medians[j] = statistics_median(visits[i].of[j], visits[i].n);
		memcpy(&result->values[2 + i * TOLD], medians, TOLD * sizeof(*medians));
		note_lateness(&visits[i], medians, result);
		if (i >= COSTING)
			continue;
		logs[0] += log(medians[COST_P50]) / COSTING;
		logs[1] += log(medians[COST_P99]) / COSTING;
	}
	result->values[0] = exp(logs[0]);
	result->values[1] = exp(logs[1]);
}

static unsigned int rounds_of(const struct lab_window *window)
{
	int64_t rounds = window->measure_ns / (STEPS_COSTING * VISIT_MS * MS);

	return rounds < 1 ? 1 : rounds > ROUNDS_MAX ? ROUNDS_MAX : (unsigned int)rounds;
}

static int visit(const struct trace *trace, const struct trace_setup *setup, enum phase phase,
		 const struct lab_window *window, struct lab_result *result, char *error)
{
	struct guest_setup guest = setup->guest;

	guest.rate_pps = loads[phase].rate_pps;
	guest.burst = loads[phase].burst;
	guest.awake = loads[phase].awake;
	if (phase == PLAIN)
		guest.adaptive_rx = 0;
	return guest_rig.run(trace->rigs[phase == PLAIN ? PLAIN_RIG : setup->belief], &guest,
			     window, result, error);
}

/* Only the controller as it is is compared with nothing. */
static bool is_visited(const struct trace_setup *setup, enum phase phase)
{
	return phase < COSTING || (setup->guest.adaptive_rx && setup->belief == TRACE_USUAL);
}

static int trace_run(void *rig, const void *setup, const struct lab_window *window,
		     struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	unsigned int rounds = rounds_of(window);
	const struct lab_window each = { 0, window->measure_ns / (STEPS_COSTING * rounds), 0 };
	struct visits visits[PHASES] = { 0 };
	int err = 0;

	for (unsigned int i = 0; !err && i < STEPS * rounds; i++) {
		enum phase phase = steps[i % STEPS];
		struct lab_result of = { .late = { 0 } };

		if (!is_visited(setup, phase))
			continue;
		err = visit(rig, setup, phase, &each, &of, error);
		if (!err)
			note_visit(&of, &visits[phase]);
	}
	if (!err)
		tell(visits, result);
	return err;
}

static void trace_close(void *arg)
{
	struct trace *trace = arg;

	for (unsigned int i = 0; i < RIGS; i++)
		if (trace->rigs[i])
			guest_rig.close(trace->rigs[i]);
	free(trace);
}

/* The daemon that is started believes it. */
static int open_believing(struct trace *trace, const struct lab_context *context,
			  enum trace_belief belief, char *error)
{
	char ns[16];
	int err;

	snprintf(ns, sizeof(ns), "%d", ADAPTIVE_WAKEUP_NS * atoi(trace_beliefs[belief]) / 100);
	setenv("SPLITVIF_WAKEUP_NS", ns, 1);
	err = guest_rig.open(context, &trace->rigs[belief], error);
	unsetenv("SPLITVIF_WAKEUP_NS");
	return err;
}

static int trace_open(const struct lab_context *context, void **rig, char error[LAB_ERROR_BYTES])
{
	struct trace *trace = calloc(1, sizeof(*trace));
	int err = 0;

	if (!trace)
		return -ENOMEM;
	for (enum trace_belief i = TRACE_USUAL; !err && i < TRACE_BELIEFS; i++)
		err = open_believing(trace, context, i, error);
	if (!err)
		err = guest_rig.open(context, &trace->rigs[PLAIN_RIG], error);
	if (err)
		trace_close(trace);
	else
		*rig = trace;
	return err;
}

const struct lab_rig trace_rig = {
	.name = "trace",
	.setup_bytes = sizeof(struct trace_setup),
	.columns = columns,
	.open = trace_open,
	.run = trace_run,
	.close = trace_close,
};
