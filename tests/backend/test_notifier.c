/*
 * Events to a guest as a vif's settings want them, over its true channels, with
 * the worker turned by hand.
 */
#include "support/unit.h"

#include <stdlib.h>

#include "backend/notifier.h"
#include "guest.h"

struct rig {
	struct world world;
	struct guest guest;
};

/* A guest with buffers posted, both rings' first events taken. */
static struct rig *rig_open(const char *const *words)
{
	struct rig *rig = lines_alloc(sizeof(*rig));
	uint64_t named = 0;

	assert_non_null(rig);
	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	for (; *words; words += 2) {
		int word = tuning_word_parse(words[0]);

		assert_int_equal(tuning_set(&rig->guest.config.tuning, word, words[1]), 0);
		named |= 1ull << word;
	}
	tuning_settle(&rig->guest.config.tuning, named);
	guest_post(&rig->guest, 200);
	guest_attach(&rig->guest, &rig->world);
	world_turn(&rig->world);
	evtchn_take(&rig->guest.rx_channel);
	evtchn_take(&rig->guest.tx_channel);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

/* So many frames to the guest, one by one; was it told? */
static bool told_of(struct rig *rig, unsigned int frames)
{
	while (frames--) {
		world_send(&rig->world, frames, 60);
		world_turn(&rig->world);
	}
	return evtchn_take(&rig->guest.rx_channel);
}

/* It takes all there is, and sleeps. */
static void guest_sleep(struct rig *rig)
{
	struct ring *ring = &rig->guest.rx;

	ring_consume(ring, (uint32_t)ring_pending(ring));
	assert_int_equal(ring_arm(ring, 1), 0);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_by_count(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-frames", "4"));
	struct vif_queue *queue = &rig->guest.vif->queues[0];

	assert_false(told_of(rig, 3));
	assert_true(told_of(rig, 1));
	assert_false(told_of(rig, 4)); /* awake: it looks by itself */
	guest_sleep(rig);
	assert_false(told_of(rig, 3));
	assert_true(told_of(rig, 1));
	assert_int_equal(queue->rx_edge.delayed, 2);
	assert_int_equal(queue->rx_edge.suppressed, 4);
	rig_close(rig);
}

static void test_by_time(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-usecs", "5000"));

	assert_false(told_of(rig, 3));
	world_pass(&rig->world, 4, 1);
	assert_false(told_of(rig, 1));
	world_pass(&rig->world, 1, 1);
	assert_true(told_of(rig, 0));
	guest_sleep(rig);
	assert_false(told_of(rig, 1));
	guest_sleep(rig); /* it has looked: the time passes for nothing */
	world_pass(&rig->world, 10, 1);
	assert_false(told_of(rig, 0));
	assert_false(told_of(rig, 1));
	world_pass(&rig->world, 5, 1);
	assert_true(told_of(rig, 0));
	rig_close(rig);
}

/* An event that was not taken, on a channel that both rings share or not. */
static void test_irq_words(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-frames", "1", "rx-frames-irq", "3"));

	world_send(&rig->world, 1, 60); /* at once, and not taken yet */
	world_turn(&rig->world);
	guest_sleep(rig);
	world_send(&rig->world, 1, 60);
	world_turn(&rig->world);
	assert_int_equal(rig->guest.vif->queues[0].rx_channel.sent, 1);
	world_send(&rig->world, 1, 60);
	world_send(&rig->world, 1, 60);
	world_turn(&rig->world);
	assert_int_equal(rig->guest.vif->queues[0].rx_channel.sent, 2);
	rig_close(rig);
}

static void test_the_last_buffer_is_told_of(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-usecs", "5000"));

	for (int i = 0; i < 100; i++) { /* less than half a ring at a time */
		assert_false(told_of(rig, 1));
		guest_sleep(rig);
	}
	assert_false(told_of(rig, 99));
	assert_true(told_of(rig, 1));
	rig_close(rig);
}

static void test_detaching_sends_what_is_owed(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-usecs", "5000"));

	assert_false(told_of(rig, 1));
	guest_detach(&rig->guest);
	assert_true(evtchn_take(&rig->guest.rx_channel));
	rig_close(rig);
}

static void test_settings_change_live(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-usecs", "5000"));
	struct tuning tuning;

	assert_false(told_of(rig, 1));
	tuning_init(&tuning);
	vif_set_tuning(rig->guest.vif, &tuning); /* what was owed is not forgotten */
	world_turn(&rig->world);
	assert_true(told_of(rig, 0));
	guest_sleep(rig);
	assert_true(told_of(rig, 1));
	rig_close(rig);
}

/* Another worker's frame: the timer is not its own, so it waits for nothing, and
 * covers what was owed; neither does it turn the time back. */
static void test_another_worker_is_never_late(void **state)
{
	struct rig *rig = rig_open(WORDS("rx-usecs", "5000"));
	struct notifier *edge = &rig->guest.vif->queues[0].rx_edge;
	struct worker *home = rig->world.worker;
	struct worker *other;
	char note[160];

	assert_int_equal(worker_open(&other, ENGINE_EPOLL, rig->world.alarm_fd, note, sizeof(note)),
			 0);
	other->lane.index = 1;
	other->polls.now_ns = home->polls.now_ns - 1000000;
	assert_false(told_of(rig, 1));
	rig->world.worker = other;
	world_send(&rig->world, 1, 60);
	signaller_flush(&other->signaller);
	rig->world.worker = home;
	assert_true(told_of(rig, 0));
	assert_int_equal(edge->coalesce.sent_ns, home->polls.now_ns);
	guest_sleep(rig);
	world_pass(&rig->world, 10, 1); /* the timer finds nothing owed */
	assert_false(told_of(rig, 0));
	worker_close(other);
	rig_close(rig);
}

/* TX: a batch of several, of which the last is in the ring: told of with it. */
static void test_the_last_answer_is_told_of(void **state)
{
	struct rig *rig = rig_open(WORDS("tx-usecs", "5000", "tx-frames", "64"));
	struct guest *guest = &rig->guest;

	for (uint32_t i = 0; i < 40; i++)
		guest_put_frame(guest, i, 60, 1);
	guest_kick_tx(guest);
	world_turn(&rig->world);
	assert_int_equal(ring_pending(&guest->tx), 40);
	assert_true(evtchn_take(&guest->tx_channel));
	rig_close(rig);
}

/* Beyond a batch: one turn takes all of it, in several. */
static void test_weight_beyond_a_batch(void **state)
{
	struct rig *rig = rig_open(WORDS("napi-weight", "200"));
	struct vif_queue *queue = &rig->guest.vif->queues[0];
	uint64_t rounds = queue->item.rounds;

	for (uint32_t i = 0; i < 200; i++)
		guest_put_frame(&rig->guest, i, 60, 1);
	guest_kick_tx(&rig->guest);
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 200);
	assert_int_equal(queue->item.rounds - rounds, 1);
	rig_close(rig);
}

static void test_what_a_wakeup_is_believed_to_cost(void **state)
{
	static const struct {
		const char *told;
		uint32_t ns;
	} cases[] = { { "30000", 30000 },
		      { "0", ADAPTIVE_WAKEUP_NS },
		      { "-1", ADAPTIVE_WAKEUP_NS },
		      { "2000000", ADAPTIVE_WAKEUP_NS },
		      { "much", ADAPTIVE_WAKEUP_NS } };

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rig *rig;

		setenv("SPLITVIF_WAKEUP_NS", cases[i].told, 1);
		rig = rig_open(WORDS("adaptive-rx", "on"));
		unsetenv("SPLITVIF_WAKEUP_NS");
		assert_int_equal(rig->guest.vif->queues[0].rx_edge.adaptive.config.wakeup_ns,
				 cases[i].ns);
		rig_close(rig);
	}
}

