#include "backend/device_list.h"

#include <string.h>

#include "backend/device_keys.h"
#include "backend/device_tuning.h"
#include "backend/kept_tuning.h"
#include "io/log.h"

static void tell_unkept(const struct device *device, int err)
{
	if (err)
		log_warning("vif",
			    "%s: cannot keep its settings: %s; a daemon that is killed "
			    "forgets them",
			    device->name, strerror(-err));
}

static void tuning_apply(struct devices *devices, struct device *device,
			 const struct tuning *tuning)
{
	tell_unkept(device, kept_tuning_put(&devices->kept, device->name, tuning));
	device->tuning = *tuning;
	if (device->vif)
		vif_set_tuning(device->vif, &device->tuning);
}

int devices_set_tuning(struct devices *devices, struct device *device, const struct tuning *tuning)
{
	int err = device_tuning_write(devices->config.store, device, tuning);

	if (!err)
		tuning_apply(devices, device, tuning);
	return err;
}

struct kept_tuning **devices_kept_tuning(struct devices *devices)
{
	return &devices->kept;
}

void device_settings_reread_tuning(struct devices *devices, struct device *device)
{
	struct tuning tuning;

	device->retuned = false;
	if (!device_tuning_read(devices->config.store, device, &tuning) &&
	    memcmp(&tuning, &device->tuning, sizeof(tuning)))
		tuning_apply(devices, device, &tuning);
}

void device_settings_reread_rate(struct devices *devices, struct device *device)
{
	struct rate rate;

	if (device_rate_read(devices->config.store, device, &rate) ||
	    !memcmp(&rate, &device->rate, sizeof(rate)))
		return;
	device->rate = rate;
	if (device->vif)
		vif_set_rate(device->vif, &rate);
}

void device_settings_find(struct devices *devices, struct device *device)
{
	const struct tuning *kept = kept_tuning_find(devices->kept, device->name);
	uint32_t off = kept_tuning_off(devices->kept, device->name);

	tuning_init(&device->tuning);
	device_tuning_read(devices->config.store, device, &device->tuning);
	if (!device->tuning.set && kept)
		devices_set_tuning(devices, device, kept);
	if (device->offloads != OFFLOADS_ALL || !off)
		return;
	device->offloads = OFFLOADS_ALL & ~off;
	device_offloads_write(devices->config.store, device);
}

void devices_set_offloads(struct devices *devices, struct device *device, uint32_t offloads)
{
	uint32_t changed = device->offloads ^ offloads;

	device->offloads = offloads;
	device_offloads_write(devices->config.store, device);
	tell_unkept(device,
		    kept_tuning_put_off(&devices->kept, device->name, OFFLOADS_ALL & ~offloads));
	if (device->state == XenbusStateInitWait) /* offered already, read by nobody yet */
		device_set_state(devices, device, XenbusStateInitWait, true);
	if (!device->vif)
		return;
	vif_set_offloads(device->vif, device->offloads);
	if (!(changed & OFFLOADS_OFFERED))
		return;
	device->parting = true;
	device_step(devices, device);
}
