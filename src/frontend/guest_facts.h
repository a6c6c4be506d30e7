/*
 * What a vif brings along, for the guest's interface and for whoever watches.
 */
#ifndef FRONTEND_GUEST_FACTS_H
#define FRONTEND_GUEST_FACTS_H

#include "frontend/guest.h"
#include "frontend/splitvif.h"

/* The interface of that name as the vif has it; a prefix where none is known. */
struct guest_setup guest_facts_setup(const struct splitvif_status *status, const char *device);

/* "guest1.0 on xenbr0: eth0 10.77.0.2/24 mac 00:16:3e:00:00:01", on stderr. */
void guest_facts_say(const struct splitvif_status *status, const char *device, uint8_t prefix);

#endif
