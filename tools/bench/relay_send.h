/*
 * How a VM of a relay sends: by credit or regardless of it, at a rate or as fast as
 * it goes, to the others in turn or to all at once.
 */
#ifndef BENCH_RELAY_SEND_H
#define BENCH_RELAY_SEND_H

#include "bench/relay_vm.h"

/* A turn: a batch at most, all on one queue. How many frames. */
unsigned int relay_send(struct relay_vm *vm, int64_t now);

#endif
