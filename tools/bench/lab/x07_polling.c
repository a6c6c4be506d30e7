#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

static const struct guest_setup setup = {
	GUEST_SETUP_USUAL,
	.load_percent = 10,
	.app_cost_us = 2,
	.placement = GUEST_SHARED,
};

enum { MODE, SPIN, LOAD, COPIER, PLACEMENT, AWAKE };

#define NONE              \
	{                 \
		1,        \
		{         \
			0 \
		}         \
	}
#define ONE(mode)            \
	{                    \
		1,           \
		{            \
			mode \
		}            \
	}
#define LOADS                                \
	{                                    \
		6,                           \
		{                            \
			1, 5, 10, 30, 60, 90 \
		}                            \
	}

static const struct lab_sweep sweep = {
	.name = "polling",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[MODE] = { "mode", offsetof(struct guest_setup, mode), guest_modes },
		[SPIN] = { "spin_us", offsetof(struct guest_setup, spin_us), NULL },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[COPIER] = { "copier", offsetof(struct guest_setup, copier), guest_copiers },
		[PLACEMENT] = { "placement", offsetof(struct guest_setup, placement), guest_placements },
		[AWAKE] = { "awake", offsetof(struct guest_setup, awake), NULL },
	},
	.grids = {
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = { 3, { RECEIVER_IRQ_PER_FRAME, RECEIVER_NAPI, RECEIVER_POLL } },
		    [SPIN] = NONE, [LOAD] = LOADS } },
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = ONE(RECEIVER_NAPI), [SPIN] = { 4, { 5, 20, 50, 100 } },
		    [LOAD] = LOADS } },
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = { 2, { RECEIVER_NAPI, RECEIVER_POLL } }, [SPIN] = NONE,
		    [LOAD] = { 2, { 30, 90 } }, [COPIER] = ONE(GUEST_COPIED_BY_DRIVER) } },
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = { 2, { RECEIVER_NAPI, RECEIVER_POLL } }, [SPIN] = NONE,
		    [LOAD] = { 2, { 1, 30 } }, [PLACEMENT] = ONE(GUEST_APART) } },
		/* What a thread pays for a processor that wakes up differs from one time to the
		 * next by more than the two ways do. */
		{ LAB_IN_BIG | LAB_IN_QUICK,
		  { [MODE] = { 2, { RECEIVER_IRQ_PER_FRAME, RECEIVER_NAPI } }, [SPIN] = NONE,
		    [LOAD] = { 3, { 1, 5, 10 } }, [AWAKE] = ONE(1) } },
	},
	.measure_ms = 100,
	.repeats = { [LAB_QUICK] = 5, [LAB_FULL] = 16 },
};

#define OF(name, mode_, spin, load_, copier_, placement_)                         \
	judge_at(summaries, name,                                                 \
		 WHERE({ "mode", mode_ }, { "spin_us", spin }, { "load", load_ }, \
		       { "copier", copier_ }, { "placement", placement_ }, { "awake", 0 }))
#define AT(name, mode_, spin, load_) \
	OF(name, mode_, spin, load_, GUEST_COPIED_BY_BACKEND, GUEST_SHARED)
#define ALONE(name, mode_, load_) OF(name, mode_, 0, load_, GUEST_COPIED_BY_BACKEND, GUEST_APART)

static void judge_poll(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, ALONE("cpu_guest_percent", RECEIVER_POLL, 1), 90,
		    "the guest's CPU at 1 %% load, polling");
	judge_below(judge,
		    interval_ratio(ALONE("p50_us", RECEIVER_POLL, 1),
				   ALONE("p50_us", RECEIVER_NAPI, 1)),
		    1, "median latency at 1 %% load, polling to NAPI");
}

static void judge_poll_shared(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge,
		    interval_ratio(AT("p50_us", RECEIVER_POLL, 0, 1),
				   AT("p50_us", RECEIVER_NAPI, 0, 1)),
		    1, "median latency at 1 %% load, polling to NAPI");
}

