/*
 * From a guest: requests -> slots -> grants -> borrowed frames, and, when the
 * bridge has done with them, one response to each request.
 */
#ifndef BACKEND_VIF_TX_H
#define BACKEND_VIF_TX_H

#include "backend/vif.h"

/* Takes up to `weight` packets off the ring and lays the sound ones out as
 * batch->frames; how many packets were taken. A fault stops the vif; what was
 * read before it is still served. */
unsigned int vif_tx_receive(struct vif *vif, struct batch *batch, unsigned int weight);

/* Answers every request of the batch, and notifies at most once. */
void vif_tx_complete(struct vif *vif, struct batch *batch);

/* Answers requests that were in a re-used ring before we came: not executed. */
void vif_tx_refuse_old(struct vif *vif);

#endif
