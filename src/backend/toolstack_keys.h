/*
 * The nodes of a new vif, as libxl writes them: both halves of the device, in
 * one transaction. Holds no state; control thread only.
 */
#ifndef BACKEND_TOOLSTACK_KEYS_H
#define BACKEND_TOOLSTACK_KEYS_H

#include "backend/vifspec.h"
#include "store/client.h"

/* A spec of which nothing is left open but what may stay so. 0 or -errno. */
int toolstack_keys_write(struct store_client *store, uint16_t domid, const struct vifspec *spec);

/* Asks both halves to let go: `online` is 0 from now on. */
int toolstack_keys_set_offline(struct store_client *store, const char *backend_path);

#endif
