#include "backend/notifier.h"

#include <poll.h>
#include <stddef.h>

#include "backend/worker.h"
#include "bridge/counters.h"
#include "io/state.h"

static void lock(struct notifier *notifier)
{
	if (notifier->lock)
		pthread_mutex_lock(notifier->lock);
}

static void unlock(struct notifier *notifier)
{
	if (notifier->lock)
		pthread_mutex_unlock(notifier->lock);
}

/* Workers' clocks differ by a turn: here time does not go back. */
static uint64_t now_at(struct notifier *notifier, uint64_t now_ns)
{
	if (now_ns > notifier->latest_ns)
		notifier->latest_ns = now_ns;
	return notifier->latest_ns;
}

static void notify(struct notifier *notifier, struct worker *by)
{
	notifier->adaptive.events++;
	evtchn_notify(notifier->channel, &by->signaller);
}

static void timer_expired(struct timer *timer)
{
	struct notifier *notifier =
		(struct notifier *)((char *)timer - offsetof(struct notifier, timer));
	struct coalesce *coalesce = &notifier->coalesce;
	uint64_t now;

	lock(notifier);
	now = now_at(notifier, notifier->worker->polls.now_ns);
	if (coalesce_expired(coalesce, now, ring_is_awaited(notifier->ring)))
		notify(notifier, notifier->worker);
	else if (coalesce->owed) /* others were owed meanwhile, and later */
		timers_set(&notifier->worker->timers, timer, coalesce->due_ns);
	unlock(notifier);
}

void notifier_init(struct notifier *notifier, struct ring *ring, struct evtchn *channel)
{
	*notifier = (struct notifier){
		.ring = ring,
		.channel = channel,
		.timer = { .expired = timer_expired },
	};
	coalesce_init(&notifier->coalesce, ring->mask + 1);
}

void notifier_attach(struct notifier *notifier, struct worker *worker, pthread_mutex_t *lock)
{
	notifier->worker = worker;
	notifier->lock = lock;
}

static void flush(struct notifier *notifier)
{
	uint64_t now = now_at(notifier, notifier->worker->polls.now_ns);

	if (coalesce_flush(&notifier->coalesce, now))
		notify(notifier, notifier->worker);
}

void notifier_detach(struct notifier *notifier)
{
	notifiers_show(notifier->worker);
	notifiers_decide(notifier->worker);
	lock(notifier);
	flush(notifier);
	unlock(notifier);
	signaller_flush(&notifier->worker->signaller);
	timers_cancel(&notifier->worker->timers, &notifier->timer);
}

static bool is_timed(const struct coalesce_config *config)
{
	return config->plain.frames != 1 || config->irq.frames != 1 || config->high_pps ||
	       config->by_share;
}

static void tune(struct notifier *notifier, const struct tuning *tuning, enum tuning_edge edge)
{
	const struct adaptive_config steering = {
		.wakeup_ns = ADAPTIVE_WAKEUP_NS,
		.frame_ns = ADAPTIVE_FRAME_NS,
		.target_usecs = ADAPTIVE_TARGET_USECS,
		.window_ms = tuning->value[TUNING_SAMPLE_INTERVAL],
		.entries = notifier->ring->mask + 1,
	};
	struct coalesce_config config;

	flush(notifier);
	tuning_coalesce(tuning, edge, &config);
	coalesce_configure(&notifier->coalesce, &config); /* tuning_check() let it pass */
	notifier->is_steered = edge == TUNING_RX && tuning_is_adaptive(tuning, edge);
	notifier->is_timed = !notifier->is_steered && is_timed(&config);
	if (!notifier->is_steered)
		return;
	adaptive_init(&notifier->adaptive, &steering, notifier->latest_ns);
	coalesce_space(&notifier->coalesce, 0);
}

void notifier_tune(struct notifier *notifier, const struct tuning *tuning, enum tuning_edge edge)
{
	lock(notifier);
	tune(notifier, tuning, edge);
	unlock(notifier);
}

