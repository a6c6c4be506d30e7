/*
 * A TAP as the bridge's way out: its port, its turns on the poll lists, and
 * what to do when the device goes down or away under us.
 *
 * Every worker writes to it; it is read by as many workers as it has queues.
 */
#ifndef BACKEND_UPLINK_H
#define BACKEND_UPLINK_H

#include "backend/workers.h"
#include "bridge/bridge.h"
#include "bridge/tap.h"

struct uplink;

/* One reader. */
struct uplink_queue {
	struct uplink *uplink;
	struct worker *worker;
	struct poll_item item;
	struct worker_source source;
	struct timer retry; /* while the device is down */
};

struct uplink {
	struct tap tap;
	unsigned int nr_queues;
	struct uplink_queue queues[LANES_MAX];
	struct workers *workers; /* NULL: not attached */
	struct bridge *bridge;
	uint32_t lost;	   /* the device is deleted: the control thread must bring another */
	bool told_too_big; /* the control thread's own */
};

/* Control thread. Takes the descriptors over, one of each queue and at most one
 * of each worker, whatever it returns: 0 or -errno. */
int uplink_attach(struct uplink *uplink, const char *name, const int *fds, unsigned int nr_fds,
		  uint32_t mtu, struct workers *workers, struct bridge *bridge);
void uplink_detach(struct uplink *uplink);

/* While no worker has turns: takes its queues off them, and back. 0 or -errno. */
void uplink_suspend(struct uplink *uplink);
int uplink_resume(struct uplink *uplink);

#endif
