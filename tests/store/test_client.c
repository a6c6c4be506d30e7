/*
 * The client over the local transport; with XENSTORED_PATH set, over a socket
 * to the server that stands there; and over a socket whose other end is
 * written by hand, for what no good server does.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "store/client.h"
#include "store/server.h"
#include "store/wire.h"

struct fixture {
	struct store_server *server; /* NULL: behind a socket */
	struct store_client *client, *other;
	unsigned int told;
};

static struct store_client *open_client(struct fixture *fixture)
{
	struct store_client *client = NULL;

	if (fixture->server)
		client = store_client_local(fixture->server, 0);
	else
		assert_int_equal(store_client_connect(getenv("XENSTORED_PATH"), 5000, &client), 0);
	assert_non_null(client);
	return client;
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	if (!getenv("XENSTORED_PATH"))
		fixture->server = store_server_create();
	fixture->client = open_client(fixture);
	fixture->other = open_client(fixture);
	assert_int_equal(store_remove(fixture->client, 0, "/t"), 0);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	store_client_close(fixture->client);
	store_client_close(fixture->other);
	store_server_destroy(fixture->server);
	free(fixture);
	return 0;
}

static void test_read_and_write(void **state)
{
	struct store_client *client = ((struct fixture *)*state)->client;
	char value[16];

	assert_int_equal(store_read(client, 0, "/t/a", value, sizeof(value)), -ENOENT);
	assert_int_equal(store_write(client, 0, "/t/a", "value", 5), 0);
	assert_int_equal(store_read(client, 0, "/t/a", value, sizeof(value)), 5);
	assert_string_equal(value, "value");
	assert_int_equal(store_read(client, 0, "/t/a", value, 4), 5);
	assert_string_equal(value, "val");
	assert_int_equal(store_read(client, 0, "/t/a", NULL, 0), 5);
	assert_int_equal(store_write(client, 0, "/t/b", "a\0b", 3), 0);
	assert_int_equal(store_read(client, 0, "/t/b", value, sizeof(value)), 3);
	assert_memory_equal(value, "a\0b", 4);
	assert_int_equal(store_printf(client, 0, "/t/c", "%s-%d", "vif", 7), 0);
	assert_int_equal(store_read(client, 0, "/t/c", value, sizeof(value)), 5);
	assert_string_equal(value, "vif-7");
	assert_int_equal(store_remove(client, 0, "/t/c"), 0);
	assert_int_equal(store_read(client, 0, "/t/c", value, sizeof(value)), -ENOENT);
	assert_int_equal(store_mkdir(client, 0, "/t/d/"), -EINVAL);
}

static void test_too_much(void **state)
{
	struct store_client *client = ((struct fixture *)*state)->client;
	static char value[STORE_VALUE_BYTES + 100];

	memset(value, 'v', sizeof(value) - 1);
	assert_int_equal(store_write(client, 0, "/t/a", value, 4096 - 5 + 1), -E2BIG);
	assert_int_equal(store_printf(client, 0, "/t/a", "%s", value), -E2BIG);
	assert_int_equal(store_write(client, 0, "/t/a", value, 4096 - 5), 0);
	assert_int_equal(store_read(client, 0, "/t/a", value, sizeof(value)), 4096 - 5);
}

static void test_read_number(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int rc;
		uint64_t number;
	} cases[] = {
		{ "0", 1, 0, 0 },
		{ "1", 1, 0, 1 },
		{ "2", 1, -EINVAL, 0 },
		{ "0042", 100, 0, 42 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -EINVAL, 0 },
		{ "99999999999999999999999999", UINT64_MAX, -EINVAL, 0 },
		{ "", 1, -EINVAL, 0 },
		{ "-1", 1, -EINVAL, 0 },
		{ " 1", 1, -EINVAL, 0 },
		{ "1 ", 1, -EINVAL, 0 },
		{ "0x1", 1, -EINVAL, 0 },
	};
	struct store_client *client = ((struct fixture *)*state)->client;
	uint64_t number;

	assert_int_equal(store_read_number(client, 0, "/t", "n", 9, &number), -ENOENT);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		print_message("\"%s\"\n", cases[i].text);
		store_printf(client, 0, "/t/n", "%s", cases[i].text);
		assert_int_equal(store_read_number(client, 0, "/t", "n", cases[i].max, &number),
				 cases[i].rc);
		if (!cases[i].rc)
			assert_int_equal(number, cases[i].number);
	}
	assert_int_equal(store_write(client, 0, "/t/n", "1\0", 2), 0);
	assert_int_equal(store_read_number(client, 0, "/t", "n", 9, &number), -EINVAL);
}

