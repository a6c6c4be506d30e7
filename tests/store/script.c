#include "script.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "store/server.h"
#include "store/wire.h"

static const uint16_t domids[] = { 0, 0, 5, 5, 6 };

enum { CONNECTIONS = sizeof(domids) / sizeof(domids[0]) };

struct stage {
	struct store_server *server;
	struct store_connection *connections[CONNECTIONS];
	const struct script *script;
	const char *step;
	unsigned int cut;
	uint32_t req_id;
};

static const struct {
	const char *name;
	uint32_t type;
} types[] = {
	{ "CONTROL", XS_CONTROL },
	{ "DIRECTORY", XS_DIRECTORY },
	{ "DIRECTORY_PART", XS_DIRECTORY_PART },
	{ "READ", XS_READ },
	{ "WRITE", XS_WRITE },
	{ "MKDIR", XS_MKDIR },
	{ "RM", XS_RM },
	{ "GET_PERMS", XS_GET_PERMS },
	{ "SET_PERMS", XS_SET_PERMS },
	{ "WATCH", XS_WATCH },
	{ "UNWATCH", XS_UNWATCH },
	{ "RESET_WATCHES", XS_RESET_WATCHES },
	{ "START", XS_TRANSACTION_START },
	{ "END", XS_TRANSACTION_END },
	{ "INTRODUCE", XS_INTRODUCE },
	{ "RELEASE", XS_RELEASE },
	{ "RESUME", XS_RESUME },
	{ "SET_TARGET", XS_SET_TARGET },
	{ "GET_DOMAIN_PATH", XS_GET_DOMAIN_PATH },
	{ "IS_DOMAIN_INTRODUCED", XS_IS_DOMAIN_INTRODUCED },
	{ "EVENT", XS_WATCH_EVENT },
	{ "ERROR", XS_ERROR },
	{ "RESTRICT", 128 },
	{ "HOLE", 20 },
};

static void fail_step(const struct stage *stage, const char *what, const char *got)
{
	fail_msg("%s: step \"%s\": %s \"%s\"", stage->script->name, stage->step, what, got);
}

static uint32_t type_of(const struct stage *stage, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length && !strncmp(types[i].name, name, length))
			return types[i].type;
	fail_step(stage, "no such operation:", name);
	return 0;
}

/* Text to bytes, and back: the same length. */
static void translate(char *to, const char *from, size_t length, char search, char put)
{
	for (size_t i = 0; i < length; i++)
		to[i] = from[i] == search ? put : from[i];
	to[length] = '\0';
}

static void feed(struct stage *stage, struct store_connection *connection,
		 const struct wire_message *message)
{
	struct wire_buffer buffer = { 0 };
	size_t length, at = 0;

	assert_int_equal(wire_append(&buffer, message), 0);
	length = wire_buffer_length(&buffer);
	while (at < length) {
		size_t part = stage->cut && stage->cut < length - at ? stage->cut : length - at;

		assert_int_equal(store_server_input(connection, buffer.bytes + at, part), 0);
		at += part;
	}
	wire_buffer_fini(&buffer);
}

/* Takes the connection's next message; its payload as text. False if none. */
static bool take(struct store_connection *connection, struct wire_message *message, char *text)
{
	struct wire_reader *reader = calloc(1, sizeof(*reader));
	const void *bytes;
	size_t length = store_server_output(connection, &bytes), left = length;
	const char *at = bytes;
	bool taken;

	assert_non_null(reader);
	taken = wire_read(reader, &at, &left, message) == 1;
	if (taken) {
		translate(text, message->payload, message->length, '\0', '|');
		store_server_sent(connection, length - left);
	}
	free(reader);
	return taken;
}

static void expect(struct stage *stage, struct store_connection *connection, uint32_t type,
		   uint32_t req_id, uint32_t tx_id, const char *payload)
{
	char text[WIRE_PAYLOAD_BYTES + 1];
	struct wire_message message;

	if (!take(connection, &message, text))
		fail_step(stage, "nothing came", "");
	if (strcmp(text, payload))
		fail_step(stage, "came", text);
	if (message.type != type || message.req_id != req_id || message.tx_id != tx_id)
		fail_step(stage, "wrong header with", text);
}

static void ask(struct stage *stage, struct store_connection *connection, uint32_t tx_id,
		const char *text)
{
	char payload[WIRE_PAYLOAD_BYTES + 1], error[32];
	size_t name = strcspn(text, " ");
	const char *arrow = strstr(text, " -> ");
	struct wire_message message = {
		.type = type_of(stage, text, name),
		.req_id = ++stage->req_id,
		.tx_id = tx_id,
		.payload = payload,
	};

	if (!arrow)
		fail_step(stage, "no answer is named", "");
	message.length = (uint32_t)(arrow > text + name ? arrow - (text + name + 1) : 0);
	translate(payload, text + name + 1, message.length, '|', '\0');
	feed(stage, connection, &message);
	arrow += 4;
	if (arrow[0] == '!') {
		snprintf(error, sizeof(error), "%s|", arrow + 1);
		expect(stage, connection, XS_ERROR, message.req_id, tx_id, error);
	} else {
		expect(stage, connection, message.type, message.req_id, tx_id, arrow);
	}
}

static void run_step(struct stage *stage)
{
	char text[WIRE_PAYLOAD_BYTES + 1];
	struct wire_message message;
	char *rest;
	unsigned long number =
		strtoul(stage->step + (stage->step[0] == '+' || stage->step[0] == '-'), &rest, 10);
	unsigned long transaction = *rest == '/' ? strtoul(rest + 1, &rest, 10) : 0;
	struct store_connection *connection;

	if (stage->step[0] == '+') {
		assert_int_equal(store_server_introduce(stage->server, (uint16_t)number), 0);
		return;
	}
	if (stage->step[0] == '-') {
		store_server_release(stage->server, (uint16_t)number);
		return;
	}
	assert_true(number < CONNECTIONS && *rest == ' ');
	connection = stage->connections[number];
	if (rest[1] == '!')
		expect(stage, connection, XS_WATCH_EVENT, 0, 0, rest + 3);
	else if (rest[1] != '.')
		ask(stage, connection, (uint32_t)transaction, rest + 1);
	else if (take(connection, &message, text))
		fail_step(stage, "unasked came", text);
}

void script_run(const struct script *script, unsigned int cut)
{
	struct stage stage = { .script = script, .cut = cut };

	stage.server = store_server_create();
	assert_non_null(stage.server);
	for (unsigned int i = 0; i < CONNECTIONS; i++) {
		stage.connections[i] = store_server_open(stage.server, domids[i], NULL, NULL);
		assert_non_null(stage.connections[i]);
	}
	for (unsigned int i = 0; i < SCRIPT_STEPS && script->steps[i]; i++) {
		stage.step = script->steps[i];
		run_step(&stage);
	}
	store_server_destroy(stage.server);
}
