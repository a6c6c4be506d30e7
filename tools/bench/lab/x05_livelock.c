#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

/*
 * An application of 10 us a frame on the processor of the interrupts. An interrupt, or
 * a round of polling, has 5 us burnt: what it costs a thread that is awake anyway is
 * 1.2 us here, and far from what a device's interrupt costs a kernel.
 */
static const struct guest_setup setup = {
	GUEST_SETUP_CONTENDED,
	.round_cost_us = 5,
	.app_cost_us = 10,
};

enum { MODE, LOAD, SETTINGS };

#define ALL_MODES                                                                      \
	{                                                                              \
		RECEIVER_MODES,                                                        \
		{                                                                      \
			RECEIVER_IRQ_PER_FRAME, RECEIVER_NAPI, RECEIVER_NAPI_HANDOVER, \
				RECEIVER_NAPI_FEEDBACK, RECEIVER_POLL                  \
		}                                                                      \
	}

static const struct lab_sweep sweep = {
	.name = "livelock",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[MODE] = { "mode", offsetof(struct guest_setup, mode), guest_modes },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[SETTINGS] = { "settings", offsetof(struct guest_setup, settings), guest_settings },
	},
	.grids = {
		{ LAB_IN_QUICK,
		  { [MODE] = ALL_MODES, [LOAD] = { 4, { 50, 100, 200, 400 } } } },
		{ LAB_IN_BIG,
		  { [MODE] = ALL_MODES,
		    [LOAD] = { 8, { 10, 25, 50, 75, 100, 150, 200, 400 } } } },
		{ LAB_IN_EXHAUSTIVE, { [MODE] = ALL_MODES, [LOAD] = { 2, { 125, 300 } } } },
		{ LAB_IN_ALL,
		  { [MODE] = { 1, { RECEIVER_NAPI_FEEDBACK } }, [LOAD] = { 4, { 50, 100, 200, 400 } },
		    [SETTINGS] = { 1, { GUEST_DEFAULTS } } } },
	},
	/* One that is flagged leaves enough. */
	.repeats = { [LAB_QUICK] = 5 },
};

#define PLAIN                               \
	{                                   \
		"settings", GUEST_PLAIN     \
	}

/* Goodput at four times the capacity, of the best at any load. */
static struct interval remains(const struct summaries *summaries, enum receiver_mode mode)
{
	return interval_ratio(
		judge_at(summaries, "goodput_pps", WHERE({ "mode", mode }, { "load", 400 }, PLAIN)),
		judge_highest(summaries, "goodput_pps", WHERE({ "mode", mode }, PLAIN)));
}

static void judge_irq(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, remains(summaries, RECEIVER_IRQ_PER_FRAME), 0.5,
		    "an interrupt a frame: goodput at 400 %% load to the best");
}

static void judge_feedback(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, remains(summaries, RECEIVER_NAPI_FEEDBACK), 0.8,
		    "polling with feedback: goodput at 400 %% load to the best");
}

static void judge_apart(struct judge *judge, const struct summaries *summaries)
{
	judge_disjoint(judge, remains(summaries, RECEIVER_IRQ_PER_FRAME),
		       remains(summaries, RECEIVER_NAPI_FEEDBACK),
		       "what remains at 400 %% load, an interrupt a frame and with feedback");
}

const struct lab_experiment x05_livelock = {
	.number = 5,
	.title = "Receive livelock",
	.hypothesis = "Where each frame interrupts, interrupts go before the application: beyond "
		      "the capacity it gets less the more is offered, and the frames it does not "
		      "get were paid for. Polling makes them cheaper; a driver that stops while "
		      "the application's queue is full drops the rest where it costs nothing.",
	.sizes = LAB_IN_ALL,
	.sweep = &sweep,
	.columns = { "offered_pps", "goodput_pps", "irq_per_s", "drop_ring_pps", "drop_queue_pps",
		     "cpu_poll_percent", "cpu_app_percent" },
	.claims = {
		{ "slides, livelock; Mogul and Ramakrishnan 1997",
		  "With an interrupt per frame goodput collapses beyond the capacity.",
		  "holds if goodput at four times the capacity is below half of its best",
		  judge_irq },
		{ "slides, NAPI; Mogul and Ramakrishnan 1997",
		  "Polling with feedback from the full queue keeps the goodput.",
		  "holds if goodput at four times the capacity is above 80 % of its best",
		  judge_feedback },
		{ "slides, NAPI", "The two are apart beyond doubt.",
		  "holds if the intervals of what remains do not meet", judge_apart },
	},
	.figures = {
		{ .name = "goodput", .title = "Goodput under overload, application on the same processor",
		  .x = "load", .y = "goodput_pps", .xlabel = "offered load, % of capacity",
		  .ylabel = "frames/s", .series = "mode", .where = { { "settings", GUEST_PLAIN } },
		  .beside = { { "settings", GUEST_DEFAULTS } },
		  .beside_name = "feedback, all at its defaults" },
	},
};
