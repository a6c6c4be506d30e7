/*
 * The end of a transaction: whether anything that it depends on has changed in
 * the tree since its snapshot, and if not, the tree with its changes in it.
 *
 * A node has changed if its value, its permissions or its list of children did;
 * below a removed one everything counts.
 */
#ifndef STORE_MERGE_H
#define STORE_MERGE_H

#include "store/transaction.h"

/* Gives the root that the tree shall adopt (the caller's reference): 0,
 * -EAGAIN (conflict), -ENOSPC (quota), -ENOMEM. The tree is as before. */
int merge_transaction(struct transaction *transaction, struct node **root);

#endif
