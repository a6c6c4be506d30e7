/*
 * The backend's half of xenbus for vifs: watches the store, walks the states,
 * opens and closes vifs. Control thread only.
 *
 * What is to be done next is decided by xenbus_backend_next(); this does it.
 */
#ifndef BACKEND_DEVICE_H
#define BACKEND_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/mtu.h"
#include "backend/network.h"
#include "backend/vif.h"
#include "backend/vifspec.h"
#include "ring/hypervisor.h"
#include "store/client.h"
#include "store/xenbus.h"

/* Where its script is. */
enum hotplug_phase {
	HOTPLUG_NONE,	/* none was run */
	HOTPLUG_COMING, /* online runs */
	HOTPLUG_THERE,	/* online ended, well or not */
	HOTPLUG_GOING,	/* offline runs */
	HOTPLUG_GONE,
};

struct device {
	uint16_t domid;
	uint32_t devid;
	char backend_path[XENBUS_PATH_BYTES];
	char frontend_path[XENBUS_PATH_BYTES];
	char domain_name[64];
	char name[PORT_NAME_BYTES]; /* "guest1.0" */
	uint8_t mac[6];
	uint32_t ip;
	uint8_t prefix;	    /* 0: none named */
	uint32_t mtu;	    /* of the vif: up to which frames go to the guest */
	uint32_t guest_mtu; /* what the frontend said when it connected; else `mtu` */
	enum xenbus_state state;
	enum xenbus_state frontend_state;
	struct network *network;
	struct network *own; /* the same if it is this vif's alone, behind its own TAP */
	bool own_tap;	     /* it shall have one */
	char script[VIFSPEC_SCRIPT_BYTES];
	enum hotplug_phase hotplug;
	bool script_failed;
	struct vif *vif;	 /* NULL unless connected */
	unsigned int max_queues; /* that it is offered */
	uint32_t offloads;	 /* what is on: mask of enum offload */
	struct rate rate;	 /* that its guest may send at */
	struct tuning tuning;
	bool retuned; /* somebody wrote below "coalesce/" */
	bool broken;
	bool unfit;   /* what stands behind it could not be made, for this frontend's life */
	bool parting; /* disconnected by us, to be connected anew */
	bool leaving; /* the toolstack takes it away */
	uint64_t leaving_since_ms;
	bool frontend_is_gone; /* only its script is waited for */
	bool carrier_off;
	bool told_too_big; /* in this connection */
	char reason[160];  /* why it is broken, or its script failed */
	uint64_t connections;
	struct device *next;
};

struct devices;
struct hotplug;
struct script_request;
struct script_result;

enum { DEVICE_LEAVE_MS = 10000 }; /* libxl's patience with a frontend that does not let go */

struct devices_config {
	struct store_client *store; /* domain 0's; its events are ours */
	struct networks *networks;
	struct workers *workers;
	struct privileged *privileged; /* NULL: no TAPs for single vifs */
	struct hotplug *hotplug;       /* NULL: scripts are somebody else's */
	uint32_t backlog_bytes;	       /* of each vif */
	unsigned int max_queues;       /* of each vif, likewise */
	struct foreign_domain *(*find_domain)(void *arg, uint16_t domid, uint32_t devid);
	/* Have devices_handle_timer() called in so many ms; NULL: nobody can. */
	void (*later)(void *arg, unsigned int ms);
	void *arg;
};

/* NULL: out of memory, or the store refuses. */
struct devices *devices_create(const struct devices_config *config);
void devices_destroy(struct devices *devices); /* disconnects all */

/* Takes the store's events; to be called whenever some came. */
void devices_handle_events(struct devices *devices);

/* Looks at what the worker has to say: faults, carrier. */
void devices_handle_alarm(struct devices *devices);

/* Removes the vifs whose frontends do not let go. */
void devices_handle_timer(struct devices *devices);

/* A script that a device asked for has ended. */
void devices_script_done(struct devices *devices, const struct script_request *request,
			 const struct script_result *result);

/* The daemon ends: has all scripts run that are to run then. True: some do. */
bool devices_part(struct devices *devices);

/* The domain is gone: lets go of its memory at once. */
void devices_forget_domain(struct devices *devices, uint16_t domid);
/* The same for one of its vifs, whose device waits for another frontend. */
void devices_forget_vif(struct devices *devices, uint16_t domid, uint32_t devid);

/* Turns offloads on and off, for good: kept by the vif's name, and in the store below "offload/",
 * applied live; where the guest must know we part, and it connects anew. */
void devices_set_offloads(struct devices *devices, struct device *device, uint32_t offloads);

/* Sets how a vif's guest is told of frames, and how it is polled, for good: kept
 * in the store below "coalesce/", applied live. It must have been checked. 0, or
 * -errno of the store: nothing has changed. */
int devices_set_tuning(struct devices *devices, struct device *device, const struct tuning *tuning);

/* Such settings as are kept for the next vif of a name, "guest1.0" (kept_tuning.h). */
struct kept_tuning **devices_kept_tuning(struct devices *devices);

/* False where they are not known to differ. */
bool device_mtus(const struct device *device, struct mtus *mtus);

/* Whether its script still runs, or it is on its way out. */
bool device_is_busy(const struct device *device);

struct state;

/* While no worker has turns: takes all vifs and their own TAPs off the workers. */
void devices_suspend(struct devices *devices);
/* And back. */
void devices_resume(struct devices *devices);
/* Saves suspended ones, or fills a list that has none; bridges, domains, channels
 * and the store are there. */
void devices_carry(struct devices *devices, struct state *state);
/* Of restored ones: stops the vifs whose rings are no longer granted. */
void devices_settle(struct devices *devices);

struct device *devices_first(struct devices *devices);
/* "guest1.0", "guest1" (its first), "vif3.0". NULL: none. */
struct device *devices_find(struct devices *devices, const char *name);
bool devices_has_mac(struct devices *devices, const uint8_t mac[6]);
bool devices_has_ip(struct devices *devices, uint32_t ip);

#endif
