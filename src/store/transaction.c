#include "store/transaction.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/path.h"

void transaction_init(struct transaction *transaction, struct tree *tree, struct subject who,
		      bool direct)
{
	*transaction = (struct transaction){
		.who = who,
		.direct = direct,
		.tree = tree,
		.since_bytes = tree->replaced_bytes,
		.base = node_get(tree->root),
		.root = node_get(tree->root),
	};
	transaction->changes_end = &transaction->changes;
}

void transaction_fini(struct transaction *transaction)
{
	struct change *change;

	node_put(transaction->root);
	node_put(transaction->base);
	access_set_fini(&transaction->accesses);
	while ((change = transaction->changes)) {
		transaction->changes = change->next;
		free(change);
	}
}

void transaction_abandon(struct transaction *transaction)
{
	struct transaction anew;

	transaction_init(&anew, transaction->tree, transaction->who, transaction->direct);
	anew.id = transaction->id;
	anew.next = transaction->next;
	anew.doomed = true;
	transaction_fini(transaction);
	*transaction = anew;
	transaction->changes_end = &transaction->changes;
}

static bool is_guest(const struct transaction *transaction)
{
	return transaction->who.domid != 0;
}

/* Remembers that the outcome depends on this node. A direct transaction has
 * nobody beside it. */
static int note(struct transaction *transaction, const char *path, enum access_kind kind)
{
	size_t most = is_guest(transaction) ? QUOTA_ACCESS_BYTES : SIZE_MAX;

	return transaction->direct ? 0 : access_note(&transaction->accesses, path, kind, most);
}

static struct change *change_create(const char *path, bool removed)
{
	size_t length = strlen(path);
	struct change *change = malloc(sizeof(*change) + length + 1);

	if (!change)
		return NULL;
	change->next = NULL;
	change->removed = removed;
	memcpy(change->path, path, length + 1);
	return change;
}

static void append_change(struct transaction *transaction, struct change *change)
{
	*transaction->changes_end = change;
	transaction->changes_end = &change->next;
}

int transaction_note_change(struct transaction *transaction, const char *path, bool removed)
{
	struct change *change = change_create(path, removed);

	if (change)
		append_change(transaction, change);
	return change ? 0 : -ENOMEM;
}

static bool exceeds_node_bytes(const struct transaction *transaction, const struct node *node)
{
	return is_guest(transaction) && node_bytes(node) > QUOTA_NODE_BYTES;
}

/* Takes `root` (its reference too) as the transaction's tree and notes the
 * change at `path`; or refuses, and all is as before. */
static int apply(struct transaction *transaction, struct node *root, const char *path, bool removed)
{
	int64_t more = root ? tree_owned_more(transaction->root, root, transaction->who.domid) : 0;
	int64_t owned = transaction->tree->owned[transaction->who.domid] + transaction->owned_more;
	struct change *change;
	int rc = -ENOMEM;

	if (!root)
		return -ENOMEM;
	if (is_guest(transaction) && more > 0 && owned + more > QUOTA_NODES) {
		rc = -ENOSPC;
		goto refuse;
	}
	change = change_create(path, removed);
	if (!change)
		goto refuse;
	if (access_tell(&transaction->accesses, path, removed))
		free(change);
	else
		append_change(transaction, change);
	transaction->owned_more += more;
	node_put(transaction->root);
	transaction->root = root;
	return 0;
refuse:
	node_put(root);
	return rc;
}

int transaction_find(struct transaction *transaction, const char *path, unsigned int access,
		     struct node **node)
{
	char parent[PATH_BYTES];
	size_t length;
	int rc = note(transaction, path, ACCESS_READ);

	if (rc)
		return rc;
	*node = tree_find(transaction->root, path);
	if (*node && (node_access(*node, transaction->who) & access) == access)
		return 0;
	rc = *node ? -EACCES : -ENOENT;
	path_parent(parent, path);
	*node = tree_find_nearest(transaction->root, parent, &length);
	return (node_access(*node, transaction->who) & access) == access ? rc : -EACCES;
}

/* Puts a node of these facts in place of an existing one. */
static int replace(struct transaction *transaction, const char *path, const struct node *old,
		   struct node_facts *facts)
{
	struct node *node, *root;
	int rc;

	facts->generation = ++transaction->tree->generation;
	node = node_create(facts, old->children, old->nr_children);
	if (!node)
		return -ENOMEM;
	rc = exceeds_node_bytes(transaction, node) ? -ENOSPC
						   : note(transaction, path, ACCESS_WRITE);
	if (!rc) {
		root = tree_put(transaction->root, path, node, facts->generation);
		rc = apply(transaction, root, path, false);
	}
	node_put(node);
	return rc;
}

/* The node for `path`, within the new nodes for its parents down from (not
 * including) the first `above` bytes of the path. */
static struct node *build_chain(const char *path, size_t above, struct node_facts facts)
{
	size_t end = strlen(path);
	struct node *node = NULL, *child = NULL;

