#include "store/forget.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/path.h"

/* Where forget_domain() stands: the path of the node looked at. */
struct forget {
	struct transaction *transaction;
	uint16_t domid;
	char path[PATH_BYTES + 1];
};

static bool names_domain(const struct node *node, uint16_t domid)
{
	for (unsigned int i = 0; i < node->nr_permissions; i++)
		if (node->permissions[i].domid == domid)
			return true;
	return false;
}

/* The node's permissions without that domain's. */
static int strip(struct forget *forget, const char *path)
{
	const struct node *node = tree_find(forget->transaction->root, path);
	struct permission *list;
	unsigned int nr = 1;
	int rc;

	if (!names_domain(node, forget->domid))
		return 0;
	list = malloc(node->nr_permissions * sizeof(*list));
	if (!list)
		return -ENOMEM;
	list[0] = node->permissions[0];
	if (list[0].domid == forget->domid)
		list[0] = (struct permission){ .domid = 0, .access = PERMISSION_NONE };
	for (unsigned int i = 1; i < node->nr_permissions; i++)
		if (node->permissions[i].domid != forget->domid)
			list[nr++] = node->permissions[i];
	rc = transaction_set_permissions(forget->transaction, path, list, nr);
	free(list);
	return rc;
}

/* Walks `node`, which is of the tree as it was, and changes the tree as it
 * becomes. forget->path has `length` bytes, the node's path without "/". */
static int forget_below(struct forget *forget, const struct node *node, size_t length)
{
	const char *path = length ? forget->path : "/";
	int rc;

	if (length && node->permissions[0].domid == forget->domid)
		return transaction_remove(forget->transaction, path);
	rc = strip(forget, path);
	for (unsigned int i = 0; !rc && i < node->nr_children; i++) {
		size_t name = strlen(node->children[i]->name);

		forget->path[length] = '/';
		memcpy(forget->path + length + 1, node->children[i]->name, name + 1);
		rc = forget_below(forget, node->children[i], length + 1 + name);
		forget->path[length] = '\0';
	}
	return rc;
}

int forget_domain(struct transaction *transaction, uint16_t domid)
{
	struct forget forget = { .transaction = transaction, .domid = domid };
	struct node *before;
	int rc;

	path_home(forget.path, domid);
	rc = transaction_remove(transaction, forget.path);
	if (rc && rc != -ENOENT)
		return rc;
	forget.path[0] = '\0';
	before = node_get(transaction->root);
	rc = forget_below(&forget, before, 0);
	node_put(before);
	return rc;
}
