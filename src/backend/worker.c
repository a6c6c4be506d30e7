#include "backend/worker.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "backend/notifier.h"
#include "bridge/counters.h"

enum {
	READY_MAX = 64,
	HELD_NS = 30000, /* frames wait so long at most for others that go the same way */
	YIELD_NS = 5000, /* a yield that took longer let somebody else run */
};

static uint64_t clock_monotonic_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t worker_clock_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

static void clock_read(struct worker *worker)
{
	worker->polls.now_ns = worker->polls.clock_ns();
	worker->now_ms = worker->polls.now_ns / 1000000;
}

void worker_set_timer(struct worker *worker, struct timer *timer, uint64_t deadline_ms)
{
	timers_set(&worker->timers, timer, deadline_ms * 1000000);
}

/* From the clock as it is now: the last turns may have taken long. */
static int64_t wait_ns(const struct worker *worker)
{
	uint64_t next = timers_next(&worker->timers), now;

	if (worker->paused)
		return -1;
	if (worker->polls.head)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	now = worker->polls.clock_ns();
	return next <= now ? 0 : (int64_t)(next - now);
}

int worker_add(struct worker *worker, struct worker_source *source, int fd, struct poll_item *item,
	       void (*readable)(struct worker_source *source))
{
	source->item = item;
	source->readable = readable;
	return engine_add(worker->engine, &source->source, fd, source);
}

void worker_remove(struct worker *worker, struct worker_source *source)
{
	engine_remove(worker->engine, &source->source);
}

void worker_alarm(struct worker *worker)
{
	uint64_t one = 1;
	ssize_t n = write(worker->alarm_fd, &one, sizeof(one));

	(void)n; /* full: the alarm is on already */
}

void worker_forward(struct worker *worker, struct bridge *bridge, struct port *from,
		    struct frame *frames, unsigned int n)
{
	bridge_forward(bridge, &worker->lane, from, frames, n, worker->now_ms);
	if (!worker->lane.news)
		return;
	worker->lane.news = false;
	worker_alarm(worker);
}

static void mailbox_readable(struct worker_source *source)
{
	struct worker *worker =
		(struct worker *)((char *)source - offsetof(struct worker, mailbox));

	worker->mail = true;
}

static void mailbox_ring(struct worker *worker)
{
	uint64_t one = 1;
	ssize_t n = write(worker->mailbox.source.fd, &one, sizeof(one));

	(void)n; /* full: it is heard already */
}

/* The note is free for the next one before its item has its turn: what was
 * done before leaving it is seen in that turn. */
static void notes_take(struct worker *worker)
{
	struct worker_note *note = __atomic_exchange_n(&worker->notes, NULL, __ATOMIC_ACQUIRE);

	while (note) {
		struct worker_note *next = note->next;

		__atomic_store_n(&note->left, false, __ATOMIC_RELEASE);
		poll_schedule(&worker->polls, note->item);
		note = next;
	}
}

void worker_summon(struct worker *worker, struct worker *by, struct worker_note *note)
{
	if (worker == by) {
		poll_schedule(&worker->polls, note->item);
		return;
	}
	if (__atomic_exchange_n(&note->left, true, __ATOMIC_ACQ_REL))
		return;
	note->next = __atomic_load_n(&worker->notes, __ATOMIC_RELAXED);
	while (!__atomic_compare_exchange_n(&worker->notes, &note->next, note, true,
					    __ATOMIC_RELEASE, __ATOMIC_RELAXED))
		;
	mailbox_ring(worker);
}

/* A call may end sources that were reported together with it, and whoever made
 * it may free them as soon as it is answered: so it comes after all of them,
 * and after the notes, whose items it may end. */
static void mail_take(struct worker *worker)
{
	void (*call)(void *arg);
	uint64_t count;
	ssize_t n = read(worker->mailbox.source.fd, &count, sizeof(count));

	(void)n; /* what it stands for is looked for in any case */
	worker->mail = false;
	engine_arm(worker->engine, &worker->mailbox.source);
	call = __atomic_exchange_n(&worker->call, NULL, __ATOMIC_ACQUIRE);
	notes_take(worker);
	if (!call)
		return;
	call(worker->call_arg);
	sem_post(&worker->answered);
}

static void turn_end(void *arg)
{
	struct worker *worker = arg;

	if (worker->held && worker->polls.now_ns - worker->held_ns >= HELD_NS)
		notifiers_show(worker);
	notifiers_decide(worker);
	signaller_flush(&worker->signaller);
}

