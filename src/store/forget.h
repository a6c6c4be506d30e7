/*
 * The end of a domain, in the tree: what belonged to it goes, and its number
 * loses all rights, so that the next domain of that number inherits nothing.
 */
#ifndef STORE_FORGET_H
#define STORE_FORGET_H

#include <stdint.h>

#include "store/transaction.h"

/* Removes the domain's home, all nodes that belong to it with what is below
 * them, and its entries in all lists of permissions. The transaction is a
 * direct one of domain 0. 0 or -ENOMEM, and then it must not be committed. */
int forget_domain(struct transaction *transaction, uint16_t domid);

#endif
