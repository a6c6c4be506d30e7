/*
 * The command line of `splitvif`: global flags, then the words of a command.
 *
 * Only the shape is checked here, so that a mistyped command is told apart
 * from a daemon that is not there; what the words name, the daemon knows.
 */
#ifndef CTL_OPTIONS_H
#define CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum options_action {
	ACTION_ASK,
	ACTION_DOCTOR,
	ACTION_STORE,
	ACTION_DOMAIN,
	ACTION_HELP,
	ACTION_VERSION
};

enum { OPTIONS_MAX_WORDS = 64, OPTIONS_ERROR_BYTES = 256 };

struct options {
	enum options_action action;
	bool json;
	bool pretty; /* implies json */
	bool quiet;  /* complain through the exit status only */
	bool verbose;
	unsigned int timeout_ms;
	const char *rundir; /* NULL: as io/rundir.h finds it */
	unsigned int nr_words;
	const char *words[OPTIONS_MAX_WORDS];
	int nr_rest; /* after "store": that reads them itself */
	char **rest;
};

/* 0, or -EINVAL with one line in `error`, without program name and newline. */
int options_parse(struct options *options, int argc, char **argv,
		  char error[OPTIONS_ERROR_BYTES]);

void options_help(FILE *out);

#endif
