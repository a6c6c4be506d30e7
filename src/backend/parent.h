/*
 * The privileged parent itself: answers its child, the data process, and forwards
 * signals to it, until it ends. Nothing of a guest comes here but through that
 * child (parent_calls.h).
 */
#ifndef BACKEND_PARENT_H
#define BACKEND_PARENT_H

#include <stdbool.h>
#include <sys/types.h>

#include "backend/network.h"

struct manager;
struct scripts;

struct kept_tap {
	char name[16];
	int fd;
};

struct parent {
	int socket;
	int signals;
	pid_t child;
	struct kept_tap taps[NETWORKS_MAX];
	unsigned int nr_taps;
	struct scripts *scripts;
	const char *program; /* by its path: it may be another one by then */
	char **argv;
	struct manager *manager;
	const struct network_config *networks; /* whose sockets may be connected to */
	unsigned int nr_networks;
	bool started; /* the child is at work, and is not to wait */
};

/* Serves until the child is gone, and exits as that did. */
_Noreturn void parent_run(struct parent *parent);

#endif
