/*
 * How far apart the events of one edge are to be, chosen from what it carries.
 *
 * An event wakes the guest, and a wake-up costs as much as some ten frames. So
 * where frames are many, events are kept apart (coalesce_space()), which makes
 * one wake-up serve several frames; where they are few, each goes at once. The
 * first frame after a pause goes at once in any case: a delay meets only a
 * guest that is known to be busy.
 *
 * A window is so many ms, or one as soon as there were so many events (less, and
 * a single batch would look like a load). What was counted in it makes the rate,
 * an average over windows, and the rate chooses from a short list of distances.
 * Where two windows in a row have more than the average, the lesser of the two takes
 * its place: a load that has come is followed within two windows, a burst is not.
 * The rules, in their order:
 *
 * 1. less than two frames in the shortest distance: none;
 * 2. a ring more than half full, or frames dropped: one step down;
 * 3. the shortest one that brings the wake-up's share of a frame's cost down to
 *    a quarter; never beyond the latency that may be added, nor half a ring;
 * 4. up and down as many steps as it takes;
 * 5. not for a tenth more or less; and now and then a step is tried, and kept
 *    where the cost falls by a tenth.
 *
 * Pure; divides once a window.
 */
#ifndef BACKEND_ADAPTIVE_H
#define BACKEND_ADAPTIVE_H

#include <stdbool.h>
#include <stdint.h>

enum {
	ADAPTIVE_EVENTS = 32,	    /* of a window */
	ADAPTIVE_PROBE_EVERY = 128, /* windows */
	ADAPTIVE_WAKEUP_NS = 15000, /* of the guest's CPU: 13 to 20 us were measured */
	ADAPTIVE_FRAME_NS = 600,
	ADAPTIVE_TARGET_USECS = 60, /* with all else, 100 at p99 */
};

struct adaptive_config {
	uint32_t wakeup_ns, frame_ns; /* what they cost */
	uint32_t target_usecs;	      /* the latency that may be added */
	uint32_t window_ms;
	uint32_t entries; /* of the ring */
};

struct adaptive {
	struct adaptive_config config;
	uint32_t usecs; /* the choice */

	/* Of this window, for the caller to count up. */
	uint32_t frames, slots, events, drops;
	uint32_t fullest; /* slots that waited in the ring for the guest, at most */

	unsigned int base;		/* the step that the rules say */
	uint64_t window_ns;		/* when it began */
	uint64_t frame_rate, slot_rate; /* a second, averaged */
	uint64_t last_rate;		/* of frames, in the window before */
	uint32_t windows;
	int bias;      /* steps away from it, since that paid */
	int trying;    /* the step that is being tried; 0: none */
	uint64_t cost; /* of a frame before the try, in 1/1000 */
};

void adaptive_init(struct adaptive *adaptive, const struct adaptive_config *config,
		   uint64_t now_ns);

/* Chooses anew. True if `usecs` has changed. */
bool adaptive_choose(struct adaptive *adaptive, uint64_t now_ns);

struct state;

/* Saves what was chosen and learned, or goes on with that. */
void adaptive_carry(struct adaptive *adaptive, struct state *state);

/* Is the window over? */
static inline bool adaptive_is_due(const struct adaptive *adaptive, uint64_t now_ns)
{
	uint64_t ms = adaptive->events >= ADAPTIVE_EVENTS ? 1 : adaptive->config.window_ms;

	return now_ns - adaptive->window_ns >= ms * 1000000;
}

#endif
