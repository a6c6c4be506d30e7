#include "bench/lab/backend.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/lab/cpu_time.h"
#include "ctl/client.h"
#include "io/log.h"

enum { CALL_MS = 5000, WORDS_MAX = 40, SHOWN_TRIES = 500, SHOWN_US = 2000 };

int backend_start(struct backend *backend, const struct lab_context *context,
		  char error[LAB_ERROR_BYTES])
{
	return relay_daemon_start(&backend->daemon, context->options, 1500, context->cpus[0], error)
		       ? -EHOSTDOWN
		       : 0;
}

void backend_stop(struct backend *backend)
{
	char error[RELAY_ERROR_BYTES];

	if (relay_daemon_stop(&backend->daemon, error))
		log_complain("%s", error);
}

/* The answer as JSON, or NULL with a line; an empty one is null. */
static json_t *ask(struct backend *backend, const char *const *words, unsigned int n, char *error)
{
	char path[RUNDIR_PATH_BYTES];
	struct client_answer answer;
	json_t *json = NULL;
	int err;

	setenv("SPLITVIF_RUNDIR", backend->daemon.rundir, 1); /* rigs have one each */
	err = client_call(words, n, CALL_MS, path, &answer);
	if (err) {
		snprintf(error, LAB_ERROR_BYTES, "cannot ask splitvifd: %s: %s", path,
			 strerror(-err));
		return NULL;
	}
	if (answer.reply.code)
		snprintf(error, LAB_ERROR_BYTES, "splitvifd refuses '%s %s': %.*s", words[1],
			 words[2], (int)answer.reply.length, answer.reply.text);
	else if (!answer.reply.length)
		json = json_null();
	else if (!(json = json_loadb(answer.reply.text, answer.reply.length, 0, NULL)))
		snprintf(error, LAB_ERROR_BYTES, "splitvifd's answer to '%s %s' is no JSON",
			 words[1], words[2]);
	free(answer.message);
	return json;
}

/* Answers are lists of one object. */
static const json_t *object_of(const json_t *answer)
{
	return json_is_array(answer) ? json_array_get(answer, 0) : answer;
}

int backend_count(struct backend *backend, const char *vif, const char *const *names,
		  unsigned int n, uint64_t *values, char error[LAB_ERROR_BYTES])
{
	const char *const words[] = { "--json", "ethtool", "-S", vif };
	json_t *answer = ask(backend, words, 4, error);
	int err = answer ? 0 : -EIO;

	for (unsigned int i = 0; !err && i < n; i++) {
		const json_t *value = json_object_get(object_of(answer), names[i]);

		if (json_is_integer(value)) {
			values[i] = (uint64_t)json_integer_value(value);
			continue;
		}
		snprintf(error, LAB_ERROR_BYTES, "splitvifd does not count '%s' of %s", names[i],
			 vif);
		err = -ENODATA;
	}
	json_decref(answer);
	return err;
}

static bool shows(const json_t *value, const char *text)
{
	char number[32];

	if (json_is_boolean(value))
		return !strcmp(text, json_is_true(value) ? "on" : "off");
	if (json_is_string(value))
		return !strcmp(text, json_string_value(value));
	snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(value));
	return json_is_integer(value) && !strcmp(text, number);
}

/* The setting goes through the store, and comes into force when its watch is served. */
static int await_shown(struct backend *backend, const char *vif, const char *const *words,
		       unsigned int n, char *error)
{
	const char *const look[] = { "--json", "ethtool", "-c", vif };

	for (unsigned int try = 0; try < SHOWN_TRIES; try++) {
		json_t *answer = ask(backend, look, 4, error);
		bool all = answer != NULL;

		for (unsigned int i = 0; all && i + 1 < n; i += 2)
			all = shows(json_object_get(object_of(answer), words[i]), words[i + 1]);
		json_decref(answer);
		if (!answer || all)
			return answer ? 0 : -EIO;
		usleep(SHOWN_US);
	}
	snprintf(error, LAB_ERROR_BYTES, "'ethtool -C %s %s %s' has no effect", vif, words[0],
		 words[1]);
	return -ETIMEDOUT;
}

int backend_set(struct backend *backend, const char *vif, const char *const *words, unsigned int n,
		char error[LAB_ERROR_BYTES])
{
	const char *call[4 + WORDS_MAX] = { "--json", "ethtool", "-C", vif };
	json_t *answer;

	if (n > WORDS_MAX)
		return -E2BIG;
	memcpy(call + 4, words, n * sizeof(*words));
	answer = ask(backend, call, 4 + n, error);
	if (!answer)
		return -EIO;
	json_decref(answer);
	return await_shown(backend, vif, words, n, error);
}

uint64_t backend_cpu_ns(const struct backend *backend)
{
	return cpu_time_of(backend->daemon.pid);
}
