#include "backend/toolstack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include "backend/mac.h"
#include "io/log.h"

enum { VIFS_PER_DOMAIN = 8, MTU_MIN = 68, MTU_MAX = 65535 - FRAME_HEADER_BYTES };

struct creation {
	const struct domain_info *domain;
	const struct hypercall_vif_created *vif;
};

/* Xen's prefix and 24 bits of the name, so that a VM keeps its address from
 * one start to the next; the next free one if another has it. */
static void mac_generate(struct devices *devices, const char *name, uint8_t mac[6])
{
	uint32_t hash = 2166136261u; /* FNV-1a */

	for (; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	do {
		mac[0] = 0x00;
		mac[1] = 0x16;
		mac[2] = 0x3e;
		mac[3] = (hash >> 16) & 0x7f;
		mac[4] = hash >> 8 & 0xff;
		mac[5] = hash & 0xff;
		hash++;
	} while (devices_has_mac(devices, mac));
}

static bool ip_is_taken(void *devices, uint32_t ip)
{
	return devices_has_ip(devices, ip);
}

static int choose_mac(struct toolstack *toolstack, const struct domain_info *domain,
		      const struct hypercall_vif_create *wanted, uint8_t mac[6])
{
	static const uint8_t none[6];

	if (!memcmp(wanted->mac, none, 6)) {
		mac_generate(toolstack->devices, domain->name, mac);
		return 0;
	}
	if (!mac_is_station(wanted->mac))
		return -EINVAL;
	if (devices_has_mac(toolstack->devices, wanted->mac))
		return -EADDRINUSE;
	memcpy(mac, wanted->mac, 6);
	return 0;
}

static int choose_ip(struct toolstack *toolstack, const struct network *network,
		     const struct hypercall_vif_create *wanted,
		     struct hypercall_vif_created *created)
{
	created->ip = wanted->ip;
	if (wanted->ip && devices_has_ip(toolstack->devices, wanted->ip))
		return -EADDRINUSE;
	if (!network->config.ip)
		return 0; /* no subnet of ours: the guest's own affair */
	if (!wanted->ip)
		created->ip = network_free_ip(network, ip_is_taken, toolstack->devices);
	if (!created->ip)
		return -EADDRNOTAVAIL;
	if (!network_has_ip(network, created->ip))
		return wanted->ip == network->config.ip ? -EADDRINUSE : 0;
	created->prefix = network->config.prefix;
	if (network->config.tap[0]) /* else nobody is there */
		created->gateway = network->config.ip;
	return 0;
}

static int choose_devid(struct toolstack *toolstack, uint16_t domid, uint32_t *devid)
{
	char name[32];

	for (*devid = 0; *devid < VIFS_PER_DOMAIN; (*devid)++) {
		snprintf(name, sizeof(name), "vif%u.%u", domid, *devid);
		if (!devices_find(toolstack->devices, name))
			return 0;
	}
	return -ENOSPC;
}

static int choose(struct toolstack *toolstack, const struct domain_info *domain,
		  const struct hypercall_vif_create *wanted, struct hypercall_vif_created *created)
{
	struct network *network;
	char bridge[sizeof(wanted->bridge) + 1] = { 0 };
	int err;

	memcpy(bridge, wanted->bridge, sizeof(wanted->bridge));
	network = network_find(toolstack->networks, bridge);
	if (!network)
		return -ENODEV;
	*created = (struct hypercall_vif_created){ .mtu = wanted->mtu
								  ? wanted->mtu
								  : (uint16_t)network->config.mtu };
	memcpy(created->bridge, network->config.name, sizeof(created->bridge));
	if (created->mtu < MTU_MIN || created->mtu > MTU_MAX || created->mtu > network->config.mtu)
		return -EMSGSIZE;
	err = choose_devid(toolstack, domain->domid, &created->devid);
	if (!err)
		err = choose_mac(toolstack, domain, wanted, created->mac);
	if (!err)
		err = choose_ip(toolstack, network, wanted, created);
	return err;
}

struct key {
	const char *name;
	char value[XENBUS_PATH_BYTES];
};

/* A directory, its permissions, its keys. */
static int dir_write(struct store_client *store, uint32_t transaction, const char *dir,
		     const char *permissions, size_t permissions_length, const struct key *keys,
		     size_t nr_keys)
{
	char path[XENBUS_PATH_BYTES + 32];
	int err = store_mkdir(store, transaction, dir);

	if (!err)
		err = store_set_permissions(store, transaction, dir, permissions,
					    permissions_length);
	for (size_t i = 0; !err && i < nr_keys; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, keys[i].name);
		err = store_write(store, transaction, path, keys[i].value, strlen(keys[i].value));
	}
	return err;
}

