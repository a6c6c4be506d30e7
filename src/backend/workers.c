#include "backend/workers.h"

int workers_create(struct workers *workers, unsigned int nr, enum engine_kind engine, int alarm_fd,
		   char *note, size_t note_size)
{
	*workers = (struct workers){ 0 };
	while (workers->nr < nr) {
		struct worker **worker = &workers->list[workers->nr];
		int err = worker_create(worker, engine, alarm_fd, note, note_size);

		if (err) {
			workers_destroy(workers);
			return err;
		}
		(*worker)->lane.index = workers->nr++;
	}
	return 0;
}

void workers_destroy(struct workers *workers)
{
	while (workers->nr)
		worker_destroy(workers->list[--workers->nr]);
}

struct worker *workers_take(struct workers *workers)
{
	unsigned int least = 0;

	for (unsigned int i = 1; i < workers->nr; i++)
		if (workers->load[i] < workers->load[least])
			least = i;
	workers->load[least]++;
	return workers->list[least];
}

void workers_give(struct workers *workers, const struct worker *worker)
{
	workers->load[worker->lane.index]--;
}

struct each_call {
	void (*fn)(struct worker *worker, void *arg);
	struct worker *worker;
	void *arg;
};

static void call_on_worker(void *arg)
{
	struct each_call *call = arg;

	call->fn(call->worker, call->arg);
}

void workers_call(struct workers *workers, void (*fn)(struct worker *worker, void *arg), void *arg)
{
	for (unsigned int i = 0; i < workers->nr; i++) {
		struct each_call call = { fn, workers->list[i], arg };

		worker_call(workers->list[i], call_on_worker, &call);
	}
}

static void do_nothing(struct worker *worker, void *arg)
{
	(void)worker;
	(void)arg;
}

void workers_pass(struct workers *workers)
{
	workers_call(workers, do_nothing, NULL);
}

static void set_paused(struct worker *worker, void *arg)
{
	worker->paused = *(const bool *)arg;
}

void workers_pause(struct workers *workers)
{
	bool paused = true;

	workers_call(workers, set_paused, &paused);
}

void workers_resume(struct workers *workers)
{
	bool paused = false;

	workers_call(workers, set_paused, &paused);
}
