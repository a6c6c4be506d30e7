/*
 * A guest behind a stream socket: whoever connects to it, or is connected to,
 * speaks io/framing.h's way. QEMU does so with -netdev stream, and an unmodified
 * VM in it sits on Xen's rings.
 *
 * Nothing is dropped while both sides are there: a full ring stops the reading,
 * a full socket the receiving, until half of what is kept for it is gone, and the
 * backend counts what it cannot deliver. A turn takes as many frames as
 * splitvif_weight() says. One
 * peer at a time; when it goes the next one may come. There are no offloads on
 * such a socket, so the vif takes none. Announces the guest's MAC, learnt from its
 * frames, after each connection of the vif.
 */
#ifndef FRONTEND_GUEST_STREAM_H
#define FRONTEND_GUEST_STREAM_H

#include "frontend/front_options.h"
#include "frontend/splitvif.h"

/* Until a signal comes. The exit status. */
int guest_stream_run(struct splitvif *vif, int signal_fd, const struct front_options *options);

#endif
