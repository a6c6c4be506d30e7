/*
 * A daemon of our own, in a directory of our own, for one benchmark: one
 * bridge without an uplink. It ends with us, however we end.
 */
#ifndef BENCH_RELAY_DAEMON_H
#define BENCH_RELAY_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

enum { RELAY_ERROR_BYTES = 512 };

struct relay_daemon {
	pid_t pid;
	char program[256];
	char rundir[64];
	char engine[64]; /* which one it chose and why */
};

/* `program` and `engine` may be NULL: the one that belongs to us, and its own
 * choice. Sets SPLITVIF_RUNDIR for whoever wants to reach it. 0, or -errno with
 * one line in `error` and nothing left behind. */
int relay_daemon_start(struct relay_daemon *daemon, const char *program, const char *engine,
		       unsigned int mtu, int cpu, char error[RELAY_ERROR_BYTES]);

/* SIGTERM, five seconds, SIGKILL; removes the directory. 0, or -ECHILD with one
 * line in `error`: it did not end well. */
int relay_daemon_stop(struct relay_daemon *daemon, char error[RELAY_ERROR_BYTES]);

#endif
