#include "script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const uint16_t script_domids[SCRIPT_CONNECTIONS] = { 0, 0, 5, 5, 6 };

struct run {
	const struct stage *stage;
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

static void fail_step(const struct run *run, const char *what, const char *got)
{
	char text[WIRE_PAYLOAD_BYTES + 512];

	snprintf(text, sizeof(text), "%s: step \"%s\": %s \"%s\"", run->script->name, run->step,
		 what, got);
	run->stage->fail(run->stage->arg, text);
	abort();
}

static uint32_t type_of(const struct run *run, const char *name, size_t length)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strlen(types[i].name) == length && !strncmp(types[i].name, name, length))
			return types[i].type;
	fail_step(run, "no such operation:", name);
	return 0;
}

/* Text to bytes, and back: the same length. */
static void translate(char *to, const char *from, size_t length, char search, char put)
{
	for (size_t i = 0; i < length; i++)
		to[i] = from[i] == search ? put : from[i];
	to[length] = '\0';
}

static void feed(struct run *run, unsigned int connection, const struct wire_message *message)
{
	struct wire_buffer buffer = { 0 };
	size_t length, at = 0;

	if (wire_append(&buffer, message))
		fail_step(run, "out of memory", "");
	length = wire_buffer_length(&buffer);
	while (at < length) {
		size_t part = run->cut && run->cut < length - at ? run->cut : length - at;

		run->stage->feed(run->stage->arg, connection, buffer.bytes + at, part);
		at += part;
	}
	wire_buffer_fini(&buffer);
}

static void expect(struct run *run, unsigned int connection, uint32_t type, uint32_t req_id,
		   uint32_t tx_id, const char *payload)
{
	char text[WIRE_PAYLOAD_BYTES + 1];
	struct wire_message message;

	if (!run->stage->take(run->stage->arg, connection, type == XS_WATCH_EVENT, &message))
		fail_step(run, "nothing came", "");
	translate(text, message.payload, message.length, '\0', '|');
	if (strcmp(text, payload))
		fail_step(run, "came", text);
	if (message.type != type || message.req_id != req_id || message.tx_id != tx_id)
		fail_step(run, "wrong header with", text);
}

static void ask(struct run *run, unsigned int connection, uint32_t tx_id, const char *text)
{
	char payload[WIRE_PAYLOAD_BYTES + 1], error[32];
	size_t name = strcspn(text, " ");
	const char *arrow = strstr(text, " -> ");
	struct wire_message message = {
		.type = type_of(run, text, name),
		.req_id = ++run->req_id,
		.tx_id = tx_id,
		.payload = payload,
	};

	if (!arrow)
		fail_step(run, "no answer is named", "");
	message.length = (uint32_t)(arrow > text + name ? arrow - (text + name + 1) : 0);
	translate(payload, text + name + 1, message.length, '|', '\0');
	feed(run, connection, &message);
	arrow += 4;
	if (arrow[0] == '!') {
		snprintf(error, sizeof(error), "%s|", arrow + 1);
		expect(run, connection, XS_ERROR, message.req_id, tx_id, error);
	} else {
		expect(run, connection, message.type, message.req_id, tx_id, arrow);
	}
}

static void expect_nothing(struct run *run, unsigned int connection)
{
	struct wire_message message;

	if (run->stage->take(run->stage->arg, connection, true, &message))
		fail_step(run, "unasked came", message.payload);
}

static void run_step(struct run *run)
{
	char *rest;
	bool domain = run->step[0] == '+' || run->step[0] == '-';
	unsigned long number = strtoul(run->step + domain, &rest, 10);
	unsigned long transaction = *rest == '/' ? strtoul(rest + 1, &rest, 10) : 0;

	if (domain) {
		run->stage->domain(run->stage->arg, (uint16_t)number, run->step[0] == '+');
		return;
	}
	if (number >= SCRIPT_CONNECTIONS || *rest != ' ')
		fail_step(run, "no such connection", "");
	if (rest[1] == '!')
		expect(run, (unsigned int)number, XS_WATCH_EVENT, 0, 0, rest + 3);
	else if (rest[1] == '.')
		expect_nothing(run, (unsigned int)number);
	else
		ask(run, (unsigned int)number, (uint32_t)transaction, rest + 1);
}

void script_run(const struct script *script, const struct stage *stage, unsigned int cut)
{
	struct run run = { .stage = stage, .script = script, .cut = cut };

	for (unsigned int i = 0; i < SCRIPT_STEPS && script->steps[i]; i++) {
		run.step = script->steps[i];
		run_step(&run);
	}
}
