/*
 * Xenbus abused: every jump of states, keys that are missing or impossible,
 * nodes that go at every step. Each time the backend ends where it should, and
 * an honest frontend that follows connects.
 */
#include "backend/device_rig.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/log.h"

enum { STATES = XenbusStateReconfigured, WALK_MAX = 4 };

/* Where the backend may stand before a frontend jumps: how it came there. */
enum stand { OFFERED, CONNECTED, CLOSED, BROKEN, STANDS };

static const struct {
	const char *name;
	const char *walk[WALK_MAX];
} stands[STANDS] = {
	[OFFERED] = { "InitWait", { "1" } },
	[CONNECTED] = { "Connected", { "1", "4" } },
	[CLOSED] = { "Closed", { "1", "4", "5", "6" } },
	[BROKEN] = { "Closed and broken", { "1" } },
};

/* Where it stands when the frontend came to a state; by that, 1 to 8. */
static const enum stand jumps[STANDS][STATES] = {
	[OFFERED] = { OFFERED, OFFERED, CONNECTED, CONNECTED, CLOSED, CLOSED, OFFERED, OFFERED },
	[CONNECTED] = { OFFERED, OFFERED, CONNECTED, CONNECTED, CLOSED, CLOSED, CONNECTED,
			CONNECTED },
	[CLOSED] = { OFFERED, OFFERED, CONNECTED, CONNECTED, CLOSED, CLOSED, CLOSED, CLOSED },
	[BROKEN] = { OFFERED, BROKEN, BROKEN, BROKEN, BROKEN, BROKEN, BROKEN, BROKEN },
};

static const char *const states[STANDS] = { "2", "4", "6", "6" };

static const char *digit(unsigned int state)
{
	static const char *const digits[] = { "0", "1", "2", "3", "4", "5", "6", "7", "8" };

	return digits[state];
}

/* An honest frontend, in a life of its own, after whatever there was. */
static void check_honest(struct rig *rig)
{
	put_state(rig, "6");
	reset_rings(rig);
	check_comes_back(rig);
	check_carries(rig);
}

static void stand_at(struct rig *rig, enum stand stand)
{
	put_state(rig, "6");
	put_state(rig, "1");
	reset_rings(rig);
	put_keys(rig);
	if (stand == BROKEN) {
		put(rig, "tx-ring-ref", NULL);
		put_state(rig, "4");
		put_keys(rig);
	}
	for (int i = 0; stand != BROKEN && i < WALK_MAX && stands[stand].walk[i]; i++)
		put_state(rig, stands[stand].walk[i]);
	check_state(rig, states[stand]);
}

static void check_stand(struct rig *rig, enum stand from, enum stand to, unsigned int first,
			unsigned int second)
{
	char now[16];

	store_read(rig->dom0, 0, BACKEND "/state", now, sizeof(now));
	if (strcmp(now, states[to]) || device(rig)->broken != (to == BROKEN) ||
	    !device(rig)->vif != (to != CONNECTED))
		fail_msg("at %s, frontend to %u and %u: '%s'%s instead of %s", stands[from].name,
			 first, second, now, device(rig)->broken ? " and broken" : "",
			 stands[to].name);
}

/* By the toolstack: the device goes with its nodes, another one comes. */
static void start_anew(struct rig *rig)
{
	struct hypercall_vif_created created;

	store_remove(rig->dom0, 0, BACKEND);
	store_remove(rig->dom0, 0, FRONTEND);
	settle(rig);
	assert_null(device(rig));
	check_key(rig, BACKEND, NULL);
	check_key(rig, FRONTEND, NULL);
	create_vif(rig, &created);
	settle(rig);
	check_state(rig, "2");
}

/* From each stand to each state and from there to each again. */
static void test_every_jump(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	for (unsigned int n = 0; n < STANDS * STATES * STATES; n++) {
		enum stand from = n / (STATES * STATES);
		unsigned int first = n / STATES % STATES + 1, second = n % STATES + 1;
		enum stand then = jumps[from][first - 1];

		stand_at(rig, from);
		put_state(rig, digit(first));
		check_stand(rig, from, then, first, 0);
		put_state(rig, digit(second));
		check_stand(rig, from, first == second ? then : jumps[then][second - 1], first,
			    second);
		if (second == STATES)
			check_honest(rig);
	}
	rig_close(rig);
}

