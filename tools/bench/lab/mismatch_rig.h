/*
 * A producer and a consumer of unequal speeds on one of our rings, each a thread on a
 * processor of its own, which sleep when they have nothing to do. No daemon.
 */
#ifndef LAB_MISMATCH_RIG_H
#define LAB_MISMATCH_RIG_H

#include "bench/lab/experiment.h"

enum mismatch_notify {
	MISMATCH_EVERY,	  /* each publication is followed by an event */
	MISMATCH_INDEX,	  /* only those for which the event index asks */
	MISMATCH_BATCHED, /* which asks for 32 at once, as tx-frames and rx-frames do */
};
extern const char *const mismatch_notifies[];

struct mismatch_setup {
	uint32_t notify;	   /* enum mismatch_notify */
	uint32_t consumer_percent; /* of the producer's cost of a frame, 1 us */
};

/* Columns: frames a second, as such (pps) and as a share of what the slower one could do
 * (of_ideal); events and sleeps a frame. */
extern const struct lab_rig mismatch_rig;

#endif
