#include "bench/lab/experiments.h"
#include "bench/lab/limit_sweep.h"

#define AT(name, limit, place) LIMIT_AT(name, limit, 100, place)

static void judge_falls(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("poll_ns_per_frame", 1, GUEST_APART),
				   AT("poll_ns_per_frame", 64, GUEST_APART)),
		    1.2, "driver's CPU per frame at 100 %% load, apart, limit 1 to limit 64");
}

static void judge_flat(struct judge *judge, const struct summaries *summaries)
{
	judge_within(judge,
		     interval_ratio(AT("poll_ns_per_frame", 200, GUEST_APART),
				    AT("poll_ns_per_frame", 64, GUEST_APART)),
		     0.85, 1.15, "driver's CPU per frame at 100 %% load, apart, limit 200 to 64");
}

static void judge_busy(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("cpu_poll_percent", 1, GUEST_APART),
				   AT("cpu_poll_percent", 64, GUEST_APART)),
		    1, "driver's CPU at 100 %% load, apart, limit 1 to limit 64");
}

#define FIGURE(place, id, text)                                                            \
	{                                                                                  \
		.name = id, .title = text, .y = "cpu_guest_percent",                       \
		.ylabel = "CPU of the guest", LIMIT_FIGURE(place), .reference = "xen-cpu", \
	}

const struct lab_experiment x03_limit_cpu = {
	.number = 3,
	.title = "The limit and the processor",
	.hypothesis = "A round's cost is shared by its frames, so CPU per frame falls with the "
		      "limit until rounds are no longer full; from there on nothing changes.",
	.sizes = LAB_IN_ALL,
	.sweep = &limit_sweep,
	.columns = { "cpu_poll_percent", "cpu_app_percent", "poll_ns_per_frame",
		     "guest_ns_per_frame", "cpu_all_percent" },
	.shown = { { "round_cost_us", 20 }, { "complete", RECEIVER_COMPLETE_BUDGET } },
	.claims = {
		{ "Kuroda 2013, Uso de CPU (Xen: 78 % with limit 1, 48 % with 60)",
		  "A low limit costs more CPU.",
		  "holds if the driver uses more CPU with limit 1 than with 64 at 100 % load, apart",
		  judge_busy },
		{ "Kuroda 2013, Uso de CPU",
		  "CPU per packet falls with the limit.",
		  "holds if a frame costs the driver more than 1.2 times as much with limit 1 as "
		  "with 64 at 100 % load, apart",
		  judge_falls },
		{ "slides, limites altos são bons",
		  "Above some limit nothing is gained.",
		  "holds if limits 64 and 200 cost the same per frame within 15 %",
		  judge_flat },
	},
	.figures = {
		FIGURE(GUEST_APART, "cpu_apart", "CPU of the guest, application apart"),
		FIGURE(GUEST_SHARED, "cpu_shared",
		       "CPU of the guest, application on the same processor"),
		{ .name = "per_frame", .title = "The driver's CPU per frame, application apart",
		  .y = "poll_ns_per_frame", .ylabel = "ns a frame", LIMIT_FIGURE(GUEST_APART) },
	},
};
