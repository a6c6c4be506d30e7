/*
 * Closed-loop traffic from port 0 of DPDK to its port 1, as bench/relay.h makes
 * it between two vifs: the same frames, the same checks at the same places.
 *
 * A frame is sent only if fewer than `credit` are under way. Frames that were
 * overtaken are lost; if nothing comes for a while, all that are under way are.
 */
#ifndef BENCH_PEERS_TRAFFIC_H
#define BENCH_PEERS_TRAFFIC_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mempool.h>

#include "bench/relay_frame.h"
#include "frontend/sequence.h"

enum { TRAFFIC_BATCH = 64, TRAFFIC_PORTS = 2 };

struct traffic_config {
	uint32_t size;
	bool whole;	     /* payloads are written and checked, not headers only */
	double seconds;	     /* that are measured, after a warm-up */
	unsigned int credit; /* frames under way at most */
	unsigned int ring;   /* descriptors of each queue */
	uint8_t to[6], from[6];
};

struct traffic {
	struct traffic_config config;
	struct rte_mempool *pool;
	const char *doing; /* for who explains an error */
	uint64_t sent;	   /* and numbered so */
	uint64_t settled;  /* numbers below this one are no longer under way */
	uint64_t corrupt, foreign;
	struct sequence arrivals;
	uint64_t counted;	       /* received within the measured time, */
	int64_t ns;		       /* which was so long */
	uint8_t head[RELAY_FRAME_MAX]; /* what all frames begin with */
	uint8_t copy[RELAY_FRAME_MAX];
};

/* Sent, and not received. */
static inline uint64_t traffic_missing(const struct traffic *traffic)
{
	return traffic->sent - (traffic->arrivals.received - traffic->arrivals.duplicates) -
	       traffic->corrupt;
}

/* Both ports up, linked, and their addresses learnt by whoever learns. 0 or
 * -errno. */
int traffic_open(struct traffic *traffic, const struct traffic_config *config);
void traffic_close(struct traffic *traffic);

/* 0; -ETIMEDOUT: nothing arrives; -EBADMSG: something else than what was sent. */
int traffic_run(struct traffic *traffic);

#endif
