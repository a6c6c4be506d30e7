/*
 * A virtual interface's backend half: a port of the bridge, and the queues
 * that it shares with its frontend.
 *
 * The control thread opens one when the handshake is complete and closes it
 * when the frontend goes; in between its queues are attached to workers, each
 * to one. What a guest does wrong sets `fault`, once: the vif stops taking part
 * at that moment, and the control thread is told.
 */
#ifndef BACKEND_VIF_H
#define BACKEND_VIF_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/credit.h"
#include "backend/offload.h"
#include "backend/vif_queue.h"
#include "backend/workers.h"
#include "bridge/bridge.h"

enum {
	/* Of frames that wait for buffers. The ring holds 15 frames of 64 KB; with
	 * 1 MiB beside it a TCP flow whose window is Linux' 6 MB lost segments all
	 * the time (38,000 sent again in 4 s; none with this). */
	VIF_BACKLOG_BYTES = 8 << 20,
	VIF_BACKLOG_MIN = 128 << 10, /* a frame of 64 KB fits, and its like */
};

struct vif_config {
	char name[PORT_NAME_BYTES];
	uint32_t mtu;
	unsigned int nr_queues;
	struct vif_queue_config queues[VIF_QUEUES_MAX];
	uint32_t backlog_bytes;	    /* of all queues together; a power of two */
	bool rx_notify;		    /* frontend tells when it posts buffers */
	struct offload_guest guest; /* what it says it takes */
	uint32_t offloads;	    /* what is on: mask of enum offload */
	struct tuning tuning;	    /* checked */
	struct rate rate;	    /* that the guest may send at */
};

struct vif {
	struct port port; /* first: the bridge hands it back */
	struct vif_config config;
	struct bridge *bridge;
	struct foreign_domain *domain;
	struct workers *workers;
	bool shared;  /* frames may come from several workers */
	bool stopped; /* takes no part any more */
	struct credit credit;
	const char *fault; /* NULL, or the static text of why; read by the control thread */
	unsigned int nr_queues;
	struct vif_queue queues[];
};

/* Control thread: maps the rings and binds the channels of an introduced
 * domain. 0, or -errno with *why. Closing unmaps and unbinds. */
int vif_open(struct vif **vif, struct foreign_domain *domain, const struct vif_config *config,
	     const char **why);
void vif_close(struct vif *vif);

/* Control thread. Attaching gives each queue to a worker and starts service at
 * once; when detaching returns nobody serves it any more, and what waited is
 * counted as dropped. */
int vif_attach(struct vif *vif, struct workers *workers, struct bridge *bridge);
void vif_detach(struct vif *vif);

/* Control thread: from now on, what goes to the guest is made to fit these. */
void vif_set_offloads(struct vif *vif, uint32_t offloads);

/* Control thread, of an attached one: polled and told of by these from now on;
 * checked. */
void vif_set_tuning(struct vif *vif, const struct tuning *tuning);

/* Control thread, of an attached one, while no worker has turns: takes its queues
 * off their workers, without losing anything; and back again, or it stops with a
 * fault. */
void vif_suspend(struct vif *vif);
void vif_resume(struct vif *vif);

struct state;

/* Saves or restores what vif_open() wants to know; then, of a suspended one, or of
 * one that was opened and attached in its place, how far it has come. */
void vif_config_carry(struct vif_config *config, struct state *state);
void vif_carry(struct vif *vif, struct state *state);
/* Instead: leaves out what could not be opened. */
void vif_carry_skip(struct state *state);

/* Control thread, of an attached one: what its guest may send from now on. */
void vif_set_rate(struct vif *vif, const struct rate *rate);

/* True if it was stopped before. Any thread. */
static inline bool vif_stop(struct vif *vif)
{
	return __atomic_exchange_n(&vif->stopped, true, __ATOMIC_ACQ_REL);
}

static inline bool vif_is_stopped(const struct vif *vif)
{
	return __atomic_load_n(&vif->stopped, __ATOMIC_RELAXED);
}

/* What all queues together count. */
struct vif_totals {
	struct vif_queue_stats stats;
	uint64_t irqs, kicks, merged;  /* events heard, sent, and heard along with others */
	uint64_t suppressed, delayed;  /* as notifier.h counts them */
	uint64_t rounds, empty_rounds; /* these as poll.h does */
	uint64_t spurious, late, rearm_races, deferrals, throttlings;
	uint64_t per_round[POLL_BUCKETS];
	uint64_t queued; /* frames that wait for buffers */
};

/* Any thread, while the vif is open. */
void vif_totals(const struct vif *vif, struct vif_totals *totals);

/* Whether a queue posts no buffers for long: then the carrier is off. */
bool vif_is_stalled(const struct vif *vif);

#endif
