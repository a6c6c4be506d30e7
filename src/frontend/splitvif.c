#include "frontend/splitvif.h"

#include <errno.h>
#include <string.h>

#include "frontend/front_flush.h"
#include "frontend/splitvif_handle.h"

int splitvif_fd(const struct splitvif *vif)
{
	return vif->connect.epoll_fd;
}

unsigned int splitvif_process(struct splitvif *vif)
{
	unsigned int events;

	front_connect_process(&vif->connect);
	events = vif->connect.events;
	vif->connect.events = 0;
	return events;
}

int splitvif_vifs(struct splitvif *vif, uint32_t *devids, unsigned int max)
{
	struct front_connect *connect = &vif->connect;

	return connect->device.store ? front_device_list_vifs(&connect->device,
							      connect->status.domid, devids, max)
				     : -ENOTCONN;
}

/* A fault found by a data path call: the control side is told through the
 * descriptor, since the caller may be about to sleep on it. */
static void note_fault(struct splitvif *vif)
{
	if (vif->connect.status.up && netfront_fault(&vif->front))
		front_connect_alarm(&vif->connect);
}

unsigned int splitvif_queues(const struct splitvif *vif)
{
	return vif->front.nr_queues;
}

/* NULL unless it is up and in use. */
static struct front_queue *queue_of(struct splitvif *vif, unsigned int queue)
{
	if (!vif->connect.status.up || queue >= vif->front.nr_queues)
		return NULL;
	return &vif->front.queues[queue];
}

unsigned int splitvif_queue_receive(struct splitvif *vif, unsigned int number,
				    struct splitvif_frame *frames, unsigned int n)
{
	struct front_queue *queue = queue_of(vif, number);
	unsigned int taken;

	if (!queue)
		return 0;
	taken = front_rx_receive(&queue->rx, frames, n);
	if (queue->rx.fault)
		note_fault(vif);
	return taken;
}

unsigned int splitvif_receive(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n)
{
	return splitvif_queue_receive(vif, 0, frames, n);
}

unsigned int splitvif_queue_pending(struct splitvif *vif, unsigned int number)
{
	struct front_queue *queue = queue_of(vif, number);

	return queue ? front_rx_pending(&queue->rx) : 0;
}

void splitvif_queue_release(struct splitvif *vif, unsigned int number, unsigned int n)
{
	struct front_queue *queue = queue_of(vif, number);

	if (queue)
		front_rx_release(&queue->rx, n);
}

void splitvif_release(struct splitvif *vif, unsigned int n)
{
	splitvif_queue_release(vif, 0, n);
}

unsigned int splitvif_queue_reserve(struct splitvif *vif, unsigned int number,
				    struct splitvif_frame *frames, unsigned int n, uint32_t bytes)
{
	struct front_queue *queue = queue_of(vif, number);
	unsigned int room;

	if (!queue)
		return 0;
	room = front_tx_reserve(&queue->tx, frames, n, bytes);
	if (queue->tx.fault)
		note_fault(vif);
	return room;
}

unsigned int splitvif_reserve(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n,
			      uint32_t bytes)
{
	return splitvif_queue_reserve(vif, 0, frames, n, bytes);
}

void splitvif_queue_commit(struct splitvif *vif, unsigned int number, struct splitvif_frame *frames,
			   unsigned int n)
{
	struct front_queue *queue = queue_of(vif, number);

	if (queue)
		front_tx_commit(&queue->tx, frames, n);
}

void splitvif_commit(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n)
{
	splitvif_queue_commit(vif, 0, frames, n);
}

static size_t output_length(const struct splitvif_output *output)
{
	size_t length = 0;

	for (unsigned int i = 0; i < output->iovcnt; i++)
		length += output->iov[i].iov_len;
	return length;
}

/* Both sides are lists of pieces, and the room is at least as long. */
static void copy_in(const struct splitvif_frame *frame, const struct splitvif_output *output)
{
	unsigned int part = 0;
	size_t at = 0;

	for (unsigned int i = 0; i < output->iovcnt; i++) {
		const uint8_t *from = output->iov[i].iov_base;
		size_t left = output->iov[i].iov_len;

		while (left) {
			size_t room = frame->parts[part].iov_len - at;
			size_t here = left < room ? left : room;

			memcpy((uint8_t *)frame->parts[part].iov_base + at, from, here);
			from += here;
			left -= here;
			at += here;
			if (at == frame->parts[part].iov_len) {
				part++;
				at = 0;
			}
		}
	}
}

/* False: no room. What cannot be sent is taken, too, and counted as refused. */
static bool transmit_one(struct splitvif *vif, unsigned int number,
			 const struct splitvif_output *output)
{
	struct front_tx *tx = &vif->front.queues[number].tx;
	size_t length = output_length(output);
	struct splitvif_frame frame;

	if (length < SPLITVIF_FRAME_MIN || length > front_tx_longest(tx)) {
		tx->refused++;
		return true;
	}
	if (splitvif_queue_reserve(vif, number, &frame, 1, (uint32_t)length) != 1)
		return false;
	copy_in(&frame, output);
	frame.length = (uint32_t)length;
	frame.csum = output->csum;
	frame.gso_type = output->gso_type;
	frame.gso_size = output->gso_size;
	front_tx_commit(tx, &frame, 1);
	return true;
}

