/*
 * What a VM takes along when it migrates, carried from the daemon where it is to
 * the one where it will be: its vifs as they were attached, their limits and what
 * was set of their notifications. Only carried here, not looked at.
 */
#ifndef CTL_LUGGAGE_H
#define CTL_LUGGAGE_H

#include <stddef.h>

/* To the daemon of that run directory, on that bridge ("": as here). 0, or an exit
 * status with the reason in `why`. */
int luggage_send(const char *name, const char *rundir, const char *bridge, unsigned int timeout_ms,
		 char *why, size_t size);

/* Has the daemon there (NULL: here), where no such VM is, forget it. Whether it
 * does is its affair. */
void luggage_drop(const char *name, const char *rundir, unsigned int timeout_ms);

#endif
