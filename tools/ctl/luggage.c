#include "ctl/luggage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/exit_status.h"

enum { LINES_MAX = 8, WORDS_MAX = 3 + LINES_MAX };

/* Its answer as a text of ours, or NULL with the status and why. */
static char *ask(const char *dir, const char *const *argv, unsigned int argc,
		 unsigned int timeout_ms, int *status, char *why, size_t size)
{
	struct client_answer answer;
	char path[RUNDIR_PATH_BYTES];
	int err = client_call_in(dir, argv, argc, timeout_ms, path, &answer);
	char *text = NULL;

	*status = EXIT_FAILED;
	if (err) {
		snprintf(why, size, "%s: %s; see that daemon's log", path, strerror(-err));
		return NULL;
	}
	*status = answer.reply.code;
	if (*status)
		snprintf(why, size, "%.*s", (int)answer.reply.length, answer.reply.text);
	else
		text = calloc(1, answer.reply.length + 1); /* the reply's has no end */
	if (text)
		memcpy(text, answer.reply.text, answer.reply.length);
	free(answer.message);
	return text;
}

int luggage_send(const char *name, const char *rundir, const char *bridge, unsigned int timeout_ms,
		 char *why, size_t size)
{
	const char *pack[] = { "domain-pack", name };
	const char *expect[WORDS_MAX] = { "domain-expect", name, bridge };
	unsigned int n = 3;
	int status;
	char *text = ask(NULL, pack, 2, timeout_ms, &status, why, size), *rest = text, *line;

	if (!text)
		return status;
	while ((line = strsep(&rest, "\n")) != NULL && n < WORDS_MAX)
		if (*line)
			expect[n++] = line;
	free(ask(rundir, expect, n, timeout_ms, &status, why, size));
	free(text);
	return status;
}

void luggage_drop(const char *name, const char *rundir, unsigned int timeout_ms)
{
	const char *forget[] = { "domain-forget", name };
	char why[8];
	int status;

	free(ask(rundir, forget, 2, timeout_ms, &status, why, sizeof(why)));
}
