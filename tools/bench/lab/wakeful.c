#include "bench/lab/wakeful.h"

#include <sched.h>

#include "bench/host.h"
#include "ring/barrier.h"

/* Who gives way has the rest of nobody's time: even another of the lowest class goes
 * first. */
static void *stay_awake(void *arg)
{
	const struct sched_param lowest = { 0 };
	struct wakeful_thread *thread = arg;

	host_pin(thread->cpu);
	pthread_setschedparam(pthread_self(), SCHED_IDLE, &lowest);
	while (!load_relaxed(thread->stop))
		sched_yield();
	return NULL;
}

static int start_on(struct wakeful *wakeful, int cpu)
{
	struct wakeful_thread *thread = &wakeful->threads[wakeful->nr];
	int err;

	thread->cpu = cpu;
	thread->stop = &wakeful->stop;
	err = pthread_create(&thread->thread, NULL, stay_awake, thread);
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
		pthread_join(wakeful->threads[--wakeful->nr].thread, NULL);
}
