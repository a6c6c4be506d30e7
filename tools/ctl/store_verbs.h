/*
 * What each verb of `splitvif store` does, within a transaction. Output goes to
 * call->out, or as rows to call->table if there is one; the caller throws it away
 * if it has to begin again.
 */
#ifndef CTL_STORE_VERBS_H
#define CTL_STORE_VERBS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "backend/table.h"
#include "store/client.h"

struct store_call {
	struct store_client *client;
	uint32_t transaction;
	bool full, permissions, raw, tidy, recursive, upto; /* options */
	unsigned int events;				    /* -n; 0: for ever */
	int argc;
	char **argv; /* keys and values */
	FILE *out;
	bool json;
	struct table *table;		   /* for what is listed in JSON; NULL: text */
	char object[STORE_PATH_BYTES + 1]; /* what failed, for the message */
};

/* 0 or -errno, with the object that it concerns. */
typedef int store_verb(struct store_call *call);

store_verb store_ls, store_read_keys, store_write_keys, store_rm, store_list, store_exists,
	store_chmod;
/* Not in a transaction: prints events as they come, in JSON if call->json. */
store_verb store_watch_keys;

#endif
