#include "bench/lab/experiments.h"
#include "bench/lab/limit_sweep.h"

#define AT(name, limit_, load_, cost, place)                                              \
	judge_at(summaries, name,                                                         \
		 WHERE({ "limit", limit_ }, { "load", load_ }, { "round_cost_us", cost }, \
		       { "placement", place }, LIMIT_PLAIN))

static void judge_limit_1(struct judge *judge, const struct summaries *summaries)
{
	judge_below(judge,
		    interval_ratio(AT("goodput_pps", 1, 100, 20, GUEST_APART),
				   AT("goodput_pps", 64, 100, 20, GUEST_APART)),
		    0.9, "goodput at 100 %% load, apart, limit 1 to limit 64");
}

static void judge_limit_2(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("goodput_pps", 2, 100, 20, GUEST_APART),
				   AT("goodput_pps", 64, 100, 20, GUEST_APART)),
		    0.9, "goodput at 100 %% load, apart, limit 2 to limit 64");
}

static void judge_high(struct judge *judge, const struct summaries *summaries)
{
	for (unsigned int place = GUEST_APART; place <= GUEST_SHARED; place++) {
		struct interval more = interval_difference(AT("goodput_pps", 200, 100, 20, place),
							   AT("goodput_pps", 64, 100, 20, place));

		judge_within(
			judge, interval_ratio(more, AT("offered_pps", 64, 100, 20, place)), -0.1,
			0.1,
			"%s: goodput at 100 %% load, limit 200 less limit 64, of what is offered",
			guest_placements[place]);
	}
}

static void judge_shared(struct judge *judge, const struct summaries *summaries)
{
	judge_above(judge,
		    interval_ratio(AT("goodput_pps", 1, 120, 20, GUEST_SHARED),
				   AT("goodput_pps", 64, 120, 20, GUEST_SHARED)),
		    1, "goodput at 120 %% load, shared, limit 1 to limit 64");
}

static void judge_flat(struct judge *judge, const struct summaries *summaries)
{
	judge_within(judge,
		     interval_ratio(AT("goodput_pps", 1, 100, 0, GUEST_APART),
				    AT("goodput_pps", 64, 100, 0, GUEST_APART)),
		     0.9, 1.1, "goodput at 100 %% load, apart, no cost of a round, limit 1 to 64");
}

/* The time of a frame where rounds are full. */
static struct interval time_us(const struct summaries *summaries, unsigned int limit)
{
	return interval_ratio(interval_exact(1e6), AT("taken_pps", limit, 400, 20, GUEST_APART));
}

/* By least squares: c_p + c_r / limit is a line over 1 / limit. */
static void tell_fit(struct judge *judge, const struct summaries *summaries)
{
	static const unsigned int limits[] = { 1, 2, 4 };
	double n = 0, x = 0, y = 0, xx = 0, xy = 0, slope;

	for (unsigned int i = 0; i < sizeof(limits) / sizeof(limits[0]); i++, n++) {
		double share = 1.0 / limits[i], us = time_us(summaries, limits[i]).mid;

		x += share;
		y += us;
		xx += share * share;
		xy += share * us;
	}
	slope = (n * xy - x * y) / (n * xx - x * x);
	judge_remark(judge,
		     "by least squares c_r is %.1f us (20 of them are burnt, as timed on an idle "
		     "machine) and c_p %.1f; the source's figures give a c_r of 31 us for "
		     "VirtualBox, 18 for Xen, 42 for VMware",
		     slope, (y - slope * x) / n);
}

/* Limits 1 and 4 give the line; limit 2 has to lie on it. */
static void judge_model(struct judge *judge, const struct summaries *summaries)
{
	double one = time_us(summaries, 1).mid, four = time_us(summaries, 4).mid;
	double round = (one - four) / (1 - 0.25), frame = one - round;

	judge_within(judge,
		     interval_ratio(time_us(summaries, 2), interval_exact(frame + round / 2)), 0.9,
		     1.1, "time of a frame with limit 2 to what limits 1 and 4 predict");
	tell_fit(judge, summaries);
}

#define FIGURE(place, id, text, from)                                                      \
	{                                                                                  \
		.name = id, .title = text, .y = "goodput_pps", .ylabel = "goodput",        \
		LIMIT_FIGURE(place), .reference = from,                                    \
	}

const struct lab_experiment x02_limit_rate = {
	.number = 2,
	.title = "The limit and what is received, by the cost of a polling round",
	.hypothesis = "One parameter makes a limit matter: what a round costs beyond its frames "
		      "(an emulated card's trips to the hypervisor; here it is burnt, and no "
		      "claim is made to be VirtualBox, Xen or VMware). On a paravirtual ring it "
		      "is next to nothing, and the limit is of no matter for goodput.",
	.sizes = LAB_IN_ALL,
	.sweep = &limit_sweep,
	.columns = { "offered_pps", "goodput_pps", "taken_pps", "drop_ring_pps", "drop_queue_pps" },
	.shown = { { "complete", RECEIVER_COMPLETE_BUDGET } },
	.claims = {
		{ "Kuroda 2013, Banda X Limite (VirtualBox, Xen)",
		  "With limit 1 packets are lost.",
		  "holds if limit 1 has less than 90 % of limit 64's goodput at 100 % load, "
		  "application apart",
		  judge_limit_1 },
		{ "Kuroda 2013, Banda X Limite (VirtualBox, Xen)",
		  "A limit of 2 is enough, with the application on a processor of its own.",
		  "holds if limit 2 has more than 90 % of limit 64's goodput at 100 % load",
		  judge_limit_2 },
		{ "slides, limites altos são bons; Kuroda 2013, Banda X Limite",
		  "High limits do not differ from one another; the default of 64 needs no change.",
		  "holds if the goodputs of limits 64 and 200 differ by less than 10 % of what is "
		  "offered at 100 % load, in both placements",
		  judge_high },
		{ "Kuroda 2013, VirtualBox com Afinidade de CPU",
		  "With application and soft interrupts on one processor, a low limit receives "
		  "more (in the source's own data, against its text).",
		  "holds if limit 1 has more goodput than limit 64 at 120 % load",
		  judge_shared },
		{ "left open: no paravirtual driver was measured",
		  "On a paravirtual ring the limit stops mattering for goodput.",
		  "holds if limits 1 and 64 are within 10 % of one another at 100 % load, apart, "
		  "where a round costs nothing",
		  judge_flat },
		{ "this project's model of the source's data",
		  "The time of a frame is c_p + c_r / limit.",
		  "holds if limit 2 takes within 10 % of the time that limits 1 and 4 predict, at "
		  "400 % load",
		  judge_model },
	},
	.figures = {
		FIGURE(GUEST_APART, "goodput_apart", "Goodput, application apart",
		       "virtualbox-goodput-apart"),
		FIGURE(GUEST_SHARED, "goodput_shared",
		       "Goodput, application on the same processor", "virtualbox-goodput-shared"),
		{ .name = "taken", .title = "Taken by the driver at 400 % load, application apart",
		  .x = "limit", .y = "taken_pps", .xlabel = "limit", .ylabel = "frames/s",
		  .series = "round_cost_us", .log_x = true,
		  .where = { { "load", 400 }, { "placement", GUEST_APART }, LIMIT_PLAIN } },
	},
};
