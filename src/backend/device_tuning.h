/*
 * Where a vif's tuning is kept: in the store below "coalesce/" of its backend's
 * directory, a key for each word that an operator has set, for whoever reads or
 * writes it there; and by the vif's name, for the time when its domain is gone
 * and the next one of that name has not come. Control thread only.
 */
#ifndef BACKEND_DEVICE_TUNING_H
#define BACKEND_DEVICE_TUNING_H

#include "backend/device.h"

/* Defaults, and what stands in the store. 0, or -EINVAL: there is something
 * that makes no sense, which the log has; *tuning is not changed then. */
int device_tuning_read(struct store_client *store, const struct device *device,
		       struct tuning *tuning);

/* Writes all words that are set, in one transaction. 0 or -errno. */
int device_tuning_write(struct store_client *store, const struct device *device,
			const struct tuning *tuning);

struct kept_tuning;

/* The device goes: its tuning is kept, if anybody has set some. */
void device_tuning_keep(struct kept_tuning **kept, const struct device *device);
/* The device comes: what was kept for its name, and no longer is. False: nothing. */
bool device_tuning_take(struct kept_tuning **kept, const struct device *device,
			struct tuning *tuning);
struct state;
void device_tuning_carry(struct kept_tuning **kept, struct state *state);
void device_tuning_forget(struct kept_tuning **kept);

#endif
