#include "bench/lab/experiments.h"
#include "bench/lab/guest_rig.h"

static const struct guest_setup setup = {
	GUEST_SETUP_USUAL,  .complete = RECEIVER_COMPLETE_BUDGET,
	.load_percent = 60, .round_cost_us = 20,
	.app_cost_us = 6,
};

enum { BURST, LOAD, LIMIT };

static const struct lab_sweep sweep = {
	.name = "burst",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[BURST] = { "burst", offsetof(struct guest_setup, burst), NULL },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[LIMIT] = { "limit", offsetof(struct guest_setup, limit), NULL },
	},
	.grids = {
		{ LAB_IN_QUICK | LAB_IN_FULL,
		  { [BURST] = { 5, { 1, 4, 16, 64, 512 } }, [LOAD] = { 3, { 20, 60, 90 } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [BURST] = { 7, { 1, 4, 16, 64, 128, 256, 512 } },
		    [LOAD] = { 5, { 10, 20, 60, 90, 100 } }, [LIMIT] = { 3, { 2, 64, 200 } } } },
	},
};

#define AT(name, burst_, load_) \
	judge_at(summaries, name, WHERE({ "burst", burst_ }, { "load", load_ }, { "limit", 64 }))

static void judge_cheaper(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge,
		    interval_ratio(AT("poll_ns_per_frame", 64, 60), AT("poll_ns_per_frame", 1, 60)),
		    0.8, "driver's CPU per frame at 60 %% load, bursts of 64 to single frames");
	judge_below(judge, interval_ratio(AT("irq_per_s", 64, 60), AT("irq_per_s", 1, 60)), 0.8,
		    "irq/s at 60 %% load, bursts of 64 to single frames");
}

static void judge_overflows(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_difference(AT("loss_percent", 512, 20), AT("loss_percent", 64, 20)), 1,
		    "loss at 20 %% load, bursts of 512 beyond bursts of 64, points");
}

const struct lab_experiment x19_burst = {
	.number = 19,
	.title = "Bursts at equal rates",
	.hypothesis = "Frames that come together are interrupted for and polled together, which is "
		      "cheaper; those of a burst beyond the ring (256) have nowhere to go.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "goodput_pps", "loss_percent", "irq_per_s", "frames_per_round",
		     "poll_ns_per_frame", "p50_us", "p99_us" },
	.claims = {
		{ "Kuroda 2013, VirtualBox com Afinidade de CPU: 61 at 700 but 510 at 800 Mbit/s",
		  "At equal rates CPU and interrupts depend on how bursty the sender is.",
		  "holds if bursts of 64 take less than 80 % of the driver's CPU per frame, and of "
		  "the interrupts, that single frames take at 60 % load",
		  judge_cheaper },
		{ "left open by the source", "Bursts beyond the ring lose frames at any rate.",
		  "holds if bursts of 512 lose at least 1 % more than those of 64 at 20 % load",
		  judge_overflows },
	},
	.figures = {
		{ .name = "cpu", .title = "The driver's CPU per frame, limit 64", .x = "burst",
		  .y = "poll_ns_per_frame", .xlabel = "frames in a burst", .ylabel = "ns a frame",
		  .series = "load", .log_x = true, .where = { { "limit", 64 } } },
		{ .name = "loss", .title = "Loss, limit 64", .x = "burst", .y = "loss_percent",
		  .xlabel = "frames in a burst", .ylabel = "% of what is offered",
		  .series = "load", .log_x = true, .where = { { "limit", 64 } } },
	},
};
