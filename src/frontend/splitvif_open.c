#include "frontend/splitvif_handle.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { OPEN_TIMEOUT_MS = 5000, CLOSE_TIMEOUT_MS = 1000, NAME_GRACE_MS = 1000, TRY_AGAIN_MS = 10 };

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
	if (config->queues > SPLITVIF_QUEUES_MAX) {
		snprintf(error, size, "bad number of queues %u: more than %d; choose fewer",
			 config->queues, SPLITVIF_QUEUES_MAX);
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
	int err = netfront_init(&vif->front, config->queues);

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
	vif->connect.host = config->first ? &config->first->connect.home : NULL;
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
	if (!full.queues)
		full.queues = 1;
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
