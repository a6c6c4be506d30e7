#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/connection.h"
#include "store/server.h"
#include "store/wire.h"

/* A connection of the tests that are no scripts. */
struct talk {
	struct store_server *server;
	struct store_connection *connection;
	unsigned int told;
};

static void told(void *arg)
{
	((struct talk *)arg)->told++;
}

static void talk_start(struct talk *talk, uint16_t domid)
{
	talk->server = store_server_create();
	assert_non_null(talk->server);
	talk->connection = store_server_open(talk->server, domid, told, talk);
	assert_non_null(talk->connection);
	talk->told = 0;
}

static int say(struct talk *talk, uint32_t type, uint32_t tx_id, const void *payload, size_t length)
{
	struct wire_buffer buffer = { 0 };
	struct wire_message message = {
		.type = type, .tx_id = tx_id, .length = (uint32_t)length, .payload = payload
	};
	int rc;

	assert_int_equal(wire_append(&buffer, &message), 0);
	rc = store_server_input(talk->connection, buffer.bytes, wire_buffer_length(&buffer));
	wire_buffer_fini(&buffer);
	return rc;
}

/* Asks, takes the answer and all events off, and says whether the answer was
 * `expected` (an error's name, or "OK"). */
static void expect_answer(struct talk *talk, uint32_t type, uint32_t tx_id, const void *payload,
			  size_t length, const char *expected)
{
	const void *bytes;

	assert_int_equal(say(talk, type, tx_id, payload, length), 0);
	assert_true(store_server_output(talk->connection, &bytes) >= WIRE_HEADER_BYTES);
	assert_string_equal((const char *)bytes + WIRE_HEADER_BYTES, expected);
	store_server_sent(talk->connection, SIZE_MAX);
}

static void give_home(struct talk *talk, uint16_t domid)
{
	struct talk toolstack = { .server = talk->server };
	char path[64];
	int length;

	toolstack.connection = store_server_open(talk->server, 0, NULL, NULL);
	assert_non_null(toolstack.connection);
	length = snprintf(path, sizeof(path), "/local/domain/%u", domid);
	expect_answer(&toolstack, XS_MKDIR, 0, path, (size_t)length + 1, "OK");
	length = snprintf(path, sizeof(path), "/local/domain/%u%cn%u", domid, 0, domid);
	expect_answer(&toolstack, XS_SET_PERMS, 0, path, (size_t)length + 1, "OK");
	store_server_close(toolstack.connection);
}

static void test_too_long_a_payload_ends_that_connection_only(void **state)
{
	static const struct xsd_sockmsg header = { .type = XS_READ, .len = WIRE_PAYLOAD_BYTES + 1 };
	struct store_connection *other;
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	other = store_server_open(talk.server, 0, NULL, NULL);
	assert_int_equal(store_server_input(talk.connection, &header, sizeof(header)), -EPROTO);
	assert_true(store_server_has_failed(talk.connection));
	store_server_close(talk.connection);
	talk.connection = other;
	expect_answer(&talk, XS_MKDIR, 0, "/a", 3, "OK");
	store_server_destroy(talk.server);
}

static void test_the_longest_payload_is_served(void **state)
{
	char payload[WIRE_PAYLOAD_BYTES] = "/a";
	struct talk talk;
	const void *bytes;

	(void)state;
	talk_start(&talk, 0);
	memset(payload + 3, 'v', sizeof(payload) - 3);
	expect_answer(&talk, XS_WRITE, 0, payload, sizeof(payload), "OK");
	assert_int_equal(say(&talk, XS_READ, 0, "/a", 3), 0);
	assert_int_equal(store_server_output(talk.connection, &bytes), WIRE_HEADER_BYTES + 4093);
	store_server_destroy(talk.server);
}

