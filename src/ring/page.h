/*
 * A domain's memory: two sealed memfds, cut into numbered pages.
 *
 * The *shared* region (grant table, rings, RX pages) is written by both sides.
 * The *tx* region is mapped by its owner and then sealed against every later
 * writable mapping: the kernel, not we, keeps the backend from altering what a
 * guest sends. Page numbers ("frames" of grant entries) run through both: the
 * shared region first, then the tx region.
 *
 * The owner creates, the backend accepts. An arena knows nothing of grants.
 */
#ifndef RING_PAGE_H
#define RING_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/netif.h"

/* Regions of a multiple of so many pages may lie in huge ones. */
enum { ARENA_HUGE_PAGES = (2 << 20) / PAGE_BYTES };

enum region_kind { REGION_SHARED, REGION_TX };

struct region {
	int fd;
	uint8_t *base;
	uint32_t pages;
};

struct arena {
	struct region shared;
	struct region tx;
};

/* Owner: makes both regions, maps them read-write, then seals them.
 * 0 or -errno; on failure nothing is left open. */
int arena_create(struct arena *arena, uint32_t shared_pages, uint32_t tx_pages);

/* Backend: takes over both descriptors, whatever it returns. Accepts a region
 * only with exactly the seals of its kind, on tmpfs, of the announced size and
 * within the quota (in pages, of both together); maps tx read-only.
 * 0, or -errno with *why naming the rule that was broken. The descriptors stay
 * open, for the process that may go on in our place. */
int arena_accept(struct arena *arena, int shared_fd, uint32_t shared_pages, int tx_fd,
		 uint32_t tx_pages, uint32_t quota_pages, const char **why);

void arena_close(struct arena *arena);

struct state;

/* Saves it, or accepts it anew from the process that had accepted it. */
void arena_carry(struct arena *arena, struct state *state);

static inline uint32_t arena_pages(const struct arena *arena)
{
	return arena->shared.pages + arena->tx.pages;
}

/* The page with that number, or NULL beyond the arena. */
static inline uint8_t *arena_page(const struct arena *arena, uint32_t frame)
{
	if (frame < arena->shared.pages)
		return arena->shared.base + (uint64_t)frame * PAGE_BYTES;
	frame -= arena->shared.pages;
	return frame < arena->tx.pages ? arena->tx.base + (uint64_t)frame * PAGE_BYTES : NULL;
}

static inline bool arena_is_tx(const struct arena *arena, uint32_t frame)
{
	return frame >= arena->shared.pages;
}

#endif
