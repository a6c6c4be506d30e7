/*
 * Xenbus: the states of a split device's two halves, and the names of a vif's
 * keys, each in one place.
 *
 * xenbus_backend_next() is pure: what is known in, what to do next out. Source:
 * xen/io/xenbus.h, xen/io/netif.h, and the order that Linux' netback keeps.
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

/* One step; to be asked again after it was taken. The table, by our own state
 * (the one that we wrote last) and the frontend's; "leaving" and "broken" are
 * looked at first:
 *
 *   ours \ frontend    1 2        3 4              5 6          7 8
 *   Initialising (1)   ADVERTISE  ADVERTISE        CLOSE        WAIT
 *   InitWait (2)       WAIT       CONNECT          DISCONNECT   WAIT
 *   Connected (4)      DISCONNECT WAIT             DISCONNECT   WAIT
 *   Closing (5)        CLOSE      CLOSE            CLOSE        CLOSE
 *   Closed (6)         ADVERTISE  ADVERTISE        WAIT         WAIT
 *
 * CONNECT only when no script is pending, else WAIT. A frontend that writes
 * all its keys and Connected at once is advertised to and then connected; one
 * that waits for InitWait finds it. One that starts again while we are
 * connected leads us through Closing, Closed, InitWait, also if it is at
 * Connected once more before we look.
 *
 * Leaving (not online, or the frontend's node is gone): DISCONNECT unless
 * nothing is held, CLOSE, then REMOVE. A frontend that still holds the device
 * (3, 4, 5) is waited for before REMOVE, so that it can let go in order; a
 * toolstack that will not wait removes its node. A frontend's node that is not
 * there while we are still at Initialising has not been written yet: WAIT.
 *
 * Broken: DISCONNECT, CLOSE, and WAIT at Closed until the frontend is seen at
 * Initialising: ADVERTISE, with which the caller takes the mark off.
 *
 * A state that is none is taken for Unknown; 3, 7 and 8 are never ours, and
 * are taken for InitWait (3) and Connected (7, 8). */
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
#define XENBUS_KEY_HOTPLUG_ERROR "hotplug-error"
#define XENBUS_KEY_SCRIPT "script"
#define XENBUS_KEY_VIFNAME "vifname"
#define XENBUS_KEY_GATEWAYDEV "gatewaydev"
#define XENBUS_KEY_RATE "rate"
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
#define XENBUS_KEY_MAX_QUEUES "multi-queue-max-queues"
#define XENBUS_KEY_NUM_QUEUES "multi-queue-num-queues"
#define XENBUS_QUEUE_DIR "queue-%u" /* below the frontend's, where there is more than one */

/* Of a whole domain, below its home: words of its toolstack and answers of its
 * frontend (front_control.h). The first two are Xen's. */
#define XENBUS_CONTROL_DIR "control"
#define XENBUS_CONTROL_SHUTDOWN "control/shutdown"
#define XENBUS_CONTROL_FEATURE_SUSPEND "control/feature-suspend"
#define XENBUS_CONTROL_SUSPENDED "control/suspended"
#define XENBUS_CONTROL_ERROR "control/error"
#define XENBUS_CONTROL_MIGRATE_TO "control/migrate-to"
#define XENBUS_CONTROL_MIGRATE_BRIDGE "control/migrate-bridge"
#define XENBUS_CONTROL_MIGRATING "control/migrating"
#define XENBUS_CONTROL_DOWNTIME "data/downtime-us"

/* "/local/domain/0/backend/vif/<domid>/<devid>" and
 * "/local/domain/<domid>/device/vif/<devid>". */
enum { XENBUS_PATH_BYTES = 128 };
void xenbus_backend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid);
void xenbus_frontend_path(char path[XENBUS_PATH_BYTES], uint16_t domid, uint32_t devid);

#endif
