/*
 * SIGINT, SIGTERM and SIGHUP ask a benchmark to stop: it looks here between
 * rounds, and cleans up as if it had come to its end.
 */
#ifndef BENCH_INTERRUPT_H
#define BENCH_INTERRUPT_H

#include <stdbool.h>

void interrupt_catch(void);
bool interrupt_seen(void);

#endif
