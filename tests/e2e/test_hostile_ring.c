/*
 * What a hostile guest may do to a ring itself: indices that lie, events that
 * mean nothing or never come, a page that is gone, bytes that change while
 * they are read. The vif is served or stopped, with its reason; nobody else
 * notices.
 */
#include "support/unit.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "e2e/hostile.h"
#include "ring/barrier.h"
#include "support/clock.h"
#include "support/random.h"

#define INDEX_FAULT "tx request index out of the ring"

enum { EVENTS_MS = 300, SCRIBBLE_MS = 500 };

static struct stage stage;
static unsigned int failures; /* of the test under way */

/* Single frames go to the attacker itself, which the bridge drops; but for
 * those that ask whether it is alive. */

static void post_single(struct raw_guest *attacker, unsigned int page, const uint8_t mac[6])
{
	netif_tx_request_t slot = raw_guest_slot(attacker, page, 60, 0);

	raw_guest_fill_header(attacker, raw_guest_tx_page(attacker, page), mac);
	ring_produce_tx_request(&attacker->tx, &slot);
}

static void send_singles_to(struct stage *on, unsigned int n, const uint8_t mac[6])
{
	for (unsigned int i = 0; i < n; i++)
		post_single(&on->attacker, i % RAW_TX_PAGES, mac);
	raw_guest_push(&on->attacker);
}

static void send_singles(struct stage *on, unsigned int n)
{
	send_singles_to(on, n, on->attacker.vif.mac);
}

static void expect_okay(struct stage *on, unsigned int n)
{
	netif_tx_response_t responses[TX_RING_ENTRIES];
	int got = raw_guest_responses(&on->attacker, responses, n, RAW_TIMEOUT_MS);

	if (got != (int)n)
		hostile_fail(on, "%d answers to %u requests", got, n);
	for (int i = 0; i < got; i++)
		if (responses[i].status != NETIF_RSP_OKAY)
			hostile_fail(on, "answered with %d", responses[i].status);
}

static void signal_tx(struct raw_guest *attacker)
{
	evtchn_notify(&attacker->tx_channel, &attacker->signaller);
	signaller_flush(&attacker->signaller);
}

static void set_req_prod(struct stage *on, uint32_t index)
{
	store_release(&on->attacker.tx.page->tx.req_prod, index);
	signal_tx(&on->attacker);
}

static void ring_beyond(struct stage *on)
{
	set_req_prod(on, 257);
	expect_fault(on, INDEX_FAULT);
}

static void ring_far_beyond(struct stage *on)
{
	set_req_prod(on, 0x80000000);
	expect_fault(on, INDEX_FAULT);
}

static void ring_backwards(struct stage *on)
{
	send_singles(on, 5);
	expect_okay(on, 5);
	set_req_prod(on, 4);
	expect_fault(on, INDEX_FAULT);
}

static void ring_backwards_from_zero(struct stage *on)
{
	set_req_prod(on, 0xffffffff);
	expect_fault(on, INDEX_FAULT);
}

static void ring_exactly_full(struct stage *on)
{
	for (int round = 0; round < 3; round++) {
		send_singles(on, TX_RING_ENTRIES);
		expect_okay(on, TX_RING_ENTRIES);
	}
	expect_alive(on);
}

/* 256 requests again and again, and never a look at the answers. */
static void ring_answers_never_read(struct stage *on)
{
	struct raw_guest *attacker = &on->attacker;

	for (int round = 0; round < 8; round++) {
		int64_t deadline = clock_ms() + RAW_TIMEOUT_MS;

		send_singles(on, TX_RING_ENTRIES);
		while (load_acquire(attacker->tx.in_prod) != attacker->tx.produced &&
		       clock_ms() < deadline)
			usleep(200);
		attacker->tx.in_cons = attacker->tx.produced; /* as if read */
	}
	attacker->tx.in_seen = attacker->tx.in_cons;
	expect_alive(on);
}

static void ring_other_indices_overwritten(struct stage *on)
{
	union ring_page *page = on->attacker.tx.page;
	int64_t deadline = clock_ms() + RAW_TIMEOUT_MS;

	store_release(&page->tx.rsp_prod, 0x12345678);
	store_release(&page->tx.req_event, 0x9abcdef0);
	send_singles(on, 3);
	while (load_acquire(&page->tx.rsp_prod) != 3 && clock_ms() < deadline)
		usleep(200); /* the backend writes its own index over it */
	expect_okay(on, 3);
	expect_alive(on);
}

static void ring_no_event_for_answers(struct stage *on)
{
	store_release(&on->attacker.tx.page->tx.rsp_event, 0xffffff00);
	send_singles(on, 100);
	expect_okay(on, 100);
	expect_alive(on);
}

