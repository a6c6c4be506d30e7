/*
 * How much a vif's guest may send: so many bytes each interval, netback's
 * credit. A frame that what is left does not suffice for waits, and all behind
 * it, until the next interval begins; nothing is dropped. Pure: the caller says
 * what time it is.
 *
 * What a guest does not use is kept for it, up to an interval's worth, or
 * CREDIT_BURST_BYTES where that is more: else a frame of 64 KB would never pass
 * a slow vif.
 *
 * All queues of a vif draw on one credit, each on its worker's thread: words
 * that are exchanged, without a lock and without an order.
 */
#ifndef BACKEND_CREDIT_H
#define BACKEND_CREDIT_H

#include <stdbool.h>
#include <stdint.h>

enum { CREDIT_BURST_BYTES = 128 << 10 }; /* netback's */

struct rate {
	uint64_t bytes; /* each interval; 0: unlimited */
	uint64_t usecs;
};

struct credit {
	struct rate rate;
	uint64_t left;	     /* bytes */
	uint64_t renewed_ns; /* when this interval began */
};

/* The store's form of it, "BYTES,USECS", neither of them 0. */
bool rate_parse(const char *text, struct rate *rate);

/* xl's form, "10Mb/s" or "1250KB/s@50ms", at least a byte each interval of at most a
 * second; or what is beyond that in the store's terms, "5MB@2s": bytes each interval. */
bool rate_read(const char *text, struct rate *rate);

/* That of one that is limited: read back it is the same. */
enum { RATE_TEXT_BYTES = 64 };
void rate_print(const struct rate *rate, char text[RATE_TEXT_BYTES]);

/* An interval begins, with that rate from now on; any thread may. */
void credit_set(struct credit *credit, const struct rate *rate, uint64_t now_ns);

static inline bool credit_is_limited(const struct credit *credit)
{
	return __atomic_load_n(&credit->rate.bytes, __ATOMIC_RELAXED);
}

struct state;

/* Saves a rate; or what is left of it, or goes on with that. */
void rate_carry(struct rate *rate, struct state *state);
void credit_carry(struct credit *credit, struct state *state);

/* True: so much was taken. False: not before credit_due_ns(). */
bool credit_take(struct credit *credit, uint32_t bytes, uint64_t now_ns);
uint64_t credit_due_ns(const struct credit *credit);

#endif
