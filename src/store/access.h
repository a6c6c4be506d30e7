/*
 * What a transaction depends on: the paths that it read or wrote, each once,
 * with the strongest thing that it did there. Knows no nodes.
 */
#ifndef STORE_ACCESS_H
#define STORE_ACCESS_H

#include <stdbool.h>
#include <stddef.h>

enum access_kind {
	ACCESS_READ,
	ACCESS_WRITE, /* value, permissions or list of children */
	ACCESS_WHOLE, /* all that is below, too */
};

struct access {
	enum access_kind kind;
	bool changed, removed; /* watches will be told of that */
	char path[];
};

struct access_set {
	void *root; /* tsearch tree of struct access */
	size_t bytes;
};

void access_set_fini(struct access_set *set);

/* Notes that. 0, -ENOMEM, or -ENOSPC: more than `most` bytes of notes. */
int access_note(struct access_set *set, const char *path, enum access_kind kind, size_t most);

/* Whether watches will be told of that path already, and if not, that they will
 * be now. So a transaction tells of each path once, and a guest that writes one
 * node for ever fills no memory. False for a path that was never noted. */
bool access_tell(struct access_set *set, const char *path, bool removed);

/* Calls `visit` in the order of paths (parents before children) until it says
 * other than 0: that, or 0. */
int access_walk(const struct access_set *set, int (*visit)(void *arg, const struct access *access),
		void *arg);

struct state;

/* Saves the notes, or has them added to an empty set. */
void access_carry(struct access_set *set, struct state *state);

#endif
