#include "bench/lab/experiments.h"
#include "bench/lab/trace_rig.h"

static const struct trace_setup setup = { .guest = { GUEST_SETUP_TOLD } };

enum { ADAPTIVE, USECS, FRAMES, BELIEF };

/* Fixed settings: none, by time, by time and count. */
static const struct fixed {
	uint32_t usecs, frames;
} fixed[] = { { 0, 1 }, { 10, 0 }, { 20, 0 }, { 50, 0 }, { 100, 0 }, { 200, 0 }, { 50, 32 } };

enum { NR_FIXED = sizeof(fixed) / sizeof(fixed[0]) };

static const struct lab_sweep sweep = {
	.name = "trace",
	.rig = &trace_rig,
	.setup = &setup,
	.factors = {
		[ADAPTIVE] = { "adaptive_rx", offsetof(struct trace_setup, guest.adaptive_rx), NULL },
		[USECS] = { "rx_usecs", offsetof(struct trace_setup, guest.rx_usecs), NULL },
		[FRAMES] = { "rx_frames", offsetof(struct trace_setup, guest.rx_frames), NULL },
		[BELIEF] = { "wakeup_percent", offsetof(struct trace_setup, belief),
			     trace_beliefs },
	},
	.grids = {
		{ LAB_IN_ALL,
		  { [ADAPTIVE] = { 1, { 1 } }, [USECS] = { 1, { 0 } }, [FRAMES] = { 1, { 1 } } } },
		{ LAB_IN_ALL,
		  { [ADAPTIVE] = { 1, { 1 } }, [USECS] = { 1, { 0 } }, [FRAMES] = { 1, { 1 } },
		    [BELIEF] = { 2, { TRACE_HALF, TRACE_DOUBLE } } } },
		{ LAB_IN_ALL,
		  { [ADAPTIVE] = { 1, { 0 } }, [USECS] = { 1, { 0 } }, [FRAMES] = { 1, { 1 } } } },
		{ LAB_IN_ALL,
		  { [ADAPTIVE] = { 1, { 0 } }, [USECS] = { 5, { 10, 20, 50, 100, 200 } },
		    [FRAMES] = { 1, { 0 } } } },
		{ LAB_IN_ALL,
		  { [ADAPTIVE] = { 1, { 0 } }, [USECS] = { 1, { 50 } }, [FRAMES] = { 1, { 32 } } } },
	},
	.measure_ms = 1000, /* five rounds */
	.repeats = { [LAB_QUICK] = 5, [LAB_FULL] = 24 },
};

static struct interval of_belief(const struct summaries *summaries, const char *column,
				 enum trace_belief belief)
{
	return judge_at(summaries, column,
			WHERE({ "adaptive_rx", 1 }, { "wakeup_percent", belief }));
}

static struct interval of_adaptive(const struct summaries *summaries, const char *column)
{
	return of_belief(summaries, column, TRACE_USUAL);
}

static struct interval of_fixed(const struct summaries *summaries, const char *column,
				const struct fixed *setting)
{
	return judge_at(summaries, column,
			WHERE({ "adaptive_rx", 0 }, { "rx_usecs", setting->usecs },
			      { "rx_frames", setting->frames }));
}

/* The fixed setting with the lowest middle. */
static const struct fixed *best_of(const struct summaries *summaries, const char *column)
{
	const struct fixed *best = &fixed[0];

	for (unsigned int i = 1; i < NR_FIXED; i++)
		if (of_fixed(summaries, column, &fixed[i]).mid <
		    of_fixed(summaries, column, best).mid)
			best = &fixed[i];
	return best;
}

static void judge_regret(struct judge *judge, const struct summaries *summaries)
{
	static const char *const costs[] = { "cost_p50", "cost_p99" };

	for (unsigned int i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		const struct fixed *best = best_of(summaries, costs[i]);

		judge_above(judge,
			    interval_ratio(of_fixed(summaries, costs[i], best),
					   of_adaptive(summaries, costs[i])),
			    0.9,
			    "%s of the trace, the best fixed setting (%u us, %u frames) to "
			    "the adaptive one",
			    costs[i], best->usecs, best->frames);
	}
}

/* Of a light phase on processors that do not halt, to no aggregation. */
static struct interval to_plain(const struct summaries *summaries, const char *awake,
				const char *plain)
{
	return interval_ratio(of_adaptive(summaries, awake), of_adaptive(summaries, plain));
}

