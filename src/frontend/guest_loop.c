#include "frontend/guest_loop.h"

#include <poll.h>
#include <sched.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

enum {
	LOOK_TURNS = 32,   /* that moved something, between looks at everything else */
	LOOK_TRIES = 4096, /* the same of those that did not: a spin has fewer */
	YIELD_NS = 2000,   /* a yield that takes longer let somebody else run */
};

int64_t guest_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

static uint64_t clock_ns(void)
{
	return (uint64_t)guest_now_ns();
}

static struct guest_loop *loop_of(struct poll_item *item)
{
	return (struct guest_loop *)((char *)item - offsetof(struct guest_loop, item));
}

/* Whether there is more only another turn tells: of a TAP nobody else knows. */
static bool take_turn(struct poll_item *item, unsigned int weight, unsigned int *done)
{
	struct guest_loop *loop = loop_of(item);

	*done = loop->ops->turn(loop->guest, weight);
	return *done > 0;
}

static bool arm(struct poll_item *item)
{
	struct guest_loop *loop = loop_of(item);

	return !(loop->ops->arm ? loop->ops->arm(loop->guest) : splitvif_arm(loop->vif, 0));
}

static void alarm_expired(struct timer *timer)
{
	struct guest_loop *loop =
		(struct guest_loop *)((char *)timer - offsetof(struct guest_loop, alarm));

	poll_schedule(&loop->list, &loop->item);
}

static void end_expired(struct timer *timer)
{
	struct guest_loop *loop =
		(struct guest_loop *)((char *)timer - offsetof(struct guest_loop, end));

	loop->stopped = true;
}

/* A signal is taken, so that what is still to be waited for can be, until the next. */
static void wait_for_vif(void *guest, int64_t timeout_ns)
{
	struct guest_loop *loop = guest;
	struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	struct signalfd_siginfo info;
	struct pollfd ready[] = { { .fd = splitvif_fd(loop->vif), .events = POLLIN },
				  { .fd = loop->signal_fd, .events = POLLIN } };

	ppoll(ready, 2, timeout_ns < 0 ? NULL : &timeout, NULL);
	if (ready[0].revents)
		loop->events |= splitvif_process(loop->vif);
	if (ready[1].revents && read(loop->signal_fd, &info, sizeof(info)) > 0)
		loop->stopped = true;
}

/* Deferrals last a few us, and the kernel would add 50 to each. */
static void follow_tuning(struct guest_loop *loop)
{
	struct splitvif_polling polling;

	splitvif_polling(loop->vif, &polling);
	if (polling.defer_usecs && !loop->item.tuning.defer_ns)
		prctl(PR_SET_TIMERSLACK, 1UL);
	loop->item.tuning = (struct poll_tuning){
		.weight = polling.weight,
		.by_budget = polling.by_budget,
		.defer_rounds = polling.defer_rounds,
		.defer_ns = polling.defer_usecs * 1000ull,
		.spin_ns = polling.spin_usecs < 0 ? loop->spin_usecs * 1000ull
						  : (uint64_t)polling.spin_usecs * 1000,
	};
}

void guest_loop_init(struct guest_loop *loop, struct splitvif *vif,
		     const struct guest_loop_ops *ops, void *guest, unsigned int spin_usecs)
{
	*loop = (struct guest_loop){ .vif = vif, .ops = ops, .guest = guest };
	poll_init(&loop->list, &loop->timers, clock_ns);
	loop->list.budget = 1; /* a pass is a turn: there is one source */
	loop->item.poll = take_turn;
	loop->item.arm = arm;
	loop->spin_usecs = spin_usecs;
	follow_tuning(loop);
	loop->alarm.expired = alarm_expired;
	loop->end.expired = end_expired;
	loop->start_ns = guest_now_ns();
}

void guest_loop_listen(struct guest_loop *loop, int signal_fd, double duration)
{
	loop->signal_fd = signal_fd;
	if (duration > 0)
		timers_set(&loop->timers, &loop->end,
			   (uint64_t)loop->start_ns + (uint64_t)(duration * 1e9));
}

void guest_loop_await_room(struct guest_loop *loop)
{
	poll_wait(&loop->item);
}

void guest_loop_sleep_until(struct guest_loop *loop, int64_t until_ns)
{
	timers_cancel(&loop->timers, &loop->alarm);
	timers_set(&loop->timers, &loop->alarm, (uint64_t)until_ns);
}

static int64_t sleep_ns(const struct guest_loop *loop)
{
	uint64_t next = timers_next(&loop->timers), now;

	if (loop->list.head)
		return 0;
	if (next == UINT64_MAX)
		return -1;
	now = clock_ns();
	return next <= now ? 0 : (int64_t)(next - now);
}

/* What came is for whoever sleeps or waits for room; one that works finds it anyway. */
static void wait(struct guest_loop *loop)
{
	if (loop->ops->wait)
		loop->ops->wait(loop->guest, sleep_ns(loop));
	else
		wait_for_vif(loop, sleep_ns(loop));
	loop->turns = loop->tries = 0;
	follow_tuning(loop);
	loop->list.now_ns = clock_ns();
	poll_schedule(&loop->list, &loop->item);
	timers_run(&loop->timers, loop->list.now_ns);
}

/* Lets whoever makes work run. If others want the processor, who has it last looks
 * once more and sleeps: what he would burn is theirs. Where processors are few, to
 * look without yielding made a ping three times slower, with it a third faster. */
static void give_way(struct poll_list *list)
{
	uint64_t before = list->now_ns;

	sched_yield();
	list->now_ns = list->clock_ns();
	list->is_wanted = list->now_ns - before > YIELD_NS;
}

static void after_turn(void *arg)
{
	struct guest_loop *loop = arg;

	loop->turns += loop->list.moved;
	loop->tries++;
}

void guest_loop_run(struct guest_loop *loop)
{
	poll_schedule(&loop->list, &loop->item);
	while (!loop->stopped) {
		bool busy = poll_run(&loop->list, after_turn, loop);

		if (busy && !loop->list.moved)
			give_way(&loop->list);
		if (!busy || loop->turns >= LOOK_TURNS || loop->tries >= LOOK_TRIES)
			wait(loop);
	}
}
