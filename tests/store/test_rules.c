#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rules.h"
#include "store/node_state.h"
#include "store/server.h"

/* The server in this process. */
struct local {
	struct store_server *server;
	struct store_connection *connections[SCRIPT_CONNECTIONS];
	struct wire_reader reader;
	bool taken_over; /* another server goes on after each piece of input */
};

static void carry_all(struct local *local, struct state *state)
{
	struct node_book book;

	node_book_init(&book, state);
	store_server_carry(local->server, &book);
	for (unsigned int i = 0; i < SCRIPT_CONNECTIONS; i++)
		store_connection_carry(local->connections[i], &book);
	node_book_fini(&book);
	assert_null(state->fault);
}

static void local_open(struct local *local);

static void take_over(struct local *local)
{
	struct store_server *former = local->server;
	struct state saved, restored;

	state_save(&saved);
	carry_all(local, &saved);
	assert_int_equal(state_seal(&saved), 0);
	store_server_destroy(former);
	local->server = store_server_create();
	assert_non_null(local->server);
	memset(local->connections, 0, sizeof(local->connections));
	local_open(local);
	assert_int_equal(state_restore(&restored, saved.bytes, saved.at, NULL, 0), 0);
	carry_all(local, &restored);
	assert_int_equal(restored.at, saved.at);
	state_fini(&saved);
}

static void local_feed(void *arg, unsigned int connection, const void *bytes, size_t length)
{
	struct local *local = arg;

	assert_int_equal(store_server_input(local->connections[connection], bytes, length), 0);
	if (local->taken_over)
		take_over(local);
}

/* In the order in which they were sent. */
static bool local_take(void *arg, unsigned int connection, bool event, struct wire_message *message)
{
	struct local *local = arg;
	const void *bytes;
	size_t length = store_server_output(local->connections[connection], &bytes), left = length;
	const char *at = bytes;

	(void)event;
	local->reader = (struct wire_reader){ 0 };
	if (wire_read(&local->reader, &at, &left, message) != 1)
		return false;
	store_server_sent(local->connections[connection], length - left);
	return true;
}

static void local_open(struct local *local)
{
	for (unsigned int i = 0; i < SCRIPT_CONNECTIONS; i++) {
		if (local->connections[i] && !store_server_has_failed(local->connections[i]))
			continue;
		if (local->connections[i])
			store_server_close(local->connections[i]);
		local->connections[i] =
			store_server_open(local->server, script_domids[i], NULL, NULL);
		assert_non_null(local->connections[i]);
	}
}

static void local_domain(void *arg, uint16_t domid, bool comes)
{
	struct local *local = arg;

	if (comes)
		assert_int_equal(store_server_introduce(local->server, domid), 0);
	else
		store_server_release(local->server, domid);
	local_open(local);
}

static void local_fail(void *arg, const char *text)
{
	(void)arg;
	fail_msg("%s", text);
}

static void run_one(const struct script *script, unsigned int cut, bool taken_over)
{
	struct local local = { .taken_over = taken_over };
	const struct stage stage = { .arg = &local,
				     .feed = local_feed,
				     .take = local_take,
				     .domain = local_domain,
				     .fail = local_fail };

	local.server = store_server_create();
	assert_non_null(local.server);
	local_open(&local);
	script_run(script, &stage, cut);
	store_server_destroy(local.server);
}

/* With messages whole, byte by byte, and cut where no message ends; and with
 * another server after each message, and after each part of one. */
static void run_all(const struct script *scripts)
{
	for (; scripts->name; scripts++) {
		print_message("%s\n", scripts->name);
		run_one(scripts, 0, false);
		run_one(scripts, 1, false);
		run_one(scripts, 7, false);
		run_one(scripts, 0, true);
		run_one(scripts, 7, true);
	}
}

#define RULES_TEST(table)                      \
	static void test_##table(void **state) \
	{                                      \
		(void)state;                   \
		run_all(rules_##table);        \
	}

RULES_TEST(nodes)
RULES_TEST(watches)
RULES_TEST(transactions)
RULES_TEST(permissions)
RULES_TEST(domains)

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nodes),	     cmocka_unit_test(test_watches),
		cmocka_unit_test(test_transactions), cmocka_unit_test(test_permissions),
		cmocka_unit_test(test_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
