#include "frontend/front_attempt.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "frontend/front_entry.h"
#include "frontend/front_voice.h"

enum { VIFS_MAX = 32, MAC_TEXT_BYTES = 24 };

struct wanted_vif {
	uint32_t devid;
	char mac[MAC_TEXT_BYTES];
};

struct front_attempt {
	struct front_connect there; /* what front_entry_make() looks at, no more */
	struct front_destination to;
	struct wanted_vif vifs[VIFS_MAX];
	unsigned int nr_vifs;
	pthread_t thread;
	int done_fd;
	int err;
};

static void mac_read(struct front_device *device, uint32_t devid, char mac[MAC_TEXT_BYTES])
{
	char path[64];

	snprintf(path, sizeof(path), "device/vif/%u/" XENBUS_KEY_MAC, devid);
	if (store_read(device->store, STORE_NO_TRANSACTION, path, mac, MAC_TEXT_BYTES) < 0)
		mac[0] = '\0';
}

static int list_vifs(struct front_attempt *attempt, struct front_connect *c)
{
	uint32_t devids[VIFS_MAX];
	int n = front_device_list_vifs(&c->device, c->domain.domid, devids, VIFS_MAX);

	for (int i = 0; i < n; i++) {
		attempt->vifs[i].devid = devids[i];
		mac_read(&c->device, devids[i], attempt->vifs[i].mac);
	}
	attempt->nr_vifs = n < 0 ? 0 : (unsigned int)n;
	return n < 0 ? n : 0;
}

/* Its operator may have named an address for the VM, which has one. */
static int check_vifs(struct front_attempt *attempt)
{
	struct front_connect *c = &attempt->there;
	char mac[MAC_TEXT_BYTES];

	for (unsigned int i = 0; i < attempt->nr_vifs; i++) {
		const struct wanted_vif *vif = &attempt->vifs[i];

		mac_read(&c->device, vif->devid, mac);
		if (!mac[0])
			return front_voice_fail(c, -ENODEV,
						"its vif %u could not be made there; see that "
						"daemon's log",
						vif->devid);
		if (strcmp(mac, vif->mac))
			return front_voice_fail(
				c, -EADDRNOTAVAIL,
				"it would get another MAC there; see that daemon's configuration, "
				"or detach the vif there");
	}
	return 0;
}

static int enter(struct front_attempt *attempt)
{
	struct front_connect *c = &attempt->there;
	int err = front_entry_make(c);

	if (!err && c->away)
		err = front_voice_fail(c, -ESHUTDOWN, "its vif was detached there; attach it");
	return err ? err : check_vifs(attempt);
}

static void *attempt_main(void *arg)
{
	struct front_attempt *attempt = arg;
	uint64_t one = 1;
	ssize_t n;

	attempt->err = enter(attempt);
	n = write(attempt->done_fd, &one, sizeof(one));
	(void)n;
	return NULL;
}

/* Signals are for those who wait for them. */
static int thread_start(struct front_attempt *attempt)
{
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&attempt->thread, NULL, attempt_main, attempt);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

struct front_attempt *front_attempt_start(struct front_connect *c,
					  const struct front_destination *to)
{
	struct front_attempt *attempt = calloc(1, sizeof(*attempt));
	struct front_connect *there = attempt ? &attempt->there : NULL;

	if (!attempt)
		return NULL;
	attempt->to = *to;
	*there = (struct front_connect){ .front = c->front,
					 .config = c->config,
					 .domain.fd = -1,
					 .status = c->status,
					 .connections = c->connections,
					 .moving = true };
	there->config.rundir = attempt->to.rundir;
	there->status.up = false;
	static_assert(sizeof(to->bridge) == sizeof(c->status.bridge), "front_control.h");
	if (to->bridge[0])
		memcpy(there->status.bridge, to->bridge, sizeof(to->bridge));
	attempt->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (attempt->done_fd >= 0 && !list_vifs(attempt, c) && !thread_start(attempt))
		return attempt;
	if (attempt->done_fd >= 0)
		close(attempt->done_fd);
	free(attempt);
	return NULL;
}

int front_attempt_fd(const struct front_attempt *attempt)
{
	return attempt->done_fd;
}

const char *front_attempt_rundir(const struct front_attempt *attempt)
{
	return attempt->to.rundir;
}

int front_attempt_end(struct front_attempt *attempt, struct front_place *place, char *line,
		      size_t size)
{
	struct front_connect *c = &attempt->there;
	int err;

	pthread_join(attempt->thread, NULL);
	err = attempt->err;
	*place = (struct front_place){ c->domain, c->device, c->status };
	if (err) {
		snprintf(line, size, "cannot migrate %.63s to %.100s: %.240s", c->status.name,
			 attempt->to.rundir, c->reason[0] ? c->reason : strerror(-err));
		front_place_close(place);
	}
	close(attempt->done_fd);
	free(attempt);
	return err;
}
