#include "bench/lab/sender.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "bench/host.h"
#include "bench/lab/stamp.h"

#define MS INT64_C(1000000)

enum { PROCESS_MS = 5, ANSWERS_MS = 1000, SLICE_NS = 100000 };

struct sender {
	struct splitvif *vif;
	struct sender_config config;
	double interval_ns; /* from one burst to the next */
	pthread_t thread;
	clockid_t clock;
	int64_t start_ns, processed_ns;
	uint64_t dealt;	  /* frames that were sent or given up */
	uint64_t noticed; /* those that were due when it last looked */
	uint32_t stop;
	struct sender_counters counters;
};

static int64_t due_ns(const struct sender *sender, uint64_t frame)
{
	return sender->start_ns +
	       (int64_t)((double)(frame / sender->config.burst) * sender->interval_ns);
}

/* Frames that are due until then, since the start. */
static uint64_t due_until(const struct sender *sender, int64_t now)
{
	double bursts = (double)(now - sender->start_ns) / sender->interval_ns;

	return ((uint64_t)bursts + 1) * sender->config.burst;
}

static void write_frame(const struct sender *sender, struct splitvif_frame *frame, int64_t due)
{
	uint8_t *data = frame->parts[0].iov_base;
	struct stamp stamp = { sender->dealt, due };

	memcpy(data, sender->config.to, 6);
	memcpy(data + 6, sender->config.from, 6);
	data[12] = STAMP_ETHERTYPE >> 8;
	data[13] = STAMP_ETHERTYPE & 0xff;
	stamp_write(data, &stamp);
	frame->length = sender->config.bytes;
}

/* They all count as late as the first of them. */
static void notice(struct sender *sender, uint64_t due, int64_t now)
{
	int64_t late = now - due_ns(sender, sender->noticed);
	uint64_t nr = due - sender->noticed;

	if (!nr)
		return;
	sender->noticed = due;
	if (late < 0)
		late = 0;
	histogram_add(&sender->counters.late, (uint64_t)late, nr);
}

static void give_up_oldest(struct sender *sender, uint64_t due)
{
	if (due - sender->dealt <= SENDER_BACKLOG)
		return;
	counter_add(&sender->counters.unsent, due - sender->dealt - SENDER_BACKLOG);
	sender->dealt = due - SENDER_BACKLOG;
}

/* The vif's counters are this thread's alone. */
static void note_kicks(struct sender *sender)
{
	struct splitvif_stats stats;

	splitvif_stats(sender->vif, &stats);
	counter_add(&sender->counters.kicks, stats.events_sent - sender->counters.kicks);
}

/* As many of those due as there is room for; how many. */
static unsigned int send_due(struct sender *sender, int64_t now)
{
	uint64_t due = due_until(sender, now), left;
	struct splitvif_frame frames[SENDER_BATCH];
	unsigned int n;

	if (due == sender->dealt)
		return 0;
	notice(sender, due, now);
	give_up_oldest(sender, due);
	left = due - sender->dealt;
	n = splitvif_reserve(sender->vif, frames,
			     left < SENDER_BATCH ? (unsigned int)left : SENDER_BATCH,
			     sender->config.bytes);
	for (unsigned int i = 0; i < n; i++, sender->dealt++)
		write_frame(sender, &frames[i], due_ns(sender, sender->dealt));
	if (!n)
		return 0;
	splitvif_commit(sender->vif, frames, n);
	splitvif_flush(sender->vif);
	counter_add(&sender->counters.sent, n);
	note_kicks(sender);
	return n;
}

static void look_after(struct sender *sender, int64_t now)
{
	if (now - sender->processed_ns < PROCESS_MS * MS)
		return;
	sender->processed_ns = now;
	if (splitvif_process(sender->vif) & SPLITVIF_WENT_DOWN)
		counter_add(&sender->counters.downs, 1);
}

