/*
 * Event channels over eventfds.
 *
 * `struct evtchn` is one end: the port, the eventfd it waits on and the one
 * that the other end waits on. Pending is "the counter is not 0", the mask is
 * the receiver's private flag. A peer can clear O_NONBLOCK on a shared eventfd
 * and fill or drain it, so nothing here ever blocks on one: reads are
 * preadv2(RWF_NOWAIT), signals are the kernel's own (io/signal.h).
 *
 * `struct evtchn_table` is the hypervisor's part: every domain's ports and how
 * they hang together (event_channel.h: alloc_unbound, bind_interdomain,
 * close). It belongs to the thread that serves the domain socket.
 */
#ifndef RING_EVTCHN_H
#define RING_EVTCHN_H

#include <stdbool.h>
#include <stdint.h>

#include "io/signal.h"
#include "ring/barrier.h"
#include "ring/netif.h"

struct evtchn {
	evtchn_port_t port; /* 0: none */
	int wait_fd;
	int signal_fd;
	bool masked;
	uint64_t received; /* reads that returned something: "interrupts" */
	uint64_t merged;   /* further signals that those reads took with them */
	uint64_t sent;
};

#define EVTCHN_NONE ((struct evtchn){ .wait_fd = -1, .signal_fd = -1 })

/* Clears pending. True if it was set. */
bool evtchn_take(struct evtchn *evtchn);

/* Queues a signal to the other end; signaller_flush() sends all queued ones. */
static inline void evtchn_notify(struct evtchn *evtchn, struct signaller *signaller)
{
	count_up(&evtchn->sent, 1);
	signaller_add(signaller, evtchn->signal_fd);
}

/* Closes both descriptors. */
void evtchn_fini(struct evtchn *evtchn);

enum { EVTCHN_PORTS_PER_DOMAIN = 64 }; /* 16 queues, split channels, control, spare */

struct evtchn_table;

struct evtchn_table *evtchn_table_create(void);
void evtchn_table_destroy(struct evtchn_table *table);

/* A domain comes; -EEXIST, -ENOMEM. Its end closes every port of it and leaves
 * the peers' ends unbound. */
int evtchn_domain_create(struct evtchn_table *table, domid_t domid);
void evtchn_domain_destroy(struct evtchn_table *table, domid_t domid);

/* Each gives a port number and fresh duplicates of the two descriptors, which
 * the caller owns. -ESRCH no such domain; -EINVAL not unbound, or not meant
 * for the caller; -ENOSPC ports used up. A successful bind leaves the binder's
 * own port pending. */
int evtchn_alloc_unbound(struct evtchn_table *table, domid_t domid, domid_t remote,
			 struct evtchn *end);
int evtchn_bind_interdomain(struct evtchn_table *table, domid_t domid, domid_t remote,
			    evtchn_port_t remote_port, struct evtchn *end);

/* The descriptors of an open port once more: for the process that goes on in the
 * place of the one that had them. -EINVAL for a port that is not open. */
int evtchn_regain(struct evtchn_table *table, domid_t domid, evtchn_port_t port,
		  struct evtchn *end);

struct state;

/* Saves every domain's ports, or fills an empty table. What an end has counted is
 * its owner's. */
void evtchn_table_carry(struct evtchn_table *table, struct state *state);
void evtchn_carry_counters(struct evtchn *evtchn, struct state *state);

/* -EINVAL for a port that is not open. */
int evtchn_close(struct evtchn_table *table, domid_t domid, evtchn_port_t port);

enum evtchn_state { EVTCHN_CLOSED, EVTCHN_UNBOUND, EVTCHN_INTERDOMAIN };

struct evtchn_binding {
	enum evtchn_state state;
	domid_t remote;
	evtchn_port_t remote_port;
};

/* For listings and tests. */
struct evtchn_binding evtchn_query(const struct evtchn_table *table, domid_t domid,
				   evtchn_port_t port);

#endif
