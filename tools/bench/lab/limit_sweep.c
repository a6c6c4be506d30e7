#include "bench/lab/limit_sweep.h"

/*
 * The source's card has a cost for each round of polling, which is what makes a limit
 * matter: 20 us, about what its figures come to. The application takes 6 us a frame, so
 * that frames come a few to a round where it is at its limits, as they did there.
 * Interrupts and polling end by NAPI's own rule, and where polling does not end it is
 * handed over, as Linux does both.
 */
static const struct guest_setup setup = {
	GUEST_SETUP_USUAL,   .complete = RECEIVER_COMPLETE_BUDGET,
	.load_percent = 100, .round_cost_us = 20,
	.app_cost_us = 6,
};

enum { LIMIT, LOAD, ROUND_COST, PLACEMENT, COMPLETE, SETTINGS };

#define BOTH                                      \
	{                                         \
		2,                                \
		{                                 \
			GUEST_APART, GUEST_SHARED \
		}                                 \
	}
#define BOTH_RULES                                                        \
	{                                                                 \
		2,                                                        \
		{                                                         \
			RECEIVER_COMPLETE_EMPTY, RECEIVER_COMPLETE_BUDGET \
		}                                                         \
	}

const struct lab_sweep limit_sweep = {
	.name = "limit",
	.rig = &guest_rig,
	.setup = &setup,
	.factors = {
		[LIMIT] = { "limit", offsetof(struct guest_setup, limit), NULL },
		[LOAD] = { "load", offsetof(struct guest_setup, load_percent), NULL },
		[ROUND_COST] = { "round_cost_us", offsetof(struct guest_setup, round_cost_us), NULL },
		[PLACEMENT] = { "placement", offsetof(struct guest_setup, placement),
				guest_placements },
		[COMPLETE] = { "complete", offsetof(struct guest_setup, complete),
			       guest_completes },
		[SETTINGS] = { "settings", offsetof(struct guest_setup, settings), guest_settings },
	},
	.grids = {
		{ LAB_IN_QUICK,
		  { [LIMIT] = { 5, { 1, 2, 4, 64, 200 } }, [LOAD] = { 4, { 20, 60, 100, 120 } },
		    [PLACEMENT] = BOTH } },
		/* A paravirtual ring, and what fits the cost of a round. */
		{ LAB_IN_QUICK,
		  { [LIMIT] = { 4, { 1, 2, 4, 64 } }, [LOAD] = { 2, { 100, 400 } },
		    [ROUND_COST] = { 2, { 0, 20 } } } },
		{ LAB_IN_BIG,
		  { [LIMIT] = { 7, { 1, 2, 4, 8, 60, 64, 200 } },
		    [LOAD] = { 6, { 20, 40, 60, 80, 100, 120 } }, [PLACEMENT] = BOTH } },
		{ LAB_IN_BIG,
		  { [LIMIT] = { 3, { 1, 2, 64 } }, [LOAD] = { 3, { 60, 100, 120 } },
		    [PLACEMENT] = BOTH, [COMPLETE] = BOTH_RULES } },
		{ LAB_IN_BIG,
		  { [LIMIT] = { 4, { 1, 2, 4, 64 } }, [LOAD] = { 2, { 100, 400 } },
		    [ROUND_COST] = { 4, { 0, 5, 20, 40 } } } },
		{ LAB_IN_ALL,
		  { [LOAD] = { 4, { 20, 60, 100, 120 } }, [PLACEMENT] = BOTH,
		    [SETTINGS] = { 1, { GUEST_DEFAULTS } } } },
		{ LAB_IN_EXHAUSTIVE,
		  { [LIMIT] = { 11, { 1, 2, 4, 8, 16, 32, 60, 64, 128, 200, 256 } },
		    [LOAD] = { 11, { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 120 } },
		    [ROUND_COST] = { 4, { 0, 5, 20, 40 } }, [PLACEMENT] = BOTH,
		    [COMPLETE] = BOTH_RULES } },
	},
};
