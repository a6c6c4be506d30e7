#include "backend/device_list.h"

#include <stdio.h>
#include <string.h>

struct device **device_link(struct devices *devices, uint16_t domid, uint32_t devid)
{
	struct device **link = &devices->first;

	while (*link && ((*link)->domid != domid || (*link)->devid != devid))
		link = &(*link)->next;
	return link;
}

bool device_list_has(const struct devices *devices, uint16_t domid)
{
	for (const struct device *device = devices->first; device; device = device->next)
		if (device->domid == domid)
			return true;
	return false;
}

struct device *devices_first(struct devices *devices)
{
	return devices->first;
}

struct device *devices_find(struct devices *devices, const char *name)
{
	struct device *best = NULL;
	char alias[32];

	for (struct device *device = devices->first; device; device = device->next) {
		snprintf(alias, sizeof(alias), "vif%u.%u", device->domid, device->devid);
		if (!strcmp(name, device->name) || !strcmp(name, alias))
			return device;
		if (!strcmp(name, device->domain_name) && (!best || device->devid < best->devid))
			best = device;
	}
	return best;
}

bool devices_has_mac(struct devices *devices, const uint8_t mac[6])
{
	for (struct device *device = devices->first; device; device = device->next)
		if (!device->leaving && !memcmp(device->mac, mac, 6))
			return true;
	return false;
}

bool devices_has_ip(struct devices *devices, uint32_t ip)
{
	for (struct device *device = devices->first; device; device = device->next)
		if (!device->leaving && device->ip == ip)
			return true;
	return false;
}
