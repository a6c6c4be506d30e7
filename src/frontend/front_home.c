#include "frontend/front_home.h"

#include <stdio.h>
#include <string.h>

void front_home_init(struct front_home *home, const char *rundir)
{
	pthread_mutex_init(&home->lock, NULL);
	front_home_set(home, rundir);
}

void front_home_fini(struct front_home *home)
{
	pthread_mutex_destroy(&home->lock);
}

void front_home_set(struct front_home *home, const char *rundir)
{
	pthread_mutex_lock(&home->lock);
	snprintf(home->rundir, sizeof(home->rundir), "%s", rundir ? rundir : "");
	pthread_mutex_unlock(&home->lock);
}

const char *front_home_get(struct front_home *home, char buffer[FRONT_HOME_BYTES])
{
	pthread_mutex_lock(&home->lock);
	memcpy(buffer, home->rundir, FRONT_HOME_BYTES);
	pthread_mutex_unlock(&home->lock);
	return buffer[0] ? buffer : NULL;
}
