#include "backend/toolstack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "backend/mac.h"
#include "backend/toolstack_keys.h"
#include "io/log.h"
#include "io/state.h"

enum { MTU_MIN = 68, MTU_MAX = 65535 - FRAME_HEADER_BYTES, MTU_DEFAULT = 1500 };

struct creation {
	struct toolstack *toolstack;
	const struct domain_info *domain;
	struct vifspec *spec;
	char *error;
};

static int refuse(const struct creation *creation, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* "cannot attach guest1.0: why; cure" */
static int refuse(const struct creation *creation, int err, const char *format, ...)
{
	int length = snprintf(creation->error, VIFSPEC_ERROR_BYTES,
			      "cannot attach %.63s.%u: ", creation->domain->name,
			      creation->spec->devid);
	va_list args;

	va_start(args, format);
	vsnprintf(creation->error + length, VIFSPEC_ERROR_BYTES - (size_t)length, format, args);
	va_end(args);
	return err;
}

/* Xen's prefix and 24 bits of the vif's name, so that a VM keeps its address
 * from one start to the next; the next free one if another has it. */
static void mac_generate(struct devices *devices, const struct creation *creation)
{
	uint32_t hash = 2166136261u; /* FNV-1a */
	uint8_t *mac = creation->spec->mac;

	for (const char *name = creation->domain->name; *name; name++)
		hash = (hash ^ (uint8_t)*name) * 16777619u;
	if (creation->spec->devid)
		hash = (hash ^ creation->spec->devid) * 16777619u;
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

static int choose_mac(const struct creation *creation)
{
	static const uint8_t none[6];
	const uint8_t *mac = creation->spec->mac;

	if (!memcmp(mac, none, 6)) {
		mac_generate(creation->toolstack->devices, creation);
		return 0;
	}
	if (!mac_is_station(mac))
		return refuse(creation, -EINVAL, "mac: not a unicast address; choose another");
	if (devices_has_mac(creation->toolstack->devices, mac))
		return refuse(creation, -EADDRINUSE,
			      "mac " MAC_FORMAT ": another vif has it; choose another",
			      MAC_ARGS(mac));
	return 0;
}

static bool ip_is_taken(void *devices, uint32_t ip)
{
	return devices_has_ip(devices, ip);
}

/* Of a subnet of ours; elsewhere addresses are the guest's own affair. */
static int choose_ip(const struct creation *creation, const struct network *network)
{
	struct devices *devices = creation->toolstack->devices;
	uint32_t ip = vifspec_ip(creation->spec->ip, NULL);

	if (ip && (devices_has_ip(devices, ip) || (network && ip == network->config.ip)))
		return refuse(creation, -EADDRINUSE, "ip %s: another has it; choose another",
			      creation->spec->ip);
	if (ip || !network || !network->config.ip)
		return 0;
	ip = network_free_ip(network, ip_is_taken, devices);
	if (!ip)
		return refuse(creation, -EADDRNOTAVAIL,
			      "no address of %s's subnet is free; name one with ip=",
			      network->config.name);
	inet_ntop(AF_INET, &ip, creation->spec->ip, sizeof(creation->spec->ip));
	return 0;
}

static bool devid_is_taken(const struct creation *creation, uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif%u.%u", creation->domain->domid, devid);
	return devices_find(creation->toolstack->devices, name) != NULL;
}

static int choose_devid(const struct creation *creation)
{
	struct vifspec *spec = creation->spec;

	if (spec->has_devid)
		return devid_is_taken(creation, spec->devid)
			       ? refuse(creation, -EEXIST, "there is one; detach it first")
			       : 0;
	for (uint32_t devid = 0; devid < VIFSPEC_DEVIDS; devid++) {
		if (devid_is_taken(creation, devid))
			continue;
		spec->devid = devid;
		spec->has_devid = true;
		return 0;
	}
	return refuse(creation, -ENOSPC, "it has %d vifs already; detach one", VIFSPEC_DEVIDS);
}

static int choose_mtu(const struct creation *creation, const struct network *network)
{
	struct vifspec *spec = creation->spec;
	uint32_t most = network ? network->config.mtu : MTU_MAX;

	if (!spec->mtu)
		spec->mtu = network ? network->config.mtu : MTU_DEFAULT;
	if (spec->mtu < MTU_MIN || spec->mtu > MTU_MAX)
		return refuse(creation, -EMSGSIZE, "mtu %u: 68 to %d are possible", spec->mtu,
			      MTU_MAX);
	return spec->mtu > most ? refuse(creation, -EMSGSIZE,
					 "mtu %u: more than %s's %u; choose a smaller one",
					 spec->mtu, network->config.name, most)
				: 0;
}

static int choose_network(const struct creation *creation, const struct network **network)
{
	struct vifspec *spec = creation->spec;

	*network = NULL;
	if (spec->type == VIFSPEC_OWN_TAP) /* its bridge is the host's, its script's affair */
		return 0;
	*network = network_find(creation->toolstack->networks, spec->bridge);
	if (!*network)
		return refuse(creation, -ENODEV,
			      "bridge %s: no such bridge; 'splitvif show' lists those there are",
			      spec->bridge[0] ? spec->bridge : "(the default one)");
	strcpy(spec->bridge, (*network)->config.name);
	return 0;
}

/* Where it lies is looked at by who runs it. */
static int check_script(const struct creation *creation)
{
	return creation->spec->script[0] && !creation->toolstack->scripts
		       ? refuse(creation, -EPERM,
				"script %.40s: the configuration allows no scripts; name their "
				"directory there ([daemon] scripts = DIR)",
				creation->spec->script)
		       : 0;
}

static int choose(const struct creation *creation)
{
	const struct network *network;
	int err = choose_devid(creation);

	if (!err)
		err = check_script(creation);
	if (!err)
		err = choose_network(creation, &network);
	if (!err)
		err = choose_mtu(creation, network);
	if (!err)
		err = choose_mac(creation);
	return err ? err : choose_ip(creation, network);
}

int toolstack_attach(struct toolstack *toolstack, const struct domain_info *domain,
		     struct vifspec *spec, char error[VIFSPEC_ERROR_BYTES])
{
	struct creation creation = { toolstack, domain, spec, error };
	int err;

	devices_handle_events(toolstack->devices); /* what was created before is known */
	err = choose(&creation);
	if (err)
		return err;
	err = toolstack_keys_write(toolstack->store, domain->domid, spec);
	if (err)
		return refuse(&creation, err, "the store refuses: %s", strerror(-err));
	devices_handle_events(toolstack->devices);
	return 0;
}

static bool was_detached(const struct toolstack *toolstack, const struct domain_info *domain)
{
	for (unsigned int i = 0; i < TOOLSTACK_DETACHED; i++)
		if (toolstack->detached[i].pid == domain->pid &&
		    !strcmp(toolstack->detached[i].name, domain->name))
			return true;
	return false;
}

/* A frontend that is connecting may see no more than that its vif is gone. */
static void note_detached(struct toolstack *toolstack, const struct domain_info *domain)
{
	unsigned int i = toolstack->nr_detached++ % TOOLSTACK_DETACHED;

	if (was_detached(toolstack, domain))
		return;
	snprintf(toolstack->detached[i].name, sizeof(toolstack->detached[i].name), "%s",
		 domain->name);
	toolstack->detached[i].pid = domain->pid;
}

void toolstack_detach(struct toolstack *toolstack, const struct domain_info *domain,
		      struct device *device)
{
	if (!device->devid)
		note_detached(toolstack, domain);
	toolstack_keys_set_offline(toolstack->store, device->backend_path);
	devices_handle_events(toolstack->devices);
}

/* Where it is the domain's first it waits for its frontend to ask. */
static bool is_used_up(const struct attachment *attachment)
{
	return attachment->passing && attachment->spec.devid;
}

void toolstack_attach_all(struct toolstack *toolstack, const struct domain_info *domain)
{
	struct attachments *attachments = &toolstack->attachments;
	char error[VIFSPEC_ERROR_BYTES];
	unsigned int i = 0;

	while (i < attachments->nr) {
		const struct attachment *attachment = &attachments->list[i];
		struct vifspec spec = attachment->spec;
		bool is_its = !strcmp(attachment->domain, domain->name);

		if (is_its && toolstack_attach(toolstack, domain, &spec, error))
			log_warning("toolstack", "%s", error);
		if (is_its && is_used_up(attachment))
			attachments_remove(attachments, domain->name, spec.devid);
		else
			i++;
	}
}

/* What the frontend makes of its half. */
static void tell_facts(struct toolstack *toolstack, const struct device *device,
		       struct hypercall_vif_created *created)
{
	const struct network *network = device->network;

	*created = (struct hypercall_vif_created){ .devid = device->devid,
						   .mtu = (uint16_t)device->mtu,
						   .ip = device->ip,
						   .prefix = device->prefix };
	memcpy(created->mac, device->mac, sizeof(created->mac));
	if (!network || device->own)
		return;
	memcpy(created->bridge, network->config.name, sizeof(created->bridge));
	if (!network_has_ip(network, device->ip))
		return;
	if (!created->prefix)
		created->prefix = network->config.prefix;
	if (network->config.tap[0] || network->config.stream[0]) /* else nobody is there */
		created->gateway = network->config.ip;
}

static struct device *find_device(struct toolstack *toolstack, const struct domain_info *domain,
				  uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif%u.%u", domain->domid, devid);
	return devices_find(toolstack->devices, name);
}

static int vif_create(struct toolstack *toolstack, const struct domain_info *domain,
		      const struct hypercall_vif_create *wanted, uint32_t *devid)
{
	struct vifspec spec = { .mtu = wanted->mtu };
	char error[VIFSPEC_ERROR_BYTES];
	int err;

	memcpy(spec.bridge, wanted->bridge, sizeof(spec.bridge) - 1);
	memcpy(spec.mac, wanted->mac, sizeof(spec.mac));
	if (wanted->ip)
		inet_ntop(AF_INET, &wanted->ip, spec.ip, sizeof(spec.ip));
	err = toolstack_attach(toolstack, domain, &spec, error);
	if (err)
		log_warning("toolstack", "%s", error);
	*devid = spec.devid;
	return err;
}

int toolstack_vif_create(struct toolstack *toolstack, const struct domain_info *domain,
			 const struct hypercall_vif_create *wanted,
			 struct hypercall_vif_created *created)
{
	struct attachment *attachment = attachments_find(&toolstack->attachments, domain->name, 0);
	uint32_t devid = 0;
	int err = 0;

	if (!find_device(toolstack, domain, 0) && was_detached(toolstack, domain))
		err = -ESHUTDOWN;
	else if (!attachment || !find_device(toolstack, domain, 0))
		err = vif_create(toolstack, domain, wanted, &devid);
	if (attachment && attachment->passing)
		attachments_remove(&toolstack->attachments, domain->name, 0);
	if (!err)
		tell_facts(toolstack, find_device(toolstack, domain, devid), created);
	return err;
}

int toolstack_vif_join(struct toolstack *toolstack, const struct domain_info *domain,
		       uint32_t devid, struct hypercall_vif_created *created)
{
	struct device *device = find_device(toolstack, domain, devid);
	char path[XENBUS_PATH_BYTES + 16];
	int err;

	if (!device || device->leaving)
		return -ENODEV;
	if (device->vif)
		return -EBUSY;
	device->unfit = false;
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_STATE, device->frontend_path);
	err = store_printf(toolstack->store, STORE_NO_TRANSACTION, path, "%d",
			   XenbusStateInitialising);
	devices_handle_events(toolstack->devices);
	device = find_device(toolstack, domain, devid);
	if (err || !device)
		return err ? err : -ENODEV;
	tell_facts(toolstack, device, created);
	return 0;
}

void toolstack_carry(struct toolstack *toolstack, struct state *state)
{
	attachments_carry(&toolstack->attachments, state);
	state_bytes(state, toolstack->detached, sizeof(toolstack->detached));
	state_u32(state, &toolstack->nr_detached);
}
