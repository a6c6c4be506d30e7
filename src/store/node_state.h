/*
 * Nodes as state: the tree and the snapshots of transactions share most of theirs,
 * and whether two are the same node decides conflicts. So each node is saved once,
 * and named by its number from then on.
 *
 * Of all roots of one state there is one book.
 */
#ifndef STORE_NODE_STATE_H
#define STORE_NODE_STATE_H

#include "io/state.h"
#include "store/node.h"

struct node_book {
	struct state *state;
	void *known; /* saving: tsearch tree of numbered nodes */
	struct node **nodes;
	size_t nr, room;
};

void node_book_init(struct node_book *book, struct state *state);
/* Restored nodes live on by the references of who asked for them. */
void node_book_fini(struct node_book *book);

/* Saves the node with all below it, or gives the caller a reference on a restored
 * one; NULL where the state has a fault. */
struct node *node_carry(struct node_book *book, struct node *node);

#endif
