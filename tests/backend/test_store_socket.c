#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <event2/event.h>

#include "backend/store_socket.h"
#include "store/wire.h"

/* A server with its sockets, and one client's end. */
struct fixture {
	struct event_base *base;
	struct store_server *server;
	struct store_sockets *sockets;
	int fd;
	char got[1 << 16];
	size_t length; /* of what came */
	size_t total;  /* came and thrown away, too */
	bool hung_up;
};

static int open_fixture(void **state)
{
	struct fixture *fixture = calloc(1, sizeof(*fixture));

	assert_non_null(fixture);
	fixture->base = event_base_new();
	fixture->server = store_server_create();
	fixture->sockets = store_sockets_create(fixture->base, fixture->server);
	assert_non_null(fixture->sockets);
	fixture->fd = store_sockets_pair(fixture->sockets, 0);
	assert_true(fixture->fd >= 0);
	*state = fixture;
	return 0;
}

static int close_fixture(void **state)
{
	struct fixture *fixture = *state;

	store_sockets_destroy(fixture->sockets);
	store_server_destroy(fixture->server);
	event_base_free(fixture->base);
	close(fixture->fd);
	free(fixture);
	return 0;
}

static void turn(struct fixture *fixture)
{
	for (int i = 0; i < 8; i++)
		event_base_loop(fixture->base, EVLOOP_NONBLOCK);
}

/* Takes what is there; of a full buffer the old is forgotten. */
static void take(struct fixture *fixture)
{
	ssize_t n;

	do {
		turn(fixture);
		if (fixture->length == sizeof(fixture->got))
			fixture->length = 0;
		n = recv(fixture->fd, fixture->got + fixture->length,
			 sizeof(fixture->got) - fixture->length, MSG_DONTWAIT);
		fixture->length += n > 0 ? (size_t)n : 0;
		fixture->total += n > 0 ? (size_t)n : 0;
	} while (n > 0);
	fixture->hung_up = n == 0 || errno != EAGAIN;
}

static size_t compose(char *bytes, uint32_t type, const void *payload, size_t length)
{
	const struct xsd_sockmsg header = { .type = type, .len = (uint32_t)length };

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), payload, length);
	return sizeof(header) + length;
}

static void say(struct fixture *fixture, uint32_t type, const void *payload, size_t length)
{
	char bytes[WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES];
	size_t size = compose(bytes, type, payload, length);

	assert_int_equal(send(fixture->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT), size);
}

static const char ok[] = "\x0b\0\0\0\0\0\0\0\0\0\0\0\3\0\0\0OK"; /* to WRITE, NUL included */

static void expect_ok(struct fixture *fixture, unsigned int times)
{
	assert_int_equal(fixture->length, times * sizeof(ok));
	for (unsigned int i = 0; i < times; i++)
		assert_memory_equal(fixture->got + i * sizeof(ok), ok, sizeof(ok));
	fixture->length = 0;
}

static void test_byte_by_byte(void **state)
{
	struct fixture *fixture = *state;
	char bytes[64];
	size_t size = compose(bytes, XS_WRITE, "/a\0x", 4);

	for (size_t i = 0; i < size; i++) {
		take(fixture);
		assert_int_equal(fixture->length, 0);
		assert_int_equal(send(fixture->fd, bytes + i, 1, 0), 1);
	}
	take(fixture);
	expect_ok(fixture, 1);
	assert_false(fixture->hung_up);
}

static void test_a_client_that_shuts_its_side_gets_its_answers(void **state)
{
	struct fixture *fixture = *state;

	for (int i = 0; i < 50; i++)
		say(fixture, XS_WRITE, "/a\0x", 4);
	shutdown(fixture->fd, SHUT_WR);
	take(fixture);
	expect_ok(fixture, 50);
	assert_true(fixture->hung_up);
	assert_int_equal(store_sockets_count(fixture->sockets, 0), 0);
}