/* Without a key, nothing of this connects; and nothing of it harms. */
static void test_every_jump_of_one_without_keys(void **state)
{
	struct rig *rig = connected_rig();

	for (unsigned int n = 0; n < STATES * STATES; n++) {
		start_anew(rig);
		put_state(rig, digit(n / STATES + 1));
		put_state(rig, digit(n % STATES + 1));
		assert_null(device(rig)->vif);
		assert_true(device(rig)->state == XenbusStateInitWait ||
			    device(rig)->state == XenbusStateClosed);
	}
	check_honest(rig);
	rig_close(rig);
}

/* Somebody writes our own state: we go by what we know, and say it again with
 * the next step. */
static void test_every_state_written_over_ours(void **state)
{
	struct rig *rig = connected_rig();

	for (unsigned int ours = 0; ours <= STATES; ours++)
		for (unsigned int theirs = 1; theirs <= STATES; theirs++) {
			enum stand then = jumps[CONNECTED][theirs - 1];

			stand_at(rig, CONNECTED);
			store_printf(rig->dom0, 0, BACKEND "/state", "%u", ours);
			settle(rig);
			assert_non_null(device(rig)->vif);
			put_state(rig, digit(theirs));
			if (then == CONNECTED)
				assert_non_null(device(rig)->vif);
			else
				check_state(rig, states[then]);
			if (theirs == STATES)
				check_honest(rig);
		}
	rig_close(rig);
}

/* A value for a key of an otherwise honest frontend. */
static const char *const oddities[] = {
	NULL,
	"",
	" ",
	"x",
	"0x1",
	"-1",
	"+1",
	"1.0",
	"1 2",
	"4294967296",
	"99999999999999999999999",
	"true",
};

enum { NONE_IS_TAKEN, ALL_ARE_TAKEN };

static const struct {
	const char *key;
	int verdict; /* of oddities: no connection, or one as without the key */
} odd_keys[] = {
	{ "tx-ring-ref", NONE_IS_TAKEN },
	{ "rx-ring-ref", NONE_IS_TAKEN },
	{ "event-channel-tx", NONE_IS_TAKEN },
	{ "event-channel-rx", NONE_IS_TAKEN },
	{ "request-rx-copy", NONE_IS_TAKEN },
	{ "multi-queue-num-queues", ALL_ARE_TAKEN },
	{ "feature-sg", ALL_ARE_TAKEN },
	{ "feature-gso-tcpv4", ALL_ARE_TAKEN },
	{ "feature-gso-tcpv6", ALL_ARE_TAKEN },
	{ "feature-no-csum-offload", ALL_ARE_TAKEN },
	{ "feature-ipv6-csum-offload", ALL_ARE_TAKEN },
	{ "feature-rx-notify", ALL_ARE_TAKEN },
	{ "mtu", ALL_ARE_TAKEN },
};

/* A key that is removed has to be there first. */
static void put_odd(struct rig *rig, const char *key, const char *value)
{
	put(rig, key, "1");
	put(rig, key, value);
}

static void test_odd_keys(void **state)
{
	struct rig *rig = connected_rig();

	for (size_t k = 0; k < COUNT_OF(odd_keys); k++)
		for (size_t i = 0; i < COUNT_OF(oddities); i++) {
			bool taken = odd_keys[k].verdict == ALL_ARE_TAKEN;

			stand_at(rig, OFFERED);
			put_odd(rig, odd_keys[k].key, oddities[i]);
			put_state(rig, "4");
			if (!device(rig)->vif != !taken || device(rig)->broken != !taken)
				fail_msg("%s '%s': %s", odd_keys[k].key,
					 oddities[i] ? oddities[i] : "(none)",
					 device(rig)->broken ? device(rig)->reason : "taken");
			put_odd(rig, odd_keys[k].key, NULL);
		}
	check_honest(rig);
	rig_close(rig);
}

/* Nodes that go, and what follows. */
enum fate {
	STAYS,	/* it was read before, or will be written again */
	HEALS,	/* it is written again at once */
	LEAVES, /* the device goes when the frontend has let go */
	GOES,	/* the device goes */
};

