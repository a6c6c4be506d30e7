/*
 * Where a vif's tuning stands in the store: below "coalesce/" of its backend's
 * directory, or of its frontend's what that one does; a key for each word that an
 * operator has set, for whoever reads or writes it there. Control thread only.
 */
#ifndef BACKEND_DEVICE_TUNING_H
#define BACKEND_DEVICE_TUNING_H

#include "backend/device.h"

/* Defaults, what stands in the store, and of the frontend's words those that the
 * device has already. 0, or -EINVAL: there is something
 * that makes no sense, which the log has; *tuning is not changed then. */
int device_tuning_read(struct store_client *store, const struct device *device,
		       struct tuning *tuning);

/* Writes all words that are set, in one transaction. 0 or -errno. */
int device_tuning_write(struct store_client *store, const struct device *device,
			const struct tuning *tuning);

#endif