static void test_an_end_within_a_message(void **state)
{
	struct fixture *fixture = *state;
	char bytes[64];
	size_t size = compose(bytes, XS_WRITE, "/a\0x", 4);

	say(fixture, XS_WRITE, "/a\0x", 4);
	assert_int_equal(send(fixture->fd, bytes, size - 1, 0), size - 1);
	shutdown(fixture->fd, SHUT_WR);
	take(fixture);
	expect_ok(fixture, 1);
	assert_true(fixture->hung_up);
}

static void test_a_payload_too_long_ends_it_after_its_answers(void **state)
{
	static const struct xsd_sockmsg header = { .type = XS_READ, .len = 4097 };
	struct fixture *fixture = *state;

	say(fixture, XS_WRITE, "/a\0x", 4);
	assert_int_equal(send(fixture->fd, &header, sizeof(header), 0), sizeof(header));
	take(fixture);
	expect_ok(fixture, 1);
	assert_true(fixture->hung_up);
}

/* The longest answers to the shortest requests, asked for before any is read. */
static void test_asking_before_reading_is_no_offence(void **state)
{
	enum { ASKED = 4000 };
	struct fixture *fixture = *state;
	char payload[WIRE_PAYLOAD_BYTES] = "/";
	int guest = store_sockets_pair(fixture->sockets, 5), host = fixture->fd;

	assert_true(guest >= 0);
	say(fixture, XS_WRITE, payload, sizeof(payload)); /* 4094 bytes */
	say(fixture, XS_SET_PERMS, "/\0r0", 5);
	take(fixture);
	fixture->fd = guest;
	fixture->total = 0;
	for (unsigned int asked = 0; asked < ASKED;) {
		char bytes[32];
		size_t size = compose(bytes, XS_READ, "/", 2);

		if (send(guest, bytes, size, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)size)
			asked++;
		else
			take(fixture);
	}
	take(fixture);
	assert_false(fixture->hung_up);
	assert_int_equal(fixture->total, ASKED * (WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES - 2));
	fixture->fd = host;
	close(guest);
}

/* It is closed, although its socket never takes another byte. */
static void test_a_guest_that_never_reads_its_events_is_closed(void **state)
{
	struct fixture *fixture = *state;
	int guest = store_sockets_pair(fixture->sockets, 5), host = fixture->fd;

	say(fixture, XS_WRITE, "/a\0x", 4);
	say(fixture, XS_SET_PERMS, "/a\0r0", 6);
	fixture->fd = guest;
	say(fixture, XS_WATCH, "/a\0t", 5);
	turn(fixture);
	fixture->fd = host;
	for (int i = 0; store_sockets_count(fixture->sockets, 5) && i < 200000; i++) {
		say(fixture, XS_WRITE, "/a\0x", 4);
		take(fixture);
	}
	assert_int_equal(store_sockets_count(fixture->sockets, 5), 0);
	say(fixture, XS_WRITE, "/a\0x", 4);
	take(fixture);
	assert_false(fixture->hung_up);
	close(guest);
}

static void test_a_released_domain_is_hung_up_on(void **state)
{
	struct fixture *fixture = *state;
	int host = fixture->fd;

	fixture->fd = store_sockets_pair(fixture->sockets, 5);
	assert_int_equal(store_server_introduce(fixture->server, 5), 0);
	take(fixture);
	assert_false(fixture->hung_up);
	store_server_release(fixture->server, 5);
	take(fixture);
	assert_true(fixture->hung_up);
	assert_int_equal(store_sockets_count(fixture->sockets, 5), 0);
	close(fixture->fd);
	fixture->fd = host;
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, open_fixture, close_fixture)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_byte_by_byte),
		CASE(test_a_client_that_shuts_its_side_gets_its_answers),
		CASE(test_an_end_within_a_message),
		CASE(test_a_payload_too_long_ends_it_after_its_answers),
		CASE(test_asking_before_reading_is_no_offence),
		CASE(test_a_guest_that_never_reads_its_events_is_closed),
		CASE(test_a_released_domain_is_hung_up_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
