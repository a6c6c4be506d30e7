/*
 * A vif's life: what it takes to open one, who is told when, what events
 * without work cost, and the worker's own thread under a guest's fire.
 */
#include "support/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "backend/guest.h"

struct rig {
	struct world world;
	struct guest guest;
};

static struct rig *rig_create(enum engine_kind engine)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, engine);
	guest_create(&rig->guest, &rig->world, 1);
	return rig;
}

static struct rig *rig_open(void)
{
	struct rig *rig = rig_create(ENGINE_EPOLL);

	guest_attach(&rig->guest, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

/* What is wrong with the handshake, and how it is called. */
struct opening {
	const char *why;
	void (*spoil)(struct guest *guest);
};

static void spoil_equal_refs(struct guest *guest)
{
	guest->config.queues[0].rx_ring_ref = guest->config.queues[0].tx_ring_ref;
}

static void spoil_tx_ref(struct guest *guest)
{
	guest->config.queues[0].tx_ring_ref = 1000;
}

static void spoil_tx_ref_kind(struct guest *guest)
{
	guest->config.queues[0].tx_ring_ref = guest->tx_refs[0]; /* read-only */
}

static void spoil_rx_ref(struct guest *guest)
{
	guest->config.queues[0].rx_ring_ref = 0xffffffff;
}

static void spoil_tx_port(struct guest *guest)
{
	guest->config.queues[0].tx_port = 60;
}

static void spoil_rx_port(struct guest *guest)
{
	guest->config.queues[0].rx_port = 0;
}

static void spoil_port_taken(struct guest *guest)
{
	struct evtchn end;

	assert_int_equal(
		hypervisor_bind_evtchn(&guest->domain, guest->config.queues[0].rx_port, &end), 0);
	evtchn_fini(&end);
}

static const struct opening openings[] = {
	{ "tx and rx ring are one page", spoil_equal_refs },
	{ "tx-ring-ref is not granted", spoil_tx_ref },
	{ "tx-ring-ref is not granted", spoil_tx_ref_kind },
	{ "rx-ring-ref is not granted", spoil_rx_ref },
	{ "event channel (tx) cannot be bound", spoil_tx_port },
	{ "event channel (rx) cannot be bound", spoil_rx_port },
	{ "event channel (rx) cannot be bound", spoil_port_taken },
};

/* Nothing is held of what could be had: grants, ports. */
static void test_openings_that_fail(void **state)
{
	for (size_t i = 0; i < COUNT_OF(openings); i++) {
		struct rig *rig = rig_create(ENGINE_EPOLL);
		struct guest *guest = &rig->guest;
		struct vif_config sound = guest->config;
		uint32_t granted, in_use;
		const char *why = "";
		bool taken;

		openings[i].spoil(guest);
		assert_true(vif_open(&guest->vif, &guest->domain, &guest->config, &why) < 0);
		assert_string_equal(why, openings[i].why);
		assert_null(guest->vif);
		grant_census(&guest->domain.grants, &granted, &in_use);
		assert_int_equal(in_use, 0);
		taken = openings[i].spoil == spoil_port_taken;
		assert_int_equal(evtchn_query(rig->world.evtchns, 1, sound.queues[0].tx_port).state,
				 EVTCHN_UNBOUND);
		assert_int_equal(evtchn_query(rig->world.evtchns, 1, sound.queues[0].rx_port).state,
				 taken ? EVTCHN_INTERDOMAIN : EVTCHN_UNBOUND);
		if (!taken) { /* and the right ones still work */
			guest->config = sound;
			guest_attach(guest, &rig->world);
		}
		rig_close(rig);
	}
}

static void test_closing_gives_back_and_reopens(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	for (int i = 0; i < 50; i++) {
		guest_put_frame(&rig->guest, (uint32_t)i, 60, 1);
		guest_kick_tx(&rig->guest);
		world_turn(&rig->world);
		guest_take_answers(&rig->guest, &answers);
		assert_int_equal(answers.okay, 1);
		guest_detach(&rig->guest);
		assert_int_equal(evtchn_query(rig->world.evtchns, 1,
					      rig->guest.config.queues[0].tx_port)
					 .state,
				 EVTCHN_UNBOUND);
		guest_attach(&rig->guest, &rig->world); /* finds the ring where it stood */
	}
	assert_int_equal(rig->world.memory->n, 50);
	rig_close(rig);
}

/* Requests that nobody answered before we came are refused, not executed. */
static void test_requests_of_a_former_life(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	guest_put_frame(&rig->guest, 1, 60, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	guest_take_answers(&rig->guest, &answers);
	guest_detach(&rig->guest);
	for (uint32_t i = 0; i < 5; i++)
		guest_put_frame(&rig->guest, i, 60, 1);
	ring_publish(&rig->guest.tx);
	guest_attach(&rig->guest, &rig->world);
	guest_take_answers(&rig->guest, &answers);
	assert_int_equal(answers.error, 5);
	assert_int_equal(answers.okay, 0);
	assert_int_equal(rig->world.memory->n, 1);
	guest_put_frame(&rig->guest, 9, 60, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 2);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* A fresh ring's requests were put there before we came, and are executed:
 * frontends post buffers and packets before they go to Connected. */
static void test_requests_of_a_fresh_ring(void **state)
{
	struct rig *rig = rig_create(ENGINE_EPOLL);
	unsigned int slots;
	uint8_t bytes[60];
	uint16_t flags;

	guest_put_frame(&rig->guest, 1, 60, 1);
	ring_publish(&rig->guest.tx);
	guest_post(&rig->guest, 3);
	guest_attach(&rig->guest, &rig->world);
	assert_int_equal(rig->world.memory->n, 1);
	world_send(&rig->world, 2, 60);
	assert_int_equal(guest_take_frame(&rig->guest, bytes, &slots, &flags), 60);
	rig_close(rig);
}

/* Events to the guest: one a batch, and only when it asked. */
static void test_events_only_when_asked(void **state)
{
	struct rig *rig = rig_open();
	struct guest *guest = &rig->guest;
	uint64_t sent = guest->vif->queues[0].tx_channel.sent;
	struct guest_answers answers;

	evtchn_take(&guest->tx_channel);
	for (uint32_t i = 0; i < 50; i++) /* asked for the first one: one event for all */
		guest_put_frame(guest, i, 60, 1);
	guest_kick_tx(guest);
	world_turn(&rig->world);
	assert_int_equal(guest->vif->queues[0].tx_channel.sent - sent, 1);
	assert_true(evtchn_take(&guest->tx_channel));
	guest_take_answers(guest, &answers);

	guest_put_frame(guest, 1, 60, 1); /* not asked again */
	guest_kick_tx(guest);
	world_turn(&rig->world);
	guest_take_answers(guest, &answers);
	assert_int_equal(answers.okay, 1);
	assert_false(evtchn_take(&guest->tx_channel));
	assert_int_equal(guest->vif->queues[0].tx_edge.suppressed, 1);

	ring_arm(&guest->tx, 3); /* asked for the third */
	for (int i = 0; i < 2; i++) {
		guest_put_frame(guest, 1, 60, 1);
		guest_kick_tx(guest);
		world_turn(&rig->world);
		assert_false(evtchn_take(&guest->tx_channel));
	}
	guest_put_frame(guest, 1, 60, 1);
	guest_kick_tx(guest);
	world_turn(&rig->world);
	assert_true(evtchn_take(&guest->tx_channel));
	rig_close(rig);
}

static void test_rx_events_by_either_channel(void **state)
{
	for (int split = 0; split < 2; split++) {
		struct rig *rig = rig_create(ENGINE_EPOLL);
		struct guest *guest = &rig->guest;
		struct evtchn *channel = split ? &guest->rx_channel : &guest->tx_channel;

		if (!split)
			guest->config.queues[0].rx_port = guest->config.queues[0].tx_port;
		guest_post(guest, 10);
		guest_attach(guest, &rig->world);
		evtchn_take(channel);
		world_send(&rig->world, 1, 60);
		world_turn(&rig->world);
		assert_true(evtchn_take(channel));
		world_send(&rig->world, 2, 60); /* nobody asked for the next */
		world_turn(&rig->world);
		assert_false(evtchn_take(channel));
		assert_int_equal(guest->vif->queues[0].rx_edge.suppressed, 1);
		rig_close(rig);
	}
}

/* The guest sees that we sleep, and signals only then. */
static void test_we_ask_before_we_sleep(void **state)
{
	struct rig *rig = rig_open();

	for (uint32_t i = 0; i < 100; i++) {
		guest_put_frame(&rig->guest, i, 60, 1);
		assert_true(ring_publish(&rig->guest.tx)); /* armed for the next one */
		guest_put_frame(&rig->guest, i, 60, 1);
		assert_false(ring_publish(&rig->guest.tx));
		guest_signal(&rig->guest, &rig->guest.tx_channel);
		world_turn(&rig->world);
		assert_int_equal(rig->world.memory->n, 2 * (i + 1));
		ring_consume(&rig->guest.tx, 2);
	}
	rig_close(rig);
}

/* How many turns of the worker an endless stream of empty events gets. */
static uint64_t rounds_of(struct rig *rig, unsigned int ms)
{
	uint64_t before = rig->guest.vif->queues[0].item.rounds;

	for (unsigned int i = 0; i < ms; i++) {
		guest_signal(&rig->guest, &rig->guest.tx_channel);
		world_now_ms++;
		world_turn(&rig->world);
	}
	return rig->guest.vif->queues[0].item.rounds - before;
}

static void test_empty_events_are_looked_away_from(void **state)
{
	struct rig *rig = rig_open();
	struct vif *vif = rig->guest.vif;
	uint64_t rounds;

	assert_in_range(rounds_of(rig, POLL_SPURIOUS_RUN), POLL_SPURIOUS_RUN, POLL_SPURIOUS_RUN + 1);
	rounds_of(rig, 1000);
	assert_in_range(rounds_of(rig, 1000), 1, 2 * 1000 / POLL_THROTTLE_MS + 2);
	assert_null(vif->fault);
	assert_true(vif->queues[0].item.spurious > POLL_SPURIOUS_RUN);

	/* A guest that has stopped costs nothing. */
	world_pass(&rig->world, 500, 1);
	rounds = vif->queues[0].item.rounds;
	world_pass(&rig->world, 5000, 1);
	assert_int_equal(vif->queues[0].item.rounds, rounds);
	assert_false(vif->queues[0].timer.pending);

	/* Real work is found, in the quiet time's length at the latest, and
	 * from then on at once. */
	rounds_of(rig, 20);
	guest_put_frame(&rig->guest, 1, 60, 1);
	guest_kick_tx(&rig->guest);
	world_pass(&rig->world, POLL_THROTTLE_MS + 1, 1);
	assert_int_equal(rig->world.memory->n, 1);
	guest_put_frame(&rig->guest, 2, 60, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 2);
	rig_close(rig);
}

/* Waiting frames do not make empty events work. */
static void test_empty_events_with_a_backlog(void **state)
{
	struct rig *rig = rig_open();

	world_send(&rig->world, 1, 60);
	rounds_of(rig, 1000);
	assert_true(rig->guest.vif->queues[0].item.spurious > POLL_SPURIOUS_RUN);
	assert_true(rig->guest.vif->queues[0].item.spurious_run > POLL_SPURIOUS_RUN);
	rig_close(rig);
}

/* Nor do frames that come for the guest open our ear before the time. */
static void test_quiet_is_kept(void **state)
{
	struct rig *rig = rig_open();
	struct vif *vif = rig->guest.vif;

	rounds_of(rig, 500);
	while (vif->queues[0].item.throttled_until_ns < (world_now_ms + 50) * 1000000)
		rounds_of(rig, 1);
	world_send(&rig->world, 1, 60);
	world_turn(&rig->world);
	assert_int_equal(rounds_of(rig, 20), 0);
	rig_close(rig);
}

static void test_both_engines_carry(void **state)
{
	static const enum engine_kind kinds[] = { ENGINE_EPOLL, ENGINE_URING };
	struct engine *probe;
	char note[160];

	for (size_t k = 0; k < COUNT_OF(kinds); k++) {
		struct rig *rig;

		if (engine_create(&probe, kinds[k], note, sizeof(note))) {
			print_message("left out: %s\n", note);
			continue;
		}
		engine_destroy(probe);
		rig = rig_create(kinds[k]);
		guest_attach(&rig->guest, &rig->world);
		for (uint32_t i = 0; i < 100; i++) {
			guest_put_frame(&rig->guest, i, 60 + i, 1 + i % 5);
			guest_kick_tx(&rig->guest);
			world_turn(&rig->world);
			assert_int_equal(rig->world.memory->n, i + 1);
			ring_consume(&rig->guest.tx, 1 + i % 5);
		}
		rig_close(rig);
	}
}

static void threaded_attach(struct rig *rig)
{
	const char *why;

	assert_int_equal(vif_open(&rig->guest.vif, &rig->guest.domain, &rig->guest.config, &why),
			 0);
	assert_int_equal(vif_attach(rig->guest.vif, &rig->world.workers, rig->world.bridge), 0);
}

static void threaded_detach(struct rig *rig)
{
	vif_detach(rig->guest.vif);
	guest_check_books(&rig->guest);
	vif_close(rig->guest.vif);
	rig->guest.vif = NULL;
}

static struct rig *threaded_rig(void)
{
	struct rig *rig = rig_create(ENGINE_AUTO);

	world_start_thread(&rig->world);
	return rig;
}

/* Waits for the guest's event; false after a second. */
static bool wait_event(struct evtchn *channel)
{
	struct timespec pause = { .tv_nsec = 100000 };

	for (int i = 0; i < 10000; i++) {
		if (evtchn_take(channel))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

static void test_a_thread_of_its_own(void **state)
{
	struct rig *rig = threaded_rig();
	struct guest_answers answers;
	unsigned int okay = 0;

	threaded_attach(rig);
	for (uint32_t i = 0; i < 500; i++) {
		for (uint32_t k = 0; k < 2; k++)
			guest_put_frame(&rig->guest, 2 * i + k, 60, 1);
		guest_kick_tx(&rig->guest);
		while (ring_arm(&rig->guest.tx, 2) < 2)
			assert_true(wait_event(&rig->guest.tx_channel));
		guest_take_answers(&rig->guest, &answers);
		okay += answers.okay;
	}
	threaded_detach(rig);
	assert_int_equal(okay, 1000);
	assert_int_equal(rig->world.memory->n, 1000);
	rig_close(rig);
}

/* A guest that signals at the very moment of its end. */
static void test_detaching_under_fire(void **state)
{
	struct rig *rig = threaded_rig();

	for (int i = 0; i < 300; i++) {
		threaded_attach(rig);
		guest_put_frame(&rig->guest, 1, 60, 1);
		ring_publish(&rig->guest.tx);
		guest_signal(&rig->guest, &rig->guest.tx_channel);
		guest_signal(&rig->guest, &rig->guest.rx_channel);
		threaded_detach(rig);
		rig->guest.tx.in_cons = rig->guest.tx.in_seen = rig->guest.tx.produced;
		memory_port_clear(rig->world.memory);
	}
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_openings_that_fail),
		cmocka_unit_test(test_closing_gives_back_and_reopens),
		cmocka_unit_test(test_requests_of_a_former_life),
		cmocka_unit_test(test_requests_of_a_fresh_ring),
		cmocka_unit_test(test_events_only_when_asked),
		cmocka_unit_test(test_rx_events_by_either_channel),
		cmocka_unit_test(test_we_ask_before_we_sleep),
		cmocka_unit_test(test_empty_events_are_looked_away_from),
		cmocka_unit_test(test_empty_events_with_a_backlog),
		cmocka_unit_test(test_quiet_is_kept),
		cmocka_unit_test(test_both_engines_carry),
		cmocka_unit_test(test_a_thread_of_its_own),
		cmocka_unit_test(test_detaching_under_fire),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
