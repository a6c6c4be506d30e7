#include "frontend/guest_vifs.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frontend/guest_facts.h"
#include "frontend/guest_tap.h"
#include "io/log.h"

enum { RETRY_MS = 1000 };

struct further {
	struct guest_vifs *vifs;
	uint32_t devid;
	pthread_t thread;
	int stop[2];  /* what the guest's loop takes for signals; written to end it */
	bool running; /* the keeper's own */
	bool is_over; /* under the lock: the thread has nothing more to do */
	bool failed;  /* under the lock */
	struct guest guest;
	struct guest_tap tap;
};

struct guest_vifs {
	struct guest_vifs_config config;
	uint32_t first_devid;
	pthread_t keeper;
	pthread_mutex_t guest_lock; /* one setup at a time */
	pthread_mutex_t lock;
	uint32_t wanted; /* bit N: vif N is there */
	bool ending;
	int wake_fd;
	struct further list[GUEST_VIFS_MAX];
};

static void wake(struct guest_vifs *vifs)
{
	uint64_t one = 1;
	ssize_t n = write(vifs->wake_fd, &one, sizeof(one));

	(void)n;
}

/* eth0 is the first vif's, whatever its number. */
static void device_name(const struct further *further, char name[GUEST_DEVICE_BYTES])
{
	snprintf(name, GUEST_DEVICE_BYTES, "eth%u",
		 further->devid ? further->devid : further->vifs->first_devid);
}

static struct splitvif *open_vif(struct further *further)
{
	struct splitvif_config config = further->vifs->config.vif;
	struct splitvif *vif;
	char error[300];

	config.name = further->vifs->config.name;
	config.further = true;
	config.devid = further->devid;
	config.first = further->vifs->config.first;
	vif = splitvif_open(&config, error, sizeof(error));
	if (!vif && errno != ENODEV) /* detached meanwhile */
		log_warning("guest", "%s", error);
	return vif;
}

static int add_device(struct further *further, struct splitvif *vif)
{
	struct guest_vifs *vifs = further->vifs;
	char name[GUEST_DEVICE_BYTES], error[GUEST_ERROR_BYTES];
	struct splitvif_status status;
	struct guest_setup setup;
	int err;

	device_name(further, name);
	splitvif_status(vif, &status);
	setup = guest_facts_setup(&status, name);
	setup.gateway = 0; /* the first vif's */
	setup.queues = (uint8_t)vifs->config.vif.queues;
	further->guest = GUEST_NONE;
	pthread_mutex_lock(&vifs->guest_lock);
	err = guest_add(vifs->config.guest, &setup, &further->guest, error);
	pthread_mutex_unlock(&vifs->guest_lock);
	if (err)
		log_warning("guest", "%s.%u: %s", status.name, status.devid, error);
	else
		guest_facts_say(&status, name, setup.prefix);
	return err;
}

static int move_frames(struct further *further, struct splitvif *vif)
{
	struct guest_vifs *vifs = further->vifs;
	struct guest_tap *tap = &further->tap;
	struct engine *engine;
	char note[128];
	int err = engine_create(&engine, vifs->config.engine, note, sizeof(note));

	if (err) {
		log_warning("guest", "cannot make engine: %s", note);
		return err;
	}
	err = guest_tap_init(tap, vif, &further->guest, engine, further->stop[0],
			     vifs->config.offload);
	if (!err) {
		tap->ends_with_vif = true;
		guest_tap_run(tap);
		guest_tap_report(tap);
		guest_tap_fini(tap);
	}
	engine_destroy(engine);
	return err;
}

static int serve(struct further *further)
{
	struct splitvif *vif = open_vif(further);
	int err = vif ? add_device(further, vif) : -ENODEV;

	if (!err) {
		err = move_frames(further, vif);
		guest_end(&further->guest);
	}
	if (vif)
		splitvif_close(vif);
	return err;
}

static void *further_main(void *arg)
{
	struct further *further = arg;
	int err = serve(further);

	pthread_mutex_lock(&further->vifs->lock);
	further->failed = err != 0;
	further->is_over = true;
	pthread_mutex_unlock(&further->vifs->lock);
	wake(further->vifs);
	return NULL;
}

