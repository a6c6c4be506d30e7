#include "ring/poll.h"

#include <assert.h>
#include <stddef.h>

#include "io/state.h"
#include "ring/barrier.h"

static const uint64_t NS_PER_S = 1000000000, NS_PER_MS = 1000000, NS_PER_USEC = 1000;

static const char *const names[] = {
	[POLL_IDLE] = "idle",	      [POLL_SCHEDULED] = "scheduled",
	[POLL_DEFERRED] = "deferred", [POLL_THROTTLED] = "throttled",
	[POLL_WAITING] = "waiting",
};

static_assert(sizeof(names) / sizeof(names[0]) == POLL_STATES, "every state has a name");

const char *poll_state_name(enum poll_state state)
{
	return state < POLL_STATES ? names[state] : NULL;
}

void poll_init(struct poll_list *list, struct timers *timers, uint64_t (*clock_ns)(void))
{
	*list = (struct poll_list){
		.tail = &list->head,
		.timers = timers,
		.clock_ns = clock_ns,
		.now_ns = clock_ns(),
		.budget = POLL_BUDGET,
		.budget_usecs = POLL_BUDGET_USECS,
	};
}

static void timer_expired(struct timer *timer)
{
	struct poll_item *item =
		(struct poll_item *)((char *)timer - offsetof(struct poll_item, timer));

	if (item->state == POLL_DEFERRED || item->state == POLL_THROTTLED)
		poll_schedule(item->list, item);
}

static void append(struct poll_list *list, struct poll_item *item)
{
	item->next = NULL;
	*list->tail = item;
	list->tail = &item->next;
}

static struct poll_item *take_first(struct poll_list *list)
{
	struct poll_item *item = list->head;

	list->head = item->next;
	if (!list->head)
		list->tail = &list->head;
	return item;
}

void poll_schedule(struct poll_list *list, struct poll_item *item)
{
	if (item->state == POLL_SCHEDULED)
		return;
	item->state = POLL_SCHEDULED;
	item->list = list;
	append(list, item);
}

void poll_event(struct poll_list *list, struct poll_item *item)
{
	if (item->state != POLL_IDLE)
		count_up(&item->late, 1);
	else
		item->woken = true;
	if (item->state != POLL_WAITING)
		poll_schedule(list, item);
}

void poll_resume(struct poll_list *list, struct poll_item *item)
{
	if (item->state == POLL_WAITING)
		poll_schedule(list, item);
}

void poll_remove(struct poll_list *list, struct poll_item *item)
{
	struct poll_item **link = &list->head;

	timers_cancel(list->timers, &item->timer);
	if (item->state == POLL_SCHEDULED) {
		while (*link != item)
			link = &(*link)->next;
		*link = item->next;
		if (!*link)
			list->tail = link;
	}
	item->state = POLL_IDLE;
}

/* How long this source lets us wait when it has gone dry. What was found by a
 * timer that was set for it tells nothing new. One long pause is soon forgotten. */
static void note_gap(struct poll_item *item, uint64_t now_ns)
{
	uint64_t gap = now_ns - item->worked_ns;

	if (gap > POLL_GAP_MAX_NS)
		gap = POLL_GAP_MAX_NS;
	if (!item->gap_ns)
		item->gap_ns = gap;
	else if (item->defers != 1)
		item->gap_ns = item->gap_ns - item->gap_ns / 8 + gap / 8;
}

static void note_latest(struct poll_list *list, const struct poll_item *item, uint64_t now_ns)
{
	if (list->latest != item)
		list->former_ns = list->latest_ns;
	list->latest = item;
	list->latest_ns = now_ns;
}

static void note_work(struct poll_item *item, uint64_t now_ns)
{
	if (item->dry && item->worked_ns)
		note_gap(item, now_ns);
	note_latest(item->list, item, now_ns);
	item->worked_ns = now_ns;
	item->list->is_wanted = false;
	item->dry = false;
	item->defers = 0;
	item->spurious_run = item->throttles = 0;
	item->throttled_until_ns = 0;
}

static void second_begin(struct poll_item *item, uint64_t now_ns)
{
	if (now_ns - item->second_ns < NS_PER_S)
		return;
	item->second_ns = now_ns;
	item->spurious_second = item->worked_second = 0;
}

/* An honest guest that is fast may send an event just as we look again: each
 * of those is spurious later. So their number alone is no flood. */
static bool is_flood(struct poll_item *item)
{
	item->spurious_second++;
	item->spurious_run++;
	return item->spurious_run > POLL_SPURIOUS_RUN ||
	       (item->spurious_second > POLL_SPURIOUS_RATE &&
		item->spurious_second > item->worked_second);
}

static void note_spurious(struct poll_item *item, uint64_t now_ns)
{
	uint64_t ms = POLL_THROTTLE_MS;

	count_up(&item->spurious, 1);
	if (!item->listen || !is_flood(item))
		return;
	if (item->throttles < 7 && 1u << item->throttles < ms)
		ms = 1u << item->throttles;
	item->throttles++;
	item->throttled_until_ns = now_ns + ms * NS_PER_MS;
}

static unsigned int bucket_of(unsigned int frames)
{
	unsigned int bits = frames ? 32 - (unsigned int)__builtin_clz(frames) : 0;

	return bits < POLL_BUCKETS ? bits : POLL_BUCKETS - 1;
}

/* A turn's result, held against the event that called for it. */
static void note_turn(struct poll_item *item, uint64_t now_ns, unsigned int done)
{
	count_up(&item->rounds, 1);
	count_up(&item->per_round[bucket_of(done)], 1);
	second_begin(item, now_ns);
	if (done) {
		item->list->moved = true;
		count_up(&item->frames, done);
		item->worked_second += item->woken;
		note_work(item, now_ns);
	} else {
		count_up(&item->empty_rounds, 1);
		if (item->woken)
			note_spurious(item, now_ns);
	}
	item->woken = false;
}

