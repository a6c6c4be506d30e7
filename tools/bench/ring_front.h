/*
 * The frontend of a measured ring: keeps it as full as it can.
 */
#ifndef BENCH_RING_FRONT_H
#define BENCH_RING_FRONT_H

#include "bench/payload.h"
#include "bench/ring_link.h"

struct ring_front {
	const struct ring_load *load;
	struct ring_link *link;
	struct signaller signaller; /* if it is to notify: ending one takes the kernel long */
	struct ring_end end;
	uint64_t produced, consumed;	/* messages, which numbers the payloads */
	uint16_t free[RING_LINK_SLOTS]; /* ids, a stack */
	unsigned int nr_free;
	bool in_flight[RING_LINK_SLOTS];
	struct ring_message batch[RING_LINK_SLOTS];
	uint8_t head[PAYLOAD_HEAD_BYTES];
};

/* Before the backend comes: it finds an initialised ring. 0 or -errno. */
int ring_front_init(struct ring_front *front, struct ring_link *link, const struct ring_load *load);
void ring_front_fini(struct ring_front *front);

/* Takes what was answered and sends what fits, or waits one turn if there is
 * neither. Messages completed, or -EPROTO, -EBADMSG. */
int ring_front_turn(struct ring_front *front);

#endif
