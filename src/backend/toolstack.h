/*
 * The toolstack's stand-in: attaches vifs to domains and detaches them, by
 * writing to the store what libxl writes; the backend does the rest, as it
 * does when anybody else writes it. Control thread only.
 */
#ifndef BACKEND_TOOLSTACK_H
#define BACKEND_TOOLSTACK_H

#include "backend/attachments.h"
#include "backend/device.h"
#include "backend/domain.h"
#include "backend/network.h"

enum { TOOLSTACK_DETACHED = 64 };

struct toolstack {
	struct store_client *store;
	struct networks *networks;
	struct devices *devices;
	const char *scripts; /* the only directory whose scripts may run; NULL: none may */
	struct attachments attachments;
	/* The last processes whose first vif was detached: they shall not ask for another. */
	struct {
		char name[ATTACHMENT_NAME_BYTES];
		pid_t pid;
	} detached[TOOLSTACK_DETACHED];
	unsigned int nr_detached;
};

/* Attaches a vif to a domain that is there; what the spec leaves open (devid,
 * bridge, MAC, MTU, address) is chosen and filled in. 0, or with the reason in
 * `error`: -ENODEV no such bridge, -EADDRINUSE the MAC or address is another's,
 * -EADDRNOTAVAIL no address of the bridge's subnet is free, -EINVAL a group MAC,
 * -EMSGSIZE an MTU outside 68..65521 or above the bridge's, -ENOSPC too many
 * vifs, -EEXIST the devid is taken, -EPERM its script may not run, -ENOENT there
 * is no such script. */
int toolstack_attach(struct toolstack *toolstack, const struct domain_info *domain,
		     struct vifspec *spec, char error[VIFSPEC_ERROR_BYTES]);

/* Begins to take a vif away: it is gone once the frontend let go. */
void toolstack_detach(struct toolstack *toolstack, const struct domain_info *domain,
		      struct device *device);

/* Attaches what belongs to the domain's name; failures are logged. */
void toolstack_attach_all(struct toolstack *toolstack, const struct domain_info *domain);

/* A frontend asks for its first vif: the one that the operator attached as
 * number 0, or else a new one. Errors as toolstack_attach(); -ESHUTDOWN where
 * its first vif was detached by the operator. */
int toolstack_vif_create(struct toolstack *toolstack, const struct domain_info *domain,
			 const struct hypercall_vif_create *wanted,
			 struct hypercall_vif_created *created);

/* A frontend is about to serve that vif: resets its half. -ENODEV, -EBUSY. */
int toolstack_vif_join(struct toolstack *toolstack, const struct domain_info *domain,
		       uint32_t devid, struct hypercall_vif_created *created);

struct state;

/* Saves what belongs to whom, and who asked in vain, or goes on with that. */
void toolstack_carry(struct toolstack *toolstack, struct state *state);

#endif
