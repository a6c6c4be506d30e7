/*
 * The tree of nodes: look-ups by path, and changes that give a new root and
 * leave the old one as it was. A change either succeeds whole or leaves no
 * trace. Knows no permissions, watches or transactions.
 *
 * Paths are absolute and well formed (store/path.h).
 */
#ifndef STORE_TREE_H
#define STORE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "store/node.h"

struct node_book;

/* The tree as it stands now. */
struct tree {
	struct node *root;
	uint64_t generation;		/* the last one given out */
	uint64_t replaced_bytes;	/* of nodes that it no longer has, ever */
	uint32_t owned[UINT16_MAX + 1]; /* nodes of each domain */
};

/* A tree with its root only, which belongs to domain 0 and is closed to others.
 * NULL: out of memory. */
struct tree *tree_create(void);
void tree_destroy(struct tree *tree);
/* Makes `root` the tree (takes the reference over) and counts owners anew. */
void tree_adopt(struct tree *tree, struct node *root);

/* Saves the tree, or has it restored in place of what it was. */
void tree_carry(struct tree *tree, struct node_book *book);

/* The node, or NULL. */
struct node *tree_find(struct node *root, const char *path);
/* The deepest existing node on the way to `path`, and how many bytes of path
 * lead to it (0: the root). */
struct node *tree_find_nearest(struct node *root, const char *path, size_t *length);

/* A new root with `node` at `path`, added or in place of the one there; its
 * parent exists. A parent that gains a child gets `generation`. NULL: out of
 * memory. */
struct node *tree_put(struct node *root, const char *path, struct node *node, uint64_t generation);
/* A new root without the node at `path`, which exists and is not the root. */
struct node *tree_cut(struct node *root, const char *path, uint64_t generation);

/* How many nodes more that domain owns under `after` than under `before`. Looks
 * only at what differs; either may be NULL. */
int64_t tree_owned_more(const struct node *before, const struct node *after, uint16_t domid);

#endif
