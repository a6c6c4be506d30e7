#include "backend/uplink.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <unistd.h>

enum { RETRY_MS = 100 };

static void queue_trouble(struct uplink_queue *queue, int err)
{
	struct worker *worker = queue->worker;

	if (err == -EBADFD) { /* deleted; -EIO: only down */
		__atomic_store_n(&queue->uplink->lost, 1, __ATOMIC_RELAXED);
		worker_alarm(worker);
		return;
	}
	worker_set_timer(worker, &queue->retry, worker->now_ms + RETRY_MS);
}

static bool queue_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct uplink_queue *queue =
		(struct uplink_queue *)((char *)item - offsetof(struct uplink_queue, item));
	struct worker *worker = queue->worker;
	struct uplink *uplink = queue->uplink;
	struct frame *frames = worker->batch.frames;
	int n = tap_receive(&uplink->tap, &worker->lane, frames,
			    weight < BATCH_FRAMES ? weight : BATCH_FRAMES);

	if (n < 0) {
		queue_trouble(queue, n);
		return false;
	}
	if (!n) {
		engine_arm(worker->engine, &queue->source.source);
		return false;
	}
	worker_forward(worker, uplink->bridge, &uplink->tap.port, frames, (unsigned int)n);
	*done = (unsigned int)n;
	return true;
}

static void queue_readable(struct worker_source *source)
{
	(void)source; /* reading it is the poll's business */
}

static void queue_retry(struct timer *timer)
{
	struct uplink_queue *queue =
		(struct uplink_queue *)((char *)timer - offsetof(struct uplink_queue, retry));

	poll_schedule(&queue->worker->polls, &queue->item);
}

struct attach_call {
	struct uplink_queue *queue;
	int fd;
	int err;
};

static void attach_on_worker(void *arg)
{
	struct attach_call *call = arg;
	struct uplink_queue *queue = call->queue;

	call->err =
		worker_add(queue->worker, &queue->source, call->fd, &queue->item, queue_readable);
}

static void start_on_worker(void *arg)
{
	struct uplink_queue *queue = arg;

	poll_schedule(&queue->worker->polls, &queue->item);
}

static void detach_on_worker(void *arg)
{
	struct uplink_queue *queue = arg;

	poll_remove(&queue->worker->polls, &queue->item);
	timers_cancel(&queue->worker->timers, &queue->retry);
	worker_remove(queue->worker, &queue->source);
}

static int queue_attach(struct uplink *uplink, unsigned int number)
{
	struct uplink_queue *queue = &uplink->queues[number];
	struct attach_call call = { .queue = queue, .fd = uplink->tap.lanes[number].fd };

	*queue = (struct uplink_queue){
		.uplink = uplink,
		.worker = uplink->workers->list[number],
		.item = { .poll = queue_poll, .tuning.weight = POLL_WEIGHT },
		.retry = { .expired = queue_retry },
	};
	worker_call(queue->worker, attach_on_worker, &call);
	return call.err;
}

static void fds_close(const int *fds, unsigned int first, unsigned int n)
{
	for (unsigned int i = first; i < n; i++)
		close(fds[i]);
}

/* Who has no queue of his own writes through a copy of the first one. */
static int lanes_add(struct uplink *uplink, const int *fds, unsigned int nr_fds)
{
	for (unsigned int i = 1; i < uplink->workers->nr; i++) {
		int fd = i < nr_fds ? fds[i] : fcntl(fds[0], F_DUPFD_CLOEXEC, 0);
		int err = fd < 0 ? -errno
				 : tap_add_lane(&uplink->tap, i, fd,
						uplink->workers->list[i]->engine);

		if (!err)
			continue;
		if (fd >= 0 && i >= nr_fds)
			close(fd);
		fds_close(fds, i, nr_fds);
		return err;
	}
	return 0;
}

/* Detaches the first n queues. */
static void queues_detach(struct uplink *uplink, unsigned int n)
{
	while (n--)
		worker_call(uplink->queues[n].worker, detach_on_worker, &uplink->queues[n]);
}

/* All of them, or none. */
static int queues_attach(struct uplink *uplink)
{
	unsigned int n = 0;
	int err = 0;

	while (n < uplink->nr_queues && !(err = queue_attach(uplink, n)))
		n++;
	if (err)
		queues_detach(uplink, n);
	return err;
}

static void queues_start(struct uplink *uplink)
{
	for (unsigned int n = 0; n < uplink->nr_queues; n++)
		worker_call(uplink->queues[n].worker, start_on_worker, &uplink->queues[n]);
}

static int bridge_join(struct uplink *uplink)
{
	int err = queues_attach(uplink);

	if (err)
		return err;
	err = bridge_attach(uplink->bridge, &uplink->tap.port);
	if (err)
		queues_detach(uplink, uplink->nr_queues);
	else
		queues_start(uplink);
	return err;
}

int uplink_attach(struct uplink *uplink, const char *name, const int *fds, unsigned int nr_fds,
		  uint32_t mtu, struct workers *workers, struct bridge *bridge)
{
	int err;

	uplink->workers = workers;
	uplink->bridge = bridge;
	uplink->nr_queues = nr_fds;
	uplink->lost = 0;
	uplink->told_too_big = false;
	err = tap_init(&uplink->tap, name, fds[0], mtu, workers->list[0]->engine);
	if (err)
		fds_close(fds, 0, nr_fds);
	if (!err)
		err = lanes_add(uplink, fds, nr_fds);
	if (!err)
		err = bridge_join(uplink);
	if (!err)
		return 0;
	tap_fini(&uplink->tap);
	uplink->workers = NULL;
	return err;
}

/* As with a vif: nothing comes in any more, then nothing goes out. */
void uplink_detach(struct uplink *uplink)
{
	queues_detach(uplink, uplink->nr_queues);
	bridge_detach(uplink->bridge, &uplink->tap.port);
	workers_pass(uplink->workers);
	tap_fini(&uplink->tap);
	uplink->workers = NULL;
}

void uplink_suspend(struct uplink *uplink)
{
	queues_detach(uplink, uplink->nr_queues);
}

int uplink_resume(struct uplink *uplink)
{
	int err = queues_attach(uplink);

	if (!err)
		queues_start(uplink);
	return err;
}
