#include "bench/lab/wakeful.h"

#include <sched.h>

#include "ring/barrier.h"

/* Who gives way gets the rest of nobody's time: even another of the lowest class goes
 * first. */
static void *stay_awake(void *arg)
{
	struct wakeful *wakeful = arg;

	while (!load_relaxed(&wakeful->stop))
		sched_yield();
	return NULL;
}

static int start_on(struct wakeful *wakeful, int cpu)
{
	const struct sched_param lowest = { 0 };
	pthread_attr_t attr;
	cpu_set_t set;
	int err;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	pthread_attr_setinheritsched(&attr, PTHREAD_EXPLICIT_SCHED);
	pthread_attr_setschedpolicy(&attr, SCHED_IDLE);
	pthread_attr_setschedparam(&attr, &lowest);
	err = pthread_create(&wakeful->threads[wakeful->nr], &attr, stay_awake, wakeful);
	pthread_attr_destroy(&attr);
	if (!err)
		wakeful->nr++;
	return -err;
}

int wakeful_start(struct wakeful *wakeful, const int cpus[WAKEFUL_CPUS])
{
	int err = 0;

	*wakeful = (struct wakeful){ .nr = 0 };
	for (unsigned int i = 0; !err && i < WAKEFUL_CPUS; i++)
		err = i && cpus[i] == cpus[0] ? 0 : start_on(wakeful, cpus[i]);
	if (err)
		wakeful_stop(wakeful);
	return err;
}

void wakeful_stop(struct wakeful *wakeful)
{
	__atomic_store_n(&wakeful->stop, 1, __ATOMIC_RELAXED);
	while (wakeful->nr)
		pthread_join(wakeful->threads[--wakeful->nr], NULL);
}
