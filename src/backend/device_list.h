/*
 * Within device.c and device_state.c: all devices.
 */
#ifndef BACKEND_DEVICE_LIST_H
#define BACKEND_DEVICE_LIST_H

#include "backend/device.h"

struct kept_tuning;

struct devices {
	struct devices_config config;
	struct device *first;
	bool parting;		  /* all of them: the daemon ends */
	struct kept_tuning *kept; /* by name: for the next vif of it */
};

#endif
