/*
 * The handshake, with a real store, a real worker, and a guest that keeps it,
 * breaks it, or dies in it; and the toolstack's stand-in before it.
 */
#include "backend/device_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/log.h"

static void test_what_the_toolstack_writes(void **state)
{
	static const char *const keys[][2] = {
		{ BACKEND "/frontend", FRONTEND },
		{ BACKEND "/frontend-id", "1" },
		{ BACKEND "/online", "1" },
		{ BACKEND "/type", "vif" },
		{ BACKEND "/handle", "0" },
		{ BACKEND "/bridge", "xenbr0" },
		{ BACKEND "/mtu", "1500" },
		{ BACKEND "/ip", "10.77.0.2" },
		{ FRONTEND "/backend", BACKEND },
		{ FRONTEND "/backend-id", "0" },
		{ FRONTEND "/handle", "0" },
		{ FRONTEND "/mtu", "1500" },
		{ FRONTEND "/trusted", "1" },
		{ FRONTEND "/state", "1" },
		/* and what the backend offers at once */
		{ BACKEND "/state", "2" },
		{ BACKEND "/feature-sg", "1" },
		{ BACKEND "/feature-rx-copy", "1" },
		{ BACKEND "/feature-rx-flip", "0" },
		{ BACKEND "/feature-split-event-channels", "1" },
		{ BACKEND "/feature-gso-tcpv4", "1" },
		{ BACKEND "/feature-gso-tcpv6", "1" },
		{ BACKEND "/feature-ipv6-csum-offload", "1" },
		{ BACKEND "/feature-no-csum-offload", NULL },
		{ BACKEND "/feature-multicast-control", NULL },
		{ BACKEND "/multi-queue-max-queues", "2" },
	};
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();
	char mac[32], other[32];

	create_vif(rig, &created);
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		check_key(rig, keys[i][0], keys[i][1]);
	assert_true(store_read(rig->dom0, 0, BACKEND "/mac", mac, sizeof(mac)) > 0);
	assert_true(store_read(rig->domu, 0, FRONTEND "/mac", other, sizeof(other)) > 0);
	assert_string_equal(mac, other);
	assert_memory_equal(mac, "00:16:3e:", 9);
	assert_int_equal(created.ip, inet_addr("10.77.0.2"));
	assert_int_equal(created.gateway, inet_addr("10.77.0.1")); /* there is an uplink */
	assert_int_equal(created.prefix, 29);
	/* The guest reads the backend's directory and writes its own. */
	assert_true(store_read(rig->domu, 0, BACKEND "/mac", mac, sizeof(mac)) > 0);
	assert_int_equal(store_write(rig->domu, 0, BACKEND "/mac", "x", 1), -EACCES);
	assert_int_equal(store_read(rig->stranger, 0, BACKEND "/mac", mac, sizeof(mac)), -EACCES);
	assert_int_equal(store_read(rig->stranger, 0, FRONTEND "/mac", mac, sizeof(mac)), -EACCES);
	rig_close(rig);
}

static void test_what_the_toolstack_refuses(void **state)
{
	static const struct {
		const char *name;
		struct hypercall_vif_create wanted;
		const char *ip;
		int err;
	} cases[] = {
		{ "no such bridge", { .bridge = "nobr" }, NULL, -ENODEV },
		{ "a bridge name without an end", { .bridge = "0123456789abcdef" }, NULL, -ENODEV },
		{ "a group MAC", { .mac = { 1, 2, 3, 4, 5, 6 } }, NULL, -EINVAL },
		{ "the first one's MAC", { .mac = { 2, 0, 0, 0, 0, 5 } }, NULL, -EADDRINUSE },
		{ "MTU too small", { .mtu = 67 }, NULL, -EMSGSIZE },
		{ "MTU above the bridge's", { .mtu = 1501 }, NULL, -EMSGSIZE },
		{ "the first one's address", { .mtu = 0 }, "10.77.0.2", -EADDRINUSE },
		{ "the uplink's address", { .mtu = 0 }, "10.77.0.1", -EADDRINUSE },
		{ "an address elsewhere", { .mtu = 0 }, "192.168.0.9", 0 },
		{ "the smallest MTU", { .mtu = 68 }, NULL, 0 },
	};
	struct hypercall_vif_create first = { .mac = { 2, 0, 0, 0, 0, 5 } };
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &first, &created), 0);
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hypercall_vif_create wanted = cases[i].wanted;
		int err;

		wanted.ip = cases[i].ip ? inet_addr(cases[i].ip) : 0;
		err = toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created);
		if (err != cases[i].err)
			fail_msg("%s: %d", cases[i].name, err);
	}
	rig_close(rig);
}

