#include "frontend/front_device.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { NAMES_BYTES = 1024, KEY_PATH_BYTES = XENBUS_PATH_BYTES + 64 };

int front_device_open(struct front_device *device, int store_fd)
{
	device->store = store_client_socket(store_fd, FRONT_DEVICE_TIMEOUT_MS);
	if (device->store)
		return 0;
	close(store_fd);
	return -ENOMEM;
}

void front_device_close(struct front_device *device)
{
	if (device->store)
		store_client_close(device->store);
	device->store = NULL;
}

#define TUNING_TOKEN "coalesce"

static void tuning_path(const struct front_device *device, char path[KEY_PATH_BYTES])
{
	snprintf(path, KEY_PATH_BYTES, "%s/coalesce", device->frontend_path);
}

int front_device_bind(struct front_device *device, domid_t domid, uint32_t devid)
{
	char path[KEY_PATH_BYTES];
	int length, err;

	device->devid = devid;
	xenbus_frontend_path(device->frontend_path, domid, devid);
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_BACKEND, device->frontend_path);
	length = store_read(device->store, STORE_NO_TRANSACTION, path, device->backend_path,
			    sizeof(device->backend_path));
	if (length < 0)
		return length;
	if ((size_t)length >= sizeof(device->backend_path))
		return -ENAMETOOLONG;
	tuning_path(device, path);
	err = store_watch(device->store, path, TUNING_TOKEN);
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_STATE, device->backend_path);
	return store_watch(device->store, path, XENBUS_KEY_STATE);
}

void front_device_unbind(struct front_device *device)
{
	char path[KEY_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_STATE, device->backend_path);
	store_unwatch(device->store, path, XENBUS_KEY_STATE);
	tuning_path(device, path);
	store_unwatch(device->store, path, TUNING_TOKEN);
}

#define VIFS_TOKEN "vifs"

static void vifs_path(domid_t domid, char path[KEY_PATH_BYTES])
{
	snprintf(path, KEY_PATH_BYTES, "/local/domain/%u/device/vif", domid);
}

int front_device_watch_vifs(struct front_device *device, domid_t domid)
{
	char path[KEY_PATH_BYTES];

	vifs_path(domid, path);
	return store_watch(device->store, path, VIFS_TOKEN);
}

/* Below a directory that we may not read, the store calls "not there" EACCES. */
int front_device_list_vifs(struct front_device *device, domid_t domid, uint32_t *devids,
			   unsigned int max)
{
	char path[KEY_PATH_BYTES], names[NAMES_BYTES];
	const char *name = names;
	unsigned int listed = 0;
	int n;

	vifs_path(domid, path);
	n = store_directory(device->store, STORE_NO_TRANSACTION, path, names, sizeof(names));
	if (n < 0)
		return n == -ENOENT || n == -EACCES ? 0 : n;
	for (; n-- && listed < max; name += strlen(name) + 1)
		devids[listed++] = (uint32_t)strtoul(name, NULL, 10);
	return (int)listed;
}

static int write_key(struct front_device *device, uint32_t transaction, const char *key,
		     unsigned long value)
{
	char path[KEY_PATH_BYTES];

	snprintf(path, sizeof(path), "%s/%s", device->frontend_path, key);
	return store_printf(device->store, transaction, path, "%lu", value);
}

int front_device_set_state(struct front_device *device, enum xenbus_state state)
{
	return write_key(device, STORE_NO_TRANSACTION, XENBUS_KEY_STATE, (unsigned long)state);
}

/* Below a directory that we may not read, the store calls "not there" EACCES. */
int front_device_backend_state(struct front_device *device, enum xenbus_state *state)
{
	uint64_t number = XenbusStateUnknown;
	int err = store_read_number(device->store, STORE_NO_TRANSACTION, device->backend_path,
				    XENBUS_KEY_STATE, XenbusStateReconfigured, &number);

	*state = (enum xenbus_state)number;
	return err == -ENOENT || err == -EACCES ? 0 : err;
}

bool front_device_is_online(struct front_device *device)
{
	uint64_t value = 1;
	int err = store_read_number(device->store, STORE_NO_TRANSACTION, device->backend_path,
				    XENBUS_KEY_ONLINE, 1, &value);

	return err || value;
}

bool front_device_awaits_script(struct front_device *device)
{
	char path[KEY_PATH_BYTES], status[16];

	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_HOTPLUG_STATUS, device->backend_path);
	return store_read(device->store, STORE_NO_TRANSACTION, path, status, sizeof(status)) >= 0 &&
	       !status[0];
}

bool front_device_backend_has(struct front_device *device, const char *feature)
{
	uint64_t value = 0;

	store_read_number(device->store, STORE_NO_TRANSACTION, device->backend_path, feature, 1,
			  &value);
	return value == 1;
}

unsigned int front_device_offers(struct front_device *device)
{
	static const struct {
		const char *key;
		unsigned int offload, needs;
	} features[] = {
		{ XENBUS_KEY_SG, SPLITVIF_OFFLOAD_SG, 0 },
		{ XENBUS_KEY_IPV6_CSUM, SPLITVIF_OFFLOAD_CSUM_IPV6, 0 },
		{ XENBUS_KEY_GSO_TCPV4, SPLITVIF_OFFLOAD_GSO_TCPV4, SPLITVIF_OFFLOAD_SG },
		{ XENBUS_KEY_GSO_TCPV6, SPLITVIF_OFFLOAD_GSO_TCPV6,
		  SPLITVIF_OFFLOAD_SG | SPLITVIF_OFFLOAD_CSUM_IPV6 },
	};
	unsigned int offers = SPLITVIF_OFFLOAD_CSUM_IPV4;

	for (size_t i = 0; i < sizeof(features) / sizeof(features[0]); i++)
		if ((offers & features[i].needs) == features[i].needs &&
		    front_device_backend_has(device, features[i].key))
			offers |= features[i].offload;
	return offers;
}

