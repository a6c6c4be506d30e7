/*
 * The bare switch in the relay's shape: gen and sink in one thread of ours, the
 * switch in a process of its own on another processor, which sleeps between runs.
 * The same frames and the same credit as of relay; so what relay reaches of this
 * is what the rest of splitvif costs.
 */
#ifndef BENCH_CEILING_H
#define BENCH_CEILING_H

#include <sys/types.h>

#include "bench/bare_switch.h"

struct ceiling_control;

struct ceiling {
	struct bare_guest gen, sink;
	struct ceiling_control *control;
	pid_t child;
	bool yield;
};

/* 0 or -errno, and nothing left. */
int ceiling_open(struct ceiling *ceiling, const int cpus[2]);
void ceiling_close(struct ceiling *ceiling);

/* For so many seconds, and until all has arrived. Frames that arrived within the
 * time, and the time. 0; -EBADMSG a frame is not the next one; -ETIMEDOUT; -ECHILD. */
int ceiling_run(struct ceiling *ceiling, double seconds, uint32_t size, enum relay_depth depth,
		uint64_t *frames, int64_t *ns);

#endif
