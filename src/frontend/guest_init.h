/*
 * Process 1 of a VM: mounts /proc and /sys, starts the command, reaps, passes
 * signals on, and ends with the command's status. It ends the VM when the
 * frontend dies.
 */
#ifndef FRONTEND_GUEST_INIT_H
#define FRONTEND_GUEST_INIT_H

/* Does not return. */
_Noreturn void guest_init_run(int control, const char *name, char **command);

#endif
