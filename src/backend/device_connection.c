#include "backend/device_list.h"

#include <errno.h>

#include "backend/device_keys.h"
#include "backend/mac.h"
#include "io/log.h"

static int connection_open(struct devices *devices, struct device *device, const char **why)
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

void device_connect(struct devices *devices, struct device *device)
{
	struct mtus mtus;
	const char *why;
	int err = connection_open(devices, device, &why);

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
