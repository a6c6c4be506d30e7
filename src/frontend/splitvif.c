#include "frontend/splitvif.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "frontend/front_connect.h"
#include "frontend/netfront.h"

enum { OPEN_TIMEOUT_MS = 5000, CLOSE_TIMEOUT_MS = 1000, NAME_GRACE_MS = 1000, TRY_AGAIN_MS = 10 };

struct splitvif {
	struct netfront front;
	struct front_connect connect;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static bool name_is_valid(const char *name)
{
	size_t length = strlen(name);

	return length >= 1 && length <= 63 &&
	       strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") ==
		       length;
}

static int check_config(const struct splitvif_config *config, char *error, size_t size)
{
	if (!name_is_valid(config->name)) {
		snprintf(error, size,
			 "bad name '%.80s': not 1 to 63 of A-Z a-z 0-9 . _ -; choose another",
			 config->name);
		return -EINVAL;
	}
	if (config->bridge &&
	    strlen(config->bridge) >= sizeof(((struct splitvif_status *)0)->bridge)) {
		snprintf(error, size,
			 "bad bridge '%.80s': longer than 15 characters; choose another",
			 config->bridge);
		return -EINVAL;
	}
	return 0;
}

/* A backlog that is full, and a name whose last holder is just dying, pass. */
static bool will_pass(int err, int64_t since_ms)
{
	return err == -EAGAIN || (err == -EEXIST && now_ms() - since_ms < NAME_GRACE_MS);
}

static int introduce(struct front_connect *connect, int64_t start, int64_t deadline)
{
	int err;

	while ((err = front_connect_start(connect)) != 0) {
		if (!will_pass(err, start) || now_ms() >= deadline)
			return err;
		usleep(TRY_AGAIN_MS * 1000);
	}
	return 0;
}

static int bring_up(struct front_connect *connect, unsigned int timeout_ms)
{
	int64_t start = now_ms(), deadline = start + timeout_ms;
	struct pollfd ready = { .fd = connect->epoll_fd, .events = POLLIN };
	int err = introduce(connect, start, deadline);

	while (!err && !connect->status.up) {
		front_connect_process(connect);
		if (connect->status.up)
			break;
		err = connect->error;
		if (!err && front_domain_is_dead(&connect->domain, 0))
			err = -ECONNRESET;
		if (!err && now_ms() >= deadline)
			err = -ETIMEDOUT;
		if (!err)
			poll(&ready, 1, (int)(deadline - now_ms()) + 1);
	}
	if (err && !connect->reason[0])
		snprintf(connect->reason, sizeof(connect->reason),
			 "cannot connect %s: %s; see the daemon's log", connect->status.name,
			 err == -ECONNRESET ? "the daemon hung up" : strerror(-err));
	return err;
}

static int open_parts(struct splitvif *vif, const struct splitvif_config *config, char *error,
		      size_t size)
{
	unsigned int timeout = config->timeout_ms ? config->timeout_ms : OPEN_TIMEOUT_MS;
	int err = netfront_init(&vif->front);

	if (err) {
		snprintf(error, size, "cannot make shared memory: %s; see 'splitvif doctor'",
			 strerror(-err));
		return err;
	}
	err = front_connect_init(&vif->connect, &vif->front, config);
	if (err) {
		snprintf(error, size, "cannot watch descriptors: %s; raise the limit (ulimit -n)",
			 strerror(-err));
		goto fini_front;
	}
	err = bring_up(&vif->connect, timeout);
	if (!err)
		return 0;
	snprintf(error, size, "%s", vif->connect.reason);
	front_connect_fini(&vif->connect);
fini_front:
	netfront_fini(&vif->front);
	return err;
}

struct splitvif *splitvif_open(const struct splitvif_config *config, char *error, size_t error_size)
{
	struct splitvif_config full = *config;
	struct splitvif *vif;
	char name[32];
	int err;

