/*
 * What a VM takes along when it migrates, carried from the daemon where it is to
 * the one where it will be: its vifs as they were attached, their limits and what
 * was set of their notifications and offloads. Only carried here, not looked at.
 */
#ifndef CTL_LUGGAGE_H
#define CTL_LUGGAGE_H

#include <stddef.h>

/* To the daemon of that run directory, on that bridge ("": as here), which keeps it for
 * as long as the VM may take. 0, or an exit status with the reason in `why`. */
int luggage_send(const char *name, const char *rundir, const char *bridge, unsigned int timeout_ms,
		 char *why, size_t size);

/* The VM does not come: what was sent there goes, and what was there before stays.
 * Only for one that is sure not to come: else it arrives without its limits. */
void luggage_take_back(const char *name, const char *rundir, unsigned int timeout_ms);
/* It came, and what was sent is its own there. */
void luggage_settle(const char *name, const char *rundir, unsigned int timeout_ms);

/* Has the daemon here forget it. 0; -EBUSY as long as it has not seen the VM go; or
 * why it cannot be asked; with the reason in `why`. */
int luggage_forget(const char *name, unsigned int timeout_ms, char *why, size_t size);

#endif
