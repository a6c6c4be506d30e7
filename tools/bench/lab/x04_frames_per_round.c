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
		  { [LOAD] = { 4, { 85, 100, 115, 500 } }, [BURST] = { 3, { 1, 8, 64 } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [LOAD] = { 8, { 70, 80, 90, 95, 100, 105, 115, 500 } },
		    [BURST] = { 3, { 1, 8, 64 } }, [LIMIT] = { 3, { 8, 64, 200 } } } },
	},
};

static struct interval mean_at(const struct summaries *summaries, unsigned int load,
			       unsigned int burst)
{
	return judge_at(summaries, "frames_per_round",
			WHERE({ "load", load }, { "burst", burst }, { "limit", 64 }));
}

/* 100 % is what single frames can do. A burst is taken in one round at the price of one,
 * and the next comes when that is long over, but for the highest load. */
static void judge_grows(struct judge *judge, const struct summaries *summaries)
{
	static const struct {
		unsigned int burst, to;
	} rows[] = { { 1, 115 }, { 8, 500 } };

	for (unsigned int i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		judge_above(judge,
			    interval_ratio(mean_at(summaries, rows[i].to, rows[i].burst),
					   mean_at(summaries, 85, rows[i].burst)),
			    1, "bursts of %u: frames a round at %u %% load to those at 85 %%",
			    rows[i].burst, rows[i].to);
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
		  "holds if the mean over rounds that found any grows from 85 % to 115 % load for "
		  "single frames, and to 500 % for bursts of 8, which leave a round more time",
		  judge_grows },
	},
	.figures = {
		{ .name = "mean", .title = "Frames in a round, limit 64", .x = "load",
		  .y = "frames_per_round", .xlabel = "offered load, % of capacity",
		  .ylabel = "frames a round", .series = "burst", .log_y = true, .where = { { "limit", 64 } } },
	},
};
