/*
 * What stands behind a vif on the host's side, besides our bridges: a TAP of
 * its own, and a hotplug script. Both come when the device is first offered to
 * its frontend and stay until the device goes, over all its connections, as
 * netback's interface does. Control thread only.
 *
 * A TAP of its own is the uplink of a bridge that has nobody else on it.
 */
#ifndef BACKEND_DEVICE_BACKING_H
#define BACKEND_DEVICE_BACKING_H

#include <stddef.h>

#include "backend/device.h"
#include "backend/script.h"

/* Makes what is missing; the script runs on behind. 0, or -errno with a reason. */
int device_backing_open(const struct devices_config *config, struct device *device, char *error,
			size_t error_size);

/* Takes it away again. False: the script has to end first; ask again then. */
bool device_backing_close(const struct devices_config *config, struct device *device);

/* At the daemon's end: at once, without a script. */
void device_backing_drop(struct device *device);

/* The TAP was deleted under us. */
bool device_backing_is_lost(const struct device *device);

/* Whether a script runs, or must still say that it is connected. */
bool device_backing_is_pending(const struct device *device);

/* Notes what became of the device's script. */
void device_backing_script_done(const struct devices_config *config, struct device *device,
				bool online, const struct script_result *result);

#endif