/* Until the next burst, but for the rest at least. */
static void rest(const struct sender *sender, int64_t now)
{
	int64_t next = due_ns(sender, sender->dealt), until = now + sender->config.rest_ns;
	struct timespec time;

	if (!sender->config.rest_ns)
		return;
	if (next > until)
		until = next;
	if (until > now + PROCESS_MS * MS)
		until = now + PROCESS_MS * MS;
	time = (struct timespec){ until / (1000 * MS), until % (1000 * MS) };
	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

/* It has to be on time while the backend and the application want the same processor:
 * before all others if we may, else by a short slice (a hint that older kernels do not
 * know). Lateness is recorded in any case. */
static void be_prompt(void)
{
	struct sched_param param = { .sched_priority = 1 };
	struct {
		uint32_t size, policy;
		uint64_t flags;
		int32_t nice;
		uint32_t priority;
		uint64_t runtime, deadline, period;
	} slice = { .size = sizeof(slice), .policy = SCHED_OTHER, .runtime = SLICE_NS };

	if (sched_setscheduler(0, SCHED_FIFO, &param))
		syscall(SYS_sched_setattr, 0, &slice, 0);
}

static void *run(void *arg)
{
	struct sender *sender = arg;

	host_pin(sender->config.cpu);
	if (sender->config.rest_ns) /* one that spins would leave nothing to others */
		be_prompt();
	prctl(PR_SET_TIMERSLACK, 1); /* else a rest is 50 us longer */
	while (!__atomic_load_n(&sender->stop, __ATOMIC_RELAXED)) {
		int64_t now = host_now_ns();
		unsigned int n = send_due(sender, now);

		look_after(sender, now);
		if (n < SENDER_BATCH)
			rest(sender, now);
	}
	return NULL;
}

int sender_start(struct sender **out, struct splitvif *vif, const struct sender_config *config)
{
	struct sender *sender = calloc(1, sizeof(*sender));
	int err;

	if (!sender)
		return -ENOMEM;
	sender->vif = vif;
	sender->config = *config;
	sender->interval_ns = 1e9 * config->burst / config->rate;
	sender->start_ns = sender->processed_ns = host_now_ns();
	err = pthread_create(&sender->thread, NULL, run, sender);
	if (err) {
		free(sender);
		return -err;
	}
	pthread_getcpuclockid(sender->thread, &sender->clock);
	*out = sender;
	return 0;
}

static uint64_t read_cpu(const struct sender *sender)
{
	struct timespec time = { 0 };

	clock_gettime(sender->clock, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

/* Frames that are due and not dealt with yet are offered, too; they are seldom
 * more than a batch. */
static void copy(const struct sender *sender, struct sender_counters *counters)
{
	const struct sender_counters *own = &sender->counters;

	counters->sent = counter_read(&own->sent);
	counters->unsent = counter_read(&own->unsent);
	counters->offered = counters->sent + counters->unsent;
	counters->downs = counter_read(&own->downs);
	histogram_read(&own->late, &counters->late);
	counters->kicks = counter_read(&own->kicks);
}

void sender_read(struct sender *sender, struct sender_counters *counters)
{
	copy(sender, counters);
	counters->cpu_ns = read_cpu(sender);
}

static void await_answers(struct sender *sender)
{
	int64_t end = host_now_ns() + ANSWERS_MS * MS;

	while (splitvif_in_flight(sender->vif) && host_now_ns() < end) {
		struct timespec time = { 0, MS / 2 };

		splitvif_flush(sender->vif);
		nanosleep(&time, NULL);
	}
}

void sender_stop(struct sender *sender, struct sender_counters *counters)
{
	uint64_t cpu = read_cpu(sender);

	__atomic_store_n(&sender->stop, 1, __ATOMIC_RELAXED);
	pthread_join(sender->thread, NULL);
	await_answers(sender);
	copy(sender, counters);
	counters->cpu_ns = cpu;
	free(sender);
}
