/*
 * How a state goes from the data process that serves to the one that will: over
 * "takeover.sock" in the run directory, the operator's only.
 *
 *     new: ask (version, pid)   old: no, and why
 *                               old: the state's length and descriptors' number,
 *                                    with a memfd that holds it; the descriptors
 *     new: ready                old: go
 *
 * Until "go" the old one can go on as if nothing had been, and does so if the new
 * one refuses, dies or takes too long; from then on it never serves again. So
 * exactly one of them serves, whatever happens to either. Knows no state.
 */
#ifndef BACKEND_TAKEOVER_H
#define BACKEND_TAKEOVER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct state;

enum { TAKEOVER_REASON_BYTES = 160, TAKEOVER_PATIENCE_MS = 2000, TAKEOVER_BUSY_MS = 10000 };

/* What came, on the new side. */
struct takeover {
	int socket;
	pid_t pid; /* that served */
	void *bytes;
	size_t length;
	int *fds;
	uint32_t nr_fds;
};

/* The new side: asks for the state, for some time if the other is busy. 0, or
 * -errno with the reason. Whoever fails ends: nothing is given back. */
int takeover_ask(struct takeover *takeover, char reason[TAKEOVER_REASON_BYTES]);
/* All is there again. 0: it is ours, nobody else serves; else the other goes on. */
int takeover_claim(struct takeover *takeover);
void takeover_fini(struct takeover *takeover);

/* The old side: who asks, as pid of the process that will be the daemon. 0, or
 * -errno for an answer that was given already. */
int takeover_hear(int socket, pid_t *pid);
void takeover_decline(int socket, int err, const char *reason);
/* Sends the sealed state, and waits. 0: it is theirs. -errno: it is ours again. */
int takeover_offer(int socket, const struct state *state);

#endif
