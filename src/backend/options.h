/*
 * The daemon's command line.
 */
#ifndef BACKEND_OPTIONS_H
#define BACKEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/network.h"
#include "io/engine.h"

enum {
	OPTIONS_UIDS_MAX = 64,
	OPTIONS_PAGES_DEFAULT = 4096 /* 16 MiB a vif */,
	OPTIONS_QUEUES_DEFAULT = 4
};

struct options {
	enum engine_kind engine;
	struct network_config networks[NETWORKS_MAX];
	unsigned int nr_networks;
	bool networks_by_default; /* none was named: an uplink that cannot be had is no error */
	uid_t uids[OPTIONS_UIDS_MAX];
	unsigned int nr_uids;
	uint32_t quota_pages;
	uint32_t backlog_bytes; /* a power of two */
	unsigned int workers;	/* threads that move frames */
	unsigned int queues;	/* the most that a vif may have */
	int ready_fd;		/* -1: none */
};

/* Fills *options in. Returns -1 to go on, else the exit status: 0 after -h or
 * -V, 2 after one line about what is wrong. */
int options_parse(struct options *options, int argc, char **argv);

#endif
