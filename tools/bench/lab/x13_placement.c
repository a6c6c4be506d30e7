#include "bench/lab/experiments.h"
#include "bench/lab/limit_sweep.h"

#define AT(name, load, place) LIMIT_AT(name, 64, load, place)

/* Of a processor: less is not worth speaking of. */
enum { POINTS = 5 };

static void judge_saves(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("goodput_pps", 100, GUEST_APART),
				   AT("goodput_pps", 100, GUEST_SHARED)),
		    1.5, "goodput at 100 %% load, limit 64, apart to shared");
	judge_below(judge,
		    interval_ratio(AT("drop_queue_pps", 100, GUEST_APART),
				   AT("offered_pps", 100, GUEST_APART)),
		    0.02, "late loss at 100 %% load, apart, of what is offered");
}

static void judge_costs(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_difference(AT("cpu_all_percent", 60, GUEST_APART),
					AT("cpu_all_percent", 60, GUEST_SHARED)),
		    POINTS, "CPU of all at 60 %% load, limit 64, apart beyond shared, points");
}

static void judge_light(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_difference(AT("cpu_all_percent", 20, GUEST_APART),
					AT("cpu_all_percent", 20, GUEST_SHARED)),
		    POINTS, "CPU of all at 20 %% load, limit 64, apart beyond shared, points");
}

#define FIGURE(place, id, text, from)                                                      \
	{                                                                                  \
		.name = id, .title = text, .y = "cpu_all_percent",                         \
		.ylabel = "CPU of all, % of one processor", LIMIT_FIGURE(place),           \
		.reference = from,                                                         \
	}

const struct lab_experiment x13_placement = {
	.number = 13,
	.title = "The application's processor",
	.hypothesis = "On the processor of the soft interrupts an application gets what they "
		      "leave, which under load is nothing: frames are taken in and thrown away "
		      "late. On a processor of its own it gets them, and all that is done more "
		      "costs more. Apart means here: on the processor of generator and backend.",
	.sizes = LAB_IN_ALL,
	.sweep = &limit_sweep,
	.columns = { "goodput_pps", "drop_ring_pps", "drop_queue_pps", "cpu_poll_percent",
		     "cpu_app_percent", "cpu_all_percent", "handovers_per_s" },
	.shown = { { "round_cost_us", 20 }, { "complete", RECEIVER_COMPLETE_BUDGET } },
	.claims = {
		{ "slides, CPUs separadas; Kuroda 2013, VirtualBox com Afinidade de CPU",
		  "Separating the application's CPU from the soft interrupts' saves the bandwidth.",
		  "holds if goodput at 100 % load with limit 64 is more than 1.5 times as high "
		  "apart, and less than 2 % of what is offered is lost late",
		  judge_saves },
		{ "slides, CPUs separadas; Kuroda 2013, VirtualBox com Afinidade de CPU",
		  "It costs CPU.",
		  "holds if all processors together are busier by more than 5 points apart at 60 % "
		  "load, limit 64",
		  judge_costs },
		{ "Kuroda 2013, VirtualBox com Afinidade de CPU (+67 points at 100 Mbit/s)",
		  "It costs CPU at light load already, where nothing is lost either way.",
		  "holds if all processors together are busier by more than 5 points apart at 20 % "
		  "load, limit 64",
		  judge_light },
	},
	.figures = {
		FIGURE(GUEST_APART, "cpu_apart", "CPU of all, application apart",
		       "virtualbox-cpu-apart"),
		FIGURE(GUEST_SHARED, "cpu_shared",
		       "CPU of all, application on the same processor", "virtualbox-cpu-shared"),
	},
};
