#include "backend/device_list.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_backing.h"
#include "backend/device_keys.h"
#include "backend/kept_tuning.h"
#include "backend/mac.h"
#include "io/log.h"

#define BACKEND_ROOT "/local/domain/0/backend/vif"

void device_set_state(struct devices *devices, struct device *device, enum xenbus_state state,
		      bool features)
{
	device->state = state;
	device_state_write(devices->config.store, device, state, features);
}

void device_break(struct devices *devices, struct device *device, int err, const char *reason)
{
	device->broken = true;
	snprintf(device->reason, sizeof(device->reason), "%s", reason);
	device_error_write(devices->config.store, device, err);
	log_warning("vif", "%s is stopped: %s", device->name, reason);
}

static int device_connect(struct devices *devices, struct device *device, const char **why)
{
	struct foreign_domain *domain;
	struct vif_config config;
	struct vif *vif;
	int err;

	*why = "no such bridge";
	if (!device->network)
		return -ENODEV;
	err = device_config_read(devices->config.store, device, &config, why);
	if (err)
		return err;
	config.backlog_bytes = devices->config.backlog_bytes;
	config.tuning = device->tuning;
	config.rate = device->rate;
	device->guest_mtu = (uint32_t)device_key_number(
		devices->config.store, device->frontend_path, XENBUS_KEY_MTU, device->mtu);
	*why = "no such domain";
	domain = devices->config.find_domain(devices->config.arg, device->domid, device->devid);
	if (!domain)
		return -ESRCH;
	err = vif_open(&vif, domain, &config, why);
	if (err)
		return err;
	*why = "the bridge or the engine has no room";
	err = vif_attach(vif, devices->config.workers, device->network->bridge);
	if (err) {
		vif_close(vif);
		return err;
	}
	device->vif = vif;
	device->told_too_big = false;
	device->connections++;
	return 0;
}

bool device_mtus(const struct device *device, struct mtus *mtus)
{
	if (!device->network)
		return false;
	*mtus = (struct mtus){ device->guest_mtu, device->mtu, device->network->config.mtu };
	return mtu_differs(mtus);
}

static void step_connect(struct devices *devices, struct device *device)
{
	struct mtus mtus;
	const char *why;
	int err = device_connect(devices, device, &why);

	if (err) {
		device_break(devices, device, -err, why);
		return;
	}
	device_error_clear(devices->config.store, device);
	device_set_state(devices, device, XenbusStateConnected, false);
	log_info("bridge", "port %s up bridge=%s domid=%u mac=" MAC_FORMAT " mtu=%u", device->name,
		 device->network->config.name, device->domid, MAC_ARGS(device->mac), device->mtu);
	if (device_mtus(device, &mtus))
		mtu_log_difference(device->name, &mtus);
}

/* The vif's totals outlive it in the log. */
static void log_totals(const struct device *device)
{
	struct port_counters c;

	port_total(&device->vif->port, &c);
	log_info("bridge",
		 "port %s down from_guest=%llu forwarded=%llu dropped=%llu to_guest=%llu "
		 "delivered=%llu dropped=%llu",
		 device->name, (unsigned long long)c.from.frames,
		 (unsigned long long)c.from.forwarded,
		 (unsigned long long)counters_dropped_from(&c), (unsigned long long)c.to.intended,
		 (unsigned long long)c.to.frames, (unsigned long long)counters_dropped_to(&c));
}

void device_disconnect(struct devices *devices, struct device *device)
{
	if (!device->vif)
		return;
	vif_detach(device->vif);
	log_totals(device);
	vif_close(device->vif);
	device->vif = NULL;
	device->carrier_off = false;
}

/* Takes the device off the list and its nodes out of the store. */
static void device_remove(struct devices *devices, struct device *device)
{
	struct store_client *store = devices->config.store;

	log_info("xenbus", "%s is removed", device->name);
	*device_link(devices, device->domid, device->devid) = device->next;
	store_unwatch(store, device->frontend_path, "frontend");
	device_error_clear(devices->config.store, device);
	store_remove(store, STORE_NO_TRANSACTION, device->backend_path);
	store_remove(store, STORE_NO_TRANSACTION, device->frontend_path);
	if (!device_list_has(devices, device->domid))
		device_domain_clear(store, device->domid);
	free(device);
}

/* Its frontend has some time to let go. */
static void note_leaving(struct devices *devices, struct device *device, bool leaving)
{
	if (leaving && !device->leaving) {
		device->leaving_since_ms = worker_clock_ms();
		if (devices->config.later)
			devices->config.later(devices->config.arg, DEVICE_LEAVE_MS);
	}
	device->leaving = leaving;
}

/* What its script said stands once it was heard; only a script of somebody else's
 * is asked of the store alone. */
static bool is_script_pending(struct devices *devices, const struct device *device)
{
	char text[16];

	if (device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_SCRIPT, text,
			    sizeof(text)) <= 0)
		return false;
	if (device_key_text(devices->config.store, device->backend_path, XENBUS_KEY_HOTPLUG_STATUS,
			    text, sizeof(text)) < 0)
		return device->hotplug != HOTPLUG_THERE || device->script_failed;
	return strcmp(text, "connected") != 0;
}

static void view_read(struct devices *devices, struct device *device,
		      struct xenbus_backend_view *view)
{
	enum xenbus_state before = device->frontend_state;