/* A peer that answers each frame may be slow only because we sleep: whether its
 * frames come closer if nobody here does is tried out now and then. */
static bool is_trial(struct poll_list *list)
{
	if (list->now_ns - list->trial_ns >= POLL_TRIAL_EVERY_NS)
		list->trial_ns = list->now_ns;
	return list->now_ns - list->trial_ns < POLL_TRIAL_NS;
}

/* To be woken costs both sides as much time as a frame may take to come: where
 * the next one was always there soon, it is awaited. */
static bool spin_pays(struct poll_list *list, const struct poll_item *item)
{
	if (!item->tuning.spins_adaptively)
		return true;
	if (!item->gap_ns || item->gap_ns >= POLL_TRIAL_GAP_NS)
		return false;
	return item->gap_ns < POLL_SPIN_GAP_NS || is_trial(list);
}

/* While other sources keep this thread awake, a look at one more costs next to
 * nothing: less than its fence and its event, whenever its next frame comes. */
static bool others_work(const struct poll_list *list, const struct poll_item *item)
{
	uint64_t others_ns = list->latest == item ? list->former_ns : list->latest_ns;

	return others_ns && list->now_ns - others_ns < POLL_SPIN_GAP_NS;
}

static bool spins(struct poll_list *list, const struct poll_item *item)
{
	if (list->is_wanted || !item->worked_ns ||
	    list->now_ns - item->worked_ns >= item->tuning.spin_ns)
		return false;
	return others_work(list, item) || spin_pays(list, item);
}

static bool defers(const struct poll_item *item)
{
	const struct poll_tuning *tuning = &item->tuning;

	if (!tuning->defer_ns || !item->worked_ns || item->defers >= tuning->defer_rounds)
		return false;
	return !tuning->adaptive || (item->gap_ns && item->gap_ns < tuning->defer_ns);
}

static void sleep_until(struct poll_list *list, struct poll_item *item, enum poll_state state,
			uint64_t until_ns)
{
	item->state = state;
	item->list = list;
	item->timer.expired = timer_expired;
	timers_set(list->timers, &item->timer, until_ns);
}

static void defer(struct poll_list *list, struct poll_item *item)
{
	item->defers++;
	count_up(&item->deferrals, 1);
	sleep_until(list, item, POLL_DEFERRED, list->now_ns + item->tuning.defer_ns);
}

/* Armed, with nothing to do: to be woken by its event, or by a timer where its
 * events are not worth listening to. */
static void rest(struct poll_list *list, struct poll_item *item)
{
	item->state = POLL_IDLE;
	if (item->throttled_until_ns > list->now_ns) {
		count_up(&item->throttlings, 1);
		sleep_until(list, item, POLL_THROTTLED, item->throttled_until_ns);
	} else if (item->listen) {
		item->listen(item);
	}
}

/* Its turn left nothing, as far as it knows. */
static void settle(struct poll_list *list, struct poll_item *item)
{
	item->dry = true;
	if (!item->arm) {
		rest(list, item);
	} else if (spins(list, item)) {
		append(list, item);
	} else if (defers(item)) {
		defer(list, item);
	} else if (item->arm(item)) {
		count_up(&item->races, 1);
		append(list, item);
	} else {
		rest(list, item);
	}
}

/* Not armed: nobody is to tell us of what we have no room for. */
static void wait_for_room(struct poll_item *item)
{
	item->full = false;
	item->state = POLL_WAITING;
	count_up(&item->waits, 1);
}

/* An empty turn costs one of the budget: no spinning for free. */
static unsigned int turn(struct poll_list *list, struct poll_item *item)
{
	unsigned int weight = item->tuning.weight, done = 0;
	bool more = item->poll(item, weight, &done);

	list->now_ns = list->clock_ns();
	note_turn(item, list->now_ns, done);
	if (item->full)
		wait_for_room(item);
	else if (item->tuning.by_budget ? done >= weight : more)
		append(list, item);
	else
		settle(list, item);
	return done ? done : 1;
}

/* Who has left work in many passes in a row competes with the others no more
 * than they with him: after each pass they are served, this only counts. */
static void note_pass(struct poll_list *list)
{
	if (!list->head) {
		list->restarts = 0;
		return;
	}
	count_up(&list->squeezed, 1);
	if (++list->restarts < POLL_RESTARTS)
		return;
	count_up(&list->handovers, 1);
	list->restarts = 0;
}

bool poll_run(struct poll_list *list, void (*after)(void *arg), void *arg)
{
	uint64_t end_ns = list->now_ns + list->budget_usecs * NS_PER_USEC;
	unsigned int used = 0;

	list->moved = false;
	while (list->head && used < list->budget && list->now_ns < end_ns) {
		used += turn(list, take_first(list));
		after(arg);
	}
	note_pass(list);
	return list->head != NULL;
}

void poll_item_carry(struct poll_item *item, struct state *state)
{
	uint64_t *const words[] = {
		&item->worked_ns,    &item->gap_ns,    &item->throttled_until_ns, &item->rounds,
		&item->empty_rounds, &item->frames,    &item->spurious,		  &item->late,
		&item->races,	     &item->deferrals, &item->throttlings,
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		state_u64(state, words[i]);
	state_bytes(state, item->per_round, sizeof(item->per_round));
	state_u32(state, &item->spurious_run);
	state_u32(state, &item->throttles);
}
