/*
 * When to tell a sleeping peer: one notification edge of one ring.
 *
 * Slots are always published at once; what may wait is the event. It is owed
 * from the publication that reaches the peer's event index (ring_publish() says
 * so), and sent when a time has passed or a number of frames is covered by it,
 * whichever comes first. A peer that has not armed its event index works or
 * polls: it is owed nothing, and no time runs.
 *
 * The time counts from the first frame that no event has covered and later ones
 * do not prolong it. Where the edge is *spaced* it counts from the last event
 * instead: what comes after a pause goes at once, and only a peer that is known
 * to be busy waits.
 *
 * However it is set, nothing waits for longer than COALESCE_LONGEST_USECS: an
 * edge that counts frames only would keep the last few for ever.
 *
 * Pure: the caller says what time it is, sends the events and keeps the timer.
 * One thread.
 */
#ifndef RING_COALESCE_H
#define RING_COALESCE_H

#include <stdbool.h>
#include <stdint.h>

enum { COALESCE_LONGEST_USECS = 10000 };

struct coalesce_limits {
	uint32_t usecs;	 /* 0: none by time */
	uint32_t frames; /* 0: none by count; both 0 would never notify */
};

/* What an operator sets. */
struct coalesce_config {
	struct coalesce_limits plain;
	struct coalesce_limits irq; /* while an event sent before is not taken yet */
	/* Below low_pps `low` holds, above high_pps `high`; high_pps 0: `plain` always. */
	uint32_t low_pps, high_pps;
	struct coalesce_limits low, high;
	uint32_t sample_ms; /* over which the rate is taken */
	bool spaced;	    /* count the time from the last event */
	bool by_share;	    /* let a quarter of what is in flight be the number of frames */
};

/* Limits as they are compared: nothing to convert on the data path. */
struct coalesce_wait {
	uint64_t ns;	 /* 0: none */
	uint32_t frames; /* 0: none */
};

struct coalesce {
	struct coalesce_config config;
	uint32_t entries; /* of the ring */
	struct coalesce_wait plain, irq, low, high;
	const struct coalesce_wait *by_load; /* plain, low or high */
	uint64_t cap_ns; /* half a ring's time at this rate: later it might overflow */

	bool owed;	 /* the peer sleeps, and published frames are not covered */
	uint32_t frames; /* of them */
	uint32_t slots;
	uint64_t first_ns; /* when the first of them was published */
	uint64_t due_ns;   /* when they must be told of; UINT64_MAX: nothing is owed */
	uint64_t sent_ns;  /* the last event */

	uint64_t sample_ns; /* when the sample of the rate began */
	uint32_t sample_frames, sample_slots;
};

/* What was just published. */
struct coalesce_news {
	uint64_t now_ns;
	uint32_t frames, slots;
	uint32_t in_flight; /* the peer's requests that we have not answered yet */
	bool armed;	    /* ring_publish(): the peer asked to be told of this */
	bool forced;	    /* do not wait, whatever the limits say */
	bool untaken;	    /* an event sent before was not taken yet */
};

enum coalesce_verdict {
	COALESCE_SUPPRESS, /* the peer does not sleep: it looks by itself */
	COALESCE_WAIT,	   /* see due_ns */
	COALESCE_SEND,
};

/* -EINVAL: limits that would never notify, or low_pps above high_pps; nothing
 * is changed then. What is owed stays owed, under the new limits from the next
 * publication on. */
int coalesce_configure(struct coalesce *coalesce, const struct coalesce_config *config);

/* An edge of a ring with that many entries, that notifies each frame at once. */
void coalesce_init(struct coalesce *coalesce, uint32_t entries);

enum coalesce_verdict coalesce_published(struct coalesce *coalesce,
					 const struct coalesce_news *news);

/* The time may have come. `asleep`: the peer's event index, read anew, still
 * lies in what was published (ring_is_awaited()); else it has looked by itself
 * meanwhile. True: send. */
bool coalesce_expired(struct coalesce *coalesce, uint64_t now_ns, bool asleep);

/* The edge ends, or the peer must know now: true if something is owed. */
bool coalesce_flush(struct coalesce *coalesce, uint64_t now_ns);

/* Spaces the events of an edge by that time (0: each frame at once), in place
 * of `plain`. For a controller; cheap. */
void coalesce_space(struct coalesce *coalesce, uint32_t usecs);

struct state;

/* Saves when it last notified and what it measures, or goes on with that. Nothing
 * may be owed. */
void coalesce_carry(struct coalesce *coalesce, struct state *state);

/* Does it matter whether an event was taken? It costs a look. */
static inline bool coalesce_asks_untaken(const struct coalesce *coalesce)
{
	return coalesce->irq.ns != coalesce->plain.ns ||
	       coalesce->irq.frames != coalesce->plain.frames;
}

#endif
