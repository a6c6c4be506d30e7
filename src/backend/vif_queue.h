/*
 * One queue of a vif: a pair of rings, their event channels, and what waits
 * for the guest's buffers.
 *
 * A vif opens and closes its queues (vif.h); in between each is attached to a
 * worker, which polls it. What comes from the guest is that worker's alone;
 * what goes to it may come from every worker, one at a time, under a lock that
 * is taken once for a batch (and not at all where there is one worker). What a
 * guest does wrong in one queue stops the vif with all of them. vif_tx.h and
 * vif_rx.h move the frames.
 */
#ifndef BACKEND_VIF_QUEUE_H
#define BACKEND_VIF_QUEUE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "backend/backlog.h"
#include "backend/notifier.h"
#include "backend/worker.h"
#include "ring/hypervisor.h"
#include "ring/ring.h"

enum {
	VIF_BACKLOG_AGE_MS = 10000,	/* netback's rx_drain_timeout */
	VIF_BACKLOG_AGE_POLLED_MS = 30, /* for a frontend that never notifies */
	VIF_STALL_MS = 60000,		/* netback's rx_stall_timeout */
};

/* The frontend's keys of one queue. */
struct vif_queue_config {
	grant_ref_t tx_ring_ref, rx_ring_ref;
	evtchn_port_t tx_port, rx_port; /* equal: one channel for both */
	/* Our own ends, where they are bound already: the queue goes on where the
	 * process before us, or this one before a pause, has left it. 0: it begins. */
	evtchn_port_t tx_bound, rx_bound;
};

/* One writer each, relaxed readers. */
struct vif_queue_stats {
	uint64_t tx_requests, tx_responses, tx_errors;
	uint64_t credit_waits; /* times that the guest had sent all it may */
	uint64_t rx_requests, rx_responses, rx_errors;
	uint64_t borrows;	       /* fragments lent by the guest */
	uint64_t copies, copied_bytes; /* and written to it */
};

struct vif;

struct vif_queue {
	struct vif *vif;
	struct poll_item item;
	struct vif_queue_config config;
	struct worker *worker;
	struct ring tx;
	struct evtchn tx_channel, rx_channel; /* rx without a port: signals by tx' eventfd */
	struct worker_source tx_source, rx_source;
	struct notifier tx_edge; /* who tells the guest of responses */
	struct timer timer;	 /* of what waits for buffers */
	struct worker_note note; /* frames wait */
	struct timer renewal;	 /* of the credit that the ring's next frame waits for */
	bool out_of_credit;
	uint32_t rx_urgent; /* of TCP, too, some do not wait; any worker looks */

	/* To the guest: under the lock. */
	pthread_mutex_t lock;
	struct ring rx;
	struct notifier rx_edge;
	struct backlog backlog;
	uint64_t stalled_since_ms; /* no buffers since; 0: has some */
	uint32_t stalled;	   /* the carrier is off for it; read by the control thread */

	struct vif_queue_stats stats;
};

/* Control thread: maps the rings and binds the channels. 0, or -errno with
 * *why. Closing unmaps and unbinds. */
int vif_queue_open(struct vif_queue *queue, struct vif *vif, const struct vif_queue_config *config,
		   uint32_t backlog_bytes, const char **why);
void vif_queue_close(struct vif_queue *queue);

/* Worker's thread. Attaching hears the guest's events, starting begins to
 * serve; detaching ends both. */
int vif_queue_attach(struct vif_queue *queue, struct worker *worker);
void vif_queue_start(struct vif_queue *queue);
void vif_queue_detach(struct vif_queue *queue);

/* Control thread, while it is detached, and no worker has turns. Suspending gives
 * up what is held of the guest's grants; resuming takes it back. 0 or -EINVAL. */
void vif_queue_suspend(struct vif_queue *queue);
int vif_queue_resume(struct vif_queue *queue);

struct state;

/* Saves a suspended queue, or goes on as one that has been attached and started
 * since; its configuration came before. No worker has turns meanwhile. */
void vif_queue_carry(struct vif_queue *queue, struct state *state);

/* Worker's thread: how it is polled, and when its guest is told, from now on. */
void vif_queue_tune(struct vif_queue *queue, const struct tuning *tuning);

/* Worker's thread: the vif's rate has changed. */
void vif_queue_renew(struct vif_queue *queue);

/* Worker's thread: whether the vif's guest may send so much now. False: the
 * queue has its turn again when it may. */
bool vif_queue_may_send(struct vif_queue *queue, uint32_t bytes);

/* Stops the whole vif for good, and tells the control thread why. */
void vif_queue_fault(struct vif_queue *queue, const char *why);

#endif
