/*
 * A load that changes: the phases of a trace one after another, round by round, under
 * one setting of the backend, which is told nothing of the changes. What is measured
 * begins with each phase, so that whoever adapts pays for doing so.
 *
 * A visit to a phase lasts about 40 ms, and a run has as many rounds as fit. Between any
 * two others is the light one, where a controller that has not come back to rest would
 * be seen. What the run says of a phase, the generator's lateness included, is the
 * median of its visits: a stall of the machine, of which there are one or two a second,
 * spoils a visit and not the run. At 1,000 frames a second the 99th percentile of a visit
 * is its slowest frame.
 *
 * The setup is guest_rig.h's, but for rate_pps and burst, which are the phases'.
 *
 * The cost of a phase: the processor time of guest and backend per delivered frame, in
 * us, times 1 + what its latency exceeds the target of 100 us by, in parts of that
 * target; and 10 us for each lost frame per frame offered. The cost of the trace is
 * the geometric mean of the phases', so that each counts alike however cheap its
 * frames are. Both are there for the median and for the 99th percentile.
 */
#ifndef LAB_TRACE_RIG_H
#define LAB_TRACE_RIG_H

#include "bench/lab/guest_rig.h"

/* Columns: cost_p50, cost_p99, then NAME_cost_p50 and others of each phase: "light"
 * (1,000 frames/s), "heavy" (300,000), "single" (a frame each 50 us, as a ping-pong that
 * is never late), "bursts" (50,000 frames/s, 32 at a time). */
extern const struct lab_rig trace_rig;

#endif
