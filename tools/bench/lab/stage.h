/*
 * A daemon of one's own and the VMs of a herd, for the rigs that need no more.
 *
 * The backend is on the first of the laboratory's processors, the VMs' thread, which
 * is the caller's, on the second.
 */
#ifndef LAB_STAGE_H
#define LAB_STAGE_H

#include "bench/lab/backend.h"
#include "bench/lab/herd.h"

struct stage {
	const struct lab_context *context;
	struct backend backend;
	struct herd herd;
};

/* `vms` of them, connected. NULL, and 0 or -errno with a line in `error`. */
int stage_open(struct stage **stage, const struct lab_context *context, unsigned int vms,
	       char error[LAB_ERROR_BYTES]);
void stage_close(void *stage);

/* herd_run() from the place that the VMs have, with the line that says what failed. */
int stage_run(struct stage *stage, const struct lab_window *window, struct herd_result *result,
	      char error[LAB_ERROR_BYTES]);

/* Percent of a processor. */
static inline double stage_percent(uint64_t cpu_ns, int64_t ns)
{
	return ns > 0 ? 100 * (double)cpu_ns / (double)ns : 0;
}

static inline double stage_rate(uint64_t n, int64_t ns)
{
	return ns > 0 ? (double)n * 1e9 / (double)ns : 0;
}

#endif
