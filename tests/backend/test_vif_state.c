/*
 * A vif goes on in another's place: what stood in its rings, what waited for
 * buffers, what was counted, what was pending, each once and in its order.
 */
#include "support/unit.h"

#include "backend/guest.h"
#include "io/state.h"

struct rig {
	struct world world;
	struct guest guest;
	struct vif *former; /* whose channels and grants the present one has */
};

static struct rig *rig_open(void)
{
	struct rig *rig = lines_alloc(sizeof(*rig));

	world_open(&rig->world, ENGINE_EPOLL);
	guest_create(&rig->guest, &rig->world, 1);
	guest_attach(&rig->guest, &rig->world);
	return rig;
}

static void rig_close(struct rig *rig)
{
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

/* As a daemon suspends and saves it. */
static void save(struct rig *rig, struct state *state)
{
	workers_pause(&rig->world.workers);
	vif_suspend(rig->guest.vif);
	state_save(state);
	vif_config_carry(&rig->guest.vif->config, state);
	vif_carry(rig->guest.vif, state);
	assert_int_equal(state_seal(state), 0);
}

/* As the other restores it; the former one is gone without a trace. */
static void restore(struct rig *rig, struct state *saved)
{
	struct vif_config config = { 0 };
	struct state state;
	const char *why;
	struct vif *vif;

	bridge_detach(rig->world.bridge, &rig->guest.vif->port);
	assert_int_equal(state_restore(&state, saved->bytes, saved->at, NULL, 0), 0);
	vif_config_carry(&config, &state);
	assert_null(state.fault);
	assert_int_equal(vif_open(&vif, &rig->guest.domain, &config, &why), 0);
	assert_int_equal(vif_attach(vif, &rig->world.workers, rig->world.bridge), 0);
	vif_carry(vif, &state);
	assert_null(state.fault);
	assert_int_equal(state.at, saved->at);
	state_fini(saved);
	rig->former = rig->guest.vif;
	rig->guest.vif = vif;
	workers_resume(&rig->world.workers);
}

/* The last of it: its ports were closed with the present one's. */
static void forget_former(struct rig *rig)
{
	guest_detach(&rig->guest);
	vif_close(rig->former);
}

static void send(struct rig *rig, uint32_t first, uint32_t n)
{
	for (uint32_t i = first; i < first + n; i++)
		guest_put_frame(&rig->guest, i, 60 + i, 1);
	guest_kick_tx(&rig->guest);
}

static void check_sent(struct rig *rig, uint32_t n)
{
	struct memory_port *memory = rig->world.memory;
	struct guest_answers answers = { 0 };
	uint8_t expected[2048];

	assert_int_equal(memory->n, n);
	for (uint32_t i = 0; i < n; i++) {
		frame_fill(expected, i, 60 + i);
		assert_int_equal(memory->lengths[i], 60 + i);
		assert_memory_equal(memory->bytes[i], expected, 60 + i);
	}
	guest_take_answers(&rig->guest, &answers);
	assert_int_equal(answers.okay, n);
	assert_int_equal(answers.error + answers.other, 0);
}

/* 10 before, 10 that nobody has seen yet, 10 posted while nobody serves, 10 after. */
static void test_from_the_guest(void **unused)
{
	struct rig *rig = rig_open();
	struct vif_totals before, after;
	struct state state;

	send(rig, 0, 10);
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 10);
	send(rig, 10, 10);
	save(rig, &state);
	vif_totals(rig->guest.vif, &before);
	send(rig, 20, 10);
	restore(rig, &state);
	vif_totals(rig->guest.vif, &after);
	assert_memory_equal(&after, &before, sizeof(before));
	world_turn(&rig->world);
	assert_int_equal(rig->world.memory->n, 30);
	send(rig, 30, 10);
	world_turn(&rig->world);
	check_sent(rig, 40);
	guest_check_books(&rig->guest);
	vif_totals(rig->guest.vif, &after);
	assert_int_equal(after.stats.tx_requests, 40);
	forget_former(rig);
	rig_close(rig);
}

