/*
 * A vif's nodes in the store, as the backend reads and writes them. Holds no
 * state; control thread only.
 */
#ifndef BACKEND_DEVICE_KEYS_H
#define BACKEND_DEVICE_KEYS_H

#include "backend/device.h"

/* "dir/key" as a number, or `otherwise` where there is none. */
uint64_t device_key_number(struct store_client *store, const char *dir, const char *key,
			   uint64_t otherwise);
/* "dir/key" as text, "" where there is none; its length or -errno. */
int device_key_text(struct store_client *store, const char *dir, const char *key, char *text,
		    size_t size);

/* Writes our state, and what we offer with it, in one transaction, and only
 * while the device's directory is there: one that the toolstack removed is not
 * brought back by a late state. */
void device_state_write(struct store_client *store, const struct device *device,
			enum xenbus_state state, bool features);

/* Is it a key of ours that has to stand there now? */
bool device_key_is_told(const struct device *device, const char *key);

/* The operator's switches, below "offload/": what is not there is on. */
uint32_t device_offloads_read(struct store_client *store, const struct device *device);
void device_offloads_write(struct store_client *store, const struct device *device);

/* What its guest may send: no key, no limit. 0, or -EINVAL: it makes no sense,
 * which the log has; *rate is not changed then. */
int device_rate_read(struct store_client *store, const struct device *device, struct rate *rate);

/* "<errno> <reason>" where the guest may read it; and away with it. */
void device_error_write(struct store_client *store, const struct device *device, int err);
void device_error_clear(struct store_client *store, const struct device *device);

/* The directories of a domain's last device: its backends' and its errors'. */
void device_domain_clear(struct store_client *store, uint16_t domid);

/* What the frontend wrote to be connected. 0, or -errno with *why. */
int device_config_read(struct store_client *store, const struct device *device,
		       struct vif_config *config, const char **why);

#endif
