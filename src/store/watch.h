/*
 * Watches: a connection's list of (path, token), and which of them a change
 * concerns. Knows no wire and no connection.
 *
 * A change at or below a watched path concerns the watch, with the path that
 * changed. A removal concerns also the watches below it whose node went with
 * it, each with its own path. What the watcher could read neither before nor
 * after concerns nobody. A watch set by a relative path is told relative ones.
 */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/node.h"
#include "store/transaction.h"

struct watch {
	struct watch *next;
	uint16_t domid;
	uint16_t home; /* bytes to leave out of what is reported */
	const char *token;
	char path[]; /* absolute, or special */
};

/* Adds a watch for the path as the client named it. 0 with the watch, -EEXIST,
 * -EINVAL or -ENOMEM. */
int watch_add(struct watch **list, uint16_t domid, const char *path, const char *token,
	      struct watch **added);
/* 0, -ENOENT or -EINVAL. */
int watch_remove(struct watch **list, uint16_t domid, const char *path, const char *token);
/* Drops all of them; how many they were. */
unsigned int watch_clear(struct watch **list);

/* The watch's own path as it is reported. */
const char *watch_own_path(const struct watch *watch);

/* The path to report for that change from `before` to `after`, or NULL. */
const char *watch_concerns(const struct watch *watch, const struct change *change,
			   struct node *before, struct node *after);

#endif
