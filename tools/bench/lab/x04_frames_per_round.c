#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

static const struct guest_setup setup = {
	GUEST_SETUP_USUAL,   .complete = RECEIVER_COMPLETE_BUDGET,
	.load_percent = 100, .round_cost_us = 20,
	.app_cost_us = 6,
};

enum { LOAD, BURST, LIMIT };

static const struct lab_sweep sweep = {
	.name = "frames per round",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[BURST] = { "burst", offsetof(struct guest_setup, burst), NULL },
		[LIMIT] = { "limit", offsetof(struct guest_setup, limit), NULL },
	},
	.grids = {
		{ LAB_IN_QUICK | LAB_IN_FULL,
		  { [LOAD] = { 3, { 85, 100, 115 } }, [BURST] = { 3, { 1, 8, 64 } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [LOAD] = { 7, { 70, 80, 90, 95, 100, 105, 115 } },
		    [BURST] = { 3, { 1, 8, 64 } }, [LIMIT] = { 3, { 8, 64, 200 } } } },
	},
};

static void judge_grows(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int bursts[] = { 1, 8 };

	for (unsigned int i = 0; i < sizeof(bursts) / sizeof(bursts[0]); i++) {
		struct interval below =
			judge_at(summaries, "frames_per_round",
				 WHERE({ "load", 85 }, { "burst", bursts[i] }, { "limit", 64 }));
		struct interval above =
			judge_at(summaries, "frames_per_round",
				 WHERE({ "load", 115 }, { "burst", bursts[i] }, { "limit", 64 }));

		judge_above(judge, interval_ratio(above, below), 1,
			    "bursts of %u: frames a round at 115 %% load to those at 85 %%",
			    bursts[i]);
	}
}

const struct lab_experiment x04_frames_per_round = {
	.number = 4,
	.title = "Frames in a round of polling",
	.hypothesis = "While a round lasts frames gather, and the next round takes them: the "
		      "nearer the capacity, the more. Bursts come as such.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "frames_per_round", "rounds_per_s", "irq_per_s", "rounds_of_1",
		     "rounds_of_2_3", "rounds_of_4_7", "rounds_of_8_15", "rounds_of_64_up" },
	.claims = {
		{ "slides, ciclo de varredura; Kuroda 2013 (8.2, 10.8, 15.3 packets a cycle)",
		  "More packets are taken per cycle the higher the load.",
		  "holds if the mean over rounds that found any grows from 85 % to 115 % load, "
		  "for single frames and bursts of 8",
		  judge_grows },
	},
	.figures = {
		{ .name = "mean", .title = "Frames in a round, limit 64", .x = "load",
		  .y = "frames_per_round", .xlabel = "offered load, % of capacity",
		  .ylabel = "frames a round", .series = "burst", .where = { { "limit", 64 } } },
	},
};