static void further_start(struct guest_vifs *vifs, uint32_t devid)
{
	struct further *further = &vifs->list[devid];

	*further = (struct further){ .vifs = vifs, .devid = devid };
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, further->stop))
		return;
	further->running = !pthread_create(&further->thread, NULL, further_main, further);
	if (further->running)
		return;
	log_warning("guest", "cannot make a thread for vif %u", devid);
	close(further->stop[0]);
	close(further->stop[1]);
}

static void further_join(struct further *further)
{
	pthread_join(further->thread, NULL);
	close(further->stop[0]);
	close(further->stop[1]);
	further->running = false;
}

/* Joins what is over, starts what is wanted: true if something is to be tried
 * again by and by. One that failed waits for its turn to be `retried`. */
static bool look(struct guest_vifs *vifs, bool retried)
{
	bool again = false;

	for (uint32_t devid = 0; devid < GUEST_VIFS_MAX; devid++) {
		struct further *further = &vifs->list[devid];
		bool wanted, over, failed;

		pthread_mutex_lock(&vifs->lock);
		wanted = !vifs->ending && vifs->wanted & 1u << devid;
		over = further->is_over;
		failed = further->failed;
		pthread_mutex_unlock(&vifs->lock);
		if (further->running && over)
			further_join(further);
		if (!wanted || further->running)
			continue;
		if (!failed || retried)
			further_start(vifs, devid);
		again |= !further->running;
	}
	return again;
}

/* As a signal would end it. */
static void end_all(struct guest_vifs *vifs)
{
	const struct signalfd_siginfo term = { .ssi_signo = SIGTERM };

	for (uint32_t devid = 0; devid < GUEST_VIFS_MAX; devid++) {
		struct further *further = &vifs->list[devid];

		if (!further->running)
			continue;
		if (write(further->stop[1], &term, sizeof(term)) < 0)
			log_debug("guest", "vif %u does not listen", devid);
		further_join(further);
	}
}

static void *keeper_main(void *arg)
{
	struct guest_vifs *vifs = arg;
	struct pollfd ready = { .fd = vifs->wake_fd, .events = POLLIN };
	bool again = false;

	for (;;) {
		int n = poll(&ready, 1, again ? RETRY_MS : -1);
		uint64_t count;
		bool ending;

		if (n > 0 && read(vifs->wake_fd, &count, sizeof(count)) < 0)
			continue;
		pthread_mutex_lock(&vifs->lock);
		ending = vifs->ending;
		pthread_mutex_unlock(&vifs->lock);
		if (ending)
			break;
		again = look(vifs, n == 0);
	}
	end_all(vifs);
	return NULL;
}

void guest_vifs_update(struct guest_vifs *vifs)
{
	uint32_t devids[GUEST_VIFS_MAX], wanted = 0;
	int n = splitvif_vifs(vifs->config.first, devids, GUEST_VIFS_MAX);

	for (int i = 0; i < n; i++)
		if (devids[i] < GUEST_VIFS_MAX && devids[i] != vifs->first_devid)
			wanted |= 1u << devids[i];
	pthread_mutex_lock(&vifs->lock);
	vifs->wanted = wanted;
	pthread_mutex_unlock(&vifs->lock);
	wake(vifs);
}

struct guest_vifs *guest_vifs_create(const struct guest_vifs_config *config)
{
	struct guest_vifs *vifs = calloc(1, sizeof(*vifs));
	struct splitvif_status status;

	if (!vifs)
		return NULL;
	splitvif_status(config->first, &status);
	vifs->config = *config;
	vifs->first_devid = status.devid;
	vifs->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	pthread_mutex_init(&vifs->lock, NULL);
	pthread_mutex_init(&vifs->guest_lock, NULL);
	if (vifs->wake_fd >= 0 && !pthread_create(&vifs->keeper, NULL, keeper_main, vifs)) {
		guest_vifs_update(vifs);
		return vifs;
	}
	if (vifs->wake_fd >= 0)
		close(vifs->wake_fd);
	free(vifs);
	return NULL;
}

void guest_vifs_destroy(struct guest_vifs *vifs)
{
	pthread_mutex_lock(&vifs->lock);
	vifs->ending = true;
	pthread_mutex_unlock(&vifs->lock);
	wake(vifs);
	pthread_join(vifs->keeper, NULL);
	close(vifs->wake_fd);
	free(vifs);
}
