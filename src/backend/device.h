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
#include "ring/hypervisor.h"
#include "store/client.h"
#include "store/xenbus.h"

struct device {
	uint16_t domid;
	uint32_t devid;
	char backend_path[XENBUS_PATH_BYTES];
	char frontend_path[XENBUS_PATH_BYTES];
	char domain_name[64];
	char name[PORT_NAME_BYTES]; /* "guest1.0" */
	uint8_t mac[6];
	uint32_t ip;
	uint32_t mtu;	    /* of the vif: up to which frames go to the guest */
	uint32_t guest_mtu; /* what the frontend said when it connected; else `mtu` */
	enum xenbus_state state;
	enum xenbus_state frontend_state;
	struct network *network;
	struct vif *vif;	 /* NULL unless connected */
	unsigned int max_queues; /* that it is offered */
	uint32_t offloads;	 /* what is on: mask of enum offload */
	struct tuning tuning;
	bool retuned; /* somebody wrote below "coalesce/" */
	bool broken;
	bool parting; /* disconnected by us, to be connected anew */
	bool carrier_off;
	bool told_too_big; /* in this connection */
	char reason[160];  /* why it is broken */
	uint64_t connections;
	struct device *next;
};

struct devices;

struct devices_config {
	struct store_client *store; /* domain 0's; its events are ours */
	struct networks *networks;
	struct workers *workers;
	uint32_t backlog_bytes;	 /* of each vif */
	unsigned int max_queues; /* of each vif, likewise */
	struct foreign_domain *(*find_domain)(void *arg, uint16_t domid);
	void *arg;
};

/* NULL: out of memory, or the store refuses. */
struct devices *devices_create(const struct devices_config *config);
void devices_destroy(struct devices *devices); /* disconnects all */

/* Takes the store's events; to be called whenever some came. */
void devices_handle_events(struct devices *devices);

/* Looks at what the worker has to say: faults, carrier. */
void devices_handle_alarm(struct devices *devices);

/* The domain is gone: lets go of its memory at once. */
void devices_forget_domain(struct devices *devices, uint16_t domid);

/* Turns offloads on and off, for good: kept in the store below "offload/",
 * applied live; where the guest must know we part, and it connects anew. */
void devices_set_offloads(struct devices *devices, struct device *device, uint32_t offloads);

/* Sets how a vif's guest is told of frames, and how it is polled, for good: kept
 * in the store below "coalesce/", applied live. It must have been checked. 0, or
 * -errno of the store: nothing has changed. */
int devices_set_tuning(struct devices *devices, struct device *device, const struct tuning *tuning);

/* False where they are not known to differ. */
bool device_mtus(const struct device *device, struct mtus *mtus);

struct device *devices_first(struct devices *devices);
/* "guest1.0", "guest1" (its first), "vif3.0". NULL: none. */
struct device *devices_find(struct devices *devices, const char *name);
bool devices_has_mac(struct devices *devices, const uint8_t mac[6]);
bool devices_has_ip(struct devices *devices, uint32_t ip);

#endif
