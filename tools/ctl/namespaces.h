/*
 * Can an ordinary user make the namespaces that a VM lives in?
 */
#ifndef CTL_NAMESPACES_H
#define CTL_NAMESPACES_H

#include <stdbool.h>

/* Really makes a user, net, mount and pid namespace in a child process and uses
 * the rights that it should have there; `nested`: within another user and mount
 * namespace, as `splitvif-front run` does. 0 or -errno. */
int namespaces_try(bool nested);

#endif
