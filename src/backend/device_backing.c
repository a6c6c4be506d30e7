#include "backend/device_backing.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_keys.h"
#include "backend/hotplug.h"
#include "io/log.h"

static int own_tap_open(const struct devices_config *config, struct device *device, char *error,
			size_t error_size)
{
	struct network_config network = { .mtu = device->mtu,
					  .macs = NETWORK_MACS_PER_PORT,
					  .own_tap = true,
					  .left_down = device->script[0] != '\0' };
	char vifname[IFNAMSIZ];
	int err;

	snprintf(error, error_size, "no TAPs can be made here");
	if (!config->privileged)
		return -EOPNOTSUPP;
	snprintf(network.name, sizeof(network.name), "vif%u.%u", device->domid, device->devid);
	/* A script is told the name that Xen would give, and renames it. */
	device_key_text(config->store, device->backend_path, XENBUS_KEY_VIFNAME, vifname,
			sizeof(vifname));
	snprintf(network.tap, sizeof(network.tap), "%s",
		 vifname[0] && !device->script[0] ? vifname : network.name);
	device->own = calloc(1, sizeof(*device->own));
	if (!device->own)
		return -ENOMEM;
	err = network_open(device->own, &network, config->workers, config->privileged, error,
			   error_size);
	if (err) {
		free(device->own);
		device->own = NULL;
		return err;
	}
	device->network = device->own;
	log_info("tap", "%s has its own tap=%s mtu=%u", device->name, network.tap, network.mtu);
	return 0;
}

static int script_run(const struct devices_config *config, const struct device *device, bool online)
{
	struct script_request request = { .domid = device->domid,
					  .devid = device->devid,
					  .online = online };
	char gatewaydev[XENBUS_PATH_BYTES];

	device_key_text(config->store, device->backend_path, XENBUS_KEY_GATEWAYDEV, gatewaydev,
			sizeof(gatewaydev));
	snprintf(request.gatewaydev, sizeof(request.gatewaydev), "%.15s", gatewaydev);
	snprintf(request.script, sizeof(request.script), "%s", device->script);
	log_info("hotplug", "%s runs %s %s", device->name, device->script,
		 online ? "online" : "offline");
	return hotplug_run(config->hotplug, &request);
}

/* Without scripts of ours somebody else may run it, as udev does on Xen: then
 * only "hotplug-status" is waited for. */
static int script_start(const struct devices_config *config, struct device *device)
{
	if (device->hotplug != HOTPLUG_NONE || !device->script[0] || !config->hotplug)
		return 0;
	device->hotplug = HOTPLUG_COMING;
	return script_run(config, device, true);
}

int device_backing_open(const struct devices_config *config, struct device *device, char *error,
			size_t error_size)
{
	int err = 0;

	if (device->own_tap && !device->own)
		err = own_tap_open(config, device, error, error_size);
	if (err)
		return err;
	snprintf(error, error_size, "out of memory");
	return script_start(config, device);
}

void device_backing_drop(struct device *device)
{
	if (!device->own)
		return;
	network_close(device->own);
	free(device->own);
	device->own = device->network = NULL;
}

bool device_backing_close(const struct devices_config *config, struct device *device)
{
	if (device->hotplug == HOTPLUG_COMING || device->hotplug == HOTPLUG_GOING)
		return false;
	if (device->hotplug == HOTPLUG_THERE) {
		device->hotplug = HOTPLUG_GOING;
		if (!script_run(config, device, false))
			return false;
	}
	device_backing_drop(device);
	return true;
}

bool device_backing_is_lost(const struct device *device)
{
	return device->own && __atomic_load_n(&device->own->uplink.lost, __ATOMIC_RELAXED);
}

bool device_backing_is_pending(const struct device *device)
{
	return device->hotplug == HOTPLUG_COMING || device->hotplug == HOTPLUG_GOING;
}

static bool is_connected(const struct devices_config *config, const struct device *device)
{
	char status[16];

	device_key_text(config->store, device->backend_path, XENBUS_KEY_HOTPLUG_STATUS, status,
			sizeof(status));
	return !strcmp(status, "connected");
}

/* What the script says of itself stands; where it says nothing, we do. */
static void tell_failure(const struct devices_config *config, struct device *device,
			 const char *why)
{
	char path[XENBUS_PATH_BYTES + 32];

	device_key_text(config->store, device->backend_path, XENBUS_KEY_HOTPLUG_ERROR,
			device->reason, sizeof(device->reason));
	if (!device->reason[0]) {
		snprintf(device->reason, sizeof(device->reason), "%s", why);
		snprintf(path, sizeof(path), "%s/" XENBUS_KEY_HOTPLUG_ERROR, device->backend_path);
		store_write(config->store, STORE_NO_TRANSACTION, path, why, strlen(why));
		snprintf(path, sizeof(path), "%s/" XENBUS_KEY_HOTPLUG_STATUS, device->backend_path);
		store_write(config->store, STORE_NO_TRANSACTION, path, "error", 5);
	}
	log_warning("hotplug", "%s: script %s: %s", device->name, device->script, device->reason);
}

void device_backing_script_done(const struct devices_config *config, struct device *device,
				bool online, const struct script_result *result)
{
	if (!online) {
		device->hotplug = HOTPLUG_GONE;
		if (result->status)
			log_warning("hotplug", "%s: script %s offline: %s", device->name,
				    device->script, result->error);
		return;
	}
	device->hotplug = result->status == SCRIPT_NOT_STARTED ? HOTPLUG_GONE : HOTPLUG_THERE;
	device->script_failed = result->status || !is_connected(config, device);
	if (device->script_failed)
		tell_failure(config, device,
			     result->status ? result->error
					    : "it ended without \"connected\" as hotplug-status");
}
