/*
 * A splitvifd of the test's own: in a fresh run directory, as a child, ended
 * with SIGTERM.
 */
#ifndef SUPPORT_DAEMON_H
#define SUPPORT_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct daemon {
	pid_t parent; /* what was started */
	pid_t data;   /* the process that serves guests */
	char rundir[64];
};

/* Starts the program that SPLITVIFD names (environment) with these arguments
 * after --rundir and waits until it is ready. 0 or -errno; -ENOENT without
 * SPLITVIFD. */
int daemon_start(struct daemon *daemon, const char *const *args);

/* SIGTERM, then SIGKILL after 5 s. Its exit status, 128 + n if signal n ended
 * it. Removes the run directory; -ENOTEMPTY if the daemon left something but
 * its lock there. */
int daemon_stop(struct daemon *daemon);

/* Both processes are the ones that were started. */
bool daemon_is_alive(const struct daemon *daemon);

/* Asks over ctl.sock ("--json", "show"). The code of the answer with its text,
 * or -errno; -ETIMEDOUT after a second. */
int daemon_ask(const struct daemon *daemon, const char *const *words, unsigned int n, char *text,
	       size_t size);

#endif