static int backend_write(struct store_client *store, uint32_t transaction,
			 const struct creation *creation)
{
	const struct hypercall_vif_created *vif = creation->vif;
	struct key keys[] = {
		{ XENBUS_KEY_FRONTEND_ID, "" }, { XENBUS_KEY_ONLINE, "1" },
		{ XENBUS_KEY_STATE, "1" },	{ XENBUS_KEY_TYPE, "vif" },
		{ XENBUS_KEY_HANDLE, "" },	{ XENBUS_KEY_MAC, "" },
		{ XENBUS_KEY_MTU, "" },		{ XENBUS_KEY_BRIDGE, "" },
		{ XENBUS_KEY_FRONTEND, "" },	{ XENBUS_KEY_IP, "" },
	};
	size_t nr = sizeof(keys) / sizeof(keys[0]);
	char dir[XENBUS_PATH_BYTES], permissions[24];
	int length;

	snprintf(keys[0].value, sizeof(keys[0].value), "%u", creation->domain->domid);
	snprintf(keys[4].value, sizeof(keys[4].value), "%u", vif->devid);
	snprintf(keys[5].value, sizeof(keys[5].value), MAC_FORMAT, MAC_ARGS(vif->mac));
	snprintf(keys[6].value, sizeof(keys[6].value), "%u", vif->mtu);
	snprintf(keys[7].value, sizeof(keys[7].value), "%.*s", (int)sizeof(vif->bridge),
		 vif->bridge);
	xenbus_frontend_path(keys[8].value, creation->domain->domid, vif->devid);
	inet_ntop(AF_INET, &vif->ip, keys[9].value, sizeof(keys[9].value));
	xenbus_backend_path(dir, creation->domain->domid, vif->devid);
	length = snprintf(permissions, sizeof(permissions), "n0%cr%u", '\0',
			  creation->domain->domid);
	return dir_write(store, transaction, dir, permissions, (size_t)length + 1, keys,
			 vif->ip ? nr : nr - 1);
}

static int frontend_write(struct store_client *store, uint32_t transaction,
			  const struct creation *creation)
{
	const struct hypercall_vif_created *vif = creation->vif;
	struct key keys[] = {
		{ XENBUS_KEY_BACKEND, "" },  { XENBUS_KEY_BACKEND_ID, "0" },
		{ XENBUS_KEY_STATE, "1" },   { XENBUS_KEY_HANDLE, "" },
		{ XENBUS_KEY_MAC, "" },	     { XENBUS_KEY_MTU, "" },
		{ XENBUS_KEY_TRUSTED, "1" },
	};
	char dir[XENBUS_PATH_BYTES], permissions[24];
	int length;

	xenbus_backend_path(keys[0].value, creation->domain->domid, vif->devid);
	snprintf(keys[3].value, sizeof(keys[3].value), "%u", vif->devid);
	snprintf(keys[4].value, sizeof(keys[4].value), MAC_FORMAT, MAC_ARGS(vif->mac));
	snprintf(keys[5].value, sizeof(keys[5].value), "%u", vif->mtu);
	xenbus_frontend_path(dir, creation->domain->domid, vif->devid);
	length = snprintf(permissions, sizeof(permissions), "n%u%cr0", creation->domain->domid,
			  '\0');
	return dir_write(store, transaction, dir, permissions, (size_t)length + 1, keys,
			 sizeof(keys) / sizeof(keys[0]));
}

static int creation_write(struct store_client *store, uint32_t transaction, void *arg)
{
	int err = backend_write(store, transaction, arg);

	return err ? err : frontend_write(store, transaction, arg);
}

int toolstack_vif_create(struct toolstack *toolstack, const struct domain_info *domain,
			 const struct hypercall_vif_create *wanted,
			 struct hypercall_vif_created *created)
{
	struct creation creation = { domain, created };
	int err;

	devices_handle_events(toolstack->devices); /* what was created before is known */
	err = choose(toolstack, domain, wanted, created);
	if (!err)
		err = store_transact(toolstack->store, creation_write, &creation);
	if (err)
		log_warning("toolstack", "vif for %s refused bridge=%.16s mtu=%u: %s", domain->name,
			    wanted->bridge, wanted->mtu, strerror(-err));
	else
		devices_handle_events(toolstack->devices);
	return err;
}
