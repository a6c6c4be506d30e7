#include "backend/uplink.h"

#include <errno.h>
#include <stddef.h>

enum { RETRY_MS = 100 };

static void uplink_trouble(struct uplink *uplink, int err)
{
	if (err == -EBADFD) { /* deleted; -EIO: only down */
		__atomic_store_n(&uplink->lost, 1, __ATOMIC_RELAXED);
		worker_alarm(uplink->worker);
		return;
	}
	worker_set_timer(uplink->worker, &uplink->retry, uplink->worker->now_ms + RETRY_MS);
}

static bool uplink_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct uplink *uplink = (struct uplink *)((char *)item - offsetof(struct uplink, item));
	struct frame *frames = uplink->worker->batch.frames;
	int n = tap_receive(&uplink->tap, &uplink->worker->lane, frames,
			    weight < BATCH_FRAMES ? weight : BATCH_FRAMES);

	if (n < 0) {
		uplink_trouble(uplink, n);
		return false;
	}
	if (!n) {
		engine_arm(uplink->worker->engine, &uplink->source.source);
		return false;
	}
	worker_forward(uplink->worker, uplink->bridge, &uplink->tap.port, frames, (unsigned int)n);
	*done = (unsigned int)n;
	return true;
}

static void uplink_readable(struct worker_source *source)
{
	(void)source; /* reading it is the poll's business */
}

static void uplink_retry(struct timer *timer)
{
	struct uplink *uplink = (struct uplink *)((char *)timer - offsetof(struct uplink, retry));

	poll_schedule(&uplink->worker->polls, &uplink->item);
}

int uplink_attach(struct uplink *uplink, const char *name, int fd, uint32_t mtu,
		  struct worker *worker, struct bridge *bridge)
{
	int err;

	*uplink = (struct uplink){
		.item = { .poll = uplink_poll, .tuning.weight = POLL_WEIGHT },
		.retry = { .expired = uplink_retry },
		.worker = worker,
		.bridge = bridge,
	};
	err = tap_init(&uplink->tap, name, fd, mtu, worker->engine);
	if (err)
		return err;
	err = worker_add(worker, &uplink->source, fd, &uplink->item, uplink_readable);
	if (err)
		goto fini_tap;
	err = bridge_attach(bridge, &uplink->tap.port);
	if (err)
		goto remove_source;
	poll_schedule(&worker->polls, &uplink->item);
	return 0;

remove_source:
	worker_remove(worker, &uplink->source);
fini_tap:
	uplink->tap.fd = -1; /* stays the caller's */
	tap_fini(&uplink->tap);
	return err;
}

void uplink_detach(struct uplink *uplink)
{
	bridge_detach(uplink->bridge, &uplink->tap.port);
	poll_remove(&uplink->worker->polls, &uplink->item);
	timers_cancel(&uplink->worker->timers, &uplink->retry);
	worker_remove(uplink->worker, &uplink->source);
	tap_fini(&uplink->tap);
}
