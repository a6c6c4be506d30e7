#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device_list.h"
#include "io/log.h"
#include "io/state.h"

enum { RECORD_DEVICE = 0x44455643 };

void devices_suspend(struct devices *devices)
{
	for (struct device *device = devices->first; device; device = device->next) {
		if (device->vif)
			vif_suspend(device->vif);
		if (device->own)
			network_suspend(device->own);
	}
}

void devices_resume(struct devices *devices)
{
	for (struct device *device = devices->first; device; device = device->next) {
		if (device->vif)
			vif_resume(device->vif);
		if (device->own)
			network_resume(device->own);
	}
}

static void carry_names(struct device *device, struct state *state)
{
	state_u16(state, &device->domid);
	state_u32(state, &device->devid);
	state_text(state, device->backend_path, sizeof(device->backend_path));
	state_text(state, device->frontend_path, sizeof(device->frontend_path));
	state_text(state, device->domain_name, sizeof(device->domain_name));
	state_text(state, device->name, sizeof(device->name));
	state_text(state, device->script, sizeof(device->script));
	state_text(state, device->reason, sizeof(device->reason));
}

static_assert(TUNING_WORDS == 36, "with another number of them STATE_VERSION is another, too");

static void carry_facts(struct device *device, struct state *state)
{
	state_bytes(state, device->mac, sizeof(device->mac));
	state_u32(state, &device->ip);
	state_u8(state, &device->prefix);
	state_u32(state, &device->mtu);
	state_u32(state, &device->guest_mtu);
	device->max_queues = (unsigned int)state_number(state, device->max_queues, VIF_QUEUES_MAX);
	state_u32(state, &device->offloads);
	rate_carry(&device->rate, state);
	state_bytes(state, device->tuning.value, sizeof(device->tuning.value));
	state_u64(state, &device->tuning.set);
	state_u64(state, &device->leaving_since_ms);
	state_u64(state, &device->connections);
}

static void carry_phase(struct device *device, struct state *state)
{
	bool *const flags[] = { &device->own_tap,     &device->script_failed,
				&device->retuned,     &device->broken,
				&device->unfit,	      &device->parting,
				&device->leaving,     &device->frontend_is_gone,
				&device->carrier_off, &device->told_too_big };
	uint32_t frontend_state = device->frontend_state; /* whatever the guest wrote */

	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		state_bool(state, flags[i]);
	device->state = (enum xenbus_state)state_number(state, device->state, UINT8_MAX);
	state_u32(state, &frontend_state);
	device->frontend_state = (enum xenbus_state)frontend_state;
	device->hotplug = (enum hotplug_phase)state_number(state, device->hotplug, HOTPLUG_GONE);
}

/* Of its own behind its TAP, or one of all; it may have none. */
static void carry_network(struct devices *devices, struct device *device, struct state *state)
{
	char name[sizeof(device->network->config.name)] = "";

	if (state_more(state, device->own != NULL)) {
		if (state->restores)
			device->own = calloc(1, sizeof(*device->own));
		if (!device->own) {
			state_refuse(state, "out of memory");
			return;
		}
		network_carry(device->own, devices->config.workers, state);
		device->network = device->own;
	} else if (state_more(state, device->network != NULL)) {
		if (!state->restores)
			memcpy(name, device->network->config.name, sizeof(name));
		state_text(state, name, sizeof(name));
		if (state->restores)
			device->network = network_find(devices->config.networks, name);
		if (!device->network)
			state_refuse(state, "a vif has no bridge");
	}
}

/* The vif as its predecessor had it, or NULL: a guest may have spoilt its own. */
static struct vif *vif_reopen(struct devices *devices, struct device *device,
			      const struct vif_config *config)
{
	struct foreign_domain *domain =
		devices->config.find_domain(devices->config.arg, device->domid, device->devid);
	const char *why = "no such domain";
	struct vif *vif;

	if (domain && !vif_open(&vif, domain, config, &why)) {
		if (!vif_attach(vif, devices->config.workers, device->network->bridge))
			return vif;
		vif_close(vif);
		why = "the bridge or the engine has no room";
	}
	log_warning("vif", "%s cannot go on: %s", device->name, why);
	return NULL;
}

static void carry_vif(struct devices *devices, struct device *device, struct state *state)
{
	struct vif_config config = { 0 };

	if (!state_more(state, device->vif != NULL))
		return;
	if (!device->network) {
		state_refuse(state, "a connected vif has no bridge");
		return;
	}
	if (!state->restores)
		config = device->vif->config;
	vif_config_carry(&config, state);
	if (state->restores && !state->fault)
		device->vif = vif_reopen(devices, device, &config);
	network_port_carry(device->network, device->vif ? &device->vif->port : NULL, state);
	if (device->vif)
		vif_carry(device->vif, state);
	else
		vif_carry_skip(state);
}

static void carry_device(struct devices *devices, struct device *device, struct state *state)
{
	size_t mark = state_open(state, RECORD_DEVICE);

	carry_names(device, state);
	carry_facts(device, state);
	carry_phase(device, state);
	carry_network(devices, device, state);
	if (!state->fault)
		carry_vif(devices, device, state);
	if (!state->fault && device->own)
		network_bridge_carry(device->own, state);
	state_close(state, mark);
}

/* Its frontend's nodes are watched again, and its patience goes on. */
static void restore_device(struct devices *devices, struct device ***last, struct state *state)
{
	struct device *device = calloc(1, sizeof(*device));

	if (!device) {
		state_refuse(state, "out of memory");
		return;
	}
	**last = device;
	*last = &device->next;
	carry_device(devices, device, state);
	if (state->fault)
		return;
	store_watch(devices->config.store, device->frontend_path, "frontend");
	if (device->leaving && devices->config.later)
		devices->config.later(devices->config.arg, DEVICE_LEAVE_MS);
}

void devices_carry(struct devices *devices, struct state *state)
{
	struct device **last = &devices->first;

	for (struct device *device = devices->first; !state->restores && device;
	     device = device->next) {
		state_more(state, true);
		carry_device(devices, device, state);
	}
	while (state_more(state, false))
		restore_device(devices, &last, state);
}
