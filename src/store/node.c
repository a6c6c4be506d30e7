#include "store/node.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { PERMISSION_QUOTA_BYTES = 8 }; /* what an entry weighs in node_bytes() */

struct node_facts node_facts(const struct node *node)
{
	return (struct node_facts){
		.name = node->name,
		.name_length = strlen(node->name),
		.value = node->value,
		.value_length = node->value_length,
		.permissions = node->permissions,
		.nr_permissions = node->nr_permissions,
		.generation = node->generation,
	};
}

/* One piece of memory: node, children, permissions, name, value. The children
 * are the caller's to fill in. */
static struct node *node_allocate(const struct node_facts *facts, unsigned int nr_children)
{
	size_t children = nr_children * sizeof(struct node *);
	size_t permissions = facts->nr_permissions * sizeof(struct permission);
	struct node *node = malloc(sizeof(*node) + children + permissions + facts->name_length + 1 +
				   facts->value_length);
	char *at = (char *)(node + 1);

	if (!node)
		return NULL;
	node->references = 1;
	node->nr_children = nr_children;
	node->nr_permissions = facts->nr_permissions;
	node->value_length = (uint32_t)facts->value_length;
	node->generation = facts->generation;
	node->children = (struct node **)at;
	at += children;
	node->permissions = memcpy(at, facts->permissions, permissions);
	at += permissions;
	node->name = memcpy(at, facts->name, facts->name_length);
	at += facts->name_length;
	*at++ = '\0';
	node->value = at;
	if (facts->value_length)
		memcpy(at, facts->value, facts->value_length);
	return node;
}

static void take_children(struct node *node, unsigned int at, struct node *const *children,
			  unsigned int nr)
{
	for (unsigned int i = 0; i < nr; i++)
		node->children[at + i] = node_get(children[i]);
}

struct node *node_create(const struct node_facts *facts, struct node *const *children,
			 unsigned int nr)
{
	struct node *node = node_allocate(facts, nr);

	if (node)
		take_children(node, 0, children, nr);
	return node;
}

static int compare_name(const char *name, size_t length, const struct node *child)
{
	int order = strncmp(name, child->name, length);

	return order ? order : -(child->name[length] != '\0');
}

/* Where the child is, or where it would be. */
static unsigned int child_index(const struct node *node, const char *name, size_t length,
				bool *found)
{
	unsigned int low = 0, high = node->nr_children;

	*found = false;
	while (low < high) {
		unsigned int middle = (low + high) / 2;
		int order = compare_name(name, length, node->children[middle]);

		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct node *node_with_child(const struct node *node, struct node *child, uint64_t generation)
{
	struct node_facts facts = node_facts(node);
	struct node *copy;
	bool found;
	unsigned int at = child_index(node, child->name, strlen(child->name), &found);
	unsigned int after = at + found;

	facts.generation = generation;
	copy = node_allocate(&facts, node->nr_children + !found);
	if (!copy)
		return NULL;
	take_children(copy, 0, node->children, at);
	take_children(copy, at, &child, 1);
	take_children(copy, at + 1, node->children + after, node->nr_children - after);
	return copy;
}

struct node *node_without_child(const struct node *node, const struct node *child,
				uint64_t generation)
{
	struct node_facts facts = node_facts(node);
	struct node *copy;
	bool found;
	unsigned int at = child_index(node, child->name, strlen(child->name), &found);

	facts.generation = generation;
	copy = node_allocate(&facts, node->nr_children - 1);
	if (!copy)
		return NULL;
	take_children(copy, 0, node->children, at);
	take_children(copy, at, node->children + at + 1, node->nr_children - at - 1);
	return copy;
}

struct node *node_get(struct node *node)
{
	node->references++;
	return node;
}

/* Recurses to the depth of the tree, which the length of a path bounds. */
void node_put(struct node *node)
{
	if (!node || --node->references)
		return;
	for (unsigned int i = 0; i < node->nr_children; i++)
		node_put(node->children[i]);
	free(node);
}

struct node *node_child(const struct node *node, const char *name, size_t length)
{
	bool found;
	unsigned int at = child_index(node, name, length, &found);

	return found ? node->children[at] : NULL;
}

size_t node_bytes(const struct node *node)
{
	size_t bytes = node->value_length + node->nr_permissions * PERMISSION_QUOTA_BYTES;

	for (unsigned int i = 0; i < node->nr_children; i++)
		bytes += strlen(node->children[i]->name) + 1;
	return bytes;
}

size_t node_memory(const struct node *node)
{
	return sizeof(*node) + node->nr_children * sizeof(struct node *) +
	       node->nr_permissions * sizeof(struct permission) + strlen(node->name) + 1 +
	       node->value_length;
}

unsigned int node_access(const struct node *node, struct subject who)
{
	return permission_access(node->permissions, node->nr_permissions, who);
}
