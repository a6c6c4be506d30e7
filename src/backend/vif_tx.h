/*
 * From a guest: requests -> slots -> grants -> borrowed frames, and, when the
 * bridge has done with them, one response to each request.
 */
#ifndef BACKEND_VIF_TX_H
#define BACKEND_VIF_TX_H

#include "backend/vif_queue.h"

/*
 * A GSO frame is cheap to send and dear to cut: what it may cost is bounded for
 * one, and counted for a turn. 1024 segments are a 64 KB frame for a path that
 * carries 64 bytes of payload a packet; Linux' own come in 45 or so.
 */
enum {
	VIF_TX_SEGMENTS_MAX = 1024,  /* one that stands for more is refused */
	VIF_TX_SEGMENTS_WEIGHT = 16, /* so many weigh as much as a packet */
};

/* Takes packets worth up to `weight` off the ring and lays the sound ones out
 * as batch->frames; their weight, or `weight` if they exceed it. A fault stops
 * the vif; what was read before it is still served. */
unsigned int vif_tx_receive(struct vif_queue *queue, struct batch *batch, unsigned int weight);

/* Answers every request of the batch, and notifies at most once. */
void vif_tx_complete(struct vif_queue *queue, struct batch *batch);

/* Answers requests that were in a re-used ring before we came: not executed. */
void vif_tx_refuse_old(struct vif_queue *queue);

#endif