static void steer(struct notifier *notifier, const struct coalesce_news *news)
{
	struct adaptive *adaptive = &notifier->adaptive;

	adaptive->frames += news->frames;
	adaptive->slots += news->slots;
	if (notifier->coalesce.slots > adaptive->fullest)
		adaptive->fullest = notifier->coalesce.slots;
	if (!adaptive_is_due(adaptive, news->now_ns) || !adaptive_choose(adaptive, news->now_ns))
		return;
	coalesce_space(&notifier->coalesce, adaptive->usecs);
	notifier->is_timed = adaptive->usecs;
}

/* A look at the channel, and it is there for those who set the -irq words. */
static bool is_untaken(const struct notifier *notifier)
{
	struct pollfd event = { .fd = notifier->channel->signal_fd, .events = POLLIN };

	return coalesce_asks_untaken(&notifier->coalesce) && poll(&event, 1, 0) == 1;
}

/* Behind a fence: what is to be done about what was shown. */
static void decide(struct notifier *notifier, struct worker *by)
{
	struct poll_list *polls = &by->polls;
	bool now = notifier->is_forced || by != notifier->worker;
	struct coalesce_news news = {
		.now_ns = now_at(notifier,
				 notifier->is_timed && !now ? polls->clock_ns() : polls->now_ns),
		.frames = notifier->frames,
		.slots = notifier->slots,
		.in_flight = notifier->ring->in_seen - notifier->ring->produced,
		.armed = ring_wants(notifier->ring, notifier->slots),
		.forced = now,
		.untaken = is_untaken(notifier),
	};

	notifier->frames = notifier->slots = 0;
	notifier->is_forced = false;
	switch (coalesce_published(&notifier->coalesce, &news)) {
	case COALESCE_SUPPRESS:
		counter_add(&notifier->suppressed, 1);
		break;
	case COALESCE_WAIT:
		counter_add(&notifier->delayed, news.armed);
		timers_set(&notifier->worker->timers, &notifier->timer, notifier->coalesce.due_ns);
		break;
	case COALESCE_SEND:
		notify(notifier, by);
		break;
	}
	if (notifier->is_steered)
		steer(notifier, &news);
}

void notifier_publish(struct notifier *notifier, struct worker *by, uint32_t frames, bool forced)
{
	uint32_t slots = ring_show(notifier->ring);

	if (!slots)
		return;
	notifier->is_held = false;
	notifier->frames += frames;
	notifier->is_forced |= forced;
	if (!notifier->slots && !notifier->lock) {
		notifier->next_shown = by->shown;
		by->shown = notifier;
	}
	notifier->slots += slots;
	if (!notifier->lock)
		return;
	ring_fence();
	decide(notifier, by);
}

void notifier_hold(struct notifier *notifier, uint32_t frames)
{
	struct worker *worker = notifier->worker;

	notifier->frames += frames;
	notifier->is_held = true;
	if (notifier->is_listed)
		return;
	notifier->is_listed = true;
	if (!worker->held)
		worker->held_ns = worker->polls.now_ns;
	notifier->next_held = worker->held;
	worker->held = notifier;
}

void notifiers_show(struct worker *worker)
{
	struct notifier *notifier = worker->held;

	worker->held = NULL;
	for (; notifier; notifier = notifier->next_held) {
		notifier->is_listed = false;
		notifier_show(notifier);
	}
}

void notifiers_decide(struct worker *worker)
{
	struct notifier *notifier = worker->shown;

	if (!notifier)
		return;
	worker->shown = NULL;
	ring_fence();
	for (; notifier; notifier = notifier->next_shown)
		decide(notifier, worker);
}

void notifier_carry(struct notifier *notifier, struct state *state)
{
	state_u64(state, &notifier->latest_ns);
	state_u64(state, &notifier->suppressed);
	state_u64(state, &notifier->delayed);
	coalesce_carry(&notifier->coalesce, state);
	adaptive_carry(&notifier->adaptive, state);
	if (!state->restores || !notifier->is_steered)
		return;
	coalesce_space(&notifier->coalesce, notifier->adaptive.usecs);
	notifier->is_timed = notifier->adaptive.usecs;
}