/* Addresses (6 hosts, one the uplink's) and device numbers come to an end. */
static void test_what_runs_out(void **state)
{
	struct hypercall_vif_create wanted = { .mtu = 0 };
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	for (int i = 0; i < 5; i++)
		create_vif(rig, &created);
	assert_int_equal(created.devid, 4);
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
			 -EADDRNOTAVAIL);
	wanted.ip = inet_addr("192.168.0.1");
	for (int i = 0; i < 3; i++, wanted.ip += htonl(1))
		assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
				 0);
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
			 -ENOSPC);
	rig_close(rig);
}

static void test_a_frontend_that_waits(void **state)
{
	struct rig *rig = connected_rig();

	assert_int_equal(device(rig)->state, XenbusStateConnected);
	assert_int_equal(device(rig)->connections, 1);
	check_carries(rig);
	rig_close(rig);
}

/* All at once, before the backend has looked at the device at all. */
static void test_a_frontend_that_does_not_wait(void **state)
{
	static const char *const keys[][2] = {
		{ BACKEND "/frontend-id", "1" }, { BACKEND "/online", "1" },
		{ BACKEND "/state", "1" },	 { BACKEND "/mac", "00:16:3e:00:00:01" },
		{ BACKEND "/bridge", "xenbr0" }, { BACKEND "/frontend", FRONTEND },
	};
	struct rig *rig = rig_open();

	store_mkdir(rig->dom0, 0, FRONTEND);
	store_set_permissions(rig->dom0, 0, FRONTEND, "n1\0r0", 6);
	put_keys(rig);
	put(rig, "state", "4");
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		assert_int_equal(
			store_write(rig->dom0, 0, keys[i][0], keys[i][1], strlen(keys[i][1])), 0);
	settle(rig);
	check_state(rig, "4");
	check_carries(rig);
	rig_close(rig);
}

static void test_one_channel_for_both(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	put(rig, "event-channel-tx", NULL);
	put(rig, "event-channel-rx", NULL);
	put_number(rig, "event-channel", rig->guest.tx_channel.port);
	put_state(rig, "4");
	check_state(rig, "4");
	check_carries(rig);
	rig_close(rig);
}

#define BAD_QUEUES "22 multi-queue-num-queues is 0, or more than multi-queue-max-queues"

/* What is missing or impossible: Closed, with the reason where the guest may
 * read it and nobody else; and a second attempt that is sound succeeds. */
static const struct {
	const char *key, *value; /* NULL: without it */
	const char *error;
} bad_keys[] = {
	{ "tx-ring-ref", NULL, "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "tx-ring-ref", "0", "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "tx-ring-ref", "x", "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "rx-ring-ref", "-1", "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "rx-ring-ref", "99999999999",
	  "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "tx-ring-ref", "1000", "22 tx-ring-ref is not granted" },
	{ "rx-ring-ref", "4294967295", "22 rx-ring-ref is not granted" },
	{ "event-channel-tx", NULL, "22 event-channel is missing or no port" },
	{ "event-channel-rx", "", "22 event-channel is missing or no port" },
	{ "event-channel-tx", "63", "22 event channel (tx) cannot be bound" },
	{ "event-channel-rx", "63", "22 event channel (rx) cannot be bound" },
	{ "request-rx-copy", NULL, "95 request-rx-copy is not 1: page flipping is not supported" },
	{ "request-rx-copy", "0", "95 request-rx-copy is not 1: page flipping is not supported" },
	{ "multi-queue-num-queues", "3", BAD_QUEUES },
	{ "multi-queue-num-queues", "0", BAD_QUEUES },
	{ "multi-queue-num-queues", "4294967295", BAD_QUEUES },
	{ "multi-queue-num-queues", "2",
	  "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
};

static void check_broken(struct rig *rig, const char *error)
{
	char value[160];
	int length = store_read(rig->domu, 0, ERROR_NODE, value, sizeof(value));

	if (length < 0 || strcmp(value, error))
		fail_msg("error is '%s' (%d) instead of '%s'", value, length, error);
	assert_int_equal(store_read(rig->stranger, 0, ERROR_NODE, value, sizeof(value)), -EACCES);
	check_state(rig, "6");
	assert_true(device(rig)->broken);
	assert_string_equal(device(rig)->reason, strchr(error, ' ') + 1);
	assert_null(device(rig)->vif);
}

static void test_bad_keys(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad_keys); i++) {
		struct hypercall_vif_created created;
		struct rig *rig = rig_open();

		create_vif(rig, &created);
		put_keys(rig);
		put(rig, bad_keys[i].key, bad_keys[i].value);
		put_state(rig, "4");
		check_broken(rig, bad_keys[i].error);
		settle(rig);
		check_state(rig, "6"); /* and stays there while the frontend does */
		if (!strncmp(bad_keys[i].key, "multi", 5))
			put(rig, bad_keys[i].key, NULL);
		check_comes_back(rig);
		check_carries(rig);
		rig_close(rig);
	}
}

