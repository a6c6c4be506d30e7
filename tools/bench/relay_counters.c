#include "bench/relay_counters.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"

static int add_number(const json_t *vif, const char *key, uint64_t *number)
{
	const json_t *value = json_object_get(vif, key);

	if (!json_is_integer(value))
		return -ENODATA;
	*number += (uint64_t)json_integer_value(value);
	return 0;
}

/* The place of that reason, a new one if it has none; NULL if there are too many. */
static uint64_t *reason_of(struct relay_counters *counters, const char *name)
{
	for (unsigned int i = 0; i < RELAY_REASONS; i++) {
		char *known = counters->reasons[i].name;

		if (!*known)
			snprintf(known, RELAY_REASON_BYTES, "%s", name);
		if (!strncmp(known, name, RELAY_REASON_BYTES - 1))
			return &counters->reasons[i].frames;
	}
	return NULL;
}

static void add_reasons(const json_t *vif, struct relay_counters *counters)
{
	const char *name;
	json_t *value;

	json_object_foreach(json_object_get(vif, "drops"), name, value)
	{
		uint64_t *frames = reason_of(counters, name);

		if (frames)
			*frames += (uint64_t)json_integer_value(value);
	}
}

static int add_vif(const json_t *vif, struct relay_counters *counters)
{
	const struct {
		const char *key;
		uint64_t *number;
	} wanted[] = {
		{ "from_guest_frames", &counters->from_frames },
		{ "from_guest_forwarded", &counters->from_forwarded },
		{ "from_guest_dropped", &counters->from_dropped },
		{ "to_guest_intended", &counters->to_intended },
		{ "to_guest_frames", &counters->to_frames },
		{ "to_guest_dropped", &counters->to_dropped },
	};
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		err = add_number(vif, wanted[i].key, wanted[i].number);
	add_reasons(vif, counters);
	return err;
}

static bool is_meant(const json_t *vif, const char *wanted)
{
	const char *name = json_string_value(json_object_get(vif, "name"));

	return name && (!wanted || !strcmp(name, wanted));
}

int relay_counters_parse(const char *text, size_t length, const char *wanted,
			 struct relay_counters *counters)
{
	json_t *root = json_loadb(text, length, 0, NULL), *vif;
	int err = -ENODATA;
	size_t i;

	memset(counters, 0, sizeof(*counters));
	json_array_foreach(root, i, vif)
	{
		if (!is_meant(vif, wanted))
			continue;
		err = add_vif(vif, counters);
		if (err)
			break;
	}
	json_decref(root);
	return err;
}

int relay_counters_ask(struct relay_counters *counters)
{
	static const char *const words[] = { "--json", "stats" };
	char path[RUNDIR_PATH_BYTES];
	struct client_answer answer;
	int err = client_call(words, 2, 5000, path, &answer);

	if (err)
		return err;
	err = answer.reply.code ? -ENODATA
				: relay_counters_parse(answer.reply.text, answer.reply.length, NULL,
						       counters);
	free(answer.message);
	return err;
}

/* `sign`: 1 or -1. */
static void combine(struct relay_counters *sum, const struct relay_counters *more, uint64_t sign)
{
	sum->from_frames += sign * more->from_frames;
	sum->from_forwarded += sign * more->from_forwarded;
	sum->from_dropped += sign * more->from_dropped;
	sum->to_intended += sign * more->to_intended;
	sum->to_frames += sign * more->to_frames;
	sum->to_dropped += sign * more->to_dropped;
	for (unsigned int i = 0; i < RELAY_REASONS && more->reasons[i].name[0]; i++) {
		uint64_t *frames = reason_of(sum, more->reasons[i].name);

		if (frames)
			*frames += sign * more->reasons[i].frames;
	}
}

void relay_counters_add(struct relay_counters *sum, const struct relay_counters *more)
{
	combine(sum, more, 1);
}

void relay_counters_since(struct relay_counters *counters, const struct relay_counters *before)
{
	combine(counters, before, (uint64_t)-1);
}

void relay_counters_explain(const struct relay_counters *counters, char text[RELAY_REASONS_BYTES])
{
	size_t used = 0;

	text[0] = '\0';
	for (unsigned int i = 0; i < RELAY_REASONS && used < RELAY_REASONS_BYTES; i++)
		if (counters->reasons[i].frames)
			used += (size_t)snprintf(text + used, RELAY_REASONS_BYTES - used,
						 "%s%s %" PRIu64, used ? ", " : "",
						 counters->reasons[i].name,
						 counters->reasons[i].frames);
}
