/*
 * The generator of the laboratory: frames by a fixed schedule, whatever becomes of
 * them.
 *
 * The k-th burst is due k intervals after the start, and its frames carry that time,
 * so that a late generator shows as latency and not as a lower rate. What does not
 * fit into the ring waits, at most SENDER_BACKLOG frames; older ones are given up and
 * counted. In between it rests for so long, or spins. Its vif's handle is the
 * thread's from start to stop.
 *
 * It is late by as much as it takes notice of a frame after that was due. What it has
 * noticed and finds no room for waits for the backend, and makes nobody late.
 */
#ifndef LAB_SENDER_H
#define LAB_SENDER_H

#include "bench/lab/histogram.h"
#include "frontend/splitvif.h"

enum { SENDER_BATCH = 64, SENDER_BACKLOG = SPLITVIF_SLOTS };

struct sender_config {
	double rate;	    /* frames a second */
	unsigned int burst; /* 1 or more, due at the same instant */
	unsigned int bytes; /* of a frame */
	int64_t rest_ns;    /* 0: it spins */
	uint8_t to[6], from[6];
	int cpu;
};

/* Since the start; offered = sent + unsent once it has stopped. */
struct sender_counters {
	uint64_t offered, sent;
	uint64_t unsent; /* given up: the ring had no room in time */
	uint64_t kicks;	 /* events to the backend */
	uint64_t downs;	 /* times that the vif went down: the run is void */
	uint64_t cpu_ns;
	struct histogram late; /* ns from when a frame was due until it was noticed */
};

struct sender;

/* 0 or -errno. Frames are due from now on. */
int sender_start(struct sender **sender, struct splitvif *vif, const struct sender_config *config);
void sender_read(struct sender *sender, struct sender_counters *counters);
/* No more frames; what is due is sent or given up. Waits until all are answered,
 * a second at most, and frees. */
void sender_stop(struct sender *sender, struct sender_counters *counters);

#endif
