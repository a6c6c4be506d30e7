/*
 * A VM at a daemon, as the daemon's store has it: whether it is there, and what it
 * says below its home.
 */
#ifndef CTL_SITE_H
#define CTL_SITE_H

#include <stdbool.h>
#include <stddef.h>

#include "io/rundir.h"
#include "store/xenbus.h"

enum { SITE_PATH_BYTES = 160 };

struct site {
	struct store_client *store;
	char path[RUNDIR_PATH_BYTES]; /* of the store's socket */
	unsigned int domid;	      /* 0: it is not there */
	char name[64];
};

/* dir: NULL for the daemon that was named to all commands. 0 or -errno. */
int site_open(struct site *site, const char *dir, unsigned int timeout_ms);
void site_close(struct site *site);

/* Looks for the VM by name or number: 0, -ENOENT, or what the store says. */
int site_find(struct site *site, const char *dom);

void site_path(const struct site *site, const char *key, char path[SITE_PATH_BYTES]);
/* Its length, or -errno and an empty text. */
int site_read(const struct site *site, const char *key, char *value, size_t size);
bool site_says(const struct site *site, const char *key, const char *wanted);

/* How many of its vifs there are, and how many of them are in that state, on
 * both sides where `both` is set. */
int site_count_vifs(const struct site *site, enum xenbus_state state, bool both, int *in_state);

/* Of its last way back to a network; negative: it does not say. */
double site_downtime_ms(const struct site *site);

#endif
