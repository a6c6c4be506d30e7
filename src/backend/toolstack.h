/*
 * The toolstack's stand-in: writes to the store what libxl writes for one vif.
 * Control thread only.
 */
#ifndef BACKEND_TOOLSTACK_H
#define BACKEND_TOOLSTACK_H

#include "backend/device.h"
#include "backend/domain.h"
#include "backend/network.h"

struct toolstack {
	struct store_client *store;
	struct networks *networks;
	struct devices *devices;
};

/* Fills in what was left open (bridge, MAC, MTU, address), writes both halves
 * of the device in one transaction. 0, or: -ENODEV no such bridge, -EADDRINUSE
 * the MAC or address is another's, -EADDRNOTAVAIL the address is not of the
 * bridge's subnet or none is free, -EINVAL a group MAC, -EMSGSIZE an MTU
 * outside 68..65521 or above the bridge's, -ENOSPC too many vifs. */
int toolstack_vif_create(struct toolstack *toolstack, const struct domain_info *domain,
			 const struct hypercall_vif_create *wanted,
			 struct hypercall_vif_created *created);

#endif
