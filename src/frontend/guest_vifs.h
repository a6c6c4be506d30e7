/*
 * The further vifs of a VM: those that the toolstack attaches while it runs, or
 * had attached before. Each becomes an interface of the guest, number N eth<N>,
 * with a thread, an engine and memory of its own, and goes when it is detached.
 *
 * The thread that serves the first vif says which there are; one thread here
 * starts and ends the others. Signals must be blocked when they start.
 */
#ifndef FRONTEND_GUEST_VIFS_H
#define FRONTEND_GUEST_VIFS_H

#include <pthread.h>

#include "frontend/guest.h"
#include "frontend/splitvif.h"
#include "io/engine.h"

enum { GUEST_VIFS_MAX = 32 };

struct guest_vifs;

struct guest_vifs_config {
	struct guest *guest;
	struct splitvif *first;	    /* asked for the list */
	char name[64];		    /* of the domain */
	struct splitvif_config vif; /* what the others have in common with it */
	enum engine_kind engine;
	bool offload;
};

/* NULL: out of memory or threads. */
struct guest_vifs *guest_vifs_create(const struct guest_vifs_config *config);
/* Ends and waits for all; before the guest and the first vif go. */
void guest_vifs_destroy(struct guest_vifs *vifs);

/* Looks at what vifs there are; by the first one's thread. */
void guest_vifs_update(struct guest_vifs *vifs);

#endif
