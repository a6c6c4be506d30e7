/*
 * Within privileged.c and parent*.c: what the data process asks of its parent, as it
 * goes over their socket pair (hypercall.h). The asking side may have been taken
 * over by a guest: the parent believes nothing of it but its form.
 */
#ifndef BACKEND_PARENT_CALLS_H
#define BACKEND_PARENT_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/network.h"

enum parent_call {
	OPEN_TAP = 1, /* struct uplink_request; struct uplink_reply, one descriptor */
	RUN_SCRIPT,   /* struct script_request, one descriptor */
	OPEN_STREAM,  /* as OPEN_TAP */
	TELL_MANAGER, /* a text */
	KEEP,	      /* a name, one descriptor */
	END_START,    /* nothing; from now on nothing waits */
	INHERIT,      /* a TAP's name or zeroes, 16 bytes; one descriptor */
	HAND_OVER,    /* a pid as text */
};

struct uplink_request {
	struct network_config config;
	bool queue; /* of a TAP of several; the next of them, if there is one */
};

struct uplink_reply {
	int32_t err;
	char error[200];
};

#endif