static struct interval to_irq(const struct summaries *summaries, unsigned int load)
{
	const struct where *napi =
		WHERE({ "mode", RECEIVER_NAPI }, { "load", load }, { "awake", 1 });
	const struct where *irq =
		WHERE({ "mode", RECEIVER_IRQ_PER_FRAME }, { "load", load }, { "awake", 1 });

	return interval_ratio(judge_at(summaries, "poll_ns_per_frame", napi),
			      judge_at(summaries, "poll_ns_per_frame", irq));
}

/* What the slides hold against NAPI. */
static void judge_overhead(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int loads[] = { 1, 5, 10 };
	struct interval ratios[3];

	for (unsigned int i = 0; i < 3; i++) {
		ratios[i] = to_irq(summaries, loads[i]);
		judge_remark(judge, "at %u %% load: %.3g [%.3g, %.3g]", loads[i], ratios[i].mid,
			     ratios[i].low, ratios[i].high);
	}
	judge_below(judge, interval_mean(ratios, 3), 1.1,
		    "the driver's CPU per frame, NAPI to an interrupt a frame, all these together");
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

static void judge_copy(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(OF("poll_ns_per_frame", RECEIVER_NAPI, 0, 90,
				      GUEST_COPIED_BY_DRIVER, GUEST_SHARED),
				   AT("poll_ns_per_frame", RECEIVER_NAPI, 0, 90)),
		    1, "the driver's CPU per frame at 90 %% load, copying itself to not");
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
		  "NAPI, with the application on another processor",
		  judge_poll },
		{ "slides, programmed I/O", "So it does where the application has to share it.",
		  "holds if the median at 1 % load is below that of NAPI, with the application on the "
		  "same processor, which the poller leaves it for a part of the time",
		  judge_poll_shared },
		{ "slides, NAPI: contras (its own overhead at light load)",
		  "At light load NAPI costs no more than an interrupt per frame.",
		  "holds if the driver's CPU per frame is less than 10 % above at 1, 5 and 10 % load "
		  "(the geometric mean), on processors that are kept from halting",
		  judge_overhead },
		{ "left open by the source", "Looking for a while before sleeping lies between.",
		  "holds if 50 us of it take less than 90 % of the interrupts per frame at 60 % load "
		  "and less than half of polling's CPU at 1 %",
		  judge_hybrid },
		{ "slides, DMA", "Who need not copy has more of his processor left.",
		  "holds if the driver's CPU per frame of 1514 bytes at 90 % load is higher where it "
		  "copies them itself than where only the backend does",
		  judge_copy },
	},
	.figures = {
		{ .name = "cpu", .title = "The guest's CPU", .x = "load", .y = "cpu_guest_percent",
		  .xlabel = "offered load, % of capacity", .ylabel = "% of a processor",
		  .series = "mode", .where = { { "spin_us", 0 }, { "copier", GUEST_COPIED_BY_BACKEND }, { "awake", 0 },
			     { "placement", GUEST_SHARED } } },
		{ .name = "spin", .title = "Interrupts per frame by the time of spinning (NAPI)",
		  .x = "spin_us", .y = "irq_per_frame", .xlabel = "us", .ylabel = "irq per frame",
		  .series = "load",
		  .where = { { "mode", RECEIVER_NAPI }, { "copier", GUEST_COPIED_BY_BACKEND }, { "awake", 0 },
			     { "placement", GUEST_SHARED } } },
		{ .name = "latency", .title = "Median latency", .x = "load", .y = "p50_us",
		  .xlabel = "offered load, % of capacity", .ylabel = "us", .series = "mode",
		  .where = { { "spin_us", 0 }, { "copier", GUEST_COPIED_BY_BACKEND }, { "awake", 0 },
			     { "placement", GUEST_SHARED } },
		  .log_y = true },
	},
};
