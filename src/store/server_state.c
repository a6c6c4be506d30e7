#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/node_state.h"
#include "store/server.h"

enum { RECORD_STORE = 0x53544f52, RECORD_CONNECTION = 0x434f4e4e };

static bool is_noted(const struct domain *domain)
{
	return domain->introduced || domain->target || domain->haunted;
}

static void carry_domain(struct store_server *server, struct state *state, uint16_t domid)
{
	struct domain *domain;

	state_u16(state, &domid);
	domain = &server->domains[domid];
	state_bool(state, &domain->introduced);
	state_bool(state, &domain->haunted);
	state_u16(state, &domain->target);
}

static void carry_domains(struct store_server *server, struct state *state)
{
	for (unsigned int i = 0; !state->restores && i <= UINT16_MAX; i++) {
		if (!is_noted(&server->domains[i]))
			continue;
		state_more(state, true);
		carry_domain(server, state, (uint16_t)i);
	}
	while (state_more(state, false))
		carry_domain(server, state, 0);
}

void store_server_carry(struct store_server *server, struct node_book *book)
{
	struct state *state = book->state;
	size_t mark = state_open(state, RECORD_STORE);

	tree_carry(server->tree, book);
	for (unsigned int i = 0; i < SPECIALS; i++)
		special_carry(&server->specials[i], state);
	carry_domains(server, state);
	state_u64(state, &server->watches.last_sequence);
	state_u64(state, &server->sweep_bytes);
	state_close(state, mark);
}

static void save_watches(struct state *state, const struct store_connection *connection)
{
	for (struct watch *watch = connection->watches; watch; watch = watch->sibling) {
		size_t path = strlen(watch_own_path(watch)) + 1;
		size_t token = strlen(watch->token) + 1;

		state_more(state, true);
		state_blob(state, watch_own_path(watch), &path, STATE_TEXT_MAX);
		state_blob(state, watch->token, &token, STATE_TEXT_MAX);
		state_u64(state, &watch->sequence);
	}
	state_more(state, false);
}

static void restore_watch(struct state *state, struct store_connection *connection)
{
	size_t path_bytes, token_bytes;
	const char *path = state_blob(state, NULL, &path_bytes, STATE_TEXT_MAX);
	const char *token = state_blob(state, NULL, &token_bytes, STATE_TEXT_MAX);
	struct watches *watches = &connection->server->watches;
	uint64_t sequence, last = watches->last_sequence;
	struct watch *watch;

	state_u64(state, &sequence);
	if (!path_bytes || !token_bytes || path[path_bytes - 1] || token[token_bytes - 1])
		state_refuse(state, "a watch has no path or token");
	if (state->fault)
		return;
	if (watch_add(watches, &connection->watches, connection, connection->domid, path, token,
		      &watch)) {
		state_refuse(state, "a watch cannot be set");
		return;
	}
	watch->sequence = sequence;
	watches->last_sequence = last;
	connection_domain(connection)->watches++;
}

static struct transaction *transaction_begin(struct store_connection *connection)
{
	struct transaction *transaction = malloc(sizeof(*transaction));

	if (transaction)
		transaction_init(transaction, connection->server->tree,
				 connection_subject(connection), false);
	return transaction;
}

/* In their order. */
static void restore_transactions(struct store_connection *connection, struct node_book *book)
{
	struct transaction **last = &connection->transactions;

	while (state_more(book->state, false)) {
		*last = transaction_begin(connection);
		if (!*last) {
			state_refuse(book->state, "out of memory");
			return;
		}
		transaction_carry(*last, book);
		connection_domain(connection)->transactions++;
		last = &(*last)->next;
	}
}

static void save_transactions(struct store_connection *connection, struct node_book *book)
{
	struct transaction *transaction = connection->transactions;

	for (; transaction; transaction = transaction->next) {
		state_more(book->state, true);
		transaction_carry(transaction, book);
	}
	state_more(book->state, false);
}

void store_connection_carry(struct store_connection *connection, struct node_book *book)
{
	struct state *state = book->state;
	size_t mark = state_open(state, RECORD_CONNECTION);

	state_bool(state, &connection->failed);
	state_u32(state, &connection->last_transaction);
	state_u64(state, &connection->queued);
	state_u64(state, &connection->sent);
	state_u64(state, &connection->due);
	state_u64(state, &connection->due_since_ms);
	wire_reader_carry(&connection->input, state);
	wire_buffer_carry(&connection->output, state);
	if (state->restores) {
		while (state_more(state, false))
			restore_watch(state, connection);
		restore_transactions(connection, book);
	} else {
		save_watches(state, connection);
		save_transactions(connection, book);
	}
	state_close(state, mark);
}