static void test_directory(void **state)
{
	struct store_client *client = ((struct fixture *)*state)->client;
	static char names[16384];
	char path[32];
	const char *at = names;

	assert_int_equal(store_directory(client, 0, "/t", names, sizeof(names)), -ENOENT);
	store_mkdir(client, 0, "/t");
	assert_int_equal(store_directory(client, 0, "/t", names, sizeof(names)), 0);
	store_mkdir(client, 0, "/t/a");
	store_mkdir(client, 0, "/t/bc");
	assert_int_equal(store_directory(client, 0, "/t", names, 5), 2);
	assert_memory_equal(names, "a\0bc", 5);
	assert_int_equal(store_directory(client, 0, "/t", names, 4), -E2BIG);
	for (int i = 0; i < 1000; i++) {
		snprintf(path, sizeof(path), "/t/l/name-%04d", i);
		assert_int_equal(store_mkdir(client, 0, path), 0);
	}
	assert_int_equal(store_directory(client, 0, "/t/l", names, sizeof(names)), 1000);
	for (int i = 0; i < 1000; i++, at += strlen(at) + 1) {
		snprintf(path, sizeof(path), "name-%04d", i);
		assert_string_equal(at, path);
	}
	assert_int_equal(store_directory(client, 0, "/t/l", names, 9999), -E2BIG);
	assert_int_equal(store_directory(client, 0, "/t/l", names, 10000), 1000);
}

static void test_permissions(void **state)
{
	struct store_client *client = ((struct fixture *)*state)->client;

	store_mkdir(client, 0, "/t");
	assert_int_equal(store_set_permissions(client, 0, "/t", "n0\0r5", 6), 0);
	assert_int_equal(store_set_permissions(client, 0, "/t", "x0", 3), -EINVAL);
}

static void told(void *arg)
{
	((struct fixture *)arg)->told++;
}

/* The next event, waited for where there is something to wait for. */
static void check_event(struct store_client *client, const char *path, const char *token)
{
	char got_path[64], got_token[64];
	const struct timespec pause = { .tv_nsec = 1000000 };
	int rc = 0;

	for (int i = 0; i < 5000 && rc == 0; i++) {
		rc = store_next_event(client, got_path, sizeof(got_path), got_token,
				      sizeof(got_token));
		if (rc == 0)
			nanosleep(&pause, NULL);
	}
	assert_int_equal(rc, 1);
	assert_string_equal(got_path, path);
	assert_string_equal(got_token, token);
}

static void test_watches(void **state)
{
	struct fixture *fixture = *state;
	struct store_client *client = fixture->client;
	char text[8];

	store_client_notify(client, told, fixture);
	assert_int_equal(store_next_event(client, text, sizeof(text), text, sizeof(text)), 0);
	assert_int_equal(store_watch(client, "/t", "token"), 0);
	assert_int_equal(store_watch(client, "/t", "token"), -EEXIST);
	check_event(client, "/t", "token");
	store_write(fixture->other, 0, "/t/a", "x", 1);
	store_write(fixture->other, 0, "/t/b", "x", 1);
	if (fixture->server)
		assert_int_equal(fixture->told, 3);
	else
		assert_true(store_client_fd(client) >= 0);
	/* A call while events wait: both keep their order. */
	assert_int_equal(store_read(client, 0, "/t/a", text, sizeof(text)), 1);
	check_event(client, "/t/a", "token");
	check_event(client, "/t/b", "token");
	assert_int_equal(store_next_event(client, text, sizeof(text), text, sizeof(text)), 0);
	assert_int_equal(store_unwatch(client, "/t", "token"), 0);
	assert_int_equal(store_unwatch(client, "/t", "token"), -ENOENT);
	store_write(fixture->other, 0, "/t/a", "x", 1);
	assert_int_equal(store_read(client, 0, "/t/a", text, sizeof(text)), 1);
	assert_int_equal(store_next_event(client, text, sizeof(text), text, sizeof(text)), 0);
}

/* How often to disturb, what to return, how often called. */
struct increment {
	struct store_client *other;
	int conflicts, rc, calls;
};

static int increment(struct store_client *client, uint32_t transaction, void *arg)
{
	struct increment *increment = arg;
	uint64_t number;

	increment->calls++;
	assert_int_equal(store_read_number(client, transaction, "/t", "n", 99, &number), 0);
	if (increment->conflicts-- > 0)
		store_printf(increment->other, 0, "/t/n", "%d", (int)number + 10);
	store_printf(client, transaction, "/t/n", "%d", (int)number + 1);
	return increment->rc;
}

static void test_transact(void **state)
{
	static const struct {
		const char *name;
		int conflicts, rc, expected, calls, number;
	} cases[] = {
		{ "no conflict", 0, 0, 0, 1, 2 },
		{ "two conflicts", 2, 0, 0, 3, 22 },
		{ "the body refuses", 0, -EPERM, -EPERM, 1, 1 },
	};
	struct fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct increment arg = { fixture->other, cases[i].conflicts, cases[i].rc, 0 };
		uint64_t number;

		print_message("%s\n", cases[i].name);
		store_printf(fixture->client, 0, "/t/n", "1");
		assert_int_equal(store_transact(fixture->client, increment, &arg),
				 cases[i].expected);
		assert_int_equal(arg.calls, cases[i].calls);
		assert_int_equal(store_read_number(fixture->client, 0, "/t", "n", 99, &number), 0);
		assert_int_equal(number, cases[i].number);
	}
}

