/*
 * The real daemon under a rig, as its operator sees it: what it counts, and what
 * can be set of it while it runs. One thread.
 */
#ifndef LAB_BACKEND_H
#define LAB_BACKEND_H

#include <stdint.h>

#include "bench/lab/experiment.h"
#include "bench/relay_daemon.h"

struct backend {
	struct relay_daemon daemon;
};

/* On the generator's processor. 0, or -EHOSTDOWN with a line in `error`. */
int backend_start(struct backend *backend, const struct lab_context *context,
		  char error[LAB_ERROR_BYTES]);
/* One that fails to end well is complained of on stderr. */
void backend_stop(struct backend *backend);

/* Values of `ethtool -S` by their names. 0, or -errno with a line. */
int backend_count(struct backend *backend, const char *vif, const char *const *names,
		  unsigned int n, uint64_t *values, char error[LAB_ERROR_BYTES]);

/* `ethtool -C` with these words, an even number of them; waits until they show. */
int backend_set(struct backend *backend, const char *vif, const char *const *words, unsigned int n,
		char error[LAB_ERROR_BYTES]);

/* The daemon's processor time so far, all of its processes and threads, ns. */
uint64_t backend_cpu_ns(const struct backend *backend);

#endif
