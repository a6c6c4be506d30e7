/*
 * The store's server under hostile bytes, on connections of several domains at
 * once and on a clock turned by hand. The input is a program: each command opens,
 * closes or feeds a connection, lets domains come and go, lets time pass, or
 * takes output off. Fed bytes are
 * taken as they are, or dressed as a message of a likely type and path, so that
 * what lies behind the framing is reached without luck.
 *
 * Checked: no crash, all memory given back, a guest's bounds (nodes, watches,
 * transactions, output, its age), and that counts agree with what is counted.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/connection.h"
#include "store/server.h"

enum { CONNECTIONS = 6 };

static const uint16_t domids[CONNECTIONS] = { 0, 5, 5, 6, 7, 65535 };

struct fuzz {
	const uint8_t *at, *end;
	struct store_server *server;
	struct store_connection *connections[CONNECTIONS];
	uint64_t now_ms;
	uint64_t unread_since_ms[CONNECTIONS]; /* nothing was taken off since */
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint8_t take(struct fuzz *fuzz)
{
	return fuzz->at < fuzz->end ? *fuzz->at++ : 0;
}

static void require(bool fact, const char *what)
{
	if (fact)
		return;
	fprintf(stderr, "fuzz_store: %s\n", what);
	abort();
}

static void feed(struct fuzz *fuzz, unsigned int index, const void *bytes, size_t length)
{
	struct store_connection *connection = fuzz->connections[index];

	if (!connection || !store_server_input(connection, bytes, length))
		return;
	require(store_server_has_failed(connection), "refused, but not failed");
	store_server_close(connection);
	fuzz->connections[index] = NULL;
}

static void feed_raw(struct fuzz *fuzz, unsigned int index)
{
	size_t length = take(fuzz);
	size_t left = (size_t)(fuzz->end - fuzz->at);

	length = length < left ? length : left;
	feed(fuzz, index, fuzz->at, length);
	fuzz->at += length;
}

/* Strings that requests are made of, NUL included. */
static size_t put_piece(char *to, uint8_t choice)
{
	static const char *const pieces[] = {
		"/",
		"/a",
		"/a/b",
		"/a/b/c",
		"a",
		"a/b",
		"/local/domain/5",
		"/local/domain/6/x",
		"x/y/z",
		"@releaseDomain",
		"@introduceDomain",
		"t",
		"T",
		"F",
		"n5",
		"r6",
		"b0",
		"w7",
		"0",
		"5",
		"",
		"/b/../",
		"//",
		"-1",
		"99999999999",
		"6",
		"7",
		"check",
		"quota",
		"/local/domain/0/backend/vif/5/0/state",
	};
	const char *piece = pieces[choice % (sizeof(pieces) / sizeof(pieces[0]))];

	return (size_t)(stpcpy(to, piece) - to) + (choice < 200);
}

/* None, the connection's last one, or any. */
static uint32_t take_transaction(struct fuzz *fuzz, unsigned int index)
{
	uint8_t which = take(fuzz);

	if (which < 100 || !fuzz->connections[index])
		return 0;
	return which < 250 ? fuzz->connections[index]->last_transaction : which % 4;
}

/* A message: type, transaction, up to four pieces, and filling. */
static void feed_message(struct fuzz *fuzz, unsigned int index)
{
	char bytes[WIRE_HEADER_BYTES + 4 * 64 + 256 * 8];
	uint8_t pieces = take(fuzz);
	size_t length = WIRE_HEADER_BYTES;
	struct xsd_sockmsg header = {
		.type = take(fuzz) % 32,
		.req_id = 1,
		.tx_id = take_transaction(fuzz, index),
	};

	for (unsigned int i = 0; i < pieces % 5; i++)
		length += put_piece(bytes + length, take(fuzz));
	if (pieces >= 128) {
		size_t filling = (size_t)take(fuzz) * 8;

		memset(bytes + length, pieces, filling);
		length += filling;
	}
	header.len = (uint32_t)(length - WIRE_HEADER_BYTES);
	memcpy(bytes, &header, sizeof(header));
	feed(fuzz, index, bytes, length);
}

/* A transaction's begin and end, which luck alone brings together too seldom. */
static void feed_transaction(struct fuzz *fuzz, unsigned int index)
{
	const struct {
		struct xsd_sockmsg header;
		char payload[2];
	} start = { { .type = XS_TRANSACTION_START, .len = 1 }, "" },
	  end = { { .type = XS_TRANSACTION_END, .tx_id = take_transaction(fuzz, index), .len = 2 },
		  "T" };

	if (!end.header.tx_id)
		feed(fuzz, index, &start, sizeof(start.header) + 1);
	else
		feed(fuzz, index, &end, sizeof(end.header) + 2);
}

static void read_output(struct fuzz *fuzz, unsigned int index)
{
	const void *bytes;

	if (fuzz->connections[index]) {
		store_server_output(fuzz->connections[index], &bytes);
		store_server_sent(fuzz->connections[index], (size_t)take(fuzz) * 64);
		fuzz->unread_since_ms[index] = fuzz->now_ms;
	}
}