unsigned int splitvif_queue_transmit(struct splitvif *vif, unsigned int number,
				     const struct splitvif_output *frames, unsigned int n)
{
	unsigned int i = 0;

	while (i < n && queue_of(vif, number) && transmit_one(vif, number, &frames[i]))
		i++;
	return i;
}

unsigned int splitvif_transmit(struct splitvif *vif, const struct splitvif_output *frames,
			       unsigned int n)
{
	return splitvif_queue_transmit(vif, 0, frames, n);
}

void splitvif_flush(struct splitvif *vif)
{
	if (!vif->connect.status.up)
		return;
	netfront_flush(&vif->front);
	front_flush_follow(&vif->connect);
}

/* After what may have put something off, or found a fault: who sleeps is woken for it. */
static bool before_sleep(struct splitvif *vif, bool sleep)
{
	front_flush_follow(&vif->connect);
	note_fault(vif);
	return sleep;
}

bool splitvif_queue_arm(struct splitvif *vif, unsigned int number, uint32_t tx_bytes)
{
	struct front_queue *queue = queue_of(vif, number);

	if (!queue)
		return true;
	return before_sleep(vif, netfront_arm_queue(&vif->front, queue, tx_bytes));
}

bool splitvif_arm(struct splitvif *vif, uint32_t tx_bytes)
{
	if (!vif->connect.status.up)
		return true;
	return before_sleep(vif, netfront_arm(&vif->front, tx_bytes));
}

bool splitvif_wait(struct splitvif *vif, uint32_t tx_bytes)
{
	if (!vif->connect.status.up)
		return true;
	return before_sleep(vif, netfront_wait(&vif->front, tx_bytes));
}

bool splitvif_arm_answers(struct splitvif *vif, unsigned int in_flight)
{
	bool sleep;

	if (!vif->connect.status.up)
		return true;
	sleep = netfront_arm(&vif->front, 0);
	if (!front_tx_arm_answers(&vif->front.queues[0].tx, in_flight))
		sleep = netfront_fault(&vif->front) != FRONT_SOUND;
	return before_sleep(vif, sleep);
}

unsigned int splitvif_weight(const struct splitvif *vif)
{
	return vif->front.polling.weight;
}

void splitvif_polling(const struct splitvif *vif, struct splitvif_polling *polling)
{
	*polling = vif->front.polling;
}

unsigned int splitvif_in_flight(struct splitvif *vif)
{
	struct netfront *front = &vif->front;
	unsigned int in_flight = 0;
	bool sound = true;

	for (unsigned int i = 0; i < front->nr_queues; i++) {
		struct front_tx *tx = &front->queues[i].tx;

		if (vif->connect.status.up)
			sound &= front_tx_reclaim(tx);
		in_flight += tx->in_flight;
	}
	if (!sound)
		note_fault(vif);
	return in_flight;
}

void splitvif_status(const struct splitvif *vif, struct splitvif_status *status)
{
	*status = vif->connect.status;
}

static void add_queue(struct splitvif_stats *stats, const struct front_queue *queue)
{
	stats->tx_frames += queue->tx.frames;
	stats->tx_bytes += queue->tx.bytes;
	stats->tx_done += queue->tx.done;
	stats->tx_errors += queue->tx.errors;
	stats->tx_lost += queue->tx.lost;
	stats->tx_refused += queue->tx.refused;
	stats->tx_full += queue->tx.full;
	stats->rx_frames += queue->rx.frames;
	stats->rx_bytes += queue->rx.bytes;
	stats->rx_errors += queue->rx.errors;
	stats->rx_waits += queue->rx.waits;
	stats->events_sent += queue->events_sent + queue->tx_channel.sent + queue->rx_channel.sent;
	stats->events_received +=
		queue->events_received + queue->tx_channel.received + queue->rx_channel.received;
	stats->events_merged +=
		queue->events_merged + queue->tx_channel.merged + queue->rx_channel.merged;
	stats->tx_events += queue->tx_events.taken;
	stats->tx_spurious += queue->tx_events.spurious;
	stats->rx_events += queue->rx_events.taken;
	stats->rx_spurious += queue->rx_events.spurious;
}

void splitvif_stats(const struct splitvif *vif, struct splitvif_stats *stats)
{
	*stats = (struct splitvif_stats){
		.connections = vif->connect.connections,
		.violations = vif->connect.violations,
		.last_outage_ns = vif->connect.last_outage_ns,
	};
	for (unsigned int i = 0; i < vif->front.max_queues; i++)
		add_queue(stats, &vif->front.queues[i]);
}