unsigned int front_device_queues(struct front_device *device, unsigned int wanted)
{
	uint64_t most = 1;

	store_read_number(device->store, STORE_NO_TRANSACTION, device->backend_path,
			  XENBUS_KEY_MAX_QUEUES, UINT32_MAX, &most);
	if (!most)
		most = 1;
	return most < wanted ? (unsigned int)most : wanted;
}

void front_device_backend_reason(struct front_device *device, char *reason, size_t size)
{
	const char *own = strstr(device->backend_path, "backend/");
	char path[KEY_PATH_BYTES];

	snprintf(path, sizeof(path), "/local/domain/0/error/%s/error", own ? own : "");
	if (!own || store_read(device->store, STORE_NO_TRANSACTION, path, reason, size) <= 0)
		snprintf(reason, size, "no reason given");
}

struct offer {
	struct front_device *device;
	const struct netfront *front;
};

struct offered_key {
	const char *key; /* NULL: not with these channels */
	unsigned long value;
};

/* Until the first error. */
static int write_keys(struct front_device *device, uint32_t transaction, const char *dir,
		      const struct offered_key *keys, size_t n)
{
	char path[64];
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		if (!keys[i].key)
			continue;
		snprintf(path, sizeof(path), "%s%s", dir, keys[i].key);
		err = write_key(device, transaction, path, keys[i].value);
	}
	return err;
}

static int write_queue(struct front_device *device, uint32_t transaction, const char *dir,
		       const struct front_queue *queue)
{
	bool split = queue->rx_channel.port != 0;
	const struct offered_key keys[] = {
		{ XENBUS_KEY_TX_RING_REF, queue->tx_ring_ref },
		{ XENBUS_KEY_RX_RING_REF, queue->rx_ring_ref },
		{ split ? XENBUS_KEY_EVTCHN_TX : XENBUS_KEY_EVTCHN, queue->tx_channel.port },
		{ split ? XENBUS_KEY_EVTCHN_RX : NULL, queue->rx_channel.port },
	};

	return write_keys(device, transaction, dir, keys, sizeof(keys) / sizeof(keys[0]));
}

/* One queue's keys stand with the others, as they did before there were more
 * (netif.h, "multi-queue"). */
static int write_queues(struct front_device *device, uint32_t transaction,
			const struct netfront *front)
{
	char dir[24];
	int err = 0;

	if (front->max_queues > 1)
		err = write_key(device, transaction, XENBUS_KEY_NUM_QUEUES, front->nr_queues);
	if (!err && front->nr_queues == 1)
		return write_queue(device, transaction, "", &front->queues[0]);
	for (unsigned int i = 0; i < front->nr_queues && !err; i++) {
		snprintf(dir, sizeof(dir), XENBUS_QUEUE_DIR "/", i);
		err = write_queue(device, transaction, dir, &front->queues[i]);
	}
	return err;
}

/* Nothing that is not taken, and that in words, since an earlier connection's
 * keys may be there still. */
static int write_offer(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct offer *offer = arg;
	unsigned int takes = offer->front->queues[0].rx.takes;
	const struct offered_key keys[] = {
		{ XENBUS_KEY_REQUEST_RX_COPY, 1 },
		{ XENBUS_KEY_RX_NOTIFY, 1 },
		{ XENBUS_KEY_SG, 1 },
		{ XENBUS_KEY_NO_CSUM, !(takes & SPLITVIF_OFFLOAD_CSUM_IPV4) },
		{ XENBUS_KEY_IPV6_CSUM, !!(takes & SPLITVIF_OFFLOAD_CSUM_IPV6) },
		{ XENBUS_KEY_GSO_TCPV4, !!(takes & SPLITVIF_OFFLOAD_GSO_TCPV4) },
		{ XENBUS_KEY_GSO_TCPV6, !!(takes & SPLITVIF_OFFLOAD_GSO_TCPV6) },
		{ XENBUS_KEY_STATE, XenbusStateConnected },
	};
	int err = write_queues(offer->device, transaction, offer->front);

	return err ? err
		   : write_keys(offer->device, transaction, "", keys,
				sizeof(keys) / sizeof(keys[0]));
}

int front_device_offer(struct front_device *device, const struct netfront *front)
{
	struct offer offer = { device, front };

	return store_transact(device->store, write_offer, &offer);
}

void front_device_report(struct front_device *device, int error, const char *text)
{
	char path[64];

	snprintf(path, sizeof(path), "error/device/vif/%u/error", device->devid);
	store_printf(device->store, STORE_NO_TRANSACTION, path, "%d %s", error, text);
}

int front_device_drain(struct front_device *device)
{
	char path[KEY_PATH_BYTES], token[32];
	int n = 0, got;

	while ((got = store_next_event(device->store, path, sizeof(path), token, sizeof(token))) ==
	       1) {
		device->vifs_changed |= !strcmp(token, VIFS_TOKEN);
		device->control_changed |= !strcmp(token, FRONT_DEVICE_CONTROL_TOKEN);
		device->tuning_changed |= !strcmp(token, TUNING_TOKEN);
		n++;
	}
	return got < 0 ? got : n;
}
