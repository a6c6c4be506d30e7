/*
 * Is this machine fit for splitvif? One probe a question, each of which really
 * tries what the programs will do, and undoes it.
 */
#ifndef CTL_PROBE_H
#define CTL_PROBE_H

enum probe_verdict { PROBE_OK, PROBE_WARN, PROBE_FAIL };

struct finding {
	enum probe_verdict verdict;
	const char *what;  /* which question this answers */
	char finding[256];
	char cure[256];	   /* empty if all is well */
};

unsigned int probe_count(void);
void probe_run(unsigned int index, struct finding *finding);

/* "ok", "warn", "fail". */
const char *probe_verdict_name(enum probe_verdict verdict);

#endif
