/*
 * A VM that is bad for its neighbours, in a process of its own; and the well-behaved
 * ones that it is compared with, which cost the machine the same.
 */
#ifndef LAB_PEST_H
#define LAB_PEST_H

#include <stdint.h>
#include <sys/types.h>

enum { PEST_ERROR_BYTES = 256 };

enum pest_kind {
	PEST_NONE,     /* no VM at all */
	PEST_DRAINING, /* takes what comes: what a stalled one is compared with */
	PEST_STALLED,  /* takes nothing, ever: its ring runs full */
	PEST_BUSY,     /* signals an eventfd of its own as fast as it can: what a flood is
			* compared with */
	PEST_FLOODING, /* signals the backend as fast as it can, and has no work for it */
	PEST_CRASHING, /* connects, sends, is killed in the middle of it, and again */
	PEST_KINDS
};

/* NULL beyond. */
const char *pest_name(enum pest_kind kind);

/* Shared with its process. */
struct pest_board {
	uint64_t signals, lives, frames;
	uint32_t ready;
	char error[PEST_ERROR_BYTES];
};

struct pest {
	const char *rundir;
	pid_t pid; /* 0: none */
	struct pest_board *board;
	uint8_t mac[6];
};

/* Pinned there, connected when this returns; its vif is "pest.0". 0, or -errno with
 * one line in `error` and nothing is left. */
int pest_start(struct pest *pest, enum pest_kind kind, const char *rundir, int cpu,
	       char error[PEST_ERROR_BYTES]);
/* Kills it. */
void pest_stop(struct pest *pest);

#endif
