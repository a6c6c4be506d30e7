/*
 * A daemon of our own, in a directory of our own, for one benchmark: one
 * bridge without an uplink. It ends with us, however we end.
 */
#ifndef BENCH_RELAY_DAEMON_H
#define BENCH_RELAY_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "bench/options.h"

enum { RELAY_ERROR_BYTES = 512 };

struct relay_daemon {
	pid_t pid;
	char program[256];
	char rundir[64];
	char engine[64]; /* which one it chose and why */
};

/* As the options say; without a name it is the one that belongs to us. One
 * worker runs on `cpu`, several where the scheduler puts them. Sets SPLITVIF_RUNDIR
 * for whoever wants to reach it. 0, or -errno with one line in `error` and nothing
 * left behind. */
int relay_daemon_start(struct relay_daemon *daemon, const struct options *options, unsigned int mtu,
		       int cpu, char error[RELAY_ERROR_BYTES]);

/* SIGTERM, five seconds, SIGKILL; removes the directory. 0, or -ECHILD with one
 * line in `error`: it did not end well. */
int relay_daemon_stop(struct relay_daemon *daemon, char error[RELAY_ERROR_BYTES]);

#endif