static void judge_light(struct judge *judge, const struct summaries *summaries)
{
	struct interval halting = interval_ratio(of_adaptive(summaries, "light_p50_us"),
						 of_fixed(summaries, "light_p50_us", &fixed[0]));

	judge_below(judge, to_plain(summaries, "awake_p50_us", "plain_p50_us"), 1.1,
		    "median latency at 1,000 frames/s, adaptive to no aggregation");
	judge_remark(judge, "on processors that may halt, in runs of their own: %.4g [%.4g, %.4g]",
		     halting.mid, halting.low, halting.high);
}

static void judge_light_slowest(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, to_plain(summaries, "awake_p99_us", "plain_p99_us"), 1.1,
		    "the slowest of 40 frames, adaptive to no aggregation");
}

static void judge_heavy(struct judge *judge, const struct summaries *summaries)
{
	const struct fixed *best = best_of(summaries, "heavy_cost_p99");

	judge_below(judge,
		    interval_ratio(of_adaptive(summaries, "heavy_irq_per_frame"),
				   of_fixed(summaries, "heavy_irq_per_frame", best)),
		    1.1,
		    "interrupts per frame at 300,000 frames/s, adaptive to the fixed setting "
		    "that costs least there (%u us, %u frames)",
		    best->usecs, best->frames);
}

static void judge_belief(struct judge *judge, const struct summaries *summaries)
{
	static const char *const columns[] = { "cost_p50", "heavy_irq_per_frame" };

	for (enum trace_belief i = TRACE_HALF; i <= TRACE_DOUBLE; i++) {
		struct interval slowest = interval_ratio(of_belief(summaries, "cost_p99", i),
							 of_adaptive(summaries, "cost_p99"));

		for (unsigned int j = 0; j < 2; j++)
			judge_within(judge,
				     interval_ratio(of_belief(summaries, columns[j], i),
						    of_adaptive(summaries, columns[j])),
				     0.9, 1.1, "%s, %s %% of the wake-up's cost to 100", columns[j],
				     trace_beliefs[i]);
		judge_remark(judge, "cost_p99: %.4g [%.4g, %.4g]", slowest.mid, slowest.low,
			     slowest.high);
	}
}

const struct lab_experiment x18_adaptive = {
	.number = 18,
	.title = "The adaptive controller over a load that changes",
	.hypothesis = "A setting that is right for one load is wrong for another; one that follows "
		      "the load is never far from the best, and better than any over all.",
	.sizes = LAB_IN_ALL,
	.sweep = &sweep,
	.columns = { "cost_p50", "cost_p99", "light_p50_us", "light_p99_us",
		     "heavy_irq_per_frame", "heavy_p99_us", "awake_p50_us", "plain_p50_us" },
	.claims = {
		{ "left open by the source: the mechanism that picks the setting",
		  "Over the changing load no fixed setting beats the adaptive default.",
		  "holds if no fixed setting's cost of the trace is more than 10 % lower, by the "
		  "median and by the 99th percentile both",
		  judge_regret },
		{ "left open by the source", "At light load it costs no latency.",
		  "holds if the median is within 10 % of that without aggregation, in turns with "
		  "it on processors that are kept from halting",
		  judge_light },
		{ "left open by the source", "Nor do its slowest frames take longer there.",
		  "holds if the slowest frame of a visit, of 40, is within 10 % likewise",
		  judge_light_slowest },
		{ "left open by the source", "At heavy load it saves as many interrupts as the best.",
		  "holds if interrupts per frame are within 10 % of those of the fixed setting with "
		  "the lowest cost there (by the 99th percentile)",
		  judge_heavy },
		{ "left open by the source",
		  "What a wake-up costs need not be known exactly.",
		  "holds if with half and with twice of what the controller believes a wake-up to "
		  "cost, in frames, the trace costs as much by the median, and interrupts per "
		  "frame at heavy load are as many, within 10 %",
		  judge_belief },
	},
	.figures = {
		{ .name = "cost", .title = "The cost of the trace (99th percentile)", .x = "rx_usecs",
		  .y = "cost_p99", .xlabel = "rx-usecs (adaptive: at 0)", .ylabel = "us",
		  .series = "adaptive_rx" },
	},
};