static int always_disturbed(struct store_client *client, uint32_t transaction, void *arg)
{
	store_write(arg, 0, "/t/n", "x", 1);
	return store_write(client, transaction, "/t/n", "y", 1);
}

static void test_transact_gives_up(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(store_transact(fixture->client, always_disturbed, fixture->other),
			 -EAGAIN);
}

/* The far end of a socket, written by hand before the client asks: its request
 * ids count from 1. */
static void put_message(int fd, uint32_t type, uint32_t req_id, const char *payload, size_t length)
{
	const struct wire_message message = {
		.type = type, .req_id = req_id, .length = (uint32_t)length, .payload = payload
	};
	struct wire_buffer buffer = { 0 };

	assert_int_equal(wire_append(&buffer, &message), 0);
	assert_int_equal(write(fd, buffer.bytes, buffer.end), buffer.end);
	wire_buffer_fini(&buffer);
}

enum { PATIENCE_MS = 20000 };

static struct store_client *by_hand(int *far, int timeout_ms)
{
	int fds[2];
	struct store_client *client;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	client = store_client_socket(fds[0], timeout_ms);
	assert_non_null(client);
	*far = fds[1];
	return client;
}

static void test_events_and_late_answers_between(void **state)
{
	struct store_client *client;
	char value[8];
	int far;

	(void)state;
	client = by_hand(&far, 20);
	assert_int_equal(store_read(client, 0, "/a", value, sizeof(value)), -ETIMEDOUT);
	store_client_set_timeout(client, PATIENCE_MS);
	put_message(far, XS_WATCH_EVENT, 0, "/1\0t", 5);
	put_message(far, XS_READ, 1, "late", 4);
	put_message(far, XS_WATCH_EVENT, 0, "/2\0t", 5);
	put_message(far, XS_READ, 2, "mine", 4);
	put_message(far, XS_WATCH_EVENT, 0, "/3\0t", 5);
	assert_int_equal(store_read(client, 0, "/a", value, sizeof(value)), 4);
	assert_string_equal(value, "mine");
	check_event(client, "/1", "t");
	check_event(client, "/2", "t");
	check_event(client, "/3", "t");
	store_client_close(client);
	close(far);
}

static void test_what_ends_the_connection(void **state)
{
	static const struct {
		const char *name;
		uint32_t type, req_id;
		const char *payload;
		size_t length;
		int rc;
		bool lives;
	} cases[] = {
		{ "an event without a token", XS_WATCH_EVENT, 0, "/1", 3, -ECONNRESET, false },
		{ "an event without a NUL", XS_WATCH_EVENT, 0, "/1", 2, -ECONNRESET, false },
		{ "an answer of another type", XS_WRITE, 1, "x", 1, -EPROTO, true },
		{ "an error without a name that we know", XS_ERROR, 1, "EODD", 5, -EIO, true },
		{ "an error without its NUL", XS_ERROR, 1, "ENOENT", 6, -ENOENT, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct store_client *client;
		char value[8];
		int far, rc;

		print_message("%s\n", cases[i].name);
		client = by_hand(&far, PATIENCE_MS);
		put_message(far, cases[i].type, cases[i].req_id, cases[i].payload, cases[i].length);
		rc = store_read(client, 0, "/a", value, sizeof(value));
		assert_int_equal(rc, cases[i].rc);
		put_message(far, XS_READ, 2, "x", 1);
		rc = store_read(client, 0, "/a", value, sizeof(value));
		assert_int_equal(rc, cases[i].lives ? 1 : -ECONNRESET);
		store_client_close(client);
		close(far);
	}
}

static void test_a_server_that_goes(void **state)
{
	struct store_client *client;
	char text[8];
	int far;

	(void)state;
	client = by_hand(&far, PATIENCE_MS);
	put_message(far, XS_WATCH_EVENT, 0, "/1\0t", 5);
	close(far);
	check_event(client, "/1", "t");
	assert_int_equal(store_next_event(client, text, sizeof(text), text, sizeof(text)),
			 -ECONNRESET);
	assert_int_equal(store_read(client, 0, "/a", text, sizeof(text)), -ECONNRESET);
	store_client_close(client);
}

static void test_connect(void **state)
{
	struct store_client *client;
	char path[200];

	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(store_client_connect(path, 100, &client), -ENAMETOOLONG);
	assert_int_equal(store_client_connect("/nonexistent/store.sock", 100, &client), -ENOENT);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_read_and_write),
		CASE(test_too_much),
		CASE(test_read_number),
		CASE(test_directory),
		CASE(test_permissions),
		CASE(test_watches),
		CASE(test_transact),
		CASE(test_transact_gives_up),
		cmocka_unit_test(test_events_and_late_answers_between),
		cmocka_unit_test(test_what_ends_the_connection),
		cmocka_unit_test(test_a_server_that_goes),
		cmocka_unit_test(test_connect),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
