/*
 * The vif in the store: its frontend directory, which is ours to write, and
 * its backend's, which we read and watch. Key names and states are Xen's
 * (store/xenbus.h).
 *
 * 0 or -errno as the store says, unless a function says otherwise.
 */
#ifndef FRONTEND_FRONT_DEVICE_H
#define FRONTEND_FRONT_DEVICE_H

#include "frontend/netfront.h"
#include "store/client.h"
#include "store/xenbus.h"

struct front_device {
	struct store_client *store; /* NULL: not open */
	uint32_t devid;
	char frontend_path[XENBUS_PATH_BYTES];
	char backend_path[XENBUS_PATH_BYTES];
	bool vifs_changed;    /* something happened to the domain's vifs */
	bool tuning_changed;  /* or to what an operator sets of our notifications */
	bool control_changed; /* or to what is asked of the whole domain */
};

/* Of watches that say so. */
#define FRONT_DEVICE_CONTROL_TOKEN "control"

/* Takes the connection over, also if it fails. */
int front_device_open(struct front_device *device, int store_fd);
/* How long each answer of the store is waited for. */
enum { FRONT_DEVICE_TIMEOUT_MS = 2000 };
void front_device_close(struct front_device *device);

/* Finds the backend's directory and watches its state, and our own settings. */
int front_device_bind(struct front_device *device, domid_t domid, uint32_t devid);

/* Forgets that; for one whose nodes are gone. */
void front_device_unbind(struct front_device *device);

/* Watches what vifs the domain has. */
int front_device_watch_vifs(struct front_device *device, domid_t domid);
/* Their numbers, at most `max`: how many, or -errno. */
int front_device_list_vifs(struct front_device *device, domid_t domid, uint32_t *devids,
			   unsigned int max);

int front_device_set_state(struct front_device *device, enum xenbus_state state);

/* XenbusStateUnknown: the backend's directory is gone. */
int front_device_backend_state(struct front_device *device, enum xenbus_state *state);
/* False: the toolstack takes the device away. Where nothing can be read any
 * more nothing is known: true. */
bool front_device_is_online(struct front_device *device);
/* Whether the backend waits for a script. */
bool front_device_awaits_script(struct front_device *device);
bool front_device_backend_has(struct front_device *device, const char *feature);
/* What the backend takes (enum splitvif_offload), each with what it rests on:
 * blank IPv4 checksums are every backend's, segmentation needs several parts
 * and blank checksums. */
unsigned int front_device_offers(struct front_device *device);

/* How many queues there will be: as many as it takes, at most `wanted`. */
unsigned int front_device_queues(struct front_device *device, unsigned int wanted);

/* Why the backend says that it closed; "no reason given" is also an answer. */
void front_device_backend_reason(struct front_device *device, char *reason, size_t size);

/* Writes what the backend needs of a prepared netfront, what that takes, and
 * the state Connected, all at once. */
int front_device_offer(struct front_device *device, const struct netfront *front);

/* Leaves our own reason for closing where tools look for it. */
void front_device_report(struct front_device *device, int error, const char *text);

/* Takes all watch events; how many, or -errno. */
int front_device_drain(struct front_device *device);

#endif
