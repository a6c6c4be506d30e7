#include "bench/lab/receiver.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "bench/host.h"
#include "bench/lab/burn.h"
#include "bench/lab/receiver_state.h"
#include "ring/barrier.h"

static void *poller_main(void *arg)
{
	struct receiver *receiver = arg;

	prctl(PR_SET_TIMERSLACK, 1);
	thread_usage_begin(&receiver->poller_usage);
	sem_post(&receiver->started);
	receiver_poller_run(receiver);
	thread_usage_end(&receiver->poller_usage);
	return NULL;
}

static bool is_timed(const struct receiver *receiver, int64_t due_ns)
{
	return due_ns >= __atomic_load_n(&receiver->from_ns, __ATOMIC_RELAXED) &&
	       due_ns < __atomic_load_n(&receiver->until_ns, __ATOMIC_RELAXED);
}

/* False: none is left. */
static bool serve_frame(struct receiver *receiver)
{
	int64_t due_ns;

	if (!due_queue_peek(&receiver->queue, &due_ns))
		return false;
	burn(receiver->app_turns);
	if (is_timed(receiver, due_ns))
		histogram_note(&receiver->served.latency, (uint64_t)(host_now_ns() - due_ns));
	count_up(&receiver->served.delivered, 1);
	due_queue_finish(&receiver->queue);
	return true;
}

static void *app_main(void *arg)
{
	const struct sched_param lowest = { 0 };
	struct receiver *receiver = arg;

	pthread_setschedparam(pthread_self(), SCHED_IDLE, &lowest);
	thread_usage_begin(&receiver->app_usage);
	sem_post(&receiver->started);
	for (;;) {
		if (serve_frame(receiver))
			continue;
		if (load_acquire(&receiver->app_stopping))
			break;
		due_queue_sleep(&receiver->queue, &receiver->app_stopping);
	}
	thread_usage_end(&receiver->app_usage);
	return NULL;
}

/* Waits until it runs. */
static int thread_start(pthread_t *thread, void *(*run)(void *), struct receiver *receiver, int cpu)
{
	pthread_attr_t attr;
	cpu_set_t set;
	int err;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	pthread_attr_init(&attr);
	pthread_attr_setaffinity_np(&attr, sizeof(set), &set);
	err = pthread_create(thread, &attr, run, receiver);
	pthread_attr_destroy(&attr);
	if (!err)
		sem_wait(&receiver->started);
	return -err;
}

static void app_stop(struct receiver *receiver)
{
	store_release(&receiver->app_stopping, 1);
	due_queue_call(receiver->queue.taker_fd);
	pthread_join(receiver->app, NULL);
}

static int threads_start(struct receiver *receiver)
{
	const struct receiver_config *config = &receiver->config;
	int err = thread_start(&receiver->app, app_main, receiver, config->cpu_app);

	if (err)
		return err;
	err = thread_start(&receiver->poller, poller_main, receiver, config->cpu_poll);
	if (err)
		app_stop(receiver);
	return err;
}

static bool is_sound(const struct receiver_config *config)
{
	return config->mode < RECEIVER_MODES && config->weight >= 1 &&
	       config->weight <= RECEIVER_WEIGHT_MAX && config->queue_frames >= 1 &&
	       config->queue_frames <= RECEIVER_QUEUE_MAX && config->cpu_poll >= 0 &&
	       config->cpu_app >= 0;
}

static void init(struct receiver *receiver, struct splitvif *vif,
		 const struct receiver_config *config)
{
	memset(receiver, 0, sizeof(*receiver));
	receiver->config = *config;
	receiver->vif = vif;
	receiver_time(receiver, INT64_MIN, INT64_MAX);
	receiver->round_turns = burn_turns(config->round_cost_ns);
	receiver->app_turns = burn_turns(config->app_cost_ns);
	receiver->item.tuning = (struct poll_tuning){
		.weight = config->weight,
		.defer_rounds = config->defer_rounds,
		.defer_ns = config->defer_ns,
		.spin_ns = config->spin_ns,
		.spins_adaptively = config->spins_adaptively,
		.by_budget = config->complete == RECEIVER_COMPLETE_BUDGET,
	};
	receiver_poller_init(receiver);
	sem_init(&receiver->started, 0, 0);
}