/* Up to 5 s. A guest that left output for two times the limit has failed. */
static void pass_time(struct fuzz *fuzz)
{
	fuzz->now_ms += (uint64_t)take(fuzz) * 20;
	store_server_tick(fuzz->server, fuzz->now_ms);
	for (unsigned int i = 1; i < CONNECTIONS; i++) {
		struct store_connection *connection = fuzz->connections[i];
		const void *bytes;

		if (!connection)
			continue;
		if (!store_server_output(connection, &bytes))
			fuzz->unread_since_ms[i] = fuzz->now_ms;
		require(store_server_has_failed(connection) ||
				fuzz->now_ms - fuzz->unread_since_ms[i] <=
					2 * OUTPUT_GUEST_MS + 2 * 255 * 20,
			"output unbounded in time");
	}
}

static void reopen(struct fuzz *fuzz, unsigned int index)
{
	if (fuzz->connections[index])
		store_server_close(fuzz->connections[index]);
	fuzz->connections[index] = store_server_open(fuzz->server, domids[index], NULL, NULL);
	require(fuzz->connections[index], "out of memory");
	fuzz->unread_since_ms[index] = fuzz->now_ms;
}

static void run_command(struct fuzz *fuzz)
{
	uint8_t command = take(fuzz);
	unsigned int index = take(fuzz) % CONNECTIONS;

	switch (command % 17) {
	case 0:
		reopen(fuzz, index);
		break;
	case 1:
		store_server_introduce(fuzz->server, domids[index]);
		break;
	case 2:
		store_server_release(fuzz->server, domids[index]);
		break;
	case 3:
		read_output(fuzz, index);
		break;
	case 4:
	case 5:
	case 6:
		feed_raw(fuzz, index);
		break;
	case 7:
	case 8:
		feed_transaction(fuzz, index);
		break;
	case 9:
		pass_time(fuzz);
		break;
	default:
		feed_message(fuzz, index);
		break;
	}
}

static uint32_t count_owned(const struct node *node, uint16_t domid)
{
	uint32_t owned = node->permissions[0].domid == domid;

	for (unsigned int i = 0; i < node->nr_children; i++)
		owned += count_owned(node->children[i], domid);
	return owned;
}

/* The domain's watches and transactions, as its connections have them. */
static void check_domain(const struct fuzz *fuzz, uint16_t domid)
{
	const struct domain *domain = &fuzz->server->domains[domid];
	uint32_t watches = 0, transactions = 0;

	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		const struct store_connection *connection = fuzz->connections[i];

		if (!connection || connection->domid != domid)
			continue;
		for (const struct watch *at = connection->watches; at; at = at->sibling)
			watches++;
		for (const struct transaction *at = connection->transactions; at; at = at->next)
			transactions++;
	}
	require(watches == domain->watches, "watches miscounted");
	require(transactions == domain->transactions, "transactions miscounted");
	require(domid == 0 || watches <= QUOTA_WATCHES, "watches unbounded");
	require(domid == 0 || transactions <= QUOTA_TRANSACTIONS, "transactions unbounded");
	require(count_owned(fuzz->server->tree->root, domid) == fuzz->server->tree->owned[domid],
		"nodes miscounted");
	require(domain->target == 0 || fuzz->server->domains[domain->target].introduced,
		"a target outlives its domain");
}

/* (How many nodes domain 0 gives to a guest is not bounded.) */
static void check(const struct fuzz *fuzz)
{
	size_t watches = 0;

	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		const struct store_connection *connection = fuzz->connections[i];
		const void *bytes;

		check_domain(fuzz, domids[i]);
		if (!connection)
			continue;
		for (const struct watch *at = connection->watches; at; at = at->sibling)
			watches++;
		require(store_server_output(connection, &bytes) <=
				(domids[i] ? OUTPUT_GUEST_BYTES : OUTPUT_BYTES),
			"output unbounded");
	}
	require(watches == fuzz->server->watches.nr, "watches lost");
}

/* Home and a common place for the guests, so that they have somewhere to go. */
static void prepare(struct fuzz *fuzz)
{
	static const char setup[] = "\x0b\0\0\0\0\0\0\0\0\0\0\0\x11\0\0\0/local/domain/5\0x"
				    "\x0e\0\0\0\0\0\0\0\0\0\0\0\x13\0\0\0/local/domain/5\0n5"
				    "\0\x0b\0\0\0\0\0\0\0\0\0\0\0\x05\0\0\0/a\0xy"
				    "\x0e\0\0\0\0\0\0\0\0\0\0\0\x06\0\0\0/a\0b0";

	for (unsigned int i = 0; i < CONNECTIONS; i++)
		reopen(fuzz, i);
	feed(fuzz, 0, setup, sizeof(setup));
	reopen(fuzz, 0);
	require(tree_find(fuzz->server->tree->root, "/a"), "the set-up failed");
	require(fuzz->server->tree->owned[5] == 1, "the set-up failed");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz fuzz = { .at = data, .end = data + size };

	fuzz.server = store_server_create();
	require(fuzz.server, "out of memory");
	prepare(&fuzz);
	while (fuzz.at < fuzz.end)
		run_command(&fuzz);
	check(&fuzz);
	for (unsigned int i = 0; i < CONNECTIONS; i++)
		if (fuzz.connections[i])
			store_server_close(fuzz.connections[i]);
	require(fuzz.server->domains[5].watches == 0, "watches left behind");
	require(fuzz.server->domains[5].transactions == 0, "transactions left behind");
	store_server_destroy(fuzz.server);
	return 0;
}
