/*
 * Watches: who wants to be told of which path, found by the path that changed.
 *
 * A change at or below a watched path concerns the watch, with the path that
 * changed. A removal concerns also the watches below it, each with its own
 * path. A watch set by a relative path is told relative ones. Whether the
 * watcher may know is the caller's to ask.
 *
 * The watched paths (places) stand in one sorted array, each right before all
 * that lie below it: a change looks at its own prefixes and at nothing else,
 * however many watches there are. Owners are opaque. One thread.
 */
#ifndef STORE_WATCH_H
#define STORE_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct place;

struct watch {
	struct watch *next, **link;   /* of the same place */
	struct watch *sibling, **tie; /* of the same owner */
	struct place *place;
	void *owner;
	uint64_t sequence; /* events of one change go out in the order of setting */
	uint16_t home;	   /* bytes to leave out of what is reported */
	char token[];
};

/* All watches of a server; all zero at first, and empty again at the end. */
struct watches {
	struct place **places; /* sorted */
	size_t nr_places, places_size;
	struct watch **concerned; /* room for as many as there are */
	size_t nr, concerned_size;
	uint64_t last_sequence;
};

/* Gives memory back; every watch is gone. */
void watches_fini(struct watches *watches);

/* Adds a watch to the owner's list, for the path as it was named by a client of
 * that domain. 0 with the watch, -EEXIST (the owner has the same one), -EINVAL
 * or -ENOMEM. */
int watch_add(struct watches *watches, struct watch **list, void *owner, uint16_t domid,
	      const char *path, const char *token, struct watch **added);
/* 0, -ENOENT or -EINVAL. */
int watch_remove(struct watches *watches, void *owner, uint16_t domid, const char *path,
		 const char *token);
void watch_drop(struct watches *watches, struct watch *watch);
/* Drops all of a list; how many they were. */
unsigned int watch_clear(struct watches *watches, struct watch **list);

/* The watched path, and how it is reported to the watcher. */
const char *watch_path(const struct watch *watch);
const char *watch_own_path(const struct watch *watch);

/* Calls `tell` for each watch that a change of `path` concerns, or its removal
 * with all below. It is told the absolute path to look at, and must neither add
 * nor remove watches. A special path ("@...") concerns those who name it. */
void watch_concerned(struct watches *watches, const char *path, bool removed,
		     void (*tell)(void *arg, const struct watch *watch, const char *path),
		     void *arg);

#endif