static void put_queue(struct rig *rig, unsigned int number, const struct guest *queue)
{
	const struct {
		const char *key;
		uint32_t value;
	} keys[] = {
		{ "tx-ring-ref", queue->tx_ring_ref },
		{ "rx-ring-ref", queue->rx_ring_ref },
		{ "event-channel-tx", queue->tx_channel.port },
		{ "event-channel-rx", queue->rx_channel.port },
	};
	char key[64];

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		snprintf(key, sizeof(key), "queue-%u/%s", number, keys[i].key);
		put_number(rig, key, keys[i].value);
	}
}

/* A frontend of two queues, whose flat keys make no sense: where there are
 * both, it is the number of queues that decides. */
static struct rig *two_queue_rig(struct guest *more)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	put(rig, "tx-ring-ref", "1");
	put(rig, "event-channel-tx", "63");
	guest_add_queue(&rig->guest, &rig->world, more);
	put(rig, "multi-queue-num-queues", "2");
	put_queue(rig, 0, &rig->guest);
	put_queue(rig, 1, more);
	return rig;
}

static void test_two_queues(void **state)
{
	struct guest more;
	struct rig *rig = two_queue_rig(&more);

	put_state(rig, "4");
	check_state(rig, "4");
	assert_int_equal(device(rig)->vif->nr_queues, 2);
	check_carries(rig);
	put_state(rig, "1"); /* and again with one of them: the flat keys count */
	check_state(rig, "2");
	reset_rings(rig);
	put_keys(rig);
	put(rig, "multi-queue-num-queues", "1");
	put_state(rig, "4");
	check_state(rig, "4");
	assert_int_equal(device(rig)->vif->nr_queues, 1);
	check_carries(rig);
	guest_end_queue(&more);
	rig_close(rig);
}

/* Of the second queue; NULL: without it. */
static const struct {
	const char *key, *value, *error;
} bad_queues[] = {
	{ "tx-ring-ref", NULL, "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "rx-ring-ref", "0", "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "rx-ring-ref", "x", "22 tx-ring-ref or rx-ring-ref is missing or no reference" },
	{ "tx-ring-ref", "1500", "22 tx-ring-ref is not granted" },
	{ "rx-ring-ref", "1500", "22 rx-ring-ref is not granted" },
	{ "tx-ring-ref", "8", "22 two queues share a ring page" },
	{ "rx-ring-ref", "8", "22 two queues share a ring page" },
	{ "event-channel-rx", NULL, "22 event-channel is missing or no port" },
	{ "event-channel-tx", "1", "22 event channel (tx) cannot be bound" },
	{ "event-channel-rx", "60", "22 event channel (rx) cannot be bound" },
};

static void test_bad_queues(void **state)
{
	for (size_t i = 0; i < COUNT_OF(bad_queues); i++) {
		struct guest more;
		struct rig *rig = two_queue_rig(&more);
		char key[64];

		assert_int_equal(rig->guest.tx_ring_ref, 8);
		assert_int_equal(rig->guest.tx_channel.port, 1);
		snprintf(key, sizeof(key), "queue-1/%s", bad_queues[i].key);
		put(rig, key, bad_queues[i].value);
		put_state(rig, "4");
		check_broken(rig, bad_queues[i].error);
		put_state(rig, "1");
		check_state(rig, "2");
		put_queue(rig, 1, &more);
		put_state(rig, "4");
		check_state(rig, "4");
		assert_int_equal(device(rig)->vif->nr_queues, 2);
		check_carries(rig);
		guest_end_queue(&more);
		rig_close(rig);
	}
}

