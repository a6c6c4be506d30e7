/*
 * Within device*.c: the list of all devices, and what is done with one of them.
 *
 *	device.c		its life: stepping from state to state, the end
 *	device_list.c		which there are
 *	device_events.c		what the store tells: new ones, and changes
 *	device_connection.c	its vif, while a frontend has it
 *	device_settings.c	what an operator sets of a running one
 *	device_alarm.c		what the data plane found
 *	device_state.c		taking it over
 */
#ifndef BACKEND_DEVICE_LIST_H
#define BACKEND_DEVICE_LIST_H

#include "backend/device.h"

/* Of all devices. */
#define DEVICE_BACKEND_ROOT "/local/domain/0/backend/vif"

struct kept_tuning;

struct devices {
	struct devices_config config;
	struct device *first;
	bool parting;		  /* all of them: the daemon ends */
	struct kept_tuning *kept; /* by name: for the next vif of it */
};

/* Where the one of that number hangs, or a new one would. */
struct device **device_link(struct devices *devices, uint16_t domid, uint32_t devid);
bool device_list_has(const struct devices *devices, uint16_t domid);

/* Walks as far as it goes. The device may be gone afterwards. */
void device_step(struct devices *devices, struct device *device);
/* Ours, and in the store. */
void device_set_state(struct devices *devices, struct device *device, enum xenbus_state state,
		      bool features);
/* It stops, with that reason, until its frontend begins anew. */
void device_break(struct devices *devices, struct device *device, int err, const char *reason);

/* Opens its vif, as its frontend says, and tells that in the store; or breaks it. */
void device_connect(struct devices *devices, struct device *device);
/* Closes it, if it is open. */
void device_disconnect(struct devices *devices, struct device *device);

/* A new one's: what the store says, else what was kept for the name, else the
 * defaults. */
void device_settings_find(struct devices *devices, struct device *device);
/* Somebody else wrote to the store, or we did: then there is nothing to do. */
void device_settings_reread_tuning(struct devices *devices, struct device *device);
void device_settings_reread_rate(struct devices *devices, struct device *device);

#endif
