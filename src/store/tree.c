#include "store/tree.h"

#include <stdlib.h>
#include <string.h>

#include "store/node_state.h"
#include "store/path.h"

struct tree *tree_create(void)
{
	static const struct permission closed = { .domid = 0, .access = PERMISSION_NONE };
	const struct node_facts facts = {
		.name = "",
		.permissions = &closed,
		.nr_permissions = 1,
		.generation = 1,
	};
	struct tree *tree = calloc(1, sizeof(*tree));

	if (!tree)
		return NULL;
	tree->root = node_create(&facts, NULL, 0);
	if (!tree->root) {
		free(tree);
		return NULL;
	}
	tree->generation = 1;
	tree->owned[0] = 1;
	return tree;
}

void tree_destroy(struct tree *tree)
{
	node_put(tree->root);
	free(tree);
}

/* Calls `count` for every node on one side only, or changed in its own facts:
 * by -1 for the one before, by +1 for the one after. Children are sorted, so the
 * two lists are merged; equal pointers are equal subtrees. */
static void tree_compare(const struct node *before, const struct node *after,
			 void (*count)(void *arg, const struct node *node, int by), void *arg)
{
	unsigned int b = 0, a = 0;
	unsigned int nr_before = before ? before->nr_children : 0;
	unsigned int nr_after = after ? after->nr_children : 0;

	if (before == after)
		return;
	if (before)
		count(arg, before, -1);
	if (after)
		count(arg, after, 1);
	while (b < nr_before || a < nr_after) {
		int order = b == nr_before ? 1
			    : a == nr_after
				    ? -1
				    : strcmp(before->children[b]->name, after->children[a]->name);

		tree_compare(order <= 0 ? before->children[b] : NULL,
			     order >= 0 ? after->children[a] : NULL, count, arg);
		b += order <= 0;
		a += order >= 0;
	}
}

static void count_all(void *arg, const struct node *node, int by)
{
	struct tree *tree = arg;

	tree->owned[node->permissions[0].domid] += (uint32_t)by;
	if (by < 0)
		tree->replaced_bytes += node_memory(node);
}

void tree_adopt(struct tree *tree, struct node *root)
{
	struct node *before = tree->root;

	tree_compare(before, root, count_all, tree);
	tree->root = root;
	node_put(before);
}

/* Owners are counted anew. */
void tree_carry(struct tree *tree, struct node_book *book)
{
	struct node *root = node_carry(book, tree->root);

	if (book->state->restores && root && *root->name) {
		state_refuse(book->state, "the root of the store's tree has a name");
		node_put(root);
	} else if (book->state->restores && root) {
		tree_adopt(tree, root);
	}
	state_u64(book->state, &tree->generation);
	state_u64(book->state, &tree->replaced_bytes);
}

struct count_one {
	uint16_t domid;
	int64_t more;
};

static void count_one(void *arg, const struct node *node, int by)
{
	struct count_one *count = arg;

	if (node->permissions[0].domid == count->domid)
		count->more += by;
}

int64_t tree_owned_more(const struct node *before, const struct node *after, uint16_t domid)
{
	struct count_one count = { .domid = domid };

	tree_compare(before, after, count_one, &count);
	return count.more;
}

struct node *tree_find_nearest(struct node *root, const char *path, size_t *length)
{
	const char *rest = path, *name;
	struct node *node = root, *child;
	size_t bytes;

	*length = 0;
	while ((name = path_next(&rest, &bytes)) && (child = node_child(node, name, bytes))) {
		node = child;
		*length = (size_t)(rest - path);
	}
	return node;
}

struct node *tree_find(struct node *root, const char *path)
{
	size_t length;
	struct node *node = tree_find_nearest(root, path, &length);

	return length == strlen(path) || !strcmp(path, "/") ? node : NULL;
}

struct node *tree_put(struct node *root, const char *path, struct node *node, uint64_t generation)
{
	const char *rest = path;
	size_t bytes;
	const char *name = path_next(&rest, &bytes);
	struct node *child, *below, *copy;

	if (!name)
		return node_get(node);
	child = node_child(root, name, bytes);
	if (*rest == '\0')
		return node_with_child(root, node, child ? root->generation : generation);
	below = child ? tree_put(child, rest, node, generation) : NULL;
	if (!below)
		return NULL;
	copy = node_with_child(root, below, root->generation);
	node_put(below);
	return copy;
}

struct node *tree_cut(struct node *root, const char *path, uint64_t generation)
{
	const char *rest = path;
	size_t bytes;
	const char *name = path_next(&rest, &bytes);
	struct node *child = node_child(root, name, bytes);
	struct node *below, *copy;

	if (*rest == '\0')
		return node_without_child(root, child, generation);
	below = tree_cut(child, rest, generation);
	if (!below)
		return NULL;
	copy = node_with_child(root, below, root->generation);
	node_put(below);
	return copy;
}
