#include "bench/lab/experiments.h"
#include "bench/lab/mismatch_rig.h"

static const struct mismatch_setup setup;

static const struct lab_sweep sweep = {
	.name = "X9",
	.rig = &mismatch_rig,
	.setup = &setup,
	.factors = { { "notify", offsetof(struct mismatch_setup, notify), mismatch_notifies },
		     { "consumer_percent", offsetof(struct mismatch_setup, consumer_percent),
		       NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 3, { MISMATCH_EVERY, MISMATCH_INDEX, MISMATCH_BATCHED } },
		       { 9, { 20, 50, 80, 95, 100, 105, 125, 200, 500 } } } } },
	.measure_ms = 150,
	.repeats = { [LAB_FULL] = 20 },
};

static struct interval share(const struct summaries *summaries, enum mismatch_notify notify,
			     unsigned int percent)
{
	return judge_at(summaries, "of_ideal",
			WHERE({ "notify", notify }, { "consumer_percent", percent }));
}

static void judge_dip(struct judge *judge, const struct summaries *summaries)
{
	struct interval equal = share(summaries, MISMATCH_INDEX, 100);

	judge_below(judge, interval_ratio(equal, share(summaries, MISMATCH_INDEX, 500)), 0.95,
		    "share of the ideal by event index, at equal speeds to a consumer five times "
		    "as slow");
	judge_below(judge, interval_ratio(equal, share(summaries, MISMATCH_INDEX, 20)), 0.95,
		    "to one five times as fast");
}

static void judge_batched(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(share(summaries, MISMATCH_BATCHED, 100),
				   share(summaries, MISMATCH_INDEX, 100)),
		    1.1, "frames a second at equal speeds, batched to event index");
	judge_above(judge,
		    interval_ratio(share(summaries, MISMATCH_INDEX, 100),
				   share(summaries, MISMATCH_EVERY, 100)),
		    1.1, "event index to an event each");
}

const struct lab_experiment x09_mismatch = {
	.number = 9,
	.title = "Producer and consumer of unequal speeds",
	.hypothesis = "Notified one by one, two that are about equally fast put each other to "
		      "sleep and wake each other up all the time.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "pps", "of_ideal", "kicks_per_frame", "consumer_wakes_per_frame",
		     "producer_wakes_per_frame" },
	.claims = {
		{ "Lettieri et al. 2017, on notification between producer and consumer",
		  "Throughput has a dip where both are equally fast.",
		  "at equal speeds less than 95 % of the share of the ideal that there is with a "
		  "consumer a fifth, and five times, as fast",
		  judge_dip },
		{ "slides: tx-frames, rx-frames; Kuroda 2013, Mesclagem de interrupções",
		  "Aggregating notifications by count raises throughput.",
		  "at equal speeds more than 10 % more frames a second batched than by event "
		  "index, and by event index than with an event each",
		  judge_batched },
	},
	.figures = {
		{ .name = "share",
		  .title = "Frames a second, of what the slower side could do",
		  .x = "consumer_percent",
		  .y = "of_ideal",
		  .xlabel = "consumer's cost of a frame, % of the producer's",
		  .ylabel = "share of the ideal",
		  .series = "notify",
		  .log_x = true },
		{ .name = "kicks",
		  .title = "Events a frame",
		  .x = "consumer_percent",
		  .y = "kicks_per_frame",
		  .xlabel = "consumer's cost of a frame, % of the producer's",
		  .ylabel = "events",
		  .series = "notify",
		  .log_x = true },
	},
};