static void ring_never_an_event(struct stage *on)
{
	post_single(&on->attacker, 0, on->attacker.vif.mac);
	ring_publish(&on->attacker.tx); /* and not a word */
	usleep(50000);
	send_singles(on, 1);
	expect_okay(on, 2);
	expect_alive(on);
}

static void ring_events_without_work(struct stage *on)
{
	int64_t end = hostile_until(EVENTS_MS);
	unsigned int sent = 0;

	while (clock_ms() < end) {
		signal_tx(&on->attacker);
		sent++;
	}
	print_message("%u events without work\n", sent);
	expect_alive(on);
}

/* A hole where the ring was: every index reads 0. */
static void ring_punched(struct stage *on)
{
	send_singles(on, 9);
	expect_okay(on, 9);
	assert_int_equal(fallocate(on->attacker.arena.shared.fd,
				   FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
				   RAW_FRAME_TX_RING * PAGE_BYTES, PAGE_BYTES),
			 0);
	signal_tx(&on->attacker);
	expect_fault(on, INDEX_FAULT);
}

/* After a fault, and only after it was seen at Initialising again. */
static void ring_revived(struct stage *on)
{
	struct raw_guest *attacker = &on->attacker;

	set_req_prod(on, 1000);
	expect_fault(on, INDEX_FAULT);
	if (on->failed)
		return;
	ring_init_front(&attacker->tx, attacker->tx.page, TX_RING_ENTRIES);
	ring_init_front(&attacker->rx, attacker->rx.page, RX_RING_ENTRIES);
	raw_guest_set_state(attacker, XenbusStateClosed);
	if (raw_guest_wait_state(attacker, XenbusStateInitWait, 50))
		hostile_fail(on, "a broken vif came back by itself");
	raw_guest_set_state(attacker, XenbusStateInitialising);
	if (raw_guest_connect(attacker, RAW_WAITS))
		hostile_fail(on, "a broken vif does not come back: state %d",
			     raw_guest_backend_state(attacker));
	expect_alive(on);
}

/* One page for everything: the same reference 256 times. */
static void grant_one_for_all(struct stage *on)
{
	for (unsigned int i = 0; i < TX_RING_ENTRIES; i++)
		post_single(&on->attacker, 0, on->attacker.vif.mac);
	raw_guest_push(&on->attacker);
	expect_okay(on, TX_RING_ENTRIES);
	expect_alive(on);
}

struct ring_case {
	const char *name;
	void (*run)(struct stage *on);
};

static const struct ring_case ring_cases[] = {
	{ "producer one beyond the ring", ring_beyond },
	{ "producer far beyond the ring", ring_far_beyond },
	{ "producer backwards", ring_backwards },
	{ "producer backwards from 0", ring_backwards_from_zero },
	{ "exactly full, three times", ring_exactly_full },
	{ "answers never read", ring_answers_never_read },
	{ "the other side's indices overwritten", ring_other_indices_overwritten },
	{ "no event for answers", ring_no_event_for_answers },
	{ "never an event", ring_never_an_event },
	{ "events without work", ring_events_without_work },
	{ "the ring page punched out", ring_punched },
	{ "revived after a fault", ring_revived },
	{ "one reference for all slots", grant_one_for_all },
};

static void test_rings(void **state)
{
	failures = 0;
	for (size_t i = 0; i < COUNT_OF(ring_cases); i++) {
		hostile_begin_connected(&stage, ring_cases[i].name);
		if (!stage.failed)
			ring_cases[i].run(&stage);
		failures += !hostile_end(&stage);
	}
	assert_int_equal(failures, 0);
}

/* A ring that starts just below the wrap, as if it had been used for long. */
static void test_ring_at_the_wrap(void **state)
{
	struct raw_guest *attacker = &stage.attacker;
	const uint32_t start = 0xffffffc0;
	union ring_page *page;

	hostile_begin(&stage, "index at the wrap");
	raw_guest_init(attacker);
	assert_int_equal(raw_guest_dial(attacker, stage.daemon.rundir), 0);
	assert_int_equal(raw_guest_introduce(attacker, "attacker"), 0);
	assert_int_equal(raw_guest_create_vif(attacker), 0);
	assert_int_equal(raw_guest_prepare(attacker, true), 0);
	page = attacker->tx.page;
	page->tx.req_prod = page->tx.rsp_prod = start;
	page->tx.req_event = page->tx.rsp_event = start + 1;
	attacker->tx.in_seen = attacker->tx.in_cons = start;
	attacker->tx.produced = attacker->tx.published = start;
	assert_int_equal(raw_guest_connect(attacker, RAW_WAITS), 0);
	send_singles(&stage, TX_RING_ENTRIES);
	expect_okay(&stage, TX_RING_ENTRIES);
	expect_alive(&stage);
	set_req_prod(&stage, attacker->tx.produced + 257);
	expect_fault(&stage, INDEX_FAULT);
	assert_true(hostile_end(&stage));
}

