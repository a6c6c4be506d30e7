/*
 * How a VM enters a daemon: it introduces its domain, or joins it with a further
 * vif, asks for the vif, and finds its keys in the store. Synchronous; every
 * refusal is explained in one line (front_voice.h).
 */
#ifndef FRONTEND_FRONT_ENTRY_H
#define FRONTEND_FRONT_ENTRY_H

#include "frontend/front_connect.h"

/* Opens connect->domain and connect->device, and notes the facts of the vif in
 * its status. With `away` set there is no vif: the toolstack took it. 0 or
 * -errno; what was opened by then is the caller's to close. */
int front_entry_make(struct front_connect *connect);

#endif
