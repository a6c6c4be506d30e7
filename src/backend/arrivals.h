/*
 * Domains that migrate here and may not come: how long what was sent ahead of them
 * (luggage.h) is kept for each. Whoever sent it says at the end whether the domain
 * came; where he is gone by then, it is seen here. Control thread only.
 */
#ifndef BACKEND_ARRIVALS_H
#define BACKEND_ARRIVALS_H

#include <stdbool.h>

#include "backend/toolstack.h"

struct event_base;
struct arrivals;

struct arrivals_config {
	struct event_base *base;
	struct toolstack *toolstack;
	bool (*is_here)(void *arg, const char *domain);
	void *arg;
};

/* NULL: out of memory. */
struct arrivals *arrivals_create(const struct arrivals_config *config);
void arrivals_destroy(struct arrivals *arrivals);

/* After so many milliseconds, counted from now if it was expected before, its luggage
 * is its own if it is here, and else taken back. 0 or -ENOMEM. */
int arrivals_expect(struct arrivals *arrivals, const char *domain, unsigned int ms);

#endif