static void test_path_lengths(void **state)
{
	static const struct {
		const char *name;
		char first;
		size_t length;
		const char *answer;
	} cases[] = {
		{ "longest absolute", '/', 3072, "OK" },
		{ "too long absolute", '/', 3073, "EINVAL" },
		{ "longest relative", 'a', 2048, "OK" },
		{ "too long relative", 'a', 2049, "EINVAL" },
	};
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char path[4000];

		print_message("%s\n", cases[i].name);
		memset(path, 'a', sizeof(path));
		path[0] = cases[i].first;
		path[cases[i].length] = '\0';
		expect_answer(&talk, XS_MKDIR, 0, path, cases[i].length + 1, cases[i].answer);
	}
	store_server_destroy(talk.server);
}

static void test_a_deep_path(void **state)
{
	char path[3073];
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	for (size_t i = 0; i < 3072; i++)
		path[i] = i % 2 ? 'd' : '/';
	path[3072] = '\0';
	expect_answer(&talk, XS_WRITE, 0, path, sizeof(path), "OK");
	expect_answer(&talk, XS_WRITE, 0, path, sizeof(path), "OK");
	expect_answer(&talk, XS_RM, 0, "/d", 3, "OK");
	store_server_destroy(talk.server);
}

static void test_output_is_told_and_taken_in_parts(void **state)
{
	struct talk talk;
	const void *bytes;
	size_t length;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(say(&talk, XS_MKDIR, 0, "/a", 3), 0);
	assert_int_equal(talk.told, 1);
	length = store_server_output(talk.connection, &bytes);
	assert_int_equal(length, WIRE_HEADER_BYTES + 3);
	store_server_sent(talk.connection, 5);
	assert_int_equal(store_server_output(talk.connection, &bytes), length - 5);
	store_server_sent(talk.connection, length - 5);
	assert_int_equal(store_server_output(talk.connection, &bytes), 0);
	store_server_destroy(talk.server);
}

static void test_a_client_that_never_reads_harms_itself_only(void **state)
{
	struct talk talk;
	struct store_connection *other;
	const void *bytes;
	int rc = 0;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	other = store_server_open(talk.server, 5, NULL, NULL);
	for (int i = 0; rc == 0 && i < 1000000; i++)
		rc = say(&talk, XS_GET_DOMAIN_PATH, 0, "5", 2);
	assert_int_equal(rc, -EPROTO);
	assert_true(store_server_output(talk.connection, &bytes) <= 1024 * 1024);
	store_server_close(talk.connection);
	talk.connection = other;
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_events_alone_can_fail_a_connection(void **state)
{
	struct talk talk, writer;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_WATCH, 0, "a\0t", 4, "OK");
	writer = (struct talk){ .server = talk.server };
	writer.connection = store_server_open(talk.server, 0, NULL, NULL);
	for (int i = 0; !store_server_has_failed(talk.connection) && i < 1000000; i++)
		expect_answer(&writer, XS_WRITE, 0, "/local/domain/5/a\0x", 19, "OK");
	assert_true(store_server_has_failed(talk.connection));
	expect_answer(&writer, XS_WRITE, 0, "/local/domain/5/a\0x", 19, "OK");
	assert_int_equal(say(&talk, XS_READ, 0, "a", 2), -EPROTO);
	store_server_destroy(talk.server);
}

/* Seconds on a clock turned by hand: what the guest does, and whether it is
 * served still. */
