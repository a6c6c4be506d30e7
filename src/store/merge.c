#include "store/merge.h"

#include <errno.h>

/* Whether what the transaction saw, or removed, at `path` stands no more. Equal
 * pointers are equal subtrees: the snapshot keeps its nodes from being re-used. */
static bool is_conflict(const struct transaction *transaction, const struct access *access)
{
	const struct node *then = tree_find(transaction->base, access->path);
	const struct node *now = tree_find(transaction->tree->root, access->path);

	if (then == now)
		return false;
	return access->kind == ACCESS_WHOLE || !then || !now || then->generation != now->generation;
}

/* Does again, on the tree as it is now, what the transaction did at one path.
 * What it created or removed whole is shared; of another node only value and
 * permissions are its own. NULL: out of memory. */
static struct node *redo(struct transaction *transaction, const struct access *access,
			 struct node *root)
{
	struct node *ours = tree_find(transaction->root, access->path);
	struct node *theirs = tree_find(root, access->path);
	uint64_t generation = ++transaction->tree->generation;
	struct node_facts facts;
	struct node *merged, *result;

	if (ours == theirs || access->kind == ACCESS_READ)
		return node_get(root);
	if (!ours)
		return tree_cut(root, access->path, generation);
	if (!theirs || access->kind == ACCESS_WHOLE)
		return tree_put(root, access->path, ours, generation);
	facts = node_facts(ours);
	facts.generation = generation;
	merged = node_create(&facts, theirs->children, theirs->nr_children);
	if (!merged)
		return NULL;
	result = tree_put(root, access->path, merged, generation);
	node_put(merged);
	return result;
}

struct merge {
	struct transaction *transaction;
	struct node *root;
};

static int check_one(void *arg, const struct access *access)
{
	const struct merge *merge = arg;

	return is_conflict(merge->transaction, access) ? -EAGAIN : 0;
}

static int redo_one(void *arg, const struct access *access)
{
	struct merge *merge = arg;
	struct node *root = redo(merge->transaction, access, merge->root);

	if (!root)
		return -ENOMEM;
	node_put(merge->root);
	merge->root = root;
	return 0;
}

int merge_transaction(struct transaction *transaction, struct node **root)
{
	struct tree *tree = transaction->tree;
	struct merge merge = { .transaction = transaction };
	int64_t more;
	int rc;

	if (transaction->doomed)
		return -EAGAIN;
	if (tree->root == transaction->base) {
		*root = node_get(transaction->root);
		return 0;
	}
	rc = access_walk(&transaction->accesses, check_one, &merge);
	if (rc)
		return rc;
	merge.root = node_get(tree->root);
	rc = access_walk(&transaction->accesses, redo_one, &merge);
	more = tree_owned_more(tree->root, merge.root, transaction->who.domid);
	if (!rc && transaction->who.domid && more > 0 &&
	    tree->owned[transaction->who.domid] + more > QUOTA_NODES)
		rc = -ENOSPC;
	if (rc)
		node_put(merge.root);
	else
		*root = merge.root;
	return rc;
}
