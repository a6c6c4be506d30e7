#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

static const struct guest_setup setup = {
	GUEST_SETUP_USUAL,
	.load_percent = 10,
	.app_cost_us = 2,
	.placement = GUEST_SHARED,
};

enum { MODE, SPIN, LOAD };

#define NONE      \
	{         \
		1,  \
		{ \
			0 \
		} \
	}
#define ONE(mode)      \
	{              \
		1,       \
		{      \
			mode \
		}      \
	}
#define LOADS                              \
	{                                  \
		6,                         \
		{                          \
			1, 5, 10, 30, 60, 90 \
		}                          \
	}

static const struct lab_sweep sweep = {
	.name = "polling",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[MODE] = { "mode", offsetof(struct guest_setup, mode), guest_modes },
		[SPIN] = { "spin_us", offsetof(struct guest_setup, spin_us), NULL },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
	},
	.grids = {
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = { 3, { RECEIVER_IRQ_PER_FRAME, RECEIVER_NAPI, RECEIVER_POLL } },
		    [SPIN] = NONE, [LOAD] = LOADS } },
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = ONE(RECEIVER_NAPI), [SPIN] = { 4, { 5, 20, 50, 100 } },
		    [LOAD] = LOADS } },
	},
};

#define AT(name, mode_, spin, load_) \
	judge_at(summaries, name, WHERE({ "mode", mode_ }, { "spin_us", spin }, { "load", load_ }))

static void judge_poll(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, AT("cpu_guest_percent", RECEIVER_POLL, 0, 1), 90,
		    "the guest's CPU at 1 %% load, polling");
	judge_below(judge,
		    interval_ratio(AT("p50_us", RECEIVER_POLL, 0, 1),
				   AT("p50_us", RECEIVER_NAPI, 0, 1)),
		    1, "median latency at 1 %% load, polling to NAPI");
}

/* What the slides hold against NAPI. */
static void judge_overhead(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int loads[] = { 1, 5, 10 };

	for (unsigned int i = 0; i < sizeof(loads) / sizeof(loads[0]); i++)
		judge_within(judge,
			     interval_ratio(AT("poll_ns_per_frame", RECEIVER_NAPI, 0, loads[i]),
					    AT("poll_ns_per_frame", RECEIVER_IRQ_PER_FRAME, 0,
					       loads[i])),
			     0, 1.1, "the driver's CPU per frame at %u %% load, NAPI to an "
				     "interrupt a frame",
			     loads[i]);
}

static void judge_hybrid(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge,
		    interval_ratio(AT("irq_per_frame", RECEIVER_NAPI, 50, 60),
				   AT("irq_per_frame", RECEIVER_NAPI, 0, 60)),
		    0.9, "irq per frame at 60 %% load, 50 us of spinning to none");
	judge_below(judge,
		    interval_ratio(AT("cpu_guest_percent", RECEIVER_NAPI, 50, 1),
				   AT("cpu_guest_percent", RECEIVER_POLL, 0, 1)),
		    0.5, "the guest's CPU at 1 %% load, 50 us of spinning to polling");
}

const struct lab_experiment x07_polling = {
	.number = 7,
	.title = "Programmed I/O, interrupts, and what lies between",
	.hypothesis = "Who polls finds a frame at once and pays with a processor; who is interrupted "
		      "sleeps and pays for each waking; who looks for a while before he sleeps has "
		      "the most of both.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "goodput_pps", "cpu_guest_percent", "poll_ns_per_frame", "irq_per_frame",
		     "empty_rounds_per_s", "p50_us", "p99_us" },
	.claims = {
		{ "slides, programmed I/O", "Polling takes the whole processor, and the least time.",
		  "holds if the guest's CPU at 1 % load is above 90 %, and the median below that of "
		  "NAPI",
		  judge_poll },
		{ "slides, NAPI: contras (its own overhead at light load)",
		  "At light load NAPI costs no more than an interrupt per frame.",
		  "holds if the driver's CPU per frame is less than 10 % above at 1, 5 and 10 % load",
		  judge_overhead },
		{ "left open by the source", "Looking for a while before sleeping lies between.",
		  "holds if 50 us of it take less than 90 % of the interrupts per frame at 60 % load "
		  "and less than half of polling's CPU at 1 %",
		  judge_hybrid },
	},
	.figures = {
		{ .name = "cpu", .title = "The guest's CPU", .x = "load", .y = "cpu_guest_percent",
		  .xlabel = "offered load, % of capacity", .ylabel = "% of a processor",
		  .series = "mode", .where = { { "spin_us", 0 } } },
		{ .name = "spin", .title = "Interrupts per frame by the time of spinning (NAPI)",
		  .x = "spin_us", .y = "irq_per_frame", .xlabel = "us", .ylabel = "irq per frame",
		  .series = "load", .where = { { "mode", RECEIVER_NAPI } } },
		{ .name = "latency", .title = "Median latency", .x = "load", .y = "p50_us",
		  .xlabel = "offered load, % of capacity", .ylabel = "us", .series = "mode",
		  .where = { { "spin_us", 0 } }, .log_y = true },
	},
};
