/*
 * How a VM of a relay receives: each frame is held against what was sent, and counted.
 */
#ifndef BENCH_RELAY_RECEIVE_H
#define BENCH_RELAY_RECEIVE_H

#include "bench/relay_vm.h"

/* A turn: a batch of each queue at most. How many frames. */
unsigned int relay_receive(struct relay_vm *vm, bool may_send, int64_t now);

#endif