static void test_equal_refs(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	put_number(rig, "rx-ring-ref", rig->guest.tx_ring_ref);
	put_state(rig, "4");
	check_broken(rig, "22 tx and rx ring are one page");
	check_comes_back(rig);
	rig_close(rig);
}

static void wait_alarm(struct rig *rig)
{
	for (int i = 0; i < 5000 && !world_alarmed(&rig->world); i++)
		poll(NULL, 0, 1);
	devices_handle_alarm(rig->devices);
	settle(rig);
}

static void test_a_fault_closes_and_names(void **state)
{
	struct rig *rig = connected_rig();

	guest_put_request(&rig->guest, rig->guest.tx_refs[0], 4090, 60, 0, 1);
	guest_kick_tx(&rig->guest);
	wait_alarm(rig);
	check_broken(rig, "71 slot crosses a page");
	/* A new life of the same frontend, with new rings. */
	ring_init_front(&rig->guest.tx, rig->guest.tx.page, TX_RING_ENTRIES);
	ring_init_front(&rig->guest.rx, rig->guest.rx.page, RX_RING_ENTRIES);
	check_comes_back(rig);
	check_carries(rig);
	assert_int_equal(device(rig)->connections, 2);
	rig_close(rig);
}

static void test_a_bridge_that_is_not_there(void **state)
{
	struct rig *rig = rig_open();

	store_mkdir(rig->dom0, 0, FRONTEND);
	store_set_permissions(rig->dom0, 0, FRONTEND, "n1\0r0", 6);
	put_keys(rig);
	put(rig, "state", "1");
	store_printf(rig->dom0, 0, BACKEND "/bridge", "typo");
	store_printf(rig->dom0, 0, BACKEND "/online", "1");
	store_printf(rig->dom0, 0, BACKEND "/state", "1");
	store_printf(rig->dom0, 0, BACKEND "/frontend", FRONTEND);
	settle(rig);
	put_state(rig, "4");
	check_broken(rig, "19 no such bridge");
	rig_close(rig);
}

/* As a frontend goes by itself, and comes again. */
static void test_closing_and_opening(void **state)
{
	struct rig *rig = connected_rig();

	put_state(rig, "5");
	check_state(rig, "6");
	assert_null(device(rig)->vif);
	put_state(rig, "6");
	check_state(rig, "6");
	assert_non_null(device(rig)); /* online: ready for re-use */
	check_comes_back(rig);
	put_state(rig, "1"); /* at once, without a word of closing */
	check_state(rig, "2");
	assert_null(device(rig)->vif);
	put_state(rig, "4");
	check_state(rig, "4");
	check_carries(rig);
	assert_int_equal(device(rig)->connections, 3);
	rig_close(rig);
}

static void test_going_offline(void **state)
{
	struct rig *rig = connected_rig();

	store_printf(rig->dom0, 0, BACKEND "/online", "0");
	settle(rig);
	check_state(rig, "6"); /* waits for the frontend to let go */
	assert_null(device(rig)->vif);
	put_state(rig, "6");
	assert_null(device(rig));
	check_state(rig, NULL);
	check_key(rig, FRONTEND "/state", NULL);
	rig_close(rig);
}

static void test_a_removed_node_is_not_brought_back(void **state)
{
	struct rig *rig = connected_rig();

	assert_int_equal(store_remove(rig->dom0, 0, BACKEND), 0);
	settle(rig);
	check_state(rig, NULL);
	assert_int_equal(store_remove(rig->dom0, 0, FRONTEND), 0);
	settle(rig);
	assert_null(device(rig));
	check_state(rig, NULL);
	rig_close(rig);
}

/* States that change nothing for us; and those that are none, with which a
 * frontend takes itself away. */
