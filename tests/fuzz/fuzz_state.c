/*
 * A state that was mangled on its way: the store and its connections, event
 * channels, a ring, what waits for a guest. Each is refused or restored, nothing
 * is read beyond it, and what was restored can be saved again and taken down.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/backlog.h"
#include "io/state.h"
#include "ring/evtchn.h"
#include "ring/ring.h"
#include "store/node_state.h"
#include "store/server.h"
#include "store/wire.h"

enum { CONNECTIONS = 2, BACKLOG_BYTES = 1 << 16, HEAD_BYTES = 24, LENGTH_AT = 16 };

struct world {
	struct store_server *server;
	struct store_connection *connections[CONNECTIONS];
	struct evtchn_table *evtchns; /* one for all: its signaller takes long to end */
	union ring_page page;
	struct ring ring;
	struct backlog backlog;
};

static void require(int holds)
{
	if (!holds)
		abort();
}

static void world_open(struct world *world)
{
	world->server = store_server_create();
	if (!world->evtchns)
		world->evtchns = evtchn_table_create();
	require(world->server && world->evtchns && !backlog_init(&world->backlog, BACKLOG_BYTES));
	for (int i = 0; i < CONNECTIONS; i++)
		world->connections[i] = store_server_open(world->server, i ? 5 : 0, NULL, NULL);
	memset(&world->page, 0, sizeof(world->page));
	ring_attach_back(&world->ring, &world->page, TX_RING_ENTRIES);
}

static void world_close(struct world *world)
{
	backlog_fini(&world->backlog);
	for (unsigned int i = 0; i < DOMID_FIRST_RESERVED; i++)
		evtchn_domain_destroy(world->evtchns, (domid_t)i);
	store_server_destroy(world->server);
}

static void world_carry(struct world *world, struct state *state)
{
	struct node_book book;

	evtchn_table_carry(world->evtchns, state);
	ring_carry(&world->ring, state);
	backlog_carry(&world->backlog, state);
	node_book_init(&book, state);
	store_server_carry(world->server, &book);
	for (int i = 0; i < CONNECTIONS; i++)
		store_connection_carry(world->connections[i], &book);
	node_book_fini(&book);
}

static void say(struct world *world, int who, uint32_t type, uint32_t transaction,
		const char *payload, uint32_t length)
{
	const struct xsd_sockmsg header = { .type = type, .tx_id = transaction, .len = length };

	store_server_input(world->connections[who], &header, sizeof(header));
	store_server_input(world->connections[who], payload, length);
}

/* Of everything something; 0 less, 1 more. */
static void furnish(struct world *world, unsigned int much)
{
	uint8_t bytes[100] = { 1 };
	struct fragment whole = { bytes, sizeof(bytes) }, rest[2];
	struct frame frame;

	evtchn_domain_create(world->evtchns, 0);
	evtchn_domain_create(world->evtchns, 5);
	frame_build(&frame, &whole, 1, rest);
	backlog_push(&world->backlog, &frame, 7);
	store_server_introduce(world->server, 5);
	say(world, 0, XS_WRITE, 0, "/a/b\0c", 6);
	say(world, 1, XS_WATCH, 0, "@releaseDomain\0t", 17);
	if (!much)
		return;
	say(world, 1, XS_WATCH, 0, "device\0token", 13);
	say(world, 0, XS_TRANSACTION_START, 0, "", 1);
	say(world, 0, XS_WRITE, 1, "/a/d\0e", 6);
	say(world, 0, XS_RM, 1, "/a/b", 5);
	say(world, 0, XS_MKDIR, 0, "/f/g/h", 7);
	store_server_input(world->connections[1], "part", 4);
}

size_t fuzz_seed(unsigned int i, uint8_t *bytes, size_t room)
{
	static struct world world;
	struct state state;
	size_t length;

	if (i > 1)
		return 0;
	world_open(&world);
	furnish(&world, i);
	state_save(&state);
	world_carry(&world, &state);
	require(!state_seal(&state));
	length = state.at - HEAD_BYTES;
	require(length <= room);
	memcpy(bytes, state.bytes + HEAD_BYTES, length);
	state_fini(&state);
	world_close(&world);
	return length;
}

static void save_again(struct world *world)
{
	struct state state;

	state_save(&state);
	world_carry(world, &state);
	require(!state.fault);
	state_fini(&state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world world;
	struct state head, state;
	uint64_t length = size + HEAD_BYTES;
	uint8_t *bytes = malloc(length);

	require(bytes != NULL);
	state_save(&head);
	state_seal(&head);
	memcpy(bytes, head.bytes, HEAD_BYTES);
	memcpy(bytes + LENGTH_AT, &length, sizeof(length));
	memcpy(bytes + HEAD_BYTES, data, size);
	state_fini(&head);
	world_open(&world);
	require(!state_restore(&state, bytes, length, NULL, 0));
	world_carry(&world, &state);
	if (!state.fault)
		save_again(&world);
	for (int i = 0; !state.fault && i < CONNECTIONS; i++)
		say(&world, i, XS_TRANSACTION_END, 1, "T", 2);
	world_close(&world);
	free(bytes);
	return 0;
}
