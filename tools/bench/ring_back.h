/*
 * The backend of a measured ring, a process of its own.
 */
#ifndef BENCH_RING_BACK_H
#define BENCH_RING_BACK_H

#include "bench/ring_link.h"

/* Serves the ring until it is told to stop. 0; -EPROTO the frontend's indices
 * make no sense; -EBADMSG a payload is not the one that its turn is; or what
 * attaching said. */
int ring_back_serve(struct ring_link *link, const struct ring_load *load);

#endif
