/*
 * A TAP as the bridge's way out: its port, its turn on the poll list, and what
 * to do when the device goes down or away under us.
 */
#ifndef BACKEND_UPLINK_H
#define BACKEND_UPLINK_H

#include "backend/worker.h"
#include "bridge/bridge.h"
#include "bridge/tap.h"

struct uplink {
	struct tap tap;
	struct poll_item item;
	struct worker_source source;
	struct timer retry; /* while the device is down */
	struct worker *worker;
	struct bridge *bridge;
	uint32_t lost; /* the device is deleted: the control thread must bring another */
	bool told_too_big; /* the control thread's own */
};

/* Worker's thread. Takes the descriptor over on success. */
int uplink_attach(struct uplink *uplink, const char *name, int fd, uint32_t mtu,
		  struct worker *worker, struct bridge *bridge);
void uplink_detach(struct uplink *uplink);

#endif
