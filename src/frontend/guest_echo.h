/*
 * A guest that sends every frame meant for its own MAC address back to whom it
 * came from. Frames for groups are ignored: two echoes would keep one going for
 * ever.
 */
#ifndef FRONTEND_GUEST_ECHO_H
#define FRONTEND_GUEST_ECHO_H

#include "frontend/front_options.h"
#include "frontend/guest_loop.h"

/* Until count frames were returned, duration or a signal; prints the summary.
 * The exit status. */
int guest_echo_run(struct splitvif *vif, int signal_fd, const struct front_options *options);

#endif