static void test_output_is_bounded_in_time(void **state)
{
	static const struct {
		const char *name;
		uint16_t domid;
		bool reads_some, reads_all;
		unsigned int seconds;
		bool failed;
	} cases[] = {
		{ "no time has passed", 5, false, false, 0, false },
		{ "19 seconds", 5, false, false, 19, false },
		{ "a guest that never reads", 5, false, false, 60, true },
		{ "a guest that reads a byte a second", 5, true, false, 60, true },
		{ "a guest that reads", 5, false, true, 600, false },
		{ "domain 0 is free of it", 0, false, false, 600, false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk talk;

		print_message("%s\n", cases[i].name);
		talk_start(&talk, cases[i].domid);
		assert_false(store_server_tick(talk.server, 1000));
		assert_int_equal(say(&talk, XS_WATCH, 0, "a\0t", 4), 0);
		for (unsigned int s = 0; s <= cases[i].seconds; s++) {
			if (cases[i].reads_some)
				store_server_sent(talk.connection, 1);
			if (cases[i].reads_all)
				store_server_sent(talk.connection, SIZE_MAX);
			if (s < 40 && !store_server_has_failed(talk.connection))
				assert_int_equal(say(&talk, XS_GET_DOMAIN_PATH, 0, "5", 2), 0);
			store_server_tick(talk.server, 1000 + s * 1000);
		}
		assert_int_equal(store_server_has_failed(talk.connection), cases[i].failed);
		assert_true(talk.told > 0);
		store_server_destroy(talk.server);
	}
}

/* A clock need not run while nothing waits. */
static void test_ticks_are_asked_for(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	assert_int_equal(say(&talk, XS_WATCH, 0, "a\0t", 4), 0);
	assert_true(store_server_tick(talk.server, 1));
	store_server_sent(talk.connection, SIZE_MAX);
	assert_false(store_server_tick(talk.server, 1000 * 1000));
	assert_int_equal(say(&talk, XS_GET_DOMAIN_PATH, 0, "5", 2), 0);
	assert_true(store_server_tick(talk.server, 2000 * 1000));
	assert_false(store_server_has_failed(talk.connection));
	store_server_destroy(talk.server);
}

/* What is sent together is answered in order, and an end in the middle of a
 * message is no harm. */
static void test_pipelined_and_cut(void **state)
{
	static const char bytes[] = "\x0b\0\0\0\1\0\0\0\0\0\0\0\4\0\0\0/a\0x"
				    "\x02\0\0\0\2\0\0\0\0\0\0\0\3\0\0\0/a\0"
				    "\x02\0\0\0\3\0\0\0\0\0\0\0\3\0\0\0/b\0"
				    "\x02\0\0\0\4\0\0\0\0\0";
	static const char answers[] = "\x0b\0\0\0\1\0\0\0\0\0\0\0\3\0\0\0OK\0"
				      "\x02\0\0\0\2\0\0\0\0\0\0\0\1\0\0\0x"
				      "\x10\0\0\0\3\0\0\0\0\0\0\0\7\0\0\0ENOENT";
	struct talk talk;
	const void *output;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(store_server_input(talk.connection, bytes, sizeof(bytes) - 1), 0);
	assert_int_equal(store_server_output(talk.connection, &output), sizeof(answers));
	assert_memory_equal(output, answers, sizeof(answers));
	store_server_destroy(talk.server);
}

/* Whoever ends up with a connection of a domain that is gone has nothing. */
static void test_release_fails_connections(void **state)
{
	struct store_connection *other;
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	other = store_server_open(talk.server, 6, NULL, NULL);
	give_home(&talk, 5);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	store_server_release(talk.server, 5);
	assert_true(store_server_has_failed(talk.connection));
	assert_int_equal(say(&talk, XS_READ, 0, "a", 2), -EPROTO);
	assert_false(store_server_has_failed(other));
	store_server_destroy(talk.server);
}

static void test_quota_node_bytes(void **state)
{
	/* 8 bytes for the one entry of permissions. */
	static const struct {
		const char *name;
		uint16_t domid;
		size_t length;
		const char *answer;
	} cases[] = {
		{ "a guest's largest value", 5, 2040, "OK" },
		{ "one byte more", 5, 2041, "ENOSPC" },
		{ "domain 0 is free of it", 0, 3000, "OK" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char payload[WIRE_PAYLOAD_BYTES] = "a";
		struct talk talk;

		print_message("%s\n", cases[i].name);
		talk_start(&talk, cases[i].domid);
		give_home(&talk, cases[i].domid);
		expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
		expect_answer(&talk, XS_WRITE, 0, payload, cases[i].length + 2, cases[i].answer);
		expect_answer(&talk, XS_RM, 0, "a", 2, "OK");
		expect_answer(&talk, XS_WRITE, 0, payload, cases[i].length + 2, cases[i].answer);
		store_server_destroy(talk.server);
	}
}

/* Names of children and permissions count, too. */
static void test_quota_node_bytes_of_names(void **state)
{
	struct talk talk;
	unsigned int made = 0;
	char path[128] = "a/";
	const void *bytes;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	memset(path + 2, 'n', sizeof(path) - 2);
	path[102] = '\0'; /* names of 100 bytes, and a NUL */
	for (; made < 30; made++) {
		path[2] = (char)('A' + made);
		assert_int_equal(say(&talk, XS_MKDIR, 0, path, 103), 0);
		store_server_output(talk.connection, &bytes);
		if (strcmp((const char *)bytes + WIRE_HEADER_BYTES, "OK"))
			break;
		store_server_sent(talk.connection, SIZE_MAX);
	}
	assert_string_equal((const char *)bytes + WIRE_HEADER_BYTES, "ENOSPC");
	assert_int_equal(made, (2048 - 8) / 101);
	store_server_destroy(talk.server);
}

/* Makes nodes d<i>/<j> until one is refused; how many there are then. */
static int make_nodes(struct talk *talk, uint32_t tx_id)
{
	const void *bytes;
	int made = 0;

	for (int i = 0; i < 2000; i++) {
		char path[32];
		int length = snprintf(path, sizeof(path), "d%d/%d", i / 50, i % 50);
		bool refused;

		assert_int_equal(say(talk, XS_MKDIR, tx_id, path, (size_t)length + 1), 0);
		store_server_output(talk->connection, &bytes);
		refused = !strcmp((const char *)bytes + WIRE_HEADER_BYTES, "ENOSPC");
		store_server_sent(talk->connection, SIZE_MAX);
		if (refused)
			return made;
		made += 1 + (i % 50 == 0);
	}
	return made;
}

static void test_quota_nodes(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5); /* a node of its own: the first */
	assert_int_equal(make_nodes(&talk, 0), 999);
	expect_answer(&talk, XS_RM, 0, "d0", 3, "OK");
	expect_answer(&talk, XS_MKDIR, 0, "again", 6, "OK");
	store_server_destroy(talk.server);
}

static void test_quota_nodes_in_transactions(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_MKDIR, 0, "b", 2, "OK");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "1");
	expect_answer(&talk, XS_MKDIR, 1, "b/x", 4, "OK");
	assert_int_equal(make_nodes(&talk, 0), 998);
	expect_answer(&talk, XS_TRANSACTION_END, 1, "T", 2, "ENOSPC");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "2");
	expect_answer(&talk, XS_MKDIR, 2, "b/x", 4, "ENOSPC");
	expect_answer(&talk, XS_RM, 2, "d0", 3, "OK");
	expect_answer(&talk, XS_MKDIR, 2, "b/x", 4, "OK");
	expect_answer(&talk, XS_TRANSACTION_END, 2, "T", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_quota_transaction_memory(void **state)
{
	struct talk talk;
	const void *bytes;
	bool refused = false;
	char path[1024];

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	memset(path, 'p', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "1");
	for (int i = 0; i < 1000 && !refused; i++) {
		snprintf(path, 16, "x%04d", i);
		path[5] = 'y';
		assert_int_equal(say(&talk, XS_READ, 1, path, sizeof(path)), 0);
		store_server_output(talk.connection, &bytes);
		refused = !strcmp((const char *)bytes + WIRE_HEADER_BYTES, "ENOSPC");
		store_server_sent(talk.connection, SIZE_MAX);
	}
	assert_true(refused);
	expect_answer(&talk, XS_TRANSACTION_END, 1, "T", 2, "OK");
	store_server_destroy(talk.server);
}

/* A snapshot that would keep more than 64 MiB of what others replaced is given up,
 * a guest's. */
static void test_old_snapshots_are_given_up(void **state)
{
	static const struct {
		const char *name;
		uint16_t domid;
		unsigned int writes; /* of 2000 bytes and their way to the root */
		const char *ends;
	} cases[] = {
		{ "little was replaced", 5, 1000, "OK" },
		{ "much was replaced", 5, 40000, "EAGAIN" },
		{ "domain 0 is free of it", 0, 40000, "OK" },
	};
	char payload[2002] = "x";

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct talk talk, other;

		print_message("%s\n", cases[i].name);
		talk_start(&talk, cases[i].domid);
		give_home(&talk, cases[i].domid);
		give_home(&talk, 6);
		other = (struct talk){ .server = talk.server };
		other.connection = store_server_open(talk.server, 6, NULL, NULL);
		expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "1");
		expect_answer(&talk, XS_WRITE, 1, "a\0b", 3, "OK");
		for (unsigned int w = 0; w < cases[i].writes; w++)
			expect_answer(&other, XS_WRITE, 0, payload, sizeof(payload), "OK");
		expect_answer(&talk, XS_WRITE, 1, "c\0d", 3, "OK");
		expect_answer(&talk, XS_TRANSACTION_END, 1, "T", 2, cases[i].ends);
		assert_int_equal(talk.server->domains[cases[i].domid].transactions, 0);
		store_server_destroy(talk.server);
	}
}