static void test_odd_states(void **state)
{
	static const struct {
		const char *state;
		bool stays;
	} odd[] = {
		{ "3", true },	   { "7", true },	    { "8", true },
		{ "0", false },	   { "9", false },	    { "-1", false },
		{ "four", false }, { "4294967300", false }, { "", false },
	};

	for (size_t i = 0; i < COUNT_OF(odd); i++) {
		struct rig *rig = connected_rig();

		put_state(rig, odd[i].state);
		if (odd[i].stays != !!device(rig))
			fail_msg("after state '%s' the device is %s", odd[i].state,
				 device(rig) ? "there" : "gone");
		if (odd[i].stays)
			check_carries(rig);
		else
			check_state(rig, NULL);
		rig_close(rig);
	}
}

/* The domain ends at each step of the walk. */
static void test_the_domain_ends(void **state)
{
	static const char *const walk[] = { "1", "4", "5", "6", "1", "4" };

	for (size_t steps = 0; steps <= COUNT_OF(walk); steps++) {
		struct hypercall_vif_created created;
		struct rig *rig = rig_open();
		uint32_t granted, in_use;

		create_vif(rig, &created);
		put_keys(rig);
		for (size_t i = 0; i < steps; i++)
			put_state(rig, walk[i]);
		devices_forget_domain(rig->devices, DOMID);
		rig->domain_is_there = false;
		settle(rig);
		assert_null(device(rig));
		assert_null(devices_first(rig->devices));
		check_key(rig, BACKEND, NULL);
		check_key(rig, FRONTEND, NULL);
		check_key(rig, ERROR_NODE, NULL);
		grant_census(&rig->guest.domain.grants, &granted, &in_use);
		assert_int_equal(in_use, 0);
		rig_close(rig);
	}
}

/* Gone between its last word and our look at it. */
static void test_the_domain_is_gone_already(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	rig->domain_is_there = false;
	put_state(rig, "4");
	check_broken(rig, "3 no such domain");
	rig_close(rig);
}

static void test_names(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	create_vif(rig, &created);
	assert_int_equal(devices_find(rig->devices, "guest")->devid, 0);
	assert_int_equal(devices_find(rig->devices, "guest.1")->devid, 1);
	assert_int_equal(devices_find(rig->devices, "vif1.1")->devid, 1);
	assert_null(devices_find(rig->devices, "guest.2"));
	assert_null(devices_find(rig->devices, "gues"));
	assert_true(devices_has_mac(rig->devices, created.mac));
	assert_true(devices_has_ip(rig->devices, created.ip));
	rig_close(rig);
}

static uint8_t all_gso = PORT_GSO_TCPV4 | PORT_GSO_TCPV6;

static struct rig *gso_rig(void)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	put(rig, "feature-gso-tcpv4", "1");
	put(rig, "feature-gso-tcpv6", "1");
	put(rig, "feature-ipv6-csum-offload", "1");
	put_state(rig, "4");
	check_state(rig, "4");
	return rig;
}

static void set_off(struct rig *rig, enum offload offload)
{
	devices_set_offloads(rig->devices, device(rig), device(rig)->offloads & ~(1u << offload));
	settle(rig);
}

/* What is decided on the way to the guest: at once, the connection stays. */
static void test_live_offloads(void **state)
{
	static const struct {
		enum offload offload;
		const char *key;
		uint8_t takes;
		bool merges;
	} cases[] = {
		{ OFFLOAD_RX_CSUM, "rx", 0, false },
		{ OFFLOAD_GSO, "gso", PORT_CSUM_IPV4 | PORT_CSUM_IPV6, false },
		{ OFFLOAD_GRO, "gro",
		  PORT_CSUM_IPV4 | PORT_CSUM_IPV6 | PORT_GSO_TCPV4 | PORT_GSO_TCPV6, false },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct rig *rig = gso_rig();
		char path[128];

		assert_int_equal(device(rig)->vif->port.takes & all_gso, all_gso);
		assert_true(device(rig)->vif->port.merges);
		set_off(rig, cases[i].offload);
		check_state(rig, "4");
		assert_int_equal(device(rig)->connections, 1);
		assert_int_equal(device(rig)->vif->port.takes, cases[i].takes);
		assert_int_equal(device(rig)->vif->port.merges, cases[i].merges);
		snprintf(path, sizeof(path), BACKEND "/offload/%s", cases[i].key);
		check_key(rig, path, "0");
		check_key(rig, BACKEND "/offload/tso", "1");
		check_key(rig, BACKEND "/feature-gso-tcpv4", "1");
		check_carries(rig);
		devices_set_offloads(rig->devices, device(rig), OFFLOADS_ALL);
		assert_int_equal(device(rig)->vif->port.takes & all_gso, all_gso);
		check_key(rig, path, "1");
		rig_close(rig);
	}
}

