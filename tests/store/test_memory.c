#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/*
 * The server and its client when memory is short: each allocation of a
 * conversation fails once. Nothing may crash or leak (the sanitizers see to
 * that), and the tree stays sound: what failed is not there, the counts agree.
 */
#include "store/client.h"
#include "store/connection.h"
#include "store/server.h"

static long countdown; /* allocations until one fails; negative: none does */

void *__real_malloc(size_t size);
void *__real_calloc(size_t nr, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t nr, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool fails(void)
{
	return countdown >= 0 && countdown-- == 0;
}

void *__wrap_malloc(size_t size)
{
	return fails() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t nr, size_t size)
{
	return fails() ? NULL : __real_calloc(nr, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return fails() ? NULL : __real_realloc(memory, size);
}

static int body(struct store_client *client, uint32_t transaction, void *arg)
{
	int rc = store_printf(client, transaction, "/local/domain/5/t/u", "%d", 1);

	if (!rc)
		rc = store_write(arg, 0, "/elsewhere", "x", 1);
	return rc ? rc : store_remove(client, transaction, "/local/domain/5/a");
}

static void converse(struct store_server *server)
{
	struct store_client *host = store_client_local(server, 0);
	struct store_client *guest = host ? store_client_local(server, 5) : NULL;
	char value[64];

	if (!guest) {
		store_client_close(host);
		return;
	}
	store_server_introduce(server, 5);
	store_watch(host, "/", "t");
	store_watch(guest, "a", "t");
	store_watch(guest, "a/b", "t");
	store_watch(host, "@releaseDomain", "t");
	store_mkdir(host, 0, "/local/domain/5");
	store_set_permissions(host, 0, "/local/domain/5", "n5", 3);
	store_write(host, 0, "/elsewhere", "x", 1);
	store_set_permissions(host, 0, "/elsewhere", "n0\0r5", 6);
	store_write(guest, 0, "a/b/c", "x", 1);
	store_transact(host, body, guest);
	store_transact(host, body, host);
	store_read(guest, 0, "t/u", value, sizeof(value));
	store_snapshot(host, body, host);
	store_get_permissions(host, 0, "/elsewhere", value, sizeof(value));
	while (store_next_event(host, value, sizeof(value), value, sizeof(value)) > 0)
		continue;
	store_server_release(server, 5);
	store_client_close(guest);
	store_client_close(host);
}

static uint32_t count_owned(const struct node *node, uint16_t domid)
{
	uint32_t owned = node->permissions[0].domid == domid;

	for (unsigned int i = 0; i < node->nr_children; i++)
		owned += count_owned(node->children[i], domid);
	return owned;
}

static void test_each_allocation_fails_once(void **state)
{
	bool failed = true;
	long nr, haunted = 0;

	(void)state;
	for (nr = 0; failed; nr++) {
		struct store_server *server;

		countdown = nr;
		server = store_server_create();
		if (server)
			converse(server);
		failed = countdown < 0;
		countdown = -1;
		if (!server)
			continue;
		assert_int_equal(count_owned(server->tree->root, 0), server->tree->owned[0]);
		assert_int_equal(count_owned(server->tree->root, 5), server->tree->owned[5]);
		/* What a short memory left of a domain is gone before the next. */
		if (store_server_introduce(server, 5) == -EAGAIN)
			haunted++;
		else
			store_server_release(server, 5);
		assert_int_equal(server->tree->owned[5], 0);
		assert_int_equal(server->domains[5].watches + server->domains[5].transactions, 0);
		assert_int_equal(server->watches.nr + server->watches.nr_places, 0);
		store_server_destroy(server);
	}
	print_message("%ld allocations\n", nr - 1);
	assert_true(nr > 100);
	assert_true(haunted > 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_each_allocation_fails_once) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
