/*
 * The flows of one VM of a relay, where vifs have several queues: what it sends is
 * of several flows, which take turns. Each has a source address of its own, keeps
 * to one queue on its way out, and counts its frames by itself; it must come in by
 * one queue, in order. With one queue there is one flow.
 *
 * The flow stands in the upper bits of a frame's number.
 */
#ifndef BENCH_RELAY_FLOWS_H
#define BENCH_RELAY_FLOWS_H

#include <stdint.h>

#include "frontend/sequence.h"
#include "frontend/splitvif.h"

enum { RELAY_FLOWS_EACH = 8 /* of a queue */, RELAY_FLOW_SHIFT = 48 };

/* What came of one flow of another VM. */
struct relay_arrival {
	unsigned int queue; /* on which its first frame came, and 1; 0: none has */
	struct sequence sequence;
};

struct relay_flows {
	unsigned int queues, nr;
	unsigned int turn;
	uint64_t *next;			/* numbers of those that it sends, by receiver and flow */
	struct relay_arrival *arrivals; /* by sender and flow */
};

/* 0 or -ENOMEM. */
int relay_flows_init(struct relay_flows *flows, unsigned int vms, unsigned int queues);
void relay_flows_fini(struct relay_flows *flows);

/* How many there are, all with an address of their own. */
unsigned int relay_flows_count(unsigned int queues);

/* The next one's turn; then of it: its queue, what it adds to the second word of a
 * stream, and its next number towards that VM. */
static inline void relay_flows_turn(struct relay_flows *flows)
{
	flows->turn = flows->turn + 1 < flows->nr ? flows->turn + 1 : 0;
}

static inline unsigned int relay_flows_queue(const struct relay_flows *flows)
{
	return flows->queues > 1 ? flows->turn % flows->queues : 0;
}

/* The last but one byte of the source address. */
static inline uint64_t relay_flows_mark(const struct relay_flows *flows)
{
	return (uint64_t)flows->turn << 16;
}

static inline uint64_t relay_flows_number(struct relay_flows *flows, unsigned int to)
{
	return (uint64_t)flows->turn << RELAY_FLOW_SHIFT |
	       flows->next[to * flows->nr + flows->turn]++;
}

enum relay_arrived {
	RELAY_NEW = 0,
	RELAY_AGAIN = 1, /* bits */
	RELAY_LATE = 2,
	RELAY_ASTRAY = 4, /* by another queue than before */
	RELAY_UNKNOWN = 8 /* of no flow that there is; nothing else then */
};

/* What is not as the frame before it was. */
unsigned int relay_flows_look(struct relay_arrival *arrival, unsigned int queue,
			      enum sequence_news news);

/* Takes notice of a number that came from that VM by that queue. */
static inline unsigned int relay_flows_arrived(struct relay_flows *flows, unsigned int from,
					       unsigned int queue, uint64_t number)
{
	uint64_t flow = number >> RELAY_FLOW_SHIFT;
	struct relay_arrival *arrival;
	enum sequence_news news;

	if (flow >= flows->nr)
		return RELAY_UNKNOWN;
	arrival = &flows->arrivals[from * flows->nr + flow];
	news = sequence_note(&arrival->sequence,
			     number & ((UINT64_C(1) << RELAY_FLOW_SHIFT) - 1));
	if (news == SEQUENCE_NEW && arrival->queue == queue + 1)
		return RELAY_NEW;
	return relay_flows_look(arrival, queue, news);
}

#endif
