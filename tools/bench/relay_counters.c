#include "bench/relay_counters.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"

/*
 * The daemon's JSON has no spaces, and names of vifs and counters need no
 * escapes. So an object is found by its first member, {"name":"...", and ends
 * before the next such object.
 */

/* The answer is not ended by a NUL, and strndup may look for one beyond it. */
static char *copy_text(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	if (!copy)
		return NULL;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static char *cut_object(const char *text, size_t length, const char *vif)
{
	static const char next[] = "{\"name\":";
	char wanted[128];
	char *copy = copy_text(text, length), *start, *end, *object = NULL;

	if (!copy)
		return NULL;
	snprintf(wanted, sizeof(wanted), "%s\"%s\"", next, vif);
	start = strstr(copy, wanted);
	if (start) {
		end = strstr(start + 1, next);
		object = copy_text(start, end ? (size_t)(end - start) : strlen(start));
	}
	free(copy);
	return object;
}

static int find_number(const char *object, const char *key, uint64_t *number)
{
	char wanted[64];
	const char *at;
	char *end;

	snprintf(wanted, sizeof(wanted), "\"%s\":", key);
	at = strstr(object, wanted);
	if (!at)
		return -ENODATA;
	at += strlen(wanted);
	*number = strtoull(at, &end, 10);
	return end == at ? -ENODATA : 0;
}

/* The "drops" object has counters only. */
static void find_reasons(const char *object, char reasons[RELAY_REASONS_BYTES])
{
	const char *at = strstr(object, "\"drops\":{");
	uint64_t number;
	char name[64];
	size_t used = 0;
	int length;

	reasons[0] = 0;
	at = at ? at + strlen("\"drops\":{") : "";
	while (sscanf(at, "\"%63[a-z0-9_]\":%" SCNu64 "%n", name, &number, &length) == 2) {
		if (number && used < RELAY_REASONS_BYTES)
			used += (size_t)snprintf(reasons + used, RELAY_REASONS_BYTES - used,
						 "%s%s %" PRIu64, used ? ", " : "", name, number);
		at += length;
		at += *at == ',';
	}
}

int relay_counters_parse(const char *text, size_t length, const char *vif,
			 struct relay_counters *counters)
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
	char *object = cut_object(text, length, vif);
	int err = object ? 0 : -ENODATA;

	for (size_t i = 0; !err && i < sizeof(wanted) / sizeof(wanted[0]); i++)
		err = find_number(object, wanted[i].key, wanted[i].number);
	if (!err)
		find_reasons(object, counters->reasons);
	free(object);
	return err;
}

int relay_counters_ask(const char *vif, struct relay_counters *counters)
{
	static const char *const words[] = { "--json", "stats" };
	char path[RUNDIR_PATH_BYTES];
	struct client_answer answer;
	int err = client_call(words, 2, 5000, path, &answer);

	if (err)
		return err;
	err = answer.reply.code
		      ? -ENODATA
		      : relay_counters_parse(answer.reply.text, answer.reply.length, vif, counters);
	free(answer.message);
	return err;
}