/* What the guest must know: we part, and offer less when it comes again. */
static const struct {
	enum offload offload;
	const char *sg, *gso, *csum; /* what is offered then */
} offered[] = {
	{ OFFLOAD_TX_CSUM, "1", "0", "0" },
	{ OFFLOAD_SG, "0", "0", "1" },
	{ OFFLOAD_TSO, "1", "0", "1" },
};

static void check_offer(struct rig *rig, const char *sg, const char *gso, const char *csum)
{
	check_key(rig, BACKEND "/feature-sg", sg);
	check_key(rig, BACKEND "/feature-gso-tcpv4", gso);
	check_key(rig, BACKEND "/feature-gso-tcpv6", gso);
	check_key(rig, BACKEND "/feature-ipv6-csum-offload", csum);
}

/* One that answers our Closing with its own, then starts again and waits. */
static void test_offered_offloads_take_a_new_connection(void **state)
{
	for (size_t i = 0; i < COUNT_OF(offered); i++) {
		struct rig *rig = gso_rig();

		set_off(rig, offered[i].offload);
		check_state(rig, "6");
		assert_null(device(rig)->vif);
		assert_false(device(rig)->broken);
		check_key(rig, ERROR_NODE, NULL);
		put_state(rig, "5");
		check_state(rig, "6");
		put_state(rig, "6");
		check_state(rig, "6");
		reset_rings(rig);
		put_state(rig, "1");
		check_state(rig, "2");
		check_offer(rig, offered[i].sg, offered[i].gso, offered[i].csum);
		put_state(rig, "4");
		check_state(rig, "4");
		assert_int_equal(device(rig)->connections, 2);
		check_carries(rig);
		rig_close(rig);
	}
}

/* One that neither closes nor waits: starts again, writes all and Connected. */
static void test_offered_offloads_and_the_other_habit(void **state)
{
	for (size_t i = 0; i < COUNT_OF(offered); i++) {
		struct rig *rig = gso_rig();

		set_off(rig, offered[i].offload);
		check_state(rig, "6");
		settle(rig); /* its old Connected does not bring it back */
		check_state(rig, "6");
		reset_rings(rig);
		put_state(rig, "1");
		put_keys(rig);
		put_state(rig, "4");
		check_state(rig, "4");
		assert_int_equal(device(rig)->connections, 2);
		check_offer(rig, offered[i].sg, offered[i].gso, offered[i].csum);
		check_carries(rig);
		rig_close(rig);
	}
}

/* Offered, and nobody has come yet: the offer itself changes. */
static void test_an_offer_that_nobody_took_changes(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	check_state(rig, "2");
	check_offer(rig, "1", "1", "1");
	set_off(rig, OFFLOAD_TSO);
	check_state(rig, "2");
	check_offer(rig, "1", "0", "1");
	put_keys(rig);
	put_state(rig, "4");
	check_state(rig, "4");
	check_carries(rig);
	rig_close(rig);
}

/* Kept where another daemon finds them: what stands there when the device is
 * first seen counts. */
static void test_offloads_are_kept(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	store_printf(rig->dom0, 0, BACKEND "/offload/tso", "0");
	store_printf(rig->dom0, 0, BACKEND "/offload/gro", "0");
	create_vif(rig, &created);
	assert_int_equal(device(rig)->offloads,
			 OFFLOADS_ALL & ~(1u << OFFLOAD_TSO | 1u << OFFLOAD_GRO));
	check_offer(rig, "1", "0", "1");
	rig_close(rig);
}

/* The bridge has 1500. */
/* Somebody with a store client; NULL removes it. What is in force then. */
static const struct tuning *tune(struct rig *rig, const char *word, const char *text)
{
	char path[128];

	snprintf(path, sizeof(path), BACKEND "/coalesce/%s", word);
	if (text)
		assert_int_equal(store_write(rig->dom0, 0, path, text, strlen(text)), 0);
	else
		assert_int_equal(store_remove(rig->dom0, 0, path), 0);
	settle(rig);
	assert_memory_equal(&device(rig)->vif->config.tuning, &device(rig)->tuning,
			    sizeof(struct tuning));
	return &device(rig)->vif->config.tuning;
}

