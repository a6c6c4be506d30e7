#include "bench/lab/experiments.h"
#include "bench/lab/limit_sweep.h"

static void judge_starving(struct judge *judge, const struct summaries *summaries)
{
	for (unsigned int place = GUEST_APART; place <= GUEST_SHARED; place++) {
		struct interval full = LIMIT_AT("irq_per_s", 1, 120, place);
		struct interval peak =
			judge_highest(summaries, "irq_per_s", WHERE({ "limit", 1 }, LIMIT_OF_SOURCE(place)));

		judge_below(judge, interval_ratio(full, peak), 0.05,
			    "%s: irq/s with limit 1 at 120 %% load, of its highest",
			    guest_placements[place]);
	}
}

static void judge_lasting(struct judge *judge, const struct summaries *summaries)
{
	for (unsigned int place = GUEST_APART; place <= GUEST_SHARED; place++) {
		struct interval low = LIMIT_AT("irq_per_s", 1, 100, place);
		struct interval high = LIMIT_AT("irq_per_s", 64, 100, place);

		judge_below(judge, interval_ratio(low, high), 0.5,
			    "%s: irq/s at 100 %% load, limit 1 to limit 64",
			    guest_placements[place]);
	}
}

static void judge_paravirtual(struct judge *judge, const struct summaries *summaries)
{
	struct interval cheap = judge_at(summaries, "irq_per_s",
					 WHERE({ "limit", 1 }, { "load", 100 },
					       { "round_cost_us", 0 }, { "placement", GUEST_APART },
					       LIMIT_PLAIN));

	judge_above(judge, cheap, 1000, "irq/s with limit 1 at 100 %% load, rounds without a cost");
}

#define FIGURE(place, id, text)                                                           \
	{                                                                                 \
		.name = id, .title = text, .y = "irq_per_s", .ylabel = "interrupts/s", \
		LIMIT_FIGURE(place), .reference = "virtualbox-irq", \
	}

const struct lab_experiment x01_limit_irq = {
	.number = 1,
	.title = "The limit and interrupts",
	.hypothesis = "Interrupts rise with the load, and fall where polling no longer ends; the "
		      "lower the limit, the earlier. With limit 1 they end altogether, because a "
		      "round that takes one frame never takes less than the limit.",
	.sizes = LAB_IN_ALL,
	.sweep = &limit_sweep,
	.columns = { "offered_pps", "irq_per_s", "rounds_per_s", "frames_per_irq",
		     "handovers_per_s" },
	.shown = { { "round_cost_us", 20 }, { "complete", RECEIVER_COMPLETE_BUDGET } },
	.claims = {
		{ "Kuroda 2013, Interrupções (VirtualBox, Xen)",
		  "With limit 1 polling never ends under load, and interrupts go to zero.",
		  "holds if irq/s at 120 % load are below 5 % of their highest over all loads, in "
		  "both placements",
		  judge_starving },
		{ "slides, limite e interrupções; Kuroda 2013, Interrupções",
		  "A lower limit loses its interrupts earlier than a higher one.",
		  "holds if limit 1 has less than half the irq/s of limit 64 at 100 % load, in "
		  "both placements",
		  judge_lasting },
		{ "left open: no paravirtual driver was measured",
		  "On a ring whose rounds cost nothing, limit 1 has interrupts at full load.",
		  "holds if there are more than 1000 irq/s",
		  judge_paravirtual },
	},
	.figures = {
		FIGURE(GUEST_APART, "irq_apart", "Interrupts, application apart"),
		FIGURE(GUEST_SHARED, "irq_shared", "Interrupts, application on the same processor"),
	},
};