/* Over all connections of the domain. */
static void test_quota_watches_and_transactions(void **state)
{
	struct talk talk, second;
	char payload[16];

	(void)state;
	talk_start(&talk, 5);
	second = (struct talk){ .server = talk.server };
	second.connection = store_server_open(talk.server, 5, NULL, NULL);
	for (int i = 0; i < 128; i++) {
		int length = snprintf(payload, sizeof(payload), "a%c%d", 0, i);

		expect_answer(i % 2 ? &talk : &second, XS_WATCH, 0, payload, (size_t)length + 1,
			      "OK");
	}
	expect_answer(&talk, XS_WATCH, 0, "b\0t", 4, "E2BIG");
	expect_answer(&talk, XS_UNWATCH, 0, "b\0t", 4, "ENOENT");
	for (int i = 0; i < 10; i++)
		assert_int_equal(say(i % 2 ? &talk : &second, XS_TRANSACTION_START, 0, "", 1), 0);
	store_server_sent(talk.connection, SIZE_MAX);
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "ENOSPC");
	store_server_close(second.connection);
	expect_answer(&talk, XS_WATCH, 0, "b\0t", 4, "OK");
	expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, "6");
	store_server_destroy(talk.server);
}

static void test_quota_permissions(void **state)
{
	static const char five[] = "a\0n5\0r1\0r2\0r3\0r4";
	static const char six[] = "a\0n5\0r1\0r2\0r3\0r4\0r6";
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	give_home(&talk, 5);
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	expect_answer(&talk, XS_SET_PERMS, 0, five, sizeof(five), "OK");
	expect_answer(&talk, XS_SET_PERMS, 0, six, sizeof(six), "ENOSPC");
	store_server_destroy(talk.server);
}