static void test_tuning_by_the_store(void **state)
{
	static const char *const nonsense[][2] = {
		{ "rx-frames", "many" },
		{ "rx-usecs", "10001" },
		{ "bogus", "1" },
		{ "rx-frames", "0" } /* with rx-usecs 0: never */
	};
	struct rig *rig = connected_rig();
	const struct tuning *tuning = tune(rig, "rx-frames", "9");

	assert_int_equal(tuning_value(tuning, TUNING_RX_FRAMES), 9);
	assert_false(tuning_is_adaptive(tuning, TUNING_RX));
	assert_int_equal(device(rig)->vif->queues[0].rx_edge.coalesce.plain.frames, 9);
	for (size_t i = 0; i < COUNT_OF(nonsense); i++) { /* changes nothing */
		tuning = tune(rig, nonsense[i][0], nonsense[i][1]);
		assert_int_equal(tuning_value(tuning, TUNING_RX_FRAMES), 9);
		assert_int_equal(tuning_value(tuning, TUNING_RX_USECS), 0);
		tune(rig, nonsense[i][0], NULL);
		tune(rig, "rx-frames", "9");
	}
	tuning = tune(rig, "rx-frames", NULL);
	assert_int_equal(tuning_value(tuning, TUNING_RX_FRAMES), 1);
	assert_true(tuning_is_adaptive(tuning, TUNING_RX));
	check_carries(rig);
	rig_close(rig);
}

/* Through a new connection, and when the domain is another one of that name. */
static void test_tuning_is_kept(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = connected_rig();
	struct tuning tuning = device(rig)->tuning;

	assert_int_equal(tuning_set(&tuning, TUNING_NAPI_WEIGHT, "8"), 0);
	assert_int_equal(devices_set_tuning(rig->devices, device(rig), &tuning), 0);
	settle(rig);
	check_key(rig, BACKEND "/coalesce/napi-weight", "8");
	check_key(rig, BACKEND "/coalesce/rx-frames", NULL);
	assert_int_equal(device(rig)->vif->queues[0].item.tuning.weight, 8);
	put_state(rig, "5");
	put_state(rig, "6");
	put_state(rig, "1");
	reset_rings(rig);
	put_state(rig, "4");
	check_state(rig, "4");
	assert_int_equal(device(rig)->vif->queues[0].item.tuning.weight, 8);
	devices_forget_domain(rig->devices, DOMID);
	settle(rig);
	check_key(rig, BACKEND "/coalesce/napi-weight", NULL);
	create_vif(rig, &created);
	settle(rig);
	assert_int_equal(tuning_value(&device(rig)->tuning, TUNING_NAPI_WEIGHT), 8);
	check_key(rig, BACKEND "/coalesce/napi-weight", "8");
	rig_close(rig);
}

static void put_rate(struct rig *rig, const char *text)
{
	if (text)
		assert_int_equal(store_write(rig->dom0, 0, BACKEND "/rate", text, strlen(text)), 0);
	else
		assert_int_equal(store_remove(rig->dom0, 0, BACKEND "/rate"), 0);
	settle(rig);
}

/* What was there when the device came holds, then what is written while it is
 * connected; nonsense changes nothing; no key is no limit. */
static void test_rate_by_the_store(void **state)
{
	static const struct {
		const char *text;
		uint64_t bytes, usecs;
	} steps[] = {
		{ "62500,50000", 62500, 50000 },
		{ "fast", 62500, 50000 },
		{ "1,1", 1, 1 },
		{ "0,50000", 1, 1 },
		{ NULL, 0, 0 },
		{ "9,8", 9, 8 },
	};
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	store_printf(rig->dom0, 0, BACKEND "/rate", "7000,6000");
	create_vif(rig, &created);
	put_keys(rig);
	put_state(rig, "4");
	assert_int_equal(device(rig)->vif->credit.rate.bytes, 7000);
	assert_int_equal(device(rig)->vif->credit.rate.usecs, 6000);
	for (size_t i = 0; i < COUNT_OF(steps); i++) {
		put_rate(rig, steps[i].text);
		assert_int_equal(device(rig)->rate.bytes, steps[i].bytes);
		assert_int_equal(device(rig)->vif->credit.rate.bytes, steps[i].bytes);
		assert_int_equal(device(rig)->vif->credit.rate.usecs, steps[i].usecs);
	}
	put_state(rig, "1");
	reset_rings(rig);
	put_state(rig, "4");
	assert_int_equal(device(rig)->vif->credit.rate.bytes, 9);
	rig_close(rig);
}

