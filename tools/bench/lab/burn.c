#include "bench/lab/burn.h"

#include <stddef.h>

#include "bench/host.h"

enum { PROBES = 50, PROBE_TURNS = 20000 };

static double turns_per_ns;

/* The quickest of many: what was disturbed took longer. */
void burn_calibrate(void)
{
	int64_t best = INT64_MAX;

	for (unsigned int i = 0; turns_per_ns == 0 && i < PROBES; i++) {
		int64_t start = host_now_ns(), took;

		burn(PROBE_TURNS);
		took = host_now_ns() - start;
		best = took < best ? took : best;
	}
	if (turns_per_ns == 0)
		turns_per_ns = (double)PROBE_TURNS / (double)(best > 0 ? best : 1);
}

uint64_t burn_turns(uint64_t ns)
{
	return (uint64_t)((double)ns * turns_per_ns);
}
