/*
 * Every ring behind the contract: what is posted comes out once, in order and
 * unaltered, and is answered likewise; over many wraps, between two threads that
 * poll, and between two that sleep until they are told.
 */
#include "support/unit.h"

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bench/ring_kind.h"

enum { MESSAGES = 300000, SLEEPY = 60000, PATIENCE_S = 10 };

struct bell {
	pthread_mutex_t mutex;
	pthread_cond_t rung;
	uint32_t strokes, heard;
};

struct link {
	uint8_t *pages;
	struct ring_end front, back;
	uint32_t messages;
	bool sleeps;
	struct bell to_front, to_back;
	uint32_t wrong; /* what the host found */
};

static void ring_bell(struct bell *bell)
{
	pthread_mutex_lock(&bell->mutex);
	bell->strokes++;
	pthread_cond_signal(&bell->rung);
	pthread_mutex_unlock(&bell->mutex);
}

/* False if nobody rings: a wake-up was lost. */
static bool wait_for_bell(struct bell *bell)
{
	struct timespec end;
	int err = 0;

	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += PATIENCE_S;
	pthread_mutex_lock(&bell->mutex);
	while (bell->strokes == bell->heard && !err)
		err = pthread_cond_timedwait(&bell->rung, &bell->mutex, &end);
	bell->heard = bell->strokes;
	pthread_mutex_unlock(&bell->mutex);
	return !err;
}

static struct ring_message message_of(uint32_t number, const struct ring_kind *kind)
{
	return (struct ring_message){
		.ref = kind->grants ? number : number & 0xffffff,
		.offset = (uint16_t)(number % PAGE_BYTES),
		.length = (uint16_t)(number % 60000 + 1),
		.id = (uint16_t)(number % RING_SLOTS),
	};
}

static bool is_same(const struct ring_message *a, const struct ring_message *b)
{
	return a->ref == b->ref && a->offset == b->offset && a->length == b->length &&
	       a->id == b->id;
}

static void link_open(struct link *link, const struct ring_kind *kind, uint32_t messages,
		      bool sleeps)
{
	size_t bytes = RING_KIND_PAGES * PAGE_BYTES;

	memset(link, 0, sizeof(*link));
	link->pages = aligned_alloc(PAGE_BYTES, bytes);
	assert_non_null(link->pages);
	memset(link->pages, 0, bytes);
	link->messages = messages;
	link->sleeps = sleeps;
	link->to_front = (struct bell){ PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, 0 };
	link->to_back = link->to_front;
	ring_kind_open(&link->front, kind, RING_TX, false, link->pages);
	ring_kind_open(&link->back, kind, RING_TX, true, link->pages);
}

/* What a side does that has nothing to do; false: it waited in vain. */
static bool idle(struct ring_end *end, struct bell *bell, bool sleeps, unsigned int missing)
{
	if (!sleeps)
		sched_yield();
	else if (end->kind->arm(end, missing))
		return wait_for_bell(bell);
	return true;
}

static void *serve(void *arg)
{
	struct link *link = arg;
	const struct ring_kind *kind = link->back.kind;
	struct ring_message list[64];
	uint32_t served = 0;

	while (served < link->messages) {
		int n = kind->take(&link->back, list, 1 + served % 64);

		for (int i = 0; i < n; i++) {
			struct ring_message expected = message_of(served++, kind);

			link->wrong += !is_same(&list[i], &expected);
		}
		if (n < 0 || (!n && !idle(&link->back, &link->to_back, link->sleeps, 1))) {
			link->wrong++;
			break;
		}
		kind->answer(&link->back, list, (unsigned int)n);
		if (kind->publish(&link->back) && link->sleeps)
			ring_bell(&link->to_front);
	}
	return NULL;
}

/* Posts up to `n` and tells. */
static void post(struct link *link, uint32_t first, unsigned int n)
{
	struct ring_message list[64];

	for (unsigned int i = 0; i < n; i++)
		list[i] = message_of(first + i, link->front.kind);
	link->front.kind->post(&link->front, list, n);
	if (link->front.kind->publish(&link->front) && link->sleeps)
		ring_bell(&link->to_back);
}

/* How many messages went wrong. */
static uint32_t drive(struct link *link)
{
	struct ring_message list[RING_SLOTS];
	uint32_t posted = 0, answered = 0, wrong = 0;

	while (answered < link->messages) {
		int n = link->front.kind->reap(&link->front, list, RING_SLOTS);
		uint32_t room = RING_SLOTS - (posted - answered), batch = 1 + posted % 61;

		for (int i = 0; i < n; i++)
			wrong += list[i].id != answered++ % RING_SLOTS;
		if (batch > link->messages - posted)
			batch = link->messages - posted;
		if (batch && batch <= room) {
			post(link, posted, batch);
			posted += batch;
		} else if (n < 0 || (!n && !idle(&link->front, &link->to_front, link->sleeps, 1))) {
			return wrong + 1;
		}
	}
	return wrong;
}

static void passes(const struct ring_kind *kind, uint32_t messages, bool sleeps)
{
	struct link link;
	pthread_t thread;
	uint32_t wrong;

	print_message("  %s, %s\n", kind->name, sleeps ? "sleeping" : "polling");
	link_open(&link, kind, messages, sleeps);
	assert_int_equal(pthread_create(&thread, NULL, serve, &link), 0);
	wrong = drive(&link);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_int_equal(wrong, 0);
	assert_int_equal(link.wrong, 0);
	free(link.pages);
}

static void messages_pass_in_order(void **state)
{
	for (unsigned int i = 0; i < RING_KINDS; i++)
		passes(ring_kind_get(i), MESSAGES, false);
}

static void no_wake_up_is_lost(void **state)
{
	for (unsigned int i = 0; i < RING_KINDS; i++)
		passes(ring_kind_get(i), SLEEPY, true);
}

/* One thread, each step by hand: nothing is seen before it is published, an event
 * is asked for exactly where it was said, over two rounds of the ring and more. */
static void events_come_where_they_were_asked_for(void **state)
{
	for (unsigned int k = 0; k < RING_KINDS; k++) {
		const struct ring_kind *kind = ring_kind_get(k);
		struct ring_message list[RING_SLOTS];
		struct link link;

		link_open(&link, kind, 0, false);
		kind->publish(&link.front);
		for (uint32_t round = 0; round < 5 * RING_SLOTS; round += 8) {
			assert_true(kind->arm(&link.back, 5));
			for (uint32_t i = 0; i < 8; i++)
				list[i] = message_of(round + i, kind);
			kind->post(&link.front, list, 4);
			assert_int_equal(kind->take(&link.back, list + 8, 8), 0);
			/* Taking is waking: it may end what was asked for. */
			assert_true(kind->arm(&link.back, 5));
			assert_false(kind->publish(&link.front));
			kind->post(&link.front, list + 4, 4);
			assert_true(kind->publish(&link.front));
			assert_false(kind->publish(&link.front));
			assert_false(kind->arm(&link.back, 8));
			assert_int_equal(kind->take(&link.back, list, 64), 8);
			kind->answer(&link.back, list, 8);
			kind->publish(&link.back);
			assert_int_equal(kind->reap(&link.front, list, 64), 8);
			assert_int_equal(kind->reap(&link.front, list, 64), 0);
		}
		free(link.pages);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(messages_pass_in_order),
		cmocka_unit_test(no_wake_up_is_lost),
		cmocka_unit_test(events_come_where_they_were_asked_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
