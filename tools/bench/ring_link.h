/*
 * What a measured ring's two processes share: a guest's arena with the ring's
 * pages, 256 payload pages and their grants, an event channel, and a word to
 * stop the backend by.
 *
 * It is made before the fork. The frontend (the parent) uses it as it is; the
 * backend (the child) takes the memory over by its descriptors, as a daemon
 * would, and sees pages through grants only.
 */
#ifndef BENCH_RING_LINK_H
#define BENCH_RING_LINK_H

#include <sched.h>
#include <stdbool.h>
#include <stdint.h>

#include "bench/ring_kind.h"
#include "ring/evtchn.h"
#include "ring/grant.h"
#include "ring/hypervisor.h"

/* What is measured. */
struct ring_load {
	const struct ring_kind *kind;
	enum ring_shape shape;
	uint32_t size;	/* bytes of a payload */
	uint32_t batch; /* messages a publication */
	bool wake;	/* sleep and notify, instead of polling */
	bool yield;	/* both on one processor: let the other one run */
};

enum { RING_LINK_SLOTS = RING_SLOTS, RING_LINK_BATCH_MAX = 64, RING_LINK_GUEST = 1 };

static_assert((int)RING_LINK_SLOTS == (int)TX_RING_ENTRIES, "netif.h");
static_assert((int)RING_LINK_SLOTS == (int)RX_RING_ENTRIES, "netif.h");

/* Shared by both, of neither's arena. */
struct ring_control {
	uint32_t stop;
	uint32_t sent; /* the backend's notifications */
};

struct ring_link {
	struct arena arena;
	struct gnttab gnttab;
	struct evtchn_table *evtchns;
	struct evtchn front;
	struct ring_control *control;
	uint8_t *pages; /* the ring's, RING_KIND_PAGES */
	grant_ref_t ring_refs[RING_KIND_PAGES];
	grant_ref_t refs[RING_LINK_SLOTS];
	uint8_t *payloads[RING_LINK_SLOTS];
	uint16_t offsets[RING_LINK_SLOTS];
};

/* 0 or -errno; on failure nothing is left. */
int ring_link_create(struct ring_link *link, enum ring_shape shape);
void ring_link_destroy(struct ring_link *link);

/* Tells the backend to end; by a signal, too, if it sleeps and there is a signaller. */
void ring_link_stop(struct ring_link *link, struct signaller *signaller);

/* One turn of waiting without sleeping. */
static inline void ring_link_relax(const struct ring_load *load)
{
	if (load->yield)
		sched_yield();
#ifdef __x86_64__
	else
		__builtin_ia32_pause();
#endif
}

/* Sleeps until the channel is pending or a tenth of a second has passed. */
void ring_link_sleep(struct evtchn *channel);

#endif
