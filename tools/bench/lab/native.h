/*
 * The same frames without a virtual network: from a generator to a sink in one
 * thread, by copying them, or over a veth pair and packet sockets.
 */
#ifndef LAB_NATIVE_H
#define LAB_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/lab/experiment.h"

struct native_result {
	uint64_t frames;
	int64_t ns;
	uint64_t cpu_ns;
};

/* For so long, on that processor. 0; -ENOTSUP a veth pair needs root; -errno; with a
 * line. */
int native_run(bool veth, int cpu, uint32_t size, int64_t ns, struct native_result *result,
	       char error[LAB_ERROR_BYTES]);

#endif
