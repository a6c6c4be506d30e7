#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

/*
 * Without suppression: the guest announces after each frame that it wants to be told of
 * the next one, so that every frame it has not seen is told of. With it: as it polls, or
 * waits for its application, it announces nothing, and the backend, which looks before it
 * calls, does not call.
 */
static const struct guest_setup setup = {
	GUEST_SETUP_CONTENDED,
	.app_cost_us = 8,
};

enum { MODE, LOAD, SETTINGS };

#define OFF_AND_ON                                                     \
	{                                                              \
		2,                                                     \
		{                                                      \
			RECEIVER_IRQ_PER_FRAME, RECEIVER_NAPI_FEEDBACK \
		}                                                      \
	}

static const struct lab_sweep sweep = {
	.name = "suppression",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[MODE] = { "mode", offsetof(struct guest_setup, mode), guest_modes },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[SETTINGS] = { "settings", offsetof(struct guest_setup, settings), guest_settings },
	},
	.grids = {
		{ LAB_IN_QUICK, { [MODE] = OFF_AND_ON, [LOAD] = { 3, { 5, 50, 150 } } } },
		{ LAB_IN_BIG,
		  { [MODE] = OFF_AND_ON, [LOAD] = { 7, { 1, 5, 10, 25, 50, 100, 150 } } } },
		{ LAB_IN_ALL,
		  { [MODE] = { 1, { RECEIVER_NAPI_FEEDBACK } }, [LOAD] = { 3, { 5, 50, 150 } },
		    [SETTINGS] = { 1, { GUEST_DEFAULTS } } } },
	},
	/* One that is flagged leaves enough. */
	.repeats = { [LAB_QUICK] = 5 },
};

#define AT(name, mode_, load_) \
	judge_at(summaries, name, WHERE({ "mode", mode_ }, { "load", load_ }, { "settings", GUEST_PLAIN }))

static void judge_none(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, AT("irq_per_frame", RECEIVER_NAPI_FEEDBACK, 150), 0.02,
		    "irq per frame at 150 %% load, with suppression");
	judge_below(judge, AT("kicks_per_frame", RECEIVER_NAPI_FEEDBACK, 150), 0.02,
		    "events sent per frame at 150 %% load, with suppression");
}

static void judge_needed(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, AT("irq_per_frame", RECEIVER_IRQ_PER_FRAME, 50), 0.5,
		    "irq per frame at 50 %% load, without suppression");
	judge_below(judge,
		    interval_ratio(AT("goodput_pps", RECEIVER_IRQ_PER_FRAME, 150),
				   AT("goodput_pps", RECEIVER_NAPI_FEEDBACK, 150)),
		    1, "goodput at 150 %% load, without suppression to with it");
}

const struct lab_experiment x12_suppression = {
	.number = 12,
	.title = "Suppressed notifications",
	.hypothesis = "A reader that says when it wants to be told is told next to never while it is "
		      "busy: the busier, the fewer events per frame, down to none.",
	.sizes = LAB_IN_ALL,
	.sweep = &sweep,
	.columns = { "goodput_pps", "irq_per_frame", "kicks_per_frame", "suppressed_per_s",
		     "poll_ns_per_frame", "p50_us", "p99_us" },
	.claims = {
		{ "slides, I/O channel and descriptor ring",
		  "With suppression events per frame go to zero at high load.",
		  "holds if there are less than 0.02 interrupts and events a frame at 150 % load",
		  judge_none },
		{ "slides, interrupts", "Without it each frame costs an interrupt, and goodput.",
		  "holds if there are more than 0.5 interrupts a frame at 50 % load, and less goodput "
		  "at 150 %",
		  judge_needed },
	},
	.figures = {
		{ .name = "irq", .title = "Interrupts per frame", .x = "load", .y = "irq_per_frame",
		  .xlabel = "offered load, % of capacity", .ylabel = "irq per frame",
		  .series = "mode", .where = { { "settings", GUEST_PLAIN } },
		  .beside = { { "settings", GUEST_DEFAULTS } },
		  .beside_name = "feedback, all at its defaults" },
	},
};