static const struct {
	const char *path;
	enum fate fate;
} nodes[] = {
	{ FRONTEND "/tx-ring-ref", STAYS },
	{ FRONTEND "/rx-ring-ref", STAYS },
	{ FRONTEND "/event-channel-tx", STAYS },
	{ FRONTEND "/event-channel-rx", STAYS },
	{ FRONTEND "/request-rx-copy", STAYS },
	{ FRONTEND "/mac", STAYS },
	{ FRONTEND "/mtu", STAYS },
	{ FRONTEND "/handle", STAYS },
	{ FRONTEND "/backend", STAYS },
	{ FRONTEND "/backend-id", STAYS },
	{ FRONTEND "/state", GOES },
	{ FRONTEND, GOES },
	{ "/local/domain/1/device", GOES },
	{ BACKEND "/frontend", STAYS },
	{ BACKEND "/frontend-id", STAYS },
	{ BACKEND "/mac", STAYS },
	{ BACKEND "/bridge", STAYS },
	{ BACKEND "/handle", STAYS },
	{ BACKEND "/feature-sg", STAYS },
	{ BACKEND "/feature-rx-copy", STAYS },
	{ BACKEND "/multi-queue-max-queues", STAYS },
	{ BACKEND "/online", LEAVES },
	{ BACKEND "/state", HEALS },
	{ BACKEND, LEAVES },
	{ "/local/domain/0/backend/vif/1", LEAVES },
	{ "/local/domain/0/backend/vif", LEAVES },
	{ "/local/domain/0/backend", LEAVES },
};

static const char *const walk[] = { "1", "4", "5", "6", "1", "4", "1" };

static void check_fate(struct rig *rig, size_t n, size_t steps)
{
	uint32_t granted, in_use;
	enum fate fate = nodes[n].fate;

	if (fate == HEALS)
		check_state(rig, digit(device(rig)->state));
	if (fate == LEAVES && device(rig)) /* and not only with the frontend's next word */
		assert_true(device(rig)->leaving);
	if (fate == LEAVES && device(rig))
		put_state(rig, "6");
	if (!device(rig) != (fate == GOES || fate == LEAVES))
		fail_msg("%s gone at step %zu: the device is %s", nodes[n].path, steps,
			 device(rig) ? "there" : "gone");
	if (fate == STAYS || fate == HEALS)
		check_honest(rig);
	if (device(rig))
		return;
	grant_census(&rig->guest.domain.grants, &granted, &in_use);
	assert_int_equal(in_use, 0);
	check_state(rig, NULL);
}

static void test_nodes_go_at_each_step(void **state)
{
	struct rig *rig = connected_rig();

	for (size_t n = 0; n < COUNT_OF(nodes); n++)
		for (size_t steps = 0; steps <= COUNT_OF(walk); steps++) {
			start_anew(rig);
			put_keys(rig);
			for (size_t i = 0; i < steps; i++)
				put_state(rig, walk[i]);
			assert_int_equal(store_remove(rig->dom0, 0, nodes[n].path), 0);
			settle(rig);
			check_fate(rig, n, steps);
		}
	start_anew(rig);
	check_honest(rig);
	rig_close(rig);
}

/* A frontend that has not looked yet finds all that was offered. */
static void test_an_offer_is_said_again(void **state)
{
	static const char *const offers[][2] = {
		{ BACKEND "/state", "2" },
		{ BACKEND "/feature-sg", "1" },
		{ BACKEND "/feature-rx-copy", "1" },
		{ BACKEND "/feature-split-event-channels", "1" },
		{ BACKEND "/multi-queue-max-queues", "2" },
	};
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	for (size_t i = 0; i < COUNT_OF(offers); i++) {
		assert_int_equal(store_remove(rig->dom0, 0, offers[i][0]), 0);
		settle(rig);
		check_key(rig, offers[i][0], offers[i][1]);
	}
	check_honest(rig);
	rig_close(rig);
}

/* What it said once is known, whoever removes it from the store. */
static void test_a_script_is_heard_once(void **state)
{
	struct rig *rig = connected_rig();

	for (enum hotplug_phase phase = HOTPLUG_NONE; phase <= HOTPLUG_THERE; phase++) {
		put_state(rig, "6");
		put_state(rig, "1");
		reset_rings(rig);
		store_printf(rig->dom0, 0, BACKEND "/script", "vif-bridge");
		store_remove(rig->dom0, 0, BACKEND "/hotplug-status");
		device(rig)->hotplug = phase;
		put_keys(rig);
		put_state(rig, "4");
		check_state(rig, phase == HOTPLUG_THERE ? "4" : "2");
	}
	device(rig)->hotplug = HOTPLUG_NONE;
	store_remove(rig->dom0, 0, BACKEND "/script");
	check_honest(rig);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_jump),
		cmocka_unit_test(test_every_jump_of_one_without_keys),
		cmocka_unit_test(test_every_state_written_over_ours),
		cmocka_unit_test(test_odd_keys),
		cmocka_unit_test(test_nodes_go_at_each_step),
		cmocka_unit_test(test_an_offer_is_said_again),
		cmocka_unit_test(test_a_script_is_heard_once),
	};

	setenv("SPLITVIF_LOG", "emerg", 1);
	log_init("test_device_abuse");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
