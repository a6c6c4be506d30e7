#include <string.h>

#include "store/node_state.h"
#include "store/path.h"
#include "store/transaction.h"

enum { RECORD_TRANSACTION = 0x54524e53 };

static void save_changes(struct state *state, const struct transaction *transaction)
{
	for (struct change *change = transaction->changes; change; change = change->next) {
		size_t length = strlen(change->path) + 1;

		state_more(state, true);
		state_bool(state, &change->removed);
		state_blob(state, change->path, &length, STATE_TEXT_MAX);
	}
	state_more(state, false);
}

static void restore_changes(struct state *state, struct transaction *transaction)
{
	while (state_more(state, false)) {
		const char *path;
		size_t length;
		bool removed;

		state_bool(state, &removed);
		path = state_blob(state, NULL, &length, STATE_TEXT_MAX);
		if (!length || path[length - 1] || !path_is_absolute(path))
			state_refuse(state, "the path of a change is none");
		if (!state->fault && transaction_note_change(transaction, path, removed))
			state_refuse(state, "out of memory");
	}
}

/* The transaction's own reference is replaced. */
static void carry_root(struct node_book *book, struct node **root)
{
	struct node *carried = node_carry(book, *root);

	if (!book->state->restores || !carried)
		return;
	node_put(*root);
	*root = carried;
}

void transaction_carry(struct transaction *transaction, struct node_book *book)
{
	struct state *state = book->state;
	size_t mark = state_open(state, RECORD_TRANSACTION);
	uint64_t owned_more = (uint64_t)transaction->owned_more;

	state_u32(state, &transaction->id);
	state_u16(state, &transaction->who.domid);
	state_u16(state, &transaction->who.target);
	state_bool(state, &transaction->doomed);
	state_u64(state, &transaction->since_bytes);
	state_u64(state, &owned_more);
	transaction->owned_more = (int64_t)owned_more;
	carry_root(book, &transaction->base);
	carry_root(book, &transaction->root);
	access_carry(&transaction->accesses, state);
	if (state->restores)
		restore_changes(state, transaction);
	else
		save_changes(state, transaction);
	state_close(state, mark);
}
