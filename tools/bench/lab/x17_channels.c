#include "bench/lab/channels_rig.h"
#include "bench/lab/experiments.h"

static const char *const channel_words[] = { "split", "single" };

static const struct channels_setup usual = { .rate = 20000 };

enum { CHANNELS, RATIO, RATE };

#define BOTH                                            \
	{                                               \
		2,                                      \
		{                                       \
			CHANNELS_SPLIT, CHANNELS_SINGLE \
		}                                       \
	}

static const struct lab_sweep sweep = {
	.name = "channels",
	.rig = &channels_rig,
	.setup = &usual,
	.factors = {
		[CHANNELS] = { "channels", offsetof(struct channels_setup, channels), channel_words },
		[RATIO] = { "ratio", offsetof(struct channels_setup, ratio), NULL },
		[RATE] = { "rate", offsetof(struct channels_setup, rate), NULL },
	},
	.grids = {
		{ LAB_IN_QUICK, { [CHANNELS] = BOTH, [RATIO] = { 2, { 0, 100 } } } },
		{ LAB_IN_FULL, { [CHANNELS] = BOTH, [RATIO] = { 4, { 0, 10, 50, 100 } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [CHANNELS] = BOTH, [RATIO] = { 5, { 0, 10, 25, 50, 100 } },
		    [RATE] = { 3, { 5000, 20000, 100000 } } } },
	},
};

#define AT(name, channels_, ratio_) \
	judge_at(summaries, name,   \
		 WHERE({ "channels", channels_ }, { "ratio", ratio_ }, { "rate", 20000 }))

static void judge_spurious(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge, AT("rx_spurious_percent", CHANNELS_SINGLE, 100), 5,
		    "receive interrupts without a frame, %%, one channel, as many frames each way");
	judge_below(judge, AT("rx_spurious_percent", CHANNELS_SPLIT, 100), 0.5,
		    "the same with a channel for each direction");
	judge_below(judge, AT("rx_spurious_percent", CHANNELS_SINGLE, 0), 0.5,
		    "the same with one channel, frames one way only");
}

static void judge_cost(struct judge *judge, const struct summaries *summaries)
{
	static const char *const costs[] = { "irq_per_frame", "guest_ns_per_frame" };

	for (unsigned int i = 0; i < sizeof(costs) / sizeof(costs[0]); i++)
		judge_within(judge,
			     interval_ratio(AT(costs[i], CHANNELS_SINGLE, 100),
					    AT(costs[i], CHANNELS_SPLIT, 100)),
			     0.9, 1.1, "%s, as many frames each way, one channel to two", costs[i]);
}

const struct lab_experiment x17_channels = {
	.number = 17,
	.title = "An event channel for each direction",
	.hypothesis = "Where one channel serves both directions, the answer to a frame that was "
		      "sent interrupts the receiver, which finds nothing: the more, the more "
		      "alike the two directions are. With a channel each there is none of that.",
	.sizes = LAB_IN_BIG,
	.sweep = &sweep,
	.columns = { "rx_pps", "tx_pps", "irq_per_s", "irq_per_frame", "rx_spurious_percent",
		     "tx_spurious_percent", "cpu_guest_percent", "guest_ns_per_frame" },
	.claims = {
		{ "Xen's netif.h, feature-split-event-channels; left open by the source",
		  "One channel makes spurious interrupts, a channel for each direction none.",
		  "holds if, with as many frames each way, more than 5 % of the receive "
		  "interrupts find no frame with one channel, and less than 0.5 % with two; and "
		  "less than 0.5 % with one where frames go one way only",
		  judge_spurious },
		{ "left open by the source",
		  "For a thread that serves both directions the interrupts are as many, and as "
		  "dear, either way.",
		  "holds if interrupts and the guest's processor time per frame are within 10 % of "
		  "each other, with as many frames each way",
		  judge_cost },
	},
	.figures = {
		{ .name = "spurious", .title = "Receive interrupts that found no frame",
		  .x = "ratio", .y = "rx_spurious_percent",
		  .xlabel = "frames sent per 100 received", .ylabel = "% of receive interrupts",
		  .series = "channels", .where = { { "rate", 20000 } } },
		{ .name = "cpu", .title = "The guest's CPU per frame", .x = "ratio",
		  .y = "guest_ns_per_frame", .xlabel = "frames sent per 100 received",
		  .ylabel = "ns", .series = "channels", .where = { { "rate", 20000 } } },
	},
};
