/*
 * One vif's data path in a guest: memory, grants, rings, channels.
 *
 * The shared region holds the grant table, both ring pages and the RX pages,
 * the tx region the TX pages. Everything is granted once when a connection is
 * set up and stays granted until it ends (persistent grants), so a frame costs
 * neither a grant nor a revocation. Pages are never unmapped or used for
 * anything else while the peer may hold them.
 *
 * Knows neither sockets nor the store; front_connect.h brings it up and down.
 * One thread.
 */
#ifndef FRONTEND_NETFRONT_H
#define FRONTEND_NETFRONT_H

#include "frontend/front_rx.h"
#include "frontend/front_tx.h"
#include "ring/evtchn.h"
#include "ring/grant.h"

enum {
	NETFRONT_TABLE_PAGES = 2,
	NETFRONT_TX_RING_FRAME = NETFRONT_TABLE_PAGES,
	NETFRONT_RX_RING_FRAME,
	NETFRONT_RX_FRAME, /* the first RX page */
	NETFRONT_SHARED_PAGES = 512, /* one huge page */
	NETFRONT_TX_PAGES = FRONT_TX_PAGES,
	NETFRONT_GRANTS = 2 + FRONT_RX_PAGES + FRONT_TX_PAGES,
};

struct netfront {
	struct arena arena;
	struct gnttab gnttab;
	struct signaller signaller;
	struct front_tx tx;
	struct front_rx rx;
	struct evtchn tx_channel; /* both rings' if rx_channel has no port */
	struct evtchn rx_channel;
	grant_ref_t refs[NETFRONT_GRANTS]; /* all that are granted now */
	unsigned int nr_refs;
	grant_ref_t tx_ring_ref, rx_ring_ref;
	bool live;			       /* between prepare and revoke or bury */
	uint64_t events_sent, events_received; /* of channels that are gone */
};

/* 0 or -errno. */
int netfront_init(struct netfront *front);
/* Ends the process' own hold on the memory; only with nothing granted, or when
 * the peer's mappings do not matter any more. */
void netfront_fini(struct netfront *front);

/* Initialises rings, grants everything to that domain, posts all buffers.
 * Channels are put in by the caller. 0, or -EBUSY while pages of an earlier
 * connection are in quarantine. */
int netfront_prepare(struct netfront *front, domid_t backend);

/* Ends a connection to a living backend: revokes everything. Returns how many
 * pages it still holds; to be called again until 0. */
unsigned int netfront_revoke(struct netfront *front);

/* Ends a connection to a dead one, whose mappings are proven gone. */
void netfront_bury(struct netfront *front);

/* What the peer did, if anything. */
enum front_fault netfront_fault(const struct netfront *front);

void netfront_flush(struct netfront *front);
/* See splitvif_arm(). With a fault it says true: the control side knows. */
bool netfront_arm(struct netfront *front, uint32_t tx_bytes);
/* Clears a channel's pending event, if there is such a channel. */
void netfront_take_event(struct evtchn *channel);

/* Drops the descriptors of both channels, keeping their counts. */
void netfront_close_channels(struct netfront *front);

#endif
