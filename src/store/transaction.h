/*
 * A transaction: a snapshot of the tree, changed apart from it, and put back
 * whole or not at all. A request outside of any transaction is a transaction
 * of one operation ("direct"), so that there is one way to change the tree.
 *
 * Each operation checks permissions and quotas as the domain that acts. For
 * every node that it read or wrote a transaction remembers the path, so that
 * store/merge.h can tell whether it may be put back.
 *
 * Errors of the operations: -ENOENT, -EACCES (also in place of -ENOENT where
 * the nearest existing ancestor does not allow the access, so that nobody
 * learns what exists below what he cannot read), -EINVAL, -EPERM, -ENOSPC
 * (quota), -ENOMEM. After an error the transaction is as before.
 */
#ifndef STORE_TRANSACTION_H
#define STORE_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/access.h"
#include "store/tree.h"

/* What a guest may use; domain 0 is free of it. */
enum {
	QUOTA_NODE_BYTES = 2048,
	QUOTA_NODES = 1000,
	QUOTA_PERMISSIONS = 5,
	QUOTA_ACCESS_BYTES = 256 * 1024, /* what one transaction remembers */
	/* Of nodes that the tree has no more, which snapshots of guests keep. */
	QUOTA_SNAPSHOT_BYTES = 64 * 1024 * 1024,
};

struct node_book;

/* A change that watches are told of. */
struct change {
	struct change *next;
	bool removed; /* with all that was below it */
	char path[];
};

struct transaction {
	struct transaction *next; /* the connection's */
	uint32_t id;
	struct subject who;
	bool direct;
	bool doomed; /* never to be committed */
	struct tree *tree;
	uint64_t since_bytes; /* tree->replaced_bytes at its begin */
	struct node *base;    /* the snapshot; never changes */
	struct node *root;    /* base with our changes */
	int64_t owned_more;   /* nodes of its domain: root's over base's */
	struct access_set accesses;
	struct change *changes, **changes_end; /* in the order first made */
};

void transaction_init(struct transaction *transaction, struct tree *tree, struct subject who,
		      bool direct);
void transaction_fini(struct transaction *transaction);
/* Gives its snapshot and all that it did up: it can only end in -EAGAIN. */
void transaction_abandon(struct transaction *transaction);

/* Saves the transaction with all that it has seen and done, or has it restored in
 * place of one that was just begun. */
void transaction_carry(struct transaction *transaction, struct node_book *book);

/* Adds one to those that watches are told of. 0 or -ENOMEM. */
int transaction_note_change(struct transaction *transaction, const char *path, bool removed);

/* The node, if that access (bits of enum permission_access) is allowed. */
int transaction_find(struct transaction *transaction, const char *path, unsigned int access,
		     struct node **node);
/* Missing parents come with it. They, and the node, get the permissions of the
 * nearest ancestor, but belong to the guest that makes them. */
int transaction_write(struct transaction *transaction, const char *path, const void *value,
		      size_t length);
int transaction_mkdir(struct transaction *transaction, const char *path);
int transaction_remove(struct transaction *transaction, const char *path);
int transaction_set_permissions(struct transaction *transaction, const char *path,
				const struct permission *list, unsigned int nr);

#endif
