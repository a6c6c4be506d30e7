/*
 * A guest that counts what gens send it, per sender and run: received,
 * missing, duplicates, reordered, corrupt. With credit it tells each gen how
 * far it may go, so that what is under way always fits its posted buffers.
 */
#ifndef FRONTEND_GUEST_SINK_H
#define FRONTEND_GUEST_SINK_H

#include "frontend/front_options.h"
#include "frontend/guest_loop.h"

enum {
	SINK_SENDERS = 64,	  /* further ones are counted as foreign */
	SINK_CREDIT_FRAMES = 128, /* under way at once, single slots */
};

/* Until count frames came in, duration or a signal; prints the summary. The
 * exit status: 1 if anything was corrupt. */
int guest_sink_run(struct splitvif *vif, int signal_fd, const struct front_options *options);

#endif
