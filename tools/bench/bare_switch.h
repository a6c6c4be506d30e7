/*
 * The barest switch: what cannot be left out between two guests. It takes slots
 * off the one's TX ring, checks each grant, looks up whose the frame's destination
 * is, checks the grant of a buffer of the other's, copies, answers both, and
 * publishes once a batch. No MTU, no counters, no faults, no queue, no sleep.
 */
#ifndef BENCH_BARE_SWITCH_H
#define BENCH_BARE_SWITCH_H

#include "bench/bare_guest.h"
#include "bridge/fdb.h"

enum { BARE_BATCH = 64, BARE_PORT = 1 };

struct bare_switch {
	struct foreign_domain from, to;
	struct ring tx, rx;
	struct fdb *fdb;
	uint32_t left;	  /* bytes of the frame in hand that have not been looked at */
	uint64_t refused; /* slots whose grant is bad, or whose destination unknown */
};

/* From the one guest to the other, whose address is `mac`. 0 or -errno. */
int bare_switch_open(struct bare_switch *bare, const struct bare_guest *from,
		     const struct bare_guest *to, const uint8_t mac[6]);
void bare_switch_close(struct bare_switch *bare);

/* Up to BARE_BATCH slots; how many, or -EPROTO. */
int bare_switch_turn(struct bare_switch *bare);

#endif
