#include "backend/device_list.h"

#include <errno.h>
#include <stdio.h>

#include "backend/device_backing.h"
#include "io/log.h"

static void carrier_write(struct devices *devices, struct device *device, bool off)
{
	char path[XENBUS_PATH_BYTES + 16];

	device->carrier_off = off;
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_CARRIER, device->backend_path);
	store_write(devices->config.store, STORE_NO_TRANSACTION, path, off ? "0" : "1", 1);
	log_warning("vif", "%s %s", device->name,
		    off ? "posts no buffers: carrier off" : "posts buffers again: carrier on");
}

/* Its frontend's next attempt makes another. */
static void lose_tap(struct devices *devices, struct device *device)
{
	device_disconnect(devices, device);
	device_backing_drop(device);
	device->hotplug = HOTPLUG_NONE;
	device_break(devices, device, ENODEV, "its TAP was deleted");
	device_step(devices, device);
}

void devices_handle_alarm(struct devices *devices)
{
	struct device *next;

	for (struct device *device = devices->first; device; device = next) {
		const char *fault;
		bool stalled;

		next = device->next;
		if (device_backing_is_lost(device))
			lose_tap(devices, device);
		if (!device->vif)
			continue;
		stalled = vif_is_stalled(device->vif);
		if (stalled != device->carrier_off)
			carrier_write(devices, device, stalled);
		mtu_log_too_big(&device->vif->port, &device->told_too_big);
		fault = __atomic_load_n(&device->vif->fault, __ATOMIC_ACQUIRE);
		if (!fault || device->broken)
			continue;
		device_break(devices, device, EPROTO, fault);
		device_step(devices, device);
	}
}
