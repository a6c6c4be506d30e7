/*
 * A guest that sends numbered, checksummed frames (probe.h), paced
 *  - by the clock (rate): an absolute schedule, late frames are caught up;
 *  - by answers (window): at most so many frames unanswered;
 *  - by the receiver (credit): only what a sink granted;
 *  - by nothing: as fast as the ring takes them.
 * A full ring is waited for, so nothing is ever dropped here.
 */
#ifndef FRONTEND_GUEST_GEN_H
#define FRONTEND_GUEST_GEN_H

#include "frontend/front_options.h"
#include "frontend/guest_loop.h"

/* Until count, duration or a signal; prints the summary. The exit status. */
int guest_gen_run(struct splitvif *vif, int signal_fd, const struct front_options *options);

#endif
