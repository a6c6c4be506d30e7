/*
 * A virtual interface's backend half: rings, channels, a port of the bridge.
 *
 * The control thread opens one when the handshake is complete and closes it
 * when the frontend goes; in between it is attached to a worker, whose thread
 * alone touches it. What a guest does wrong sets `fault`, once: the vif stops
 * taking part at that moment, and the control thread is told.
 */
#ifndef BACKEND_VIF_H
#define BACKEND_VIF_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/backlog.h"
#include "backend/offload.h"
#include "backend/worker.h"
#include "bridge/bridge.h"
#include "ring/hypervisor.h"
#include "ring/ring.h"

enum {
	/* Of frames that wait for buffers. The ring holds 15 frames of 64 KB; with
	 * 1 MiB beside it a TCP flow whose window is Linux' 6 MB lost segments all
	 * the time (38,000 sent again in 4 s; none with this). */
	VIF_BACKLOG_BYTES = 8 << 20,
	VIF_BACKLOG_AGE_MS = 10000,	/* netback's rx_drain_timeout */
	VIF_BACKLOG_AGE_POLLED_MS = 30, /* for a frontend that never notifies */
	VIF_STALL_MS = 60000,		/* netback's rx_stall_timeout */
	VIF_SPURIOUS_MAX = 16,		/* events without work before we look away */
	VIF_QUIET_MAX_MS = 100,
};

struct vif_config {
	char name[PORT_NAME_BYTES];
	uint32_t mtu;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	evtchn_port_t tx_port, rx_port; /* equal: one channel for both */
	uint32_t backlog_bytes;		/* a power of two */
	bool rx_notify;			/* frontend tells when it posts buffers */
	struct offload_guest guest;	/* what it says it takes */
	uint32_t offloads;		/* what is on: mask of enum offload */
};

struct vif {
	struct port port; /* first: the bridge hands it back */
	struct poll_item item;
	struct vif_config config;
	struct worker *worker;
	struct bridge *bridge;
	struct foreign_domain *domain;
	struct ring tx, rx;
	struct evtchn tx_channel, rx_channel;
	struct worker_source tx_source, rx_source;
	struct worker_timer timer;
	struct backlog backlog;
	uint64_t stalled_since_ms; /* no buffers since; 0: has some */
	bool woken;		   /* by an event, since the last turn */
	unsigned int spurious_run; /* events in a row that brought no work */
	unsigned int quieted_run;  /* of them, looked away for */
	uint64_t quiet_until_ms;   /* not listening before */
	bool stopped;		   /* takes no part any more */

	/* Read by the control thread. */
	const char *fault; /* NULL, or the static text of why it stopped */
	uint32_t stalled;  /* carrier is off */
	struct {
		uint64_t tx_requests, tx_responses, tx_errors;
		uint64_t rx_requests, rx_responses, rx_errors;
		uint64_t suppressed;  /* publications that the guest wanted no event for */
		uint64_t spurious;    /* events that brought no work */
		uint64_t rearm_races; /* work found at the second look */
	} stats;
};

/* Control thread: maps the rings and binds the channels of an introduced
 * domain. 0, or -errno with *why. Closing unmaps and unbinds. */
int vif_open(struct vif **vif, struct foreign_domain *domain, const struct vif_config *config,
	     const char **why);
void vif_close(struct vif *vif);

/* Worker's thread. Attaching starts service at once; detaching counts what is
 * queued as dropped. */
int vif_attach(struct vif *vif, struct worker *worker, struct bridge *bridge);
void vif_detach(struct vif *vif);

/* Worker's thread: from now on, what goes to the guest is made to fit these. */
void vif_set_offloads(struct vif *vif, uint32_t offloads);

/* Stops the vif for good, and tells the control thread why. */
void vif_fault(struct vif *vif, const char *why);

struct evtchn *vif_rx_channel(struct vif *vif);

#endif