/* A frame from the recording port, in the middle of its turn. */
static void forward(struct rig *rig)
{
	static uint8_t bytes[60] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 1 };
	struct fragment whole = { bytes, sizeof(bytes) }, rest[2];
	struct frame frame;

	frame_build(&frame, &whole, 1, rest);
	bridge_forward(rig->world.bridge, &rig->world.worker->lane, &rig->world.memory->port,
		       &frame, 1, world_now_ms);
}

/* What several sources bring a guest that has its turn in this round comes with that. */
static void test_held_until_its_turn(void **state)
{
	struct rig *rig = rig_open(WORDS("adaptive-rx", "off"));
	struct worker *worker = rig->world.worker;
	struct vif_queue *queue = &rig->guest.vif->queues[0];

	poll_schedule(&worker->polls, &queue->item);
	for (int i = 0; i < 3; i++) {
		forward(rig);
		notifiers_decide(worker);
	}
	assert_int_equal(ring_pending(&rig->guest.rx), 0);
	world_turn(&rig->world);
	assert_int_equal(ring_pending(&rig->guest.rx), 3);
	assert_true(evtchn_take(&rig->guest.rx_channel));
	assert_int_equal(rig->guest.rx_channel.merged, 0);
	assert_null(worker->held);
	guest_sleep(rig);
	forward(rig); /* it sleeps, and has no turn: at once */
	assert_int_equal(ring_pending(&rig->guest.rx), 1);
	assert_false(evtchn_take(&rig->guest.rx_channel)); /* with the end of this one */
	world_turn(&rig->world);
	assert_true(evtchn_take(&rig->guest.rx_channel));
	rig_close(rig);
}

/* Neither more than a batch, nor behind the end of a vif. */
static void test_held_no_longer(void **state)
{
	struct rig *rig = rig_open(WORDS("adaptive-rx", "off"));
	struct worker *worker = rig->world.worker;

	poll_schedule(&worker->polls, &rig->guest.vif->queues[0].item);
	for (int i = 0; i < BATCH_FRAMES - 1; i++)
		forward(rig);
	assert_int_equal(ring_pending(&rig->guest.rx), 0);
	forward(rig);
	assert_int_equal(ring_pending(&rig->guest.rx), BATCH_FRAMES);
	forward(rig);
	guest_detach(&rig->guest);
	assert_int_equal(ring_pending(&rig->guest.rx), BATCH_FRAMES + 1);
	assert_true(evtchn_take(&rig->guest.rx_channel));
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_count),
		cmocka_unit_test(test_by_time),
		cmocka_unit_test(test_irq_words),
		cmocka_unit_test(test_the_last_buffer_is_told_of),
		cmocka_unit_test(test_detaching_sends_what_is_owed),
		cmocka_unit_test(test_settings_change_live),
		cmocka_unit_test(test_another_worker_is_never_late),
		cmocka_unit_test(test_the_last_answer_is_told_of),
		cmocka_unit_test(test_weight_beyond_a_batch),
		cmocka_unit_test(test_what_a_wakeup_is_believed_to_cost),
		cmocka_unit_test(test_held_until_its_turn),
		cmocka_unit_test(test_held_no_longer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
