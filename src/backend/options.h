/*
 * What the daemon was told: its command line, and before it, if there is one,
 * the configuration file. The command line stands above the file, the
 * environment between them.
 */
#ifndef BACKEND_OPTIONS_H
#define BACKEND_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "backend/attachments.h"
#include "backend/network.h"
#include "backend/script.h"
#include "io/engine.h"

enum {
	OPTIONS_ERROR_BYTES = 256,
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
	bool takeover;		/* go on in the place of the daemon that runs */
	bool is_read_again;	/* nothing outside is changed by reading them */
	struct scripts scripts;
	char config[PATH_MAX];	 /* the file; empty: none */
	struct attachments vifs; /* its own */
	char *error;		 /* where complaints go; NULL: to stderr */
};

/* Fills *options in. Returns -1 to go on, else the exit status: 0 after -h or
 * -V, 2 after one line about what is wrong. */
int options_parse(struct options *options, int argc, char **argv);

/* The file's part of it, which says so itself: 0, or how many errors were told.
 * For what is read again while the daemon runs. */
unsigned int options_reload(struct options *options, const char *config);

void options_fini(struct options *options);

/* A key of [daemon]: the long option of that name. What is wrong goes to `error`,
 * which else stays as it is. */
void options_set(struct options *options, const char *key, const char *value,
		 char error[OPTIONS_ERROR_BYTES]);

#endif
