/*
 * domain-suspend, domain-resume, domain-migrate: words to a VM's frontend, left
 * in the store where xl leaves them (control/shutdown), and what comes back.
 *
 * All of it goes through the daemons' stores; the daemons are not asked.
 */
#ifndef CTL_DOMAIN_H
#define CTL_DOMAIN_H

#include <stdbool.h>
#include <stdio.h>

struct domain_command {
	unsigned int timeout_ms;
	bool quiet;
	unsigned int nr_words; /* the verb, DOM, and for migrate RUNDIR [bridge=BRIDGE] */
	const char *const *words;
};

/* Whether such a word is one of these verbs. */
bool domain_is_verb(const char *word);

/* The exit status; results on stdout, complaints on stderr. */
int domain_run(const struct domain_command *command);

#endif
