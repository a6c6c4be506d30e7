/*
 * Within evtchn.c and evtchn_state.c: every domain's ports.
 */
#ifndef RING_EVTCHN_TABLE_H
#define RING_EVTCHN_TABLE_H

#include "ring/evtchn.h"

/* Two eventfds, one a direction: end e waits on fds[e] and signals fds[!e]. */
struct channel {
	int fds[2];
};

struct port_entry {
	struct channel *channel; /* NULL: closed */
	bool bound;
	uint8_t end;
	domid_t remote;
	evtchn_port_t remote_port;
};

struct evtchn_domain {
	struct port_entry *ports;
	evtchn_port_t nr_ports;
	evtchn_port_t limit;
};

struct evtchn_table {
	struct signaller signaller; /* for the binder's first event */
	struct evtchn_domain *domains[DOMID_FIRST_RESERVED];
};

/* An open one, or NULL. */
struct port_entry *evtchn_port_find(const struct evtchn_table *table, domid_t domid,
				    evtchn_port_t port);

/* Room for so many entries. 0, -ENOSPC or -ENOMEM. */
int evtchn_ports_reserve(struct evtchn_domain *domain, evtchn_port_t nr);

/* Takes the descriptors over, whatever it returns; NULL where one is missing. */
struct channel *channel_adopt(const int fds[2]);

#endif
