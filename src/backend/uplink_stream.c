#include "backend/uplink_stream.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

static bool uplink_poll(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct uplink_stream *uplink =
		(struct uplink_stream *)((char *)item - offsetof(struct uplink_stream, item));
	struct worker *worker = uplink->worker;
	struct frame *frames = worker->batch.frames;
	int n = stream_receive(&uplink->stream, frames,
			       weight < BATCH_FRAMES ? weight : BATCH_FRAMES);

	if (n < 0) {
		__atomic_store_n(&uplink->lost, n, __ATOMIC_RELAXED);
		worker_alarm(worker);
		return false;
	}
	if (!n) {
		stream_flush(&uplink->stream);
		engine_arm(worker->engine, &uplink->source.source);
		return false;
	}
	worker_forward(worker, uplink->bridge, &uplink->stream.port, frames, (unsigned int)n);
	*done = (unsigned int)n;
	return true;
}

static void uplink_readable(struct worker_source *source)
{
	(void)source; /* reading it is the poll's business */
}

struct attach_call {
	struct uplink_stream *uplink;
	int err;
};

static void attach_on_worker(void *arg)
{
	struct attach_call *call = arg;
	struct uplink_stream *uplink = call->uplink;

	call->err = worker_add(uplink->worker, &uplink->source, uplink->stream.wait_fd,
			       &uplink->item, uplink_readable);
}

static void start_on_worker(void *arg)
{
	struct uplink_stream *uplink = arg;

	poll_schedule(&uplink->worker->polls, &uplink->item);
}

static void detach_on_worker(void *arg)
{
	struct uplink_stream *uplink = arg;

	poll_remove(&uplink->worker->polls, &uplink->item);
	worker_remove(uplink->worker, &uplink->source);
}

static int attach(struct uplink_stream *uplink)
{
	struct attach_call call = { .uplink = uplink };

	worker_call(uplink->worker, attach_on_worker, &call);
	if (call.err)
		return call.err;
	call.err = bridge_attach(uplink->bridge, &uplink->stream.port);
	worker_call(uplink->worker, call.err ? detach_on_worker : start_on_worker, uplink);
	return call.err;
}

int uplink_stream_attach(struct uplink_stream *uplink, const char *name, int fd, uint32_t mtu,
			 struct workers *workers, struct bridge *bridge)
{
	int err = stream_init(&uplink->stream, name, fd, mtu);

	if (err) {
		close(fd);
		return err;
	}
	uplink->worker = workers->list[0];
	uplink->bridge = bridge;
	uplink->lost = 0;
	uplink->told_too_big = false;
	uplink->source = (struct worker_source){ 0 };
	uplink->item = (struct poll_item){ .poll = uplink_poll, .tuning.weight = POLL_WEIGHT };
	err = attach(uplink);
	if (err)
		stream_fini(&uplink->stream);
	uplink->workers = err ? NULL : workers;
	return err;
}

/* As with a vif: nothing comes in any more, then nothing goes out. */
void uplink_stream_detach(struct uplink_stream *uplink)
{
	worker_call(uplink->worker, detach_on_worker, uplink);
	bridge_detach(uplink->bridge, &uplink->stream.port);
	workers_pass(uplink->workers);
	stream_fini(&uplink->stream);
	uplink->workers = NULL;
}

const char *uplink_stream_trouble(const struct uplink_stream *uplink)
{
	int32_t lost = __atomic_load_n(&uplink->lost, __ATOMIC_RELAXED);

	if (!lost)
		return NULL;
	if (lost == -EPROTO)
		return framing_fault_text(uplink->stream.socket.reader.fault);
	return lost == -EPIPE ? "the other side hung up" : strerror(-lost);
}
