#include "bench/lab/trace_rig.h"

#include <math.h>
#include <string.h>

enum { PHASES = 4, TARGET_US = 100, LOSS_US = 10 };

static const struct phase {
	uint32_t rate_pps, burst;
} phases[PHASES] = { { 1000, 1 }, { 300000, 1 }, { 20000, 1 }, { 50000, 32 } };

enum told { COST_P50, COST_P99, P50, P99, IRQ_PER_FRAME, CPU_US, LOSS, TOLD };

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

static void tell_phase(const struct lab_result *of, double *told)
{
	double backend_us = value(of, "cpu_backend_percent") * 1e4 / value(of, "goodput_pps");

	told[P50] = value(of, "p50_us");
	told[P99] = value(of, "p99_us");
	told[IRQ_PER_FRAME] = value(of, "irq_per_frame");
	told[LOSS] = value(of, "loss_percent");
	told[CPU_US] = value(of, "guest_ns_per_frame") / 1000 + backend_us;
	told[COST_P50] = cost(told[CPU_US], told[P50], told[LOSS]);
	told[COST_P99] = cost(told[CPU_US], told[P99], told[LOSS]);
}

static void note_lateness(const struct lab_result *of, struct lab_result *result)
{
	if (of->late.p99_us * result->late.bound_us < result->late.p99_us * of->late.bound_us)
		return; /* relative to what is borne, the others were later */
	result->late = of->late;
}

static int trace_run(void *rig, const void *setup, const struct lab_window *window,
		     struct lab_result *result, char error[LAB_ERROR_BYTES])
{
	const struct lab_window each = { 0, window->measure_ns / PHASES, 0 };
	struct guest_setup settings = *(const struct guest_setup *)setup;
	double logs[2] = { 0, 0 };
	int err = 0;

	result->late = (struct lateness){ .bound_us = 1 };
	for (unsigned int i = 0; !err && i < PHASES; i++) {
		double *told = &result->values[2 + i * TOLD];
		struct lab_result of = { 0 };

		settings.rate_pps = phases[i].rate_pps;
		settings.burst = phases[i].burst;
		err = guest_rig.run(rig, &settings, &each, &of, error);
		if (err)
			break;
		tell_phase(&of, told);
		note_lateness(&of, result);
		logs[0] += log(told[COST_P50]) / PHASES;
		logs[1] += log(told[COST_P99]) / PHASES;
	}
	result->values[0] = exp(logs[0]);
	result->values[1] = exp(logs[1]);
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
