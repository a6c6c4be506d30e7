/*
 * What people hear of MTUs that do not go together: in the log when a guest is
 * connected, and once for each port when a frame could not go. Control thread;
 * the data path only counts (too_big).
 */
#ifndef BACKEND_MTU_H
#define BACKEND_MTU_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/port.h"

/* The three that a vif's frames meet. */
struct mtus {
	uint32_t guest;	 /* what the frontend says of its device */
	uint32_t vif;	 /* up to which frames go to it */
	uint32_t bridge;
};

bool mtu_differs(const struct mtus *mtus);
void mtu_log_difference(const char *name, const struct mtus *mtus);

/* Says so if the port met a frame beyond its MTU; *told, once. */
void mtu_log_too_big(const struct port *port, bool *told);

#endif
