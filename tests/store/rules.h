/*
 * The rules of the store, each a named conversation (script.h): our server must
 * hold them in this process, and Xen's own daemon, where it can be had, holds
 * those that are not marked as ours on purpose. Each table ends with a nameless
 * entry.
 */
#ifndef TESTS_STORE_RULES_H
#define TESTS_STORE_RULES_H

#include "script.h"

/* Domain 5's home, as a toolstack makes it. */
#define HOME_5 "0 WRITE /local/domain/5| -> OK|", "0 SET_PERMS /local/domain/5|n5| -> OK|"

extern const struct script rules_nodes[], rules_watches[], rules_transactions[],
	rules_permissions[], rules_domains[];

#endif
