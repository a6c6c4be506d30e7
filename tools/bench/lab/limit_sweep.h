/*
 * The sweep of limits that X1, X2, X3 and X13 look at, and how they name its points.
 */
#ifndef LAB_LIMIT_SWEEP_H
#define LAB_LIMIT_SWEEP_H

#include "bench/lab/guest_rig.h"

extern const struct lab_sweep limit_sweep;

/* The source's rule for the end of polling, and nothing of our defaults. */
#define LIMIT_PLAIN                                \
	{ "complete", RECEIVER_COMPLETE_BUDGET },  \
	{                                          \
		"settings", GUEST_PLAIN            \
	}

/* With the cost of a round that its figures come to. */
#define LIMIT_OF_SOURCE(place)                                        \
	{ "placement", place }, { "round_cost_us", 20 }, LIMIT_PLAIN

/* What a guest and its backend do who nobody has set anything of. */
#define LIMIT_DEFAULTS(place)                                         \
	{ "placement", place }, { "round_cost_us", 20 },              \
		{ "complete", RECEIVER_COMPLETE_BUDGET },             \
	{                                                             \
		"settings", GUEST_DEFAULTS                            \
	}

/* That column with a round of 20 us. */
#define LIMIT_AT(name, limit_, load_, place) \
	judge_at(summaries, name,            \
		 WHERE({ "limit", limit_ }, { "load", load_ }, LIMIT_OF_SOURCE(place)))

/* A figure over the load, a line for each limit. */
#define LIMIT_FIGURE(place)                                                              \
	.x = "load", .x_max = 130, .xlabel = "offered load, % of capacity",              \
	.series = "limit", .where = { LIMIT_OF_SOURCE(place) },                          \
	.beside = { LIMIT_DEFAULTS(place) }, .beside_name = "limit 64, all at its defaults"

#endif
