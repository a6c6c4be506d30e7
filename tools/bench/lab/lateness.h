/*
 * What a generator's lateness says of a run: how long after a frame was due it was taken
 * notice of, by frames.
 *
 * A run is wrong for what it is compared with if its frames did not come as the schedule
 * has it. One that was stopped for a moment, as everyone is on a machine that others
 * share, is not yet: what claims speak of are rates, medians, and at the finest the 99th
 * percentile. So that of the lateness is what must not exceed the bound, which is half a
 * ring's time. The highest is recorded beside it.
 */
#ifndef LAB_LATENESS_H
#define LAB_LATENESS_H

#include "bench/lab/histogram.h"

struct lateness {
	double max_us, p999_us, p99_us, bound_us;
};

/* `late` is in ns, `rate` in frames a second. */
struct lateness lateness_of(const struct histogram *late, double rate);

#endif
