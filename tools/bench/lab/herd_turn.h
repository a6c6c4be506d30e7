/*
 * One turn of a herd's thread: takes what has come for its VMs, sends what is due of its
 * flows, or rests until there is something to do. Knows no beginning and no end of a run.
 */
#ifndef LAB_HERD_TURN_H
#define LAB_HERD_TURN_H

#include "bench/lab/herd.h"

/* Times are host_now_ns()'s; `start`: from when on the flows' frames are due. 0, -ENETDOWN
 * a vif went down, -EINTR. */
int herd_turn(struct herd *herd, bool may_send, int64_t start);

/* Up to a batch of a flow's next frames into its sender's ring, to be flushed. How many
 * found room there. */
unsigned int herd_give(struct herd *herd, struct herd_flow *flow, unsigned int want, int64_t start,
		       int64_t now);

#endif