/* Nothing of the former domain counts for the one that has its number now. */
static void test_quotas_of_a_number_used_again(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 5);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	for (int life = 0; life < 3; life++) {
		give_home(&talk, 5);
		assert_int_equal(make_nodes(&talk, 0), 999);
		store_server_release(talk.server, 5);
		store_server_close(talk.connection);
		assert_int_equal(store_server_introduce(talk.server, 5), 0);
		talk.connection = store_server_open(talk.server, 5, told, &talk);
		assert_non_null(talk.connection);
	}
	store_server_destroy(talk.server);
}

/* What a guest gets of each, and more. */
static void test_domain_0_has_no_quota(void **state)
{
	static const char perms[] = "a\0n0\0r1\0r2\0r3\0r4\0r5\0r6";
	char payload[16];
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(make_nodes(&talk, 0), 2000 + 2000 / 50); /* all that it tries */
	for (int i = 0; i < 200; i++) {
		int length = snprintf(payload, sizeof(payload), "a%c%d", 0, i);

		expect_answer(&talk, XS_WATCH, 0, payload, (size_t)length + 1, "OK");
	}
	for (int i = 1; i <= 20; i++) {
		snprintf(payload, sizeof(payload), "%d", i);
		expect_answer(&talk, XS_TRANSACTION_START, 0, "", 1, payload);
	}
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	expect_answer(&talk, XS_SET_PERMS, 0, perms, sizeof(perms), "OK");
	store_server_destroy(talk.server);
}