/* Bytes that change while they are read: slots, grants, payload, everything
 * that the guest can write. The vif may be served or stopped. */
struct scribbler {
	struct raw_guest *guest;
	void (*scribble)(struct raw_guest *guest, uint64_t *random);
	uint32_t stop;
};

/* A race with the guest's own writes is what is wanted, not what a thread sanitizer is to
 * complain of. */
#define RACES __attribute__((no_sanitize("thread")))

RACES static void scribble_slots(struct raw_guest *guest, uint64_t *random)
{
	netif_tx_request_t *slot = &guest->tx.page->tx.ring[random_below(random, 256)].req;

	switch (random_below(random, 4)) {
	case 0:
		slot->gref = random_below(random, 200);
		break;
	case 1:
		slot->offset = (uint16_t)random_below(random, 4200);
		break;
	case 2:
		slot->flags = (uint16_t)random_below(random, 16);
		break;
	case 3:
		slot->size = (uint16_t)random_below(random, 4200);
	}
}

/* Behind the addresses: a flood to unknown ones is another matter. */
RACES static void scribble_payload(struct raw_guest *guest, uint64_t *random)
{
	uint8_t *frame = raw_guest_tx_page(guest, random_below(random, RAW_TX_PAGES));

	frame[12 + random_below(random, 48)] = (uint8_t)random_next(random);
}

static void scribble_grants(struct raw_guest *guest, uint64_t *random)
{
	grant_entry_v1_t *entry = (grant_entry_v1_t *)guest->arena.shared.base +
				  guest->tx_refs[random_below(random, RAW_TX_PAGES)];

	if (random_below(random, 2))
		store_release_u16(&entry->flags, (uint16_t)random_below(random, 32));
	else
		store_release(&entry->frame, random_below(random, 256));
}

RACES static void scribble_everything(struct raw_guest *guest, uint64_t *random)
{
	uint32_t *words = (uint32_t *)guest->arena.shared.base;

	words[random_below(random, RAW_SHARED_PAGES * PAGE_BYTES / 4)] = random_next(random);
}

static void *scribble(void *arg)
{
	struct scribbler *scribbler = arg;
	uint64_t random = 0x5eed;

	while (!load_acquire(&scribbler->stop))
		scribbler->scribble(scribbler->guest, &random);
	return NULL;
}

/* Sends as long as the vif is served, connecting anew when it was stopped. */
static void send_meanwhile(struct stage *on, int64_t until)
{
	struct raw_guest *attacker = &on->attacker;
	netif_tx_response_t responses[TX_RING_ENTRIES];

	while (clock_ms() < until &&
	       raw_guest_backend_state(attacker) == XenbusStateConnected) {
		send_singles_to(on, 32, on->peer.vif.mac);
		for (int i = 0; i < 20 && ring_free(&attacker->tx) < 32; i++) {
			if (raw_guest_responses(attacker, responses, 32, 5) < 0)
				attacker->tx.in_seen = attacker->tx.in_cons;
		}
		if (ring_free(&attacker->tx) < 32) /* the answers' index is scribbled on */
			attacker->tx.in_cons = attacker->tx.in_seen = attacker->tx.produced;
	}
}

static void scribble_case(const char *name,
			  void (*fn)(struct raw_guest *guest, uint64_t *random))
{
	int64_t until = hostile_until(SCRIBBLE_MS);
	unsigned int connections = 0;

	while (clock_ms() < until) {
		struct scribbler scribbler = { .guest = &stage.attacker, .scribble = fn };
		pthread_t thread;

		hostile_begin_connected(&stage, name);
		if (!stage.failed) {
			assert_int_equal(pthread_create(&thread, NULL, scribble, &scribbler), 0);
			send_meanwhile(&stage, until);
			store_release(&scribbler.stop, 1);
			pthread_join(thread, NULL);
		}
		failures += !hostile_end(&stage);
		if (stage.failed)
			break;
		connections++;
	}
	print_message("%s: %u connections\n", name, connections);
}

static void test_bytes_that_change(void **state)
{
	failures = 0;
	scribble_case("slots change while they are read", scribble_slots);
	scribble_case("payload changes while it is forwarded", scribble_payload);
	scribble_case("grants change while they are used", scribble_grants);
	scribble_case("everything changes", scribble_everything);
	assert_int_equal(failures, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rings),
		cmocka_unit_test(test_ring_at_the_wrap),
		cmocka_unit_test(test_bytes_that_change),
	};

	return hostile_run(&stage, tests, sizeof(tests) / sizeof(tests[0]));
}