/* Waits, clears events, and puts their items on the poll list. */
static void events_take(struct worker *worker, int64_t timeout_ns)
{
	struct engine_source *ready[READY_MAX];
	int n = engine_wait(worker->engine, ready, READY_MAX, timeout_ns);

	clock_read(worker);
	counter_add(&worker->waits, 1);
	for (int i = 0; i < n; i++) {
		struct worker_source *source = ready[i]->owner;

		source->readable(source);
		if (source->item)
			poll_event(&worker->polls, source->item);
	}
	if (worker->mail)
		mail_take(worker);
}

/* After a pass that found nothing: what a spinner burns is theirs who want this
 * processor, if there are any. */
static void give_way(struct poll_list *polls)
{
	uint64_t before = polls->now_ns;

	sched_yield();
	polls->now_ns = polls->clock_ns();
	polls->is_wanted = polls->now_ns - before > YIELD_NS;
}

static void loop(struct worker *worker, int64_t timeout_ns)
{
	bool busy;

	events_take(worker, timeout_ns);
	if (worker->paused)
		return;
	timers_run(&worker->timers, worker->polls.now_ns);
	counter_add(&worker->loops, 1);
	busy = poll_run(&worker->polls, turn_end, worker);
	notifiers_show(worker);
	turn_end(worker);
	if (busy && !worker->polls.moved)
		give_way(&worker->polls);
}

void worker_turn(struct worker *worker)
{
	loop(worker, 0);
}

/* Deadlines are in us, and the kernel would add 50 to each. */
static void *worker_main(void *arg)
{
	struct worker *worker = arg;

	prctl(PR_SET_TIMERSLACK, 1UL);
	engine_arm(worker->engine, &worker->mailbox.source);
	while (!worker->stopping)
		loop(worker, wait_ns(worker));
	return NULL;
}

static int mailbox_open(struct worker *worker)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int err;

	if (fd < 0)
		return -errno;
	err = worker_add(worker, &worker->mailbox, fd, NULL, mailbox_readable);
	if (err)
		close(fd);
	return err;
}

int worker_open(struct worker **out, enum engine_kind engine, int alarm_fd, char *note,
		size_t note_size)
{
	struct worker *worker = aligned_alloc(64, (sizeof(*worker) + 63) & ~(size_t)63);
	int err;

	snprintf(note, note_size, "out of memory");
	if (!worker)
		return -ENOMEM;
	memset(worker, 0, sizeof(*worker));
	worker->alarm_fd = alarm_fd;
	poll_init(&worker->polls, &worker->timers, clock_monotonic_ns);
	clock_read(worker);
	sem_init(&worker->answered, 0, 0);
	err = engine_create(&worker->engine, engine, note, note_size);
	if (err)
		goto free_worker;
	err = signaller_init(&worker->signaller);
	if (err) {
		snprintf(note, note_size, "no way to signal eventfds (io_setup): %s",
			 strerror(-err));
		goto destroy_engine;
	}
	err = mailbox_open(worker);
	if (err)
		goto fini_signaller;
	*out = worker;
	return 0;

fini_signaller:
	signaller_fini(&worker->signaller);
destroy_engine:
	engine_destroy(worker->engine);
free_worker:
	sem_destroy(&worker->answered);
	free(worker);
	return err;
}

void worker_close(struct worker *worker)
{
	int fd = worker->mailbox.source.fd;

	worker_remove(worker, &worker->mailbox);
	close(fd);
	signaller_fini(&worker->signaller);
	engine_destroy(worker->engine);
	sem_destroy(&worker->answered);
	free(worker);
}

int worker_create(struct worker **worker, enum engine_kind engine, int alarm_fd, char *note,
		  size_t note_size)
{
	int err = worker_open(worker, engine, alarm_fd, note, note_size);

	if (err)
		return err;
	(*worker)->threaded = true;
	err = -pthread_create(&(*worker)->thread, NULL, worker_main, *worker);
	if (!err)
		return 0;
	snprintf(note, note_size, "no thread: %s", strerror(-err));
	worker_close(*worker);
	return err;
}

void worker_call(struct worker *worker, void (*fn)(void *arg), void *arg)
{
	if (!worker->threaded) {
		fn(arg);
		return;
	}
	worker->call_arg = arg;
	__atomic_store_n(&worker->call, fn, __ATOMIC_RELEASE);
	mailbox_ring(worker);
	while (sem_wait(&worker->answered) && errno == EINTR)
		;
}

static void worker_stop(void *arg)
{
	struct worker *worker = arg;

	worker->stopping = true;
}

void worker_destroy(struct worker *worker)
{
	worker_call(worker, worker_stop, worker);
	pthread_join(worker->thread, NULL);
	worker_close(worker);
}