	snprintf(name, sizeof(name), "vm%d", (int)getpid());
	if (!full.name)
		full.name = name;
	err = check_config(&full, error, error_size);
	vif = err ? NULL : calloc(1, sizeof(*vif));
	if (!err && !vif) {
		snprintf(error, error_size, "out of memory; free some");
		err = -ENOMEM;
	}
	if (!err)
		err = open_parts(vif, &full, error, error_size);
	if (!err)
		return vif;
	free(vif);
	errno = -err;
	return NULL;
}

void splitvif_close(struct splitvif *vif)
{
	if (!vif)
		return;
	front_connect_leave(&vif->connect, CLOSE_TIMEOUT_MS);
	front_connect_fini(&vif->connect);
	netfront_fini(&vif->front);
	free(vif);
}

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

unsigned int splitvif_receive(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n)
{
	unsigned int taken;

	if (!vif->connect.status.up)
		return 0;
	taken = front_rx_receive(&vif->front.rx, frames, n);
	if (vif->front.rx.fault)
		note_fault(vif);
	return taken;
}

void splitvif_release(struct splitvif *vif, unsigned int n)
{
	if (vif->connect.status.up)
		front_rx_release(&vif->front.rx, n);
}

unsigned int splitvif_reserve(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n,
			      uint32_t bytes)
{
	unsigned int room;

	if (!vif->connect.status.up)
		return 0;
	room = front_tx_reserve(&vif->front.tx, frames, n, bytes);
	if (vif->front.tx.fault)
		note_fault(vif);
	return room;
}

void splitvif_commit(struct splitvif *vif, struct splitvif_frame *frames, unsigned int n)
{
	if (vif->connect.status.up)
		front_tx_commit(&vif->front.tx, frames, n);
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

unsigned int splitvif_transmit(struct splitvif *vif, const struct splitvif_output *frames,
			       unsigned int n)
{
	struct splitvif_frame frame;
	unsigned int i;

	for (i = 0; i < n && vif->connect.status.up; i++) {
		size_t length = output_length(&frames[i]);

		if (length < SPLITVIF_FRAME_MIN || length > front_tx_longest(&vif->front.tx)) {
			vif->front.tx.refused++;
			continue;
		}
		if (splitvif_reserve(vif, &frame, 1, (uint32_t)length) != 1)
			break;
		copy_in(&frame, &frames[i]);
		frame.length = (uint32_t)length;
		frame.csum = frames[i].csum;
		frame.gso_type = frames[i].gso_type;
		frame.gso_size = frames[i].gso_size;
		front_tx_commit(&vif->front.tx, &frame, 1);
	}
	return i;
}

void splitvif_flush(struct splitvif *vif)
{
	if (vif->connect.status.up)
		netfront_flush(&vif->front);
}

bool splitvif_arm(struct splitvif *vif, uint32_t tx_bytes)
{
	bool sleep;

	if (!vif->connect.status.up)
		return true;
	sleep = netfront_arm(&vif->front, tx_bytes);
	note_fault(vif);
	return sleep;
}

bool splitvif_arm_answers(struct splitvif *vif, unsigned int in_flight)
{
	bool sleep;

	if (!vif->connect.status.up)
		return true;
	sleep = netfront_arm(&vif->front, 0);
	if (!front_tx_arm_answers(&vif->front.tx, in_flight))
		sleep = netfront_fault(&vif->front) != FRONT_SOUND;
	note_fault(vif);
	return sleep;
}

unsigned int splitvif_in_flight(struct splitvif *vif)
{
	if (vif->connect.status.up && !front_tx_reclaim(&vif->front.tx))
		note_fault(vif);
	return vif->front.tx.in_flight;
}

void splitvif_status(const struct splitvif *vif, struct splitvif_status *status)
{
	*status = vif->connect.status;
}

void splitvif_stats(const struct splitvif *vif, struct splitvif_stats *stats)
{
	const struct netfront *front = &vif->front;

	*stats = (struct splitvif_stats){
		.tx_frames = front->tx.frames,
		.tx_bytes = front->tx.bytes,
		.tx_done = front->tx.done,
		.tx_errors = front->tx.errors,
		.tx_lost = front->tx.lost,
		.tx_refused = front->tx.refused,
		.tx_full = front->tx.full,
		.rx_frames = front->rx.frames,
		.rx_bytes = front->rx.bytes,
		.rx_errors = front->rx.errors,
		.events_sent = front->events_sent + front->tx_channel.sent + front->rx_channel.sent,
		.events_received = front->events_received + front->tx_channel.received +
				   front->rx_channel.received,
		.connections = vif->connect.connections,
		.violations = vif->connect.violations,
		.last_outage_ns = vif->connect.last_outage_ns,
	};
}
