/*
 * What a VM takes along when it migrates: each of its vifs as one line of text,
 * its vifspec, what was set of its notifications and which offloads are off, which
 * one daemon packs and another unpacks before the VM comes.
 *
 *	attached devid=0,mac=00:16:3e:00:00:01,bridge=xenbr0,mtu=1500 rx-usecs=50 tso=off
 *
 * "attached" is a vif that belongs to the VM's name, here as there; one that the
 * frontend asked for is "asked", and is expected there once. Control thread only.
 */
#ifndef BACKEND_LUGGAGE_H
#define BACKEND_LUGGAGE_H

#include "backend/toolstack.h"

enum { LUGGAGE_BYTES = 2 * VIFSPEC_TEXT_BYTES + 1024 };

void luggage_pack(const struct toolstack *toolstack, const struct device *device,
		  char text[LUGGAGE_BYTES]);

/* Expects that vif of the domain of that name, on that bridge unless `bridge` is
 * empty. What this daemon knows of the vif, by the configuration file or by command,
 * stands as it is. 0, or -EINVAL with what is wrong in `error`: not such a line, or
 * no such bridge. */
int luggage_unpack(struct toolstack *toolstack, const char *domain, const char *bridge,
		   const char *text, char error[VIFSPEC_ERROR_BYTES]);

/* The domain does not come: what was expected of it goes, and nothing else. */
void luggage_take_back(struct toolstack *toolstack, const char *domain);
/* It came, and what was expected is its name's now. */
void luggage_settle(struct toolstack *toolstack, const char *domain);

/* It left. Forgets all that is known of the name but by the configuration file. */
void luggage_forget(struct toolstack *toolstack, const char *domain);

#endif
