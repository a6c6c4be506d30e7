/*
 * A sender and a sink in one thread, each a VM of its own to the daemon.
 *
 * Closed: a frame is sent only if the sink has a buffer posted for it, so that
 * nothing may get lost. Open: frames are sent at a rate, or as fast as the
 * sender's ring takes them, and whoever cannot take them has to drop and to
 * count them.
 */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include <assert.h>

#include "bench/options.h"
#include "bench/relay_frame.h"
#include "frontend/sequence.h"
#include "frontend/splitvif.h"

enum {
	RELAY_BATCH = 64,
	RELAY_CREDIT = 192, /* frames under way; the sink posts SPLITVIF_SLOTS buffers */
	RELAY_TEXT_BYTES = 256,
};

static_assert((int)RELAY_CREDIT < (int)SPLITVIF_SLOTS, "nothing is dropped for want of a buffer");

struct relay {
	const struct options *options;
	uint32_t size;
	bool whole; /* frames have checksums over all of them */
	bool yield; /* one processor for us and the daemon */
	struct splitvif *gen, *sink;
	uint64_t sent;
	uint64_t unsent; /* due by the rate, but the ring was full */
	uint64_t corrupt, foreign;
	struct sequence arrivals;
	int64_t processed_ns; /* when both handles were last looked after */
	int64_t moved_ns;     /* when the last frame was sent or received */
	int64_t paced_ns;     /* since when, */
	uint64_t paced;	      /* how many frames were due, */
	uint64_t paced_sink;  /* and how many the sink has taken */
	uint8_t frames[RELAY_BATCH][RELAY_FRAME_MAX];
	struct iovec iov[RELAY_BATCH];
	struct splitvif_output outputs[RELAY_BATCH];
	uint8_t copy[RELAY_FRAME_MAX];
};

/* Good frames, each number once. */
static inline uint64_t relay_received(const struct relay *relay)
{
	return relay->arrivals.received - relay->arrivals.duplicates;
}

/* Connects both, and lets the bridge learn where the sink is. 0, or -errno
 * with one line in `error` and nothing left open. */
int relay_open(struct relay *relay, const struct options *options, uint32_t size, bool yield,
	       char error[RELAY_TEXT_BYTES]);
void relay_close(struct relay *relay);

/* For so many seconds; or, if there is a count, until so many more frames have
 * been sent, and received or given up. Received frames, and the time it took.
 * -ETIMEDOUT: nothing moves; -ENETDOWN: a vif went down; -EINTR. */
int relay_run(struct relay *relay, double seconds, uint64_t count, uint64_t *received, int64_t *ns);

/* The same without sending: until all that was sent has arrived, or nothing
 * more comes. 0 or -errno as above. */
int relay_drain(struct relay *relay);

#endif
