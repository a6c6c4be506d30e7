/*
 * Conversations with a store, written as text, one step a line:
 *
 *     "0 WRITE /a|x -> OK|"      connection 0 asks, and gets this answer
 *     "1/2 READ /a| -> x"        in transaction 2
 *     "0 READ /b| -> !ENOENT"    an error
 *     "1 ! /a|token|"            connection 1's next message is this event
 *     "1 ."                      nothing waits for connection 1
 *     "+5", "-5"                 domain 5 comes, goes; connections that this
 *                                ends are opened anew
 *
 * A "|" stands for a NUL byte. Connections 0 and 1 are domain 0's, 2 and 3 are
 * domain 5's, 4 is domain 6's.
 */
#ifndef TESTS_STORE_SCRIPT_H
#define TESTS_STORE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/wire.h"

enum { SCRIPT_STEPS = 32, SCRIPT_CONNECTIONS = 5 };

struct script {
	const char *name;
	const char *steps[SCRIPT_STEPS];
	const char *differs; /* why Xen's daemon says otherwise; NULL: it does not */
};

/* Where it takes place. */
struct stage {
	void *arg;
	void (*feed)(void *arg, unsigned int connection, const void *bytes, size_t length);
	/* The connection's next message, NUL-terminated. False: none comes. A
	 * stage may let events and answers overtake one another. */
	bool (*take)(void *arg, unsigned int connection, bool event, struct wire_message *message);
	void (*domain)(void *arg, uint16_t domid, bool comes);
	/* Does not return. */
	void (*fail)(void *arg, const char *text);
};

/* Whose each connection is. */
extern const uint16_t script_domids[SCRIPT_CONNECTIONS];

/* Runs the steps on a new store, feeding `cut` bytes at a time (0: whole
 * messages). */
void script_run(const struct script *script, const struct stage *stage, unsigned int cut);

#endif
