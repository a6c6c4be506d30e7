#include "ring/timers.h"

#include <stddef.h>

/* The later one becomes a child of the earlier. Neither has siblings. */
static struct timer *meld(struct timer *a, struct timer *b)
{
	if (!a || !b)
		return a ? a : b;
	if (b->due_ns < a->due_ns) {
		struct timer *earlier = b;

		b = a;
		a = earlier;
	}
	b->prev = a;
	b->next = a->child;
	if (b->next)
		b->next->prev = b;
	a->child = b;
	return a;
}

/* Takes the first one off a list of siblings. */
static struct timer *detach_first(struct timer **list)
{
	struct timer *timer = *list;

	if (timer) {
		*list = timer->next;
		timer->next = timer->prev = NULL;
	}
	return timer;
}

/* One heap of a list of siblings: melded in pairs, then the pairs. */
static struct timer *meld_all(struct timer *list)
{
	struct timer *pairs = NULL, *heap = NULL, *a;

	while ((a = detach_first(&list)) != NULL) {
		a = meld(a, detach_first(&list));
		a->next = pairs;
		pairs = a;
	}
	while ((a = detach_first(&pairs)) != NULL)
		heap = meld(heap, a);
	return heap;
}

static void cut(struct timers *timers, struct timer *timer)
{
	if (timer == timers->first)
		timers->first = NULL;
	else if (timer->prev->child == timer)
		timer->prev->child = timer->next;
	else
		timer->prev->next = timer->next;
	if (timer->next)
		timer->next->prev = timer->prev;
	timer->next = timer->prev = NULL;
}

void timers_cancel(struct timers *timers, struct timer *timer)
{
	if (!timer->pending)
		return;
	cut(timers, timer);
	timers->first = meld(timers->first, meld_all(timer->child));
	timer->child = NULL;
	timer->pending = false;
}

void timers_set(struct timers *timers, struct timer *timer, uint64_t due_ns)
{
	if (due_ns <= timers->running_ns) /* else one that sets itself would run for ever */
		due_ns = timers->running_ns + 1;
	if (timer->pending && timer->due_ns <= due_ns)
		return;
	if (timer->pending)
		cut(timers, timer); /* with its children, who are later still */
	timer->due_ns = due_ns;
	timer->pending = true;
	timers->first = meld(timers->first, timer);
}

void timers_run(struct timers *timers, uint64_t now_ns)
{
	timers->running_ns = now_ns;
	while (timers_next(timers) <= now_ns) {
		struct timer *timer = timers->first;

		timers_cancel(timers, timer);
		timer->expired(timer);
	}
	timers->running_ns = 0;
}