/* A directory longer than a message, read in parts. */
static void test_long_directory(void **state)
{
	struct talk talk;
	const void *bytes;
	size_t offset = 0, length;
	unsigned int names = 0;

	(void)state;
	talk_start(&talk, 0);
	for (int i = 0; i < 1000; i++) {
		char path[32];
		int n = snprintf(path, sizeof(path), "/d/name-%d", i);

		expect_answer(&talk, XS_MKDIR, 0, path, (size_t)n + 1, "OK");
	}
	expect_answer(&talk, XS_DIRECTORY, 0, "/d", 3, "E2BIG");
	for (;;) {
		char payload[32];
		int n = snprintf(payload, sizeof(payload), "/d%c%zu", 0, offset);
		const char *at, *end;

		assert_int_equal(say(&talk, XS_DIRECTORY_PART, 0, payload, (size_t)n + 1), 0);
		length = store_server_output(talk.connection, &bytes);
		assert_true(length <= WIRE_HEADER_BYTES + WIRE_PAYLOAD_BYTES);
		end = (const char *)bytes + length;
		at = (const char *)bytes + WIRE_HEADER_BYTES;
		for (at += strlen(at) + 1; at < end && *at; at += strlen(at) + 1, names++)
			offset += strlen(at) + 1;
		if (at < end)
			break;
		store_server_sent(talk.connection, SIZE_MAX);
	}
	assert_int_equal(names, 1000);
	store_server_destroy(talk.server);
}

static void test_release_of_a_domain_that_never_came(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	give_home(&talk, 5);
	store_server_release(talk.server, 5);
	expect_answer(&talk, XS_READ, 0, "/local/domain/5", 16, "ENOENT");
	store_server_release(talk.server, 0);
	expect_answer(&talk, XS_MKDIR, 0, "a", 2, "OK");
	store_server_destroy(talk.server);
}

static void test_introduce_twice(void **state)
{
	struct talk talk;

	(void)state;
	talk_start(&talk, 0);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	assert_int_equal(store_server_introduce(talk.server, 5), -EEXIST);
	store_server_release(talk.server, 5);
	assert_int_equal(store_server_introduce(talk.server, 5), 0);
	store_server_destroy(talk.server);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_too_long_a_payload_ends_that_connection_only),
		cmocka_unit_test(test_the_longest_payload_is_served),
		cmocka_unit_test(test_path_lengths),
		cmocka_unit_test(test_a_deep_path),
		cmocka_unit_test(test_output_is_told_and_taken_in_parts),
		cmocka_unit_test(test_a_client_that_never_reads_harms_itself_only),
		cmocka_unit_test(test_events_alone_can_fail_a_connection),
		cmocka_unit_test(test_output_is_bounded_in_time),
		cmocka_unit_test(test_ticks_are_asked_for),
		cmocka_unit_test(test_pipelined_and_cut),
		cmocka_unit_test(test_release_fails_connections),
		cmocka_unit_test(test_quota_node_bytes),
		cmocka_unit_test(test_quota_node_bytes_of_names),
		cmocka_unit_test(test_quota_nodes),
		cmocka_unit_test(test_quota_nodes_in_transactions),
		cmocka_unit_test(test_quota_transaction_memory),
		cmocka_unit_test(test_quota_watches_and_transactions),
		cmocka_unit_test(test_quota_permissions),
		cmocka_unit_test(test_quotas_of_a_number_used_again),
		cmocka_unit_test(test_domain_0_has_no_quota),
		cmocka_unit_test(test_old_snapshots_are_given_up),
		cmocka_unit_test(test_long_directory),
		cmocka_unit_test(test_introduce_twice),
		cmocka_unit_test(test_release_of_a_domain_that_never_came),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
