#include "ctl/luggage.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/client.h"
#include "ctl/exit_status.h"

/* A VM that is on its way when the wait for it is over is there soon, or back. */
enum { LINES_MAX = 8, WORDS_MAX = 4 + LINES_MAX, GRACE_S = 30 };

/* 0 with *text, a copy of the answer, for the caller to free; what the daemon refuses
 * it with, or -errno, and why. */
static int ask(const char *dir, const char *const *argv, unsigned int argc, unsigned int timeout_ms,
	       char **text, char *why, size_t size)
{
	struct client_answer answer;
	char path[RUNDIR_PATH_BYTES];
	int err = client_call_in(dir, argv, argc, timeout_ms, path, &answer);

	*text = NULL;
	if (err) {
		snprintf(why, size, "%s: %s; see that daemon's log", path, strerror(-err));
		return err;
	}
	if (answer.reply.code)
		snprintf(why, size, "%.*s", (int)answer.reply.length, answer.reply.text);
	else
		*text = calloc(1, answer.reply.length + 1); /* the reply's has no end */
	if (*text)
		memcpy(*text, answer.reply.text, answer.reply.length);
	else if (!answer.reply.code)
		snprintf(why, size, "out of memory; free some");
	err = answer.reply.code || *text ? answer.reply.code : -ENOMEM;
	free(answer.message);
	return err;
}

int luggage_send(const char *name, const char *rundir, const char *bridge, unsigned int timeout_ms,
		 char *why, size_t size)
{
	const char *pack[] = { "domain-pack", name };
	char seconds[16];
	const char *expect[WORDS_MAX] = { "domain-expect", name, bridge, seconds };
	unsigned int n = 4;
	char *text, *rest, *line, *said;
	int err = ask(NULL, pack, 2, timeout_ms, &text, why, size);

	snprintf(seconds, sizeof(seconds), "%u", timeout_ms / 1000 + GRACE_S);
	rest = text;
	while ((line = strsep(&rest, "\n")) != NULL && n < WORDS_MAX)
		if (*line)
			expect[n++] = line;
	if (!err) {
		err = ask(rundir, expect, n, timeout_ms, &said, why, size);
		free(said);
	}
	free(text);
	return err < 0 ? EXIT_FAILED : err;
}

static int tell(const char *dir, const char *what, const char *name, unsigned int timeout_ms,
		char *why, size_t size)
{
	const char *words[] = { what, name };
	char *said;
	int err = ask(dir, words, 2, timeout_ms, &said, why, size);

	free(said);
	return err;
}

void luggage_take_back(const char *name, const char *rundir, unsigned int timeout_ms)
{
	char why[8];

	tell(rundir, "domain-take-back", name, timeout_ms, why, sizeof(why));
}

void luggage_settle(const char *name, const char *rundir, unsigned int timeout_ms)
{
	char why[8];

	tell(rundir, "domain-settle", name, timeout_ms, why, sizeof(why));
}

int luggage_forget(const char *name, unsigned int timeout_ms, char *why, size_t size)
{
	int err = tell(NULL, "domain-forget", name, timeout_ms, why, size);

	return err > 0 ? -EBUSY : err;
}
