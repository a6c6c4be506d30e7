/*
 * `splitvif store`: the verbs of the xenstore-* tools, said to the daemon's
 * store socket. Each invocation of a verb sees, and does, all or nothing: it is
 * one transaction (`watch` excepted).
 */
#ifndef CTL_STORE_H
#define CTL_STORE_H

#include <stdbool.h>
#include <stdio.h>

#include "backend/table.h"

struct store_command {
	const char *rundir; /* NULL: as io/rundir.h finds it */
	unsigned int timeout_ms;
	bool quiet;
	enum table_format format; /* of ls, read, list; watch has JSON a line */
};

/* Does what the words after "store" say. An exit status. */
int store_run(const struct store_command *command, int argc, char **argv);

/* One line a verb. */
void store_help(FILE *out);

#endif
