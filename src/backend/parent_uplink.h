/*
 * The uplinks of bridges, as the privileged parent makes them: it opens TAPs, and
 * keeps a descriptor of each that is to be removed at the end; and it connects to
 * those sockets that the operator named.
 */
#ifndef BACKEND_PARENT_UPLINK_H
#define BACKEND_PARENT_UPLINK_H

struct hypercall;
struct parent;

/* Calls of that form (parent_calls.h), which are answered in any case. */
void parent_uplink_open_tap(struct parent *parent, const struct hypercall *request);
void parent_uplink_open_stream(struct parent *parent, const struct hypercall *request);

/* A TAP of the daemon before us, or its lock: the descriptor is ours then. */
void parent_uplink_inherit(struct parent *parent, struct hypercall *request);

/* Those that are kept go with their last descriptor. */
void parent_uplink_remove_taps(struct parent *parent);

#endif