static void test_mtus(void **state)
{
	static const struct {
		const char *name;
		uint16_t wanted;
		const char *guest; /* the frontend's key */
		struct mtus mtus;
		bool differ;
	} cases[] = {
		{ "all the same", 0, "1500", { 1500, 1500, 1500 }, false },
		{ "no word of the guest's", 0, NULL, { 1500, 1500, 1500 }, false },
		{ "no number", 0, "x", { 1500, 1500, 1500 }, false },
		{ "a guest with more", 0, "9000", { 9000, 1500, 1500 }, true },
		{ "a guest with less", 0, "1400", { 1400, 1500, 1500 }, true },
		{ "a vif with less", 1400, "1400", { 1400, 1400, 1500 }, true },
		{ "a vif with less, not told so", 1400, NULL, { 1400, 1400, 1500 }, true },
		{ "a guest with more than its vif", 1400, "1500", { 1500, 1400, 1500 }, true },
	};

	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct hypercall_vif_create wanted = { .mtu = cases[i].wanted };
		struct hypercall_vif_created created;
		struct rig *rig = rig_open();
		struct mtus mtus;

		assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
				 0);
		put_keys(rig);
		put(rig, "mtu", cases[i].guest);
		put_state(rig, "4");
		check_state(rig, "4");
		if (device_mtus(device(rig), &mtus) != cases[i].differ ||
		    memcmp(&mtus, &cases[i].mtus, sizeof(mtus)))
			fail_msg("%s: guest %u, vif %u, bridge %u", cases[i].name, mtus.guest,
				 mtus.vif, mtus.bridge);
		assert_int_equal(device(rig)->vif->port.mtu, cases[i].mtus.vif);
		rig_close(rig);
	}
}

/* Once in each connection. */
static void test_too_big_is_told_once(void **state)
{
	struct rig *rig = connected_rig();

	devices_handle_alarm(rig->devices);
	assert_false(device(rig)->told_too_big);
	device(rig)->vif->port.too_big = 9000;
	devices_handle_alarm(rig->devices);
	assert_true(device(rig)->told_too_big);
	check_state(rig, "4");
	put_state(rig, "1");
	reset_rings(rig);
	put_state(rig, "4");
	assert_int_equal(device(rig)->connections, 2);
	assert_false(device(rig)->told_too_big);
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_what_the_toolstack_writes),
		cmocka_unit_test(test_what_the_toolstack_refuses),
		cmocka_unit_test(test_what_runs_out),
		cmocka_unit_test(test_a_frontend_that_waits),
		cmocka_unit_test(test_a_frontend_that_does_not_wait),
		cmocka_unit_test(test_one_channel_for_both),
		cmocka_unit_test(test_bad_keys),
		cmocka_unit_test(test_two_queues),
		cmocka_unit_test(test_bad_queues),
		cmocka_unit_test(test_equal_refs),
		cmocka_unit_test(test_a_fault_closes_and_names),
		cmocka_unit_test(test_a_bridge_that_is_not_there),
		cmocka_unit_test(test_closing_and_opening),
		cmocka_unit_test(test_going_offline),
		cmocka_unit_test(test_a_removed_node_is_not_brought_back),
		cmocka_unit_test(test_odd_states),
		cmocka_unit_test(test_the_domain_ends),
		cmocka_unit_test(test_the_domain_is_gone_already),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_live_offloads),
		cmocka_unit_test(test_offered_offloads_take_a_new_connection),
		cmocka_unit_test(test_offered_offloads_and_the_other_habit),
		cmocka_unit_test(test_an_offer_that_nobody_took_changes),
		cmocka_unit_test(test_offloads_are_kept),
		cmocka_unit_test(test_tuning_by_the_store),
		cmocka_unit_test(test_tuning_is_kept),
		cmocka_unit_test(test_rate_by_the_store),
		cmocka_unit_test(test_mtus),
		cmocka_unit_test(test_too_big_is_told_once),
	};

	setenv("SPLITVIF_LOG", "error", 1);
	log_init("test_device");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