static void destroy(struct receiver *receiver)
{
	sem_destroy(&receiver->started);
	free(receiver);
}

int receiver_start(struct receiver **made, struct splitvif *vif,
		   const struct receiver_config *config)
{
	struct receiver *receiver;
	int err;

	if (!is_sound(config))
		return -EINVAL;
	receiver = aligned_alloc(_Alignof(struct receiver), sizeof(*receiver));
	if (!receiver)
		return -ENOMEM;
	init(receiver, vif, config);
	err = due_queue_init(&receiver->queue, config->queue_frames);
	if (!err) {
		err = threads_start(receiver);
		if (!err) {
			*made = receiver;
			return 0;
		}
		due_queue_fini(&receiver->queue);
	}
	destroy(receiver);
	return err;
}

/* F's half, A's half, and what the poll list counts. */
static void gather(struct receiver *receiver, struct receiver_counters *counters)
{
	struct receiver_counters *polled = &receiver->polled;
	const struct poll_item *item = &receiver->item;

	memset(counters, 0, sizeof(*counters));
	counters->irq = counter_read(&polled->irq);
	counters->merged = counter_read(&polled->merged);
	counters->spurious = counter_read(&polled->spurious) + counter_read(&item->spurious);
	counters->rounds = counter_read(&polled->rounds);
	counters->empty_rounds = counter_read(&polled->empty_rounds);
	for (unsigned int i = 0; i <= RECEIVER_WEIGHT_MAX; i++)
		counters->per_round[i] = counter_read(&polled->per_round[i]);
	counters->handovers = counter_read(&receiver->list.handovers);
	counters->pauses = counter_read(&item->waits);
	counters->strangers = counter_read(&polled->strangers);
	counters->downs = counter_read(&polled->downs);
	counters->delivered = counter_read(&receiver->served.delivered);
	counters->queued = due_queue_length(&receiver->queue);
	counters->drop_queue = counter_read(&polled->drop_queue);
	histogram_read(&receiver->served.latency, &counters->latency);
}

static void add_usage(struct receiver *receiver, struct receiver_counters *counters)
{
	struct thread_used poller, app;

	thread_usage_read(&receiver->poller_usage, &poller);
	thread_usage_read(&receiver->app_usage, &app);
	counters->cpu_poll_ns = poller.cpu_ns;
	counters->cpu_app_ns = app.cpu_ns;
	counters->switches_voluntary = poller.voluntary + app.voluntary;
	counters->switches_involuntary = poller.involuntary + app.involuntary;
}

void receiver_read(struct receiver *receiver, struct receiver_counters *counters)
{
	gather(receiver, counters);
	add_usage(receiver, counters);
}

void receiver_time(struct receiver *receiver, int64_t from_ns, int64_t until_ns)
{
	__atomic_store_n(&receiver->until_ns, until_ns, __ATOMIC_RELAXED);
	__atomic_store_n(&receiver->from_ns, from_ns, __ATOMIC_RELAXED);
}

void receiver_hurry(struct receiver *receiver)
{
	const struct sched_param usual = { 0 };

	pthread_setschedparam(receiver->app, SCHED_OTHER, &usual);
}

void receiver_stop(struct receiver *receiver, struct receiver_counters *counters)
{
	store_release(&receiver->stopping, 1);
	due_queue_call(receiver->queue.pusher_fd);
	pthread_join(receiver->poller, NULL);
	app_stop(receiver);
	receiver_read(receiver, counters);
	due_queue_fini(&receiver->queue);
	destroy(receiver);
}
