/*
 * Xenbus: the states of a split device's two halves, and the names of a vif's
 * keys, each in one place.
 *
 * xenbus_backend_next() and xenbus_frontend_next() are pure: what is known in,
 * what to do next out. Source: xen/io/xenbus.h, xen/io/netif.h, and the order
 * that Linux' netback and netfront keep.
 */
#ifndef STORE_XENBUS_H
#define STORE_XENBUS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <xen/io/xenbus.h>

/* "Initialising", ...; "Unknown(9)" is "Unknown". */
const char *xenbus_state_name(enum xenbus_state state);

enum xenbus_step {
	XENBUS_WAIT,	   /* nothing to do until something changes */
	XENBUS_ADVERTISE,  /* write features, go to InitWait */
	XENBUS_CONNECT,	   /* read the frontend's keys, connect, go to Connected */
	XENBUS_DISCONNECT, /* let go of everything, go to Closing */
	XENBUS_CLOSE,	   /* nothing is held any more: go to Closed */
	XENBUS_REMOVE,	   /* the device goes */
};

struct xenbus_backend_view {
	enum xenbus_state own;
	enum xenbus_state frontend; /* XenbusStateUnknown: its node is gone */
	bool online;		    /* the toolstack's "online" key */
	bool broken;		    /* the device failed: only a new Initialising revives it */
	bool script_pending;	    /* hotplug-status is awaited */
};

/* One step; to be asked again after it was taken. */
enum xenbus_step xenbus_backend_next(const struct xenbus_backend_view *view);

/* Keys below the backend's and the frontend's directories of a vif. */
#define XENBUS_KEY_STATE "state"
#define XENBUS_KEY_ONLINE "online"
#define XENBUS_KEY_FRONTEND "frontend"
#define XENBUS_KEY_FRONTEND_ID "frontend-id"
#define XENBUS_KEY_BACKEND "backend"
#define XENBUS_KEY_BACKEND_ID "backend-id"
#define XENBUS_KEY_MAC "mac"
#define XENBUS_KEY_MTU "mtu"
#define XENBUS_KEY_HANDLE "handle"
#define XENBUS_KEY_BRIDGE "bridge"
#define XENBUS_KEY_TYPE "type"
#define XENBUS_KEY_IP "ip"
#define XENBUS_KEY_TRUSTED "trusted"
#define XENBUS_KEY_HOTPLUG_STATUS "hotplug-status"
#define XENBUS_KEY_SCRIPT "script"
#define XENBUS_KEY_SG "feature-sg"
#define XENBUS_KEY_GSO_TCPV4 "feature-gso-tcpv4"
#define XENBUS_KEY_GSO_TCPV6 "feature-gso-tcpv6"
#define XENBUS_KEY_IPV6_CSUM "feature-ipv6-csum-offload"
#define XENBUS_KEY_NO_CSUM "feature-no-csum-offload"
#define XENBUS_KEY_RX_COPY "feature-rx-copy"
#define XENBUS_KEY_RX_FLIP "feature-rx-flip"
#define XENBUS_KEY_REQUEST_RX_COPY "request-rx-copy"
#define XENBUS_KEY_RX_NOTIFY "feature-rx-notify"
#define XENBUS_KEY_SPLIT_EVTCHN "feature-split-event-channels"
#define XENBUS_KEY_EVTCHN "event-channel"
#define XENBUS_KEY_EVTCHN_TX "event-channel-tx"
#define XENBUS_KEY_EVTCHN_RX "event-channel-rx"
#define XENBUS_KEY_TX_RING_REF "tx-ring-ref"
#define XENBUS_KEY_RX_RING_REF "rx-ring-ref"
#define XENBUS_KEY_CARRIER "carrier"

/* "/local/domain/0/backend/vif/<domid>/<devid>" and
 * "/local/domain/<domid>/device/vif/<devid>". */
enum { XENBUS_PATH_BYTES = 128 };
void xenbus_backend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid);
void xenbus_frontend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid);

#endif
