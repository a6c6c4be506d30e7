/*
 * Where a domain is: the run directory of its daemon. Its first vif says so when
 * it moves; its further vifs, each in a thread of its own, look whenever they are
 * to enter anew.
 */
#ifndef FRONTEND_FRONT_HOME_H
#define FRONTEND_FRONT_HOME_H

#include <pthread.h>

enum { FRONT_HOME_BYTES = 256 };

struct front_home {
	pthread_mutex_t lock;
	char rundir[FRONT_HOME_BYTES]; /* empty: wherever daemons are by default */
};

void front_home_init(struct front_home *home, const char *rundir);
void front_home_fini(struct front_home *home);

/* NULL: the default. */
void front_home_set(struct front_home *home, const char *rundir);
/* `buffer`, or NULL for the default. */
const char *front_home_get(struct front_home *home, char buffer[FRONT_HOME_BYTES]);

#endif
