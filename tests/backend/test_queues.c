/*
 * A vif of two queues: who gets which frame, and in what order; that one
 * queue's trouble is not the other's, but a broken rule is the whole vif's.
 */
#include "support/unit.h"

#include <string.h>

#include "backend/guest.h"
#include "bridge/flow.h"
#include "support/packet.h"

enum { QUEUES = GUEST_QUEUES_MAX, FLOWS = 16, ROUNDS = 20 };

struct rig {
	struct world world;
	struct guest guest, more;
};

static struct guest *queue(struct rig *rig, unsigned int number)
{
	return number ? &rig->more : &rig->guest;
}

static struct rig *rig_open(void)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	guest_add_queue(&rig->guest, &rig->world, &rig->more);
	guest_attach(&rig->guest, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_end_queue(&rig->more);
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

/* A datagram of every flow, with this number as its payload. */
static void send_flows(struct rig *rig, uint32_t number)
{
	static uint8_t bytes[FLOWS][128];
	static struct frame frames[FLOWS];
	static struct fragment rest[FLOWS];

	for (unsigned int i = 0; i < FLOWS; i++) {
		struct packet packet = { .version = 4,
					 .udp = true,
					 .ttl = 64,
					 .host = 9,
					 .port = (uint16_t)(1000 + i),
					 .payload = (const uint8_t *)&number,
					 .payload_bytes = sizeof(number) };
		struct fragment whole = { bytes[i], packet_write(&packet, bytes[i]) };

		memset(bytes[i], 0xff, 6);
		frame_build(&frames[i], &whole, 1, &rest[i]);
	}
	bridge_forward(rig->world.bridge, &rig->world.worker->lane, &rig->world.memory->port,
		       frames, FLOWS, world_now_ms);
}

/* The queue that the flow's frames must come on. */
static unsigned int queue_for(unsigned int number)
{
	struct packet packet = {
		.version = 4, .udp = true, .ttl = 64, .host = 9, .port = (uint16_t)(1000 + number)
	};
	uint8_t bytes[128];
	struct fragment whole = { bytes, packet_write(&packet, bytes) }, rest;
	struct frame frame;

	frame_build(&frame, &whole, 1, &rest);
	return flow_queue(flow_hash(&frame), QUEUES);
}

/* Takes all frames of a queue: each flow's numbers count up from next[flow]. */
static unsigned int take_all(struct rig *rig, unsigned int number, uint32_t next[FLOWS])
{
	uint8_t bytes[PAGE_BYTES];
	unsigned int taken = 0, slots;
	uint16_t flags;

	while (guest_take_frame(queue(rig, number), bytes, &slots, &flags) > 0) {
		unsigned int of = (unsigned int)(bytes[34] << 8 | bytes[35]) - 1000;
		uint32_t got;

		assert_in_range(of, 0, FLOWS - 1);
		assert_int_equal(queue_for(of), number);
		memcpy(&got, bytes + 42, sizeof(got));
		assert_int_equal(got, next[of]++);
		taken++;
	}
	return taken;
}

static void test_flows_keep_to_their_queue(void **state)
{
	struct rig *rig = rig_open();
	uint32_t next[FLOWS] = { 0 };
	unsigned int taken[QUEUES] = { 0 };

	for (unsigned int i = 0; i < QUEUES; i++)
		guest_post(queue(rig, i), 2 * FLOWS);
	for (uint32_t round = 0; round < ROUNDS; round++) {
		send_flows(rig, round);
		for (unsigned int i = 0; i < QUEUES; i++) {
			unsigned int n = take_all(rig, i, next);

			guest_post(queue(rig, i), n);
			taken[i] += n;
		}
		world_turn(&rig->world);
	}
	assert_true(taken[0] && taken[1]);
	assert_int_equal(taken[0] + taken[1], FLOWS * ROUNDS);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

static void test_each_queue_sends(void **state)
{
	struct rig *rig = rig_open();
	struct guest_answers answers;

	for (unsigned int i = 0; i < QUEUES; i++) {
		for (unsigned int k = 0; k <= i; k++)
			guest_put_frame(queue(rig, i), 10 * i + k, 60, 1);
		guest_kick_tx(queue(rig, i));
		world_turn(&rig->world);
		guest_take_answers(queue(rig, i), &answers);
		assert_int_equal(answers.okay, i + 1);
		assert_int_equal(rig->guest.vif->queues[i].stats.tx_requests, i + 1);
	}
	assert_int_equal(rig->world.memory->n, 3);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* What waits for one queue's buffers holds up nothing in the other. */
static void test_a_dry_queue_waits_alone(void **state)
{
	struct rig *rig = rig_open();
	uint32_t next[FLOWS] = { 0 };
	unsigned int wet = 0, dry;

	guest_post(&rig->guest, 100);
	for (uint32_t i = 0; i < 5; i++)
		send_flows(rig, i);
	for (unsigned int i = 0; i < FLOWS; i++)
		wet += queue_for(i) == 0;
	dry = FLOWS - wet;
	assert_true(wet && dry);
	assert_int_equal(take_all(rig, 0, next), 5 * wet);
	assert_int_equal(rig->guest.vif->queues[0].backlog.frames, 0);
	assert_int_equal(rig->guest.vif->queues[1].backlog.frames, 5 * dry);
	world_turn(&rig->world);
	guest_post(&rig->more, 5 * dry);
	world_turn(&rig->world);
	assert_int_equal(take_all(rig, 1, next), 5 * dry);
	guest_check_books(&rig->guest);
	rig_close(rig);
}

/* Carrier is the vif's: off as long as one of its queues is dry. */
static void test_one_stalled_queue_takes_the_carrier(void **state)
{
	struct rig *rig = rig_open();

	guest_post(&rig->guest, 200);
	send_flows(rig, 0);
	world_turn(&rig->world);
	world_pass(&rig->world, VIF_STALL_MS - 200, 100);
	assert_false(vif_is_stalled(rig->guest.vif));
	world_pass(&rig->world, 500, 100);
	assert_true(vif_is_stalled(rig->guest.vif));
	assert_true(world_alarmed(&rig->world));
	guest_post(&rig->more, 50);
	world_pass(&rig->world, 300, 100);
	assert_false(vif_is_stalled(rig->guest.vif));
	rig_close(rig);
}

/* By which queue a rule is broken, and how it is called. */
static const struct {
	unsigned int queue;
	bool rx;
	const char *fault;
} faults[] = {
	{ 0, false, "tx request index out of the ring" },
	{ 1, false, "tx request index out of the ring" },
	{ 0, true, "rx request index out of the ring" },
	{ 1, true, "rx request index out of the ring" },
};

static void test_a_fault_is_the_whole_vifs(void **state)
{
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		struct rig *rig = rig_open();
		struct guest *bad = queue(rig, faults[i].queue);
		struct guest *good = queue(rig, !faults[i].queue);
		struct guest_answers answers;

		*(faults[i].rx ? bad->rx.out_prod : bad->tx.out_prod) = 0x12345;
		guest_signal(bad, &bad->tx_channel);
		world_turn(&rig->world);
		if (faults[i].rx)
			send_flows(rig, 0);
		assert_true(world_alarmed(&rig->world));
		assert_string_equal(rig->guest.vif->fault, faults[i].fault);
		guest_put_frame(good, 1, 60, 1);
		guest_kick_tx(good);
		guest_signal(good, &good->tx_channel);
		world_turn(&rig->world);
		guest_take_answers(good, &answers);
		assert_int_equal(answers.okay + answers.error, 0);
		rig_close(rig);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_flows_keep_to_their_queue),
		cmocka_unit_test(test_each_queue_sends),
		cmocka_unit_test(test_a_dry_queue_waits_alone),
		cmocka_unit_test(test_one_stalled_queue_takes_the_carrier),
		cmocka_unit_test(test_a_fault_is_the_whole_vifs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
