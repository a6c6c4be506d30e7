/*
 * What a handle of libsplitvif's is to the library itself. Opening and closing it
 * (splitvif_open.c) is apart from all that is done with an open one (splitvif.c).
 */
#ifndef FRONTEND_SPLITVIF_HANDLE_H
#define FRONTEND_SPLITVIF_HANDLE_H

#include "frontend/front_connect.h"
#include "frontend/netfront.h"
#include "frontend/splitvif.h"

struct splitvif {
	struct netfront front;
	struct front_connect connect;
};

#endif
