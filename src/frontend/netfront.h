/*
 * One vif's data path in a guest: memory, grants, queues.
 *
 * The shared region holds the grant table and, queue by queue, both ring pages
 * and the RX pages, the tx region the queues' TX pages. Everything is granted
 * once when a connection is set up and stays granted until it ends (persistent
 * grants), so a frame costs neither a grant nor a revocation. Pages are never
 * unmapped or used for anything else while the peer may hold them.
 *
 * Knows neither sockets nor the store; front_connect.h brings it up and down.
 * One thread.
 */
#ifndef FRONTEND_NETFRONT_H
#define FRONTEND_NETFRONT_H

#include "frontend/front_queue.h"
#include "ring/grant.h"

struct netfront {
	struct arena arena;
	uint32_t table_pages; /* of the grant table, which comes first */
	struct gnttab gnttab;
	struct signaller signaller;
	unsigned int max_queues; /* there is memory for */
	unsigned int nr_queues;	 /* in use: at least one, as many as the backend takes */
	struct front_queue *queues;
	grant_ref_t *refs; /* all that are granted now */
	unsigned int nr_refs;
	bool live;			    /* between prepare and revoke or bury */
	struct coalesce_limits aggregation; /* of frames to be sent; of each queue */
	struct splitvif_polling polling;    /* what the caller is told to do */
};

/* Memory for so many queues, one of them in use. 0 or -errno. */
int netfront_init(struct netfront *front, unsigned int max_queues);
/* Ends the process' own hold on the memory; only with nothing granted, or when
 * the peer's mappings do not matter any more. */
void netfront_fini(struct netfront *front);

/* What is promised to the backend and what it offers, for every queue: enum
 * splitvif_offload. */
void netfront_set_takes(struct netfront *front, unsigned int takes);
void netfront_set_offers(struct netfront *front, unsigned int offers);
/* Whether received frames are read whole (splitvif_config). */
void netfront_set_reads_whole(struct netfront *front, bool whole);

/* Initialises so many queues' rings, grants everything to that domain, posts
 * all buffers. Channels are put in by the caller. 0, or -EBUSY while pages of
 * an earlier connection are in quarantine. */
int netfront_prepare(struct netfront *front, domid_t backend, unsigned int nr_queues);

/* Ends a connection to a living backend: revokes everything. Returns how many
 * pages it still holds; to be called again until 0. */
unsigned int netfront_revoke(struct netfront *front);

/* Ends a connection to a dead one, whose mappings are proven gone. */
void netfront_bury(struct netfront *front);

/* What the peer did, if anything. */
enum front_fault netfront_fault(const struct netfront *front);

/* Tells the backend of frames to be sent in such groups, from now on. 0, or -EINVAL:
 * it would never be told. */
int netfront_aggregate(struct netfront *front, const struct coalesce_limits *limits);

void netfront_flush(struct netfront *front);
/* When the next flush is due, whatever else there is to flush: see front_queue_due(). */
uint64_t netfront_due(const struct netfront *front);
/* See splitvif_arm(), splitvif_queue_arm(). With a fault they say true: the
 * control side knows. */
bool netfront_arm(struct netfront *front, uint32_t tx_bytes);
/* See splitvif_wait(). */
bool netfront_wait(struct netfront *front, uint32_t tx_bytes);
bool netfront_arm_queue(struct netfront *front, struct front_queue *queue, uint32_t tx_bytes);

/* Drops the descriptors of all channels, keeping their counts. */
void netfront_close_channels(struct netfront *front);

#endif
