/*
 * Conversations with the store's server, written as text, one step a line:
 *
 *     "0 WRITE /a|x -> OK|"      connection 0 asks, and gets this answer
 *     "1/2 READ /a| -> x"        in transaction 2
 *     "0 READ /b| -> !ENOENT"    an error
 *     "1 ! /a|token|"            connection 1's next message is this event
 *     "1 ."                      nothing waits for connection 1
 *     "+5", "-5"                 domain 5 comes, goes
 *
 * A "|" stands for a NUL byte. Connections 0 and 1 are domain 0's, 2 and 3 are
 * domain 5's, 4 is domain 6's.
 */
#ifndef TESTS_STORE_SCRIPT_H
#define TESTS_STORE_SCRIPT_H

enum { SCRIPT_STEPS = 24 };

struct script {
	const char *name;
	const char *steps[SCRIPT_STEPS];
};

/* Runs the steps on a new server, feeding `cut` bytes at a time (0: whole
 * messages). Fails the cmocka test with the step's text. */
void script_run(const struct script *script, unsigned int cut);

#endif
