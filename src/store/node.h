/*
 * A node: name, value, permissions, children sorted by name.
 *
 * Nodes never change once made. A change makes a new node, and new nodes for
 * all its ancestors; everything else is shared. So a snapshot of the whole
 * tree is one reference, and two equal pointers mean that nothing below
 * changed. References are counted; one thread.
 */
#ifndef STORE_NODE_H
#define STORE_NODE_H

#include <stddef.h>
#include <stdint.h>

#include "store/permission.h"

struct node {
	uint32_t references;
	uint32_t nr_children;
	uint32_t nr_permissions;
	uint32_t value_length;
	uint64_t generation; /* of value, permissions and list of names; never 0 */
	struct node **children;
	const struct permission *permissions;
	const char *value;
	const char *name; /* "" for the root */
};

/* What a node is made of. */
struct node_facts {
	const char *name;
	size_t name_length;
	const void *value;
	size_t value_length;
	const struct permission *permissions;
	unsigned int nr_permissions;
	uint64_t generation;
};

/* The facts of an existing node, to be altered; they point into it. */
struct node_facts node_facts(const struct node *node);

/* A node of these facts with the given children (it takes its own references
 * on them). All makers: NULL if out of memory. */
struct node *node_create(const struct node_facts *facts, struct node *const *children,
			 unsigned int nr);
/* The node with `child` in place of the child of the same name, or added. */
struct node *node_with_child(const struct node *node, struct node *child, uint64_t generation);
/* The node without that child of it. */
struct node *node_without_child(const struct node *node, const struct node *child,
				uint64_t generation);

struct node *node_get(struct node *node);
void node_put(struct node *node); /* NULL is fine */

/* The child of that name, or NULL. */
struct node *node_child(const struct node *node, const char *name, size_t length);

/* The size that counts for a guest's quota: value, permissions, children's names. */
size_t node_bytes(const struct node *node);

/* What it takes in memory, without its children. */
size_t node_memory(const struct node *node);

unsigned int node_access(const struct node *node, struct subject who);

#endif