static void take(struct rig *rig, uint32_t first, uint32_t n)
{
	uint8_t bytes[GUEST_FRAME_MAX], expected[GUEST_FRAME_MAX];
	unsigned int slots;
	uint16_t flags;

	for (uint32_t i = first; i < first + n; i++) {
		frame_fill(expected, i, 100 + i);
		assert_int_equal(guest_take_frame(&rig->guest, bytes, &slots, &flags), 100 + i);
		assert_memory_equal(bytes + 12, expected + 12, 100 + i - 12); /* but for MACs */
	}
	assert_int_equal(guest_take_frame(&rig->guest, bytes, &slots, &flags), 0);
}

/* Three find buffers, five wait; buffers come while nobody serves. */
static void test_to_the_guest(void **unused)
{
	struct rig *rig = rig_open();
	struct state state;

	guest_post(&rig->guest, 3);
	world_turn(&rig->world);
	for (uint32_t i = 0; i < 8; i++)
		world_send(&rig->world, i, 100 + i);
	world_turn(&rig->world);
	take(rig, 0, 3);
	save(rig, &state);
	guest_post(&rig->guest, 2);
	restore(rig, &state);
	world_turn(&rig->world);
	take(rig, 3, 2);
	guest_post(&rig->guest, 10);
	world_turn(&rig->world);
	take(rig, 5, 3);
	world_send(&rig->world, 8, 108);
	world_turn(&rig->world);
	take(rig, 8, 1);
	guest_check_books(&rig->guest);
	forget_former(rig);
	rig_close(rig);
}

/* Nobody took it over: the same one goes on. */
static void test_a_pause(void **unused)
{
	struct rig *rig = rig_open();
	uint32_t granted, in_use;
	struct state state;

	send(rig, 0, 10);
	world_turn(&rig->world);
	save(rig, &state);
	state_fini(&state);
	grant_census(&rig->guest.domain.grants, &granted, &in_use);
	assert_int_equal(in_use, 0);
	send(rig, 10, 10);
	vif_resume(rig->guest.vif);
	workers_resume(&rig->world.workers);
	grant_census(&rig->guest.domain.grants, &granted, &in_use);
	assert_int_equal(in_use, 2);
	world_turn(&rig->world);
	check_sent(rig, 20);
	guest_check_books(&rig->guest);
	guest_detach(&rig->guest);
	rig_close(rig);
}

/* A guest that takes its rings back meanwhile loses its vif, and nothing else. */
static void test_rings_that_were_revoked(void **unused)
{
	struct rig *rig = rig_open();
	struct state state;

	save(rig, &state);
	state_fini(&state);
	assert_int_equal(gnttab_revoke(&rig->guest.gnttab, rig->guest.rx_ring_ref), 0);
	vif_resume(rig->guest.vif);
	workers_resume(&rig->world.workers);
	assert_true(world_alarmed(&rig->world));
	assert_string_equal(rig->guest.vif->fault, "its rings are no longer granted");
	world_turn(&rig->world);
	guest_detach(&rig->guest);
	rig_close(rig);
}

/* Words that no vif has had. */
static void test_settings_that_cannot_be(void **unused)
{
	struct rig *rig = rig_open();
	struct vif_config config = rig->guest.vif->config, restored = { 0 };
	struct state saved, state;

	config.backlog_bytes = 3 << 10;
	state_save(&saved);
	vif_config_carry(&config, &saved);
	assert_non_null(saved.fault);
	state_fini(&saved);
	config = rig->guest.vif->config;
	state_save(&saved);
	vif_config_carry(&config, &saved);
	assert_int_equal(state_seal(&saved), 0);
	for (size_t cut = 24; cut < saved.at; cut += 7) {
		memcpy(saved.bytes + 16, &(uint64_t){ cut }, 8);
		assert_int_equal(state_restore(&state, saved.bytes, cut, NULL, 0), 0);
		vif_config_carry(&restored, &state);
		assert_non_null(state.fault);
	}
	state_fini(&saved);
	guest_detach(&rig->guest);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_from_the_guest),
		cmocka_unit_test(test_to_the_guest),
		cmocka_unit_test(test_a_pause),
		cmocka_unit_test(test_rings_that_were_revoked),
		cmocka_unit_test(test_settings_that_cannot_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
