#include "backend/device_list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_backing.h"
#include "backend/device_keys.h"
#include "backend/kept_tuning.h"
#include "io/log.h"

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

static void call_later(const struct devices *devices, uint64_t ms)
{
	if (devices->config.later)
		devices->config.later(devices->config.arg, (unsigned int)ms);
}

/* Its frontend has some time to let go. */
static void note_leaving(struct devices *devices, struct device *device, bool leaving)
{
	if (leaving && !device->leaving) {
		device->leaving_since_ms = worker_clock_ms();
		call_later(devices, DEVICE_LEAVE_MS);
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
			device_connect(devices, device);
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

void devices_handle_timer(struct devices *devices)
{
	uint64_t now = worker_clock_ms();
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		next = device->next;
		if (!device->leaving)
			continue;
		if (now - device->leaving_since_ms < DEVICE_LEAVE_MS) {
			call_later(devices, device->leaving_since_ms + DEVICE_LEAVE_MS - now);
			continue;
		}
		device_disconnect(devices, device);
		device->frontend_is_gone = true; /* its script may have to end first */
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
	if (!store_mkdir(config->store, STORE_NO_TRANSACTION, DEVICE_BACKEND_ROOT) &&
	    !store_watch(config->store, DEVICE_BACKEND_ROOT, "backend"))
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