	while (end > above) {
		size_t start = end;

		while (path[start - 1] != '/')
			start--;
		facts.name = path + start;
		facts.name_length = end - start;
		node = node_create(&facts, &child, child ? 1 : 0);
		node_put(child);
		if (!node)
			return NULL;
		child = node;
		facts.value_length = 0;
		end = start - 1;
	}
	return node;
}

/* A creation depends on the ancestor that gains a child, on the topmost new
 * node and on the deepest: what lies between comes and goes with the topmost. */
static int note_creation(struct transaction *transaction, const char *path, char *top, size_t above)
{
	size_t length = above + 1 + strcspn(path + above + 1, "/");
	int rc;

	memcpy(top, path, above ? above : 1);
	top[above ? above : 1] = '\0';
	rc = note(transaction, top, ACCESS_WRITE);
	if (rc)
		return rc;
	memcpy(top, path, length);
	top[length] = '\0';
	rc = note(transaction, top, ACCESS_WRITE);
	return rc ? rc : note(transaction, path, ACCESS_WRITE);
}

/* Puts the chain's top node where it belongs, within a guest's quota. */
static int put_chain(struct transaction *transaction, const char *path, const char *top,
		     struct node *chain)
{
	char parent[PATH_BYTES];
	struct node *root = tree_put(transaction->root, top, chain, chain->generation);
	bool exceeds;

	if (!root)
		return -ENOMEM;
	path_parent(parent, top);
	exceeds = exceeds_node_bytes(transaction, tree_find(root, path)) ||
		  exceeds_node_bytes(transaction, tree_find(root, parent));
	if (exceeds) {
		node_put(root);
		return -ENOSPC;
	}
	return apply(transaction, root, path, false);
}

static int create(struct transaction *transaction, const char *path, const void *value,
		  size_t length)
{
	char top[PATH_BYTES];
	size_t above;
	const struct node *ancestor = tree_find_nearest(transaction->root, path, &above);
	struct permission *permissions = malloc(ancestor->nr_permissions * sizeof(*permissions));
	struct node_facts facts = {
		.value = value,
		.value_length = length,
		.permissions = permissions,
		.nr_permissions = ancestor->nr_permissions,
		.generation = ++transaction->tree->generation,
	};
	struct node *chain = NULL;
	int rc = -ENOMEM;

	if (!permissions)
		return -ENOMEM;
	memcpy(permissions, ancestor->permissions, facts.nr_permissions * sizeof(*permissions));
	if (is_guest(transaction))
		permissions[0].domid = transaction->who.domid;
	chain = build_chain(path, above, facts);
	if (chain)
		rc = note_creation(transaction, path, top, above);
	if (!rc)
		rc = put_chain(transaction, path, top, chain);
	node_put(chain);
	free(permissions);
	return rc;
}

int transaction_write(struct transaction *transaction, const char *path, const void *value,
		      size_t length)
{
	struct node *node;
	struct node_facts facts;
	int rc = transaction_find(transaction, path, PERMISSION_WRITE, &node);

	if (rc == -ENOENT)
		return create(transaction, path, value, length);
	if (rc)
		return rc;
	facts = node_facts(node);
	facts.value = value;
	facts.value_length = length;
	return replace(transaction, path, node, &facts);
}

int transaction_mkdir(struct transaction *transaction, const char *path)
{
	struct node *node;
	int rc = transaction_find(transaction, path, PERMISSION_WRITE, &node);

	return rc == -ENOENT ? create(transaction, path, NULL, 0) : rc;
}

static int cut(struct transaction *transaction, const char *path, const char *parent)
{
	uint64_t generation = ++transaction->tree->generation;
	int rc = note(transaction, path, ACCESS_WHOLE);

	if (!rc)
		rc = note(transaction, parent, ACCESS_WRITE);
	if (rc)
		return rc;
	return apply(transaction, tree_cut(transaction->root, path, generation), path, true);
}

int transaction_remove(struct transaction *transaction, const char *path)
{
	char parent[PATH_BYTES];
	struct node *node;
	int rc;

	rc = transaction_find(transaction, path, PERMISSION_WRITE, &node);
	if (!rc && !strcmp(path, "/"))
		return -EINVAL;
	path_parent(parent, path);
	if (rc == -ENOENT && tree_find(transaction->root, parent))
		return note(transaction, parent, ACCESS_READ);
	return rc ? rc : cut(transaction, path, parent);
}

int transaction_set_permissions(struct transaction *transaction, const char *path,
				const struct permission *list, unsigned int nr)
{
	struct node *node;
	struct node_facts facts;
	int rc = transaction_find(transaction, path, PERMISSION_WRITE | PERMISSION_OWNER, &node);

	if (rc)
		return rc;
	if (is_guest(transaction) && list[0].domid != node->permissions[0].domid)
		return -EPERM;
	if (is_guest(transaction) && nr > QUOTA_PERMISSIONS)
		return -ENOSPC;
	facts = node_facts(node);
	facts.permissions = list;
	facts.nr_permissions = nr;
	return replace(transaction, path, node, &facts);
}
