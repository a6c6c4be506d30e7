#include "bench/lab/experiments.h"
#include "bench/lab/segments_rig.h"

static const struct segments_setup setup = { .mtu = 1500 };

static const struct lab_sweep sweep = {
	.name = "X8",
	.rig = &segments_rig,
	.setup = &setup,
	.factors = { { "merging", offsetof(struct segments_setup, merging), segments_mergings },
		     { "mtu", offsetof(struct segments_setup, mtu), NULL },
		     { "device_mtu", offsetof(struct segments_setup, device_mtu), NULL } },
	.grids = { { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 4, { SEGMENTS_OFF, SEGMENTS_GSO, SEGMENTS_GRO, SEGMENTS_BOTH } },
		       { 3, { 1500, 9000, SEGMENTS_MTU_BIG } } } },
		   { LAB_IN_BIG | 1 << LAB_SMOKE,
		     { { 2, { SEGMENTS_OFF, SEGMENTS_GSO } },
		       { 1, { 9000 } },
		       { 1, { 1500 } } } } },
	.repeats = { [LAB_FULL] = 14 },
};

static struct interval at(const struct summaries *summaries, const char *column,
			  enum segments_merging merging, unsigned int mtu)
{
	return judge_at(summaries, column,
			WHERE({ "merging", merging }, { "mtu", mtu }, { "device_mtu", 0 }));
}

/* At an MTU of 1500, to what there is without any merging. */
static struct interval to_none(const struct summaries *summaries, const char *column,
			       enum segments_merging merging)
{
	return interval_ratio(at(summaries, column, merging, 1500),
			      at(summaries, column, SEGMENTS_OFF, 1500));
}

static void judge_gso(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, to_none(summaries, "frames_per_gbit", SEGMENTS_GSO), 0.2,
		    "frames a Gbit at an MTU of 1500, with GSO to without");
	judge_below(judge, to_none(summaries, "events_per_gbit", SEGMENTS_GSO), 1, "events a Gbit");
	judge_below(judge, to_none(summaries, "cpu_ms_per_gbit", SEGMENTS_GSO), 1,
		    "processor time a Gbit");
}

static void judge_gro(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge, to_none(summaries, "cpu_ms_per_gbit", SEGMENTS_GRO), 1,
		    "processor time a Gbit at an MTU of 1500, with GRO to without");
	judge_above(judge, to_none(summaries, "gbits_per_s", SEGMENTS_GRO), 1,
		    "Gbit/s with GRO to without it");
}

static void judge_mtu(struct judge *judge, const struct summaries *summaries)
{
	judge_within(judge,
		     interval_ratio(at(summaries, "frames_per_gbit", SEGMENTS_OFF, 1500),
				    at(summaries, "frames_per_gbit", SEGMENTS_OFF, 9000)),
		     5, 7, "frames a Gbit, an MTU of 1500 to one of 9000 (payloads: 6.2)");
	judge_above(judge,
		    interval_ratio(at(summaries, "gbits_per_s", SEGMENTS_GSO, 1500),
				   at(summaries, "gbits_per_s", SEGMENTS_OFF, 9000)),
		    1, "Gbit/s of GSO at 1500, to an MTU of 9000 without it");
}

/* To what kernels get through that believe what is so. */
static void judge_beyond(struct judge *judge, const struct summaries *summaries)
{
	for (enum segments_merging i = SEGMENTS_OFF; i <= SEGMENTS_GSO; i++)
		judge_below(
			judge,
			interval_ratio(judge_at(summaries, "gbits_per_s",
						WHERE({ "merging", i }, { "device_mtu", 1500 })),
				       at(summaries, "gbits_per_s", i, 1500)),
			0.01, "Gbit/s at an MTU of 9000 over a device of 1500, to 1500, GSO %s",
			i == SEGMENTS_OFF ? "off" : "on");
}

#define SOURCE "slides: GSO, GRO; Kuroda 2013, Mesclagem de Interrupções na Transmissão"

const struct lab_experiment x08_segments = {
	.number = 8,
	.title = "Big frames: GSO, GRO and the MTU",
	.hypothesis = "What a stream costs, it costs by the frame; who makes frames big does not "
		      "matter much.",
	.sizes = LAB_IN_BIG | 1 << LAB_SMOKE,
	.sweep = &sweep,
	.columns = { "gbits_per_s", "frames_per_gbit", "bytes_per_frame", "events_per_gbit",
		     "cpu_ms_per_gbit", "daemon_ms_per_gbit" },
	.claims = {
		{ SOURCE,
		  "Leaving the cutting to the device means fewer packets, and fewer interrupts.",
		  "at an MTU of 1500, GSO leaves less than a fifth of the frames of a Gbit, fewer "
		  "events and less processor time",
		  judge_gso },
		{ SOURCE, "Merging what arrives helps the receiver, too.",
		  "at an MTU of 1500, GRO alone takes less processor time a Gbit than nothing, and "
		  "carries more",
		  judge_gro },
		{ SOURCE " (the source: GSO deceives the MTU; it leaves the device's as it is)",
		  "GSO does what a bigger MTU would, without one.",
		  "frames of a Gbit fall as payloads grow (5 to 7 times from 1500 to 9000), and GSO "
		  "at 1500 carries more than an MTU of 9000 without it",
		  judge_mtu },
		{ SOURCE, "GSO does not raise the MTU of a device.",
		  "where both ends believe in an MTU of 9000 and the device has 1500, less than a "
		  "hundredth gets through, with GSO and without",
		  judge_beyond },
	},
	.figures = {
		{ .name = "rate",
		  .title = "One TCP connection between two VMs",
		  .x = "mtu",
		  .y = "gbits_per_s",
		  .xlabel = "MTU",
		  .ylabel = "Gbit/s",
		  .series = "merging",
		  .log_x = true,
		  .where = { { "device_mtu", 0 } } },
		{ .name = "cpu",
		  .title = "Processor time of all that takes part",
		  .x = "mtu",
		  .y = "cpu_ms_per_gbit",
		  .xlabel = "MTU",
		  .ylabel = "ms a Gbit",
		  .series = "merging",
		  .log_x = true,
		  .where = { { "device_mtu", 0 } } },
	},
};