	device->frontend_state = (enum xenbus_state)device_key_number(
		devices->config.store, device->frontend_path, XENBUS_KEY_STATE, XenbusStateUnknown);
	device->unfit = device->unfit && device->frontend_state == before;
	*view = (struct xenbus_backend_view){
		.own = device->state,
		.frontend = device->frontend_state,
		.online = !devices->parting &&
			  device_key_number(devices->config.store, device->backend_path,
					    XENBUS_KEY_ONLINE, 0) == 1,
		.broken = device->broken || device->parting,
		.script_pending = is_script_pending(devices, device),
	};
	note_leaving(devices, device, !view->online);
}

/* Offers the device to its frontend, with all that it needs on our side. */
static bool step_advertise(struct devices *devices, struct device *device)
{
	char why[sizeof(device->reason)];
	int err;

	if (device->unfit)
		return false; /* until the frontend tries again */
	device->broken = false;
	device->parting = false;
	if (!device->script_failed)
		device->reason[0] = '\0';
	err = device_backing_open(&devices->config, device, why, sizeof(why));
	if (err) {
		device_break(devices, device, -err, why);
		device->unfit = true;
		return false;
	}
	device_set_state(devices, device, XenbusStateInitWait, true);
	return true;
}

void device_step(struct devices *devices, struct device *device)
{
	struct xenbus_backend_view view;

	while (!device->frontend_is_gone) {
		view_read(devices, device, &view);
		switch (xenbus_backend_next(&view)) {
		case XENBUS_WAIT:
			return;
		case XENBUS_ADVERTISE:
			if (!step_advertise(devices, device))
				return;
			break;
		case XENBUS_CONNECT:
			step_connect(devices, device);
			break;
		case XENBUS_DISCONNECT:
			device_disconnect(devices, device);
			device_set_state(devices, device, XenbusStateClosing, false);
			break;
		case XENBUS_CLOSE:
			device_disconnect(devices, device);
			device_set_state(devices, device, XenbusStateClosed, false);
			break;
		case XENBUS_REMOVE:
			device_disconnect(devices, device);
			if (device_backing_close(&devices->config, device))
				device_remove(devices, device);
			return;
		}
	}
}

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

/* A directory above the devices' went, and they may have gone with it. */
static void event_above(struct devices *devices)
{
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
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
		else if (sscanf(path, BACKEND_ROOT "/%u/%u%n", &domid, &devid, &at) == 2)
			event_backend(devices, (uint16_t)domid, devid, path + at);
		else
			event_above(devices);
	}
	/* Many words are often written at once, and read once. */
	for (struct device *device = devices->first; device; device = device->next)
		if (device->retuned)
			device_settings_reread_tuning(devices, device);
}

void devices_handle_timer(struct devices *devices)
{
	uint64_t now = worker_clock_ms();
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (!device->leaving || now - device->leaving_since_ms < DEVICE_LEAVE_MS)
			continue;
		device_disconnect(devices, device);
		if (device_backing_close(&devices->config, device))
			device_remove(devices, device);
	}
}

void devices_script_done(struct devices *devices, const struct script_request *request,
			 const struct script_result *result)
{
	struct device *device = *device_link(devices, request->domid, request->devid);

	if (!device)
		return;
	device_backing_script_done(&devices->config, device, request->online, result);
	if (!device->frontend_is_gone)
		device_step(devices, device);
	else if (device_backing_close(&devices->config, device))
		device_remove(devices, device);
}

bool devices_part(struct devices *devices)
{
	bool some = false;
	struct device *next;

	devices->parting = true;
	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (device->hotplug == HOTPLUG_NONE)
			continue;
		device->frontend_is_gone = true;
		device_disconnect(devices, device);
		if (device_backing_close(&devices->config, device))
			device_remove(devices, device);
		else
			some = true;
	}
	return some;
}

bool device_is_busy(const struct device *device)
{
	return device->leaving || device_backing_is_pending(device);
}

void devices_forget_domain(struct devices *devices, uint16_t domid)
{
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (device->domid != domid)
			continue;
		device_disconnect(devices, device);
		device->leaving = device->frontend_is_gone = true;
		if (device_backing_close(&devices->config, device))
			device_remove(devices, device);
	}
}

void devices_forget_vif(struct devices *devices, uint16_t domid, uint32_t devid)
{
	struct device *device = *device_link(devices, domid, devid);

	if (!device)
		return;
	device_disconnect(devices, device);
	device->parting = true;
	device_step(devices, device);
}

void devices_settle(struct devices *devices)
{
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (device->state != XenbusStateConnected || device->vif)
			continue;
		device_break(devices, device, EINVAL, "its rings are no longer granted");
		device_step(devices, device);
	}
}

struct devices *devices_create(const struct devices_config *config)
{
	struct devices *devices = calloc(1, sizeof(*devices));

	if (!devices)
		return NULL;
	devices->config = *config;
	kept_tuning_load(&devices->kept);
	if (!store_mkdir(config->store, STORE_NO_TRANSACTION, BACKEND_ROOT) &&
	    !store_watch(config->store, BACKEND_ROOT, "backend"))
		return devices;
	kept_tuning_fini(&devices->kept);
	free(devices);
	return NULL;
}

void devices_destroy(struct devices *devices)
{
	while (devices->first) {
		device_disconnect(devices, devices->first);
		device_backing_drop(devices->first);
		device_remove(devices, devices->first);
	}
	kept_tuning_fini(&devices->kept);
	free(devices);
}
