/*
 * A load that changes: the phases of a trace one after another, round by round, under
 * one setting of the backend, which is told nothing of the changes. What is measured
 * begins with each phase, so that whoever adapts pays for doing so.
 *
 * A visit to a phase lasts about 40 ms, and a run has as many rounds as fit of those
 * phases that have a part in the cost. Light ones lie among the others, where a controller
 * that has not come back to rest would be seen. What the run says of a phase, the
 * generator's lateness included, is the median of its visits: a stall of the machine, of which there are one or two a second,
 * spoils a visit and not the run. At 1,000 frames a second the 99th percentile of a visit
 * is its slowest frame.
 *
 * The cost of a phase: the processor time of guest and backend per delivered frame, in
 * us, times 1 + what its latency exceeds the target of 100 us by, in parts of that
 * target; and 10 us for each lost frame per frame offered. The cost of the trace is
 * the geometric mean of the phases', so that each counts alike however cheap its
 * frames are. Both are there for the median and for the 99th percentile.
 *
 * No part of it are light phases on processors that are kept from halting (wakeful.h), in
 * turns with the same on a backend that never aggregates: what a controller adds to a
 * frame's time is less than a halted processor takes to wake, and than a machine's speed
 * differs from one run to the next. Only runs of the usual controller have them.
 *
 * There is a backend for each belief of what a wake-up costs, in per cent of what its
 * controller goes by (SPLITVIF_WAKEUP_NS).
 */
#ifndef LAB_TRACE_RIG_H
#define LAB_TRACE_RIG_H

#include "bench/lab/guest_rig.h"

enum trace_belief { TRACE_USUAL, TRACE_HALF, TRACE_DOUBLE, TRACE_BELIEFS };
extern const char *const trace_beliefs[]; /* "100", "50", "200" */

struct trace_setup {
	struct guest_setup guest; /* but for rate_pps, burst and awake: the phases' */
	uint32_t belief;	  /* enum trace_belief */
};

/* Columns: cost_p50, cost_p99, then NAME_cost_p50 and others of each phase: "light"
 * (1,000 frames/s), "heavy" (300,000), "single" (a frame each 50 us, as a ping-pong that
 * is never late), "bursts" (50,000 frames/s, 32 at a time), "awake" (as
 * "light") and "plain" (without aggregation). */
extern const struct lab_rig trace_rig;

#endif
