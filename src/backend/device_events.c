#include "backend/device_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_keys.h"
#include "backend/mac.h"

static void facts_read(struct devices *devices, struct device *device)
{
	char text[64], path[64];

	snprintf(path, sizeof(path), "/local/domain/%u", device->domid);
	if (device_key_text(devices->config.store, path, "name", device->domain_name,
			    sizeof(device->domain_name)) < 0)
		snprintf(device->domain_name, sizeof(device->domain_name), "dom%u", device->domid);
	snprintf(device->name, sizeof(device->name), "%s.%u", device->domain_name, device->devid);
	device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_MAC, text,
			sizeof(text));
	mac_parse(text, device->mac);
	if (device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_IP, text,
			    sizeof(text)) > 0)
		device->ip = vifspec_ip(text, &device->prefix);
	device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_SCRIPT,
			device->script, sizeof(device->script));
	device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_TYPE, text,
			sizeof(text));
	device->own_tap = !strcmp(text, "own-tap");
	device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_BRIDGE, text,
			sizeof(text));
	if (!device->own_tap)
		device->network = network_find(devices->config.networks, text);
	device->offloads = device_offloads_read(devices->config.store, device);
	device_rate_read(devices->config.store, device, &device->rate);
	device->mtu = (uint32_t)device_key_number(
		devices->config.store, device->backend_path, XENBUS_KEY_MTU,
		device->network ? device->network->config.mtu : 1500);
	device->guest_mtu = device->mtu;
}

/* The toolstack wrote a new one. The frontend's directory is where it says. */
static struct device *device_create(struct devices *devices, uint16_t domid, uint32_t devid)
{
	struct device *device = calloc(1, sizeof(*device));

	if (!device)
		return NULL;
	device->domid = domid;
	device->devid = devid;
	device->max_queues = devices->config.max_queues;
	device->state = XenbusStateInitialising;
	xenbus_backend_path(device->backend_path, domid, devid);
	if (device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_FRONTEND,
			    device->frontend_path, sizeof(device->frontend_path)) <= 0) {
		free(device); /* not written yet: the next event finds it */
		return NULL;
	}
	facts_read(devices, device);
	device_settings_find(devices, device);
	*device_link(devices, domid, devid) = device; /* at the end */
	if (!device->network && !device->own_tap)
		device_break(devices, device, ENODEV, "no such bridge");
	store_watch(devices->config.store, device->frontend_path, "frontend");
	return device;
}

/* Somebody removed what we had said, and the device is there still. */
static void say_again(struct devices *devices, struct device *device, const char *key)
{
	char text[16];

	if (device_key_is_told(device, key) &&
	    device_key_text(devices->config.store, device->backend_path, key, text, sizeof(text)) ==
		    -ENOENT)
		device_set_state(devices, device, device->state,
				 device->state == XenbusStateInitWait);
}

static void event_backend(struct devices *devices, uint16_t domid, uint32_t devid, const char *key)
{
	struct device *device = *device_link(devices, domid, devid);

	if (device && !strncmp(key, "/coalesce", strlen("/coalesce"))) {
		device->retuned = true;
		return;
	}
	if (device && !strcmp(key, "/" XENBUS_KEY_RATE)) {
		device_settings_reread_rate(devices, device);
		return;
	}
	if (!device)
		device = device_create(devices, domid, devid);
	else if (key[0] == '/')
		say_again(devices, device, key + 1);
	if (device)
		device_step(devices, device);
}

/* A directory above devices went, and they may have gone with it. */
static void event_above(struct devices *devices, const char *path)
{
	size_t length = strlen(path);
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (!strncmp(device->backend_path, path, length) &&
		    device->backend_path[length] == '/')
			device_step(devices, device);
	}
}

static void event_frontend(struct devices *devices, const char *path)
{
	for (struct device *device = devices->first; device; device = device->next) {
		size_t length = strlen(device->frontend_path);

		if (strncmp(path, device->frontend_path, length) ||
		    (path[length] && path[length] != '/'))
			continue;
		device_step(devices, device);
		return;
	}
}

void devices_handle_events(struct devices *devices)
{
	char path[STORE_PATH_BYTES + 1], token[64];
	unsigned int domid, devid;
	int at;

	while (store_next_event(devices->config.store, path, sizeof(path), token, sizeof(token)) >
	       0) {
		if (!strcmp(token, "frontend"))
			event_frontend(devices, path);
		else if (sscanf(path, DEVICE_BACKEND_ROOT "/%u/%u%n", &domid, &devid, &at) == 2)
			event_backend(devices, (uint16_t)domid, devid, path + at);
		else
			event_above(devices, path);
	}
	/* Many words are often written at once, and read once. */
	for (struct device *device = devices->first; device; device = device->next)
		if (device->retuned)
			device_settings_reread_tuning(devices, device);
}
