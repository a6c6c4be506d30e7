#include "backend/device_rig.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

const struct domain_info domain = { .domid = DOMID, .name = "guest" };

static struct foreign_domain *find_domain(void *arg, uint16_t domid, uint32_t devid)
{
	struct rig *rig = arg;

	return domid == DOMID && rig->domain_is_there ? &rig->guest.domain : NULL;
}

struct rig *rig_open(void)
{
	return rig_open_with(NULL);
}

struct rig *rig_open_with(struct hotplug *hotplug)
{
	struct rig *rig = lines_alloc(sizeof(*rig));
	struct devices_config config = { .networks = &rig->networks,
					 .backlog_bytes = 1 << 20,
					 .max_queues = 2,
					 .hotplug = hotplug,
					 .find_domain = find_domain,
					 .arg = rig };

	world_open(&rig->world, ENGINE_EPOLL);
	world_start_thread(&rig->world);
	guest_create(&rig->guest, &rig->world, DOMID);
	rig->domain_is_there = true;
	rig->networks.nr = 1;
	rig->networks.list[0] = (struct network){
		.config = { .name = "xenbr0",
			    .tap = "xentap0",
			    .mtu = 1500,
			    .ip = inet_addr("10.77.0.1"),
			    .prefix = 29 },
		.bridge = rig->world.bridge,
	};
	rig->server = store_server_create();
	rig->dom0 = config.store = store_client_local(rig->server, 0);
	rig->domu = store_client_local(rig->server, DOMID);
	rig->stranger = store_client_local(rig->server, 2);
	assert_non_null(rig->stranger);
	assert_int_equal(store_server_introduce(rig->server, DOMID), 0);
	store_printf(rig->dom0, 0, "/local/domain/1/name", "guest");
	config.workers = &rig->world.workers;
	rig->devices = devices_create(&config);
	assert_non_null(rig->devices);
	rig->toolstack = (struct toolstack){ rig->dom0, &rig->networks, rig->devices };
	return rig;
}

void rig_close(struct rig *rig)
{
	uint32_t granted, in_use;

	devices_destroy(rig->devices);
	grant_census(&rig->guest.domain.grants, &granted, &in_use);
	assert_int_equal(in_use, 0);
	store_client_close(rig->stranger);
	store_client_close(rig->domu);
	store_client_close(rig->dom0);
	store_server_destroy(rig->server);
	guest_destroy(&rig->guest);
	world_close(&rig->world);
	free(rig);
}

void settle(struct rig *rig)
{
	for (int i = 0; i < 4; i++)
		devices_handle_events(rig->devices);
}

void create_vif(struct rig *rig, struct hypercall_vif_created *created)
{
	struct hypercall_vif_create wanted = { .mtu = 0 };

	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, created), 0);
}

void check_key(struct rig *rig, const char *path, const char *expected)
{
	char value[128];
	int err = store_read(rig->dom0, 0, path, value, sizeof(value));

	if (!expected && err == -ENOENT)
		return;
	if (!expected || err < 0 || strcmp(value, expected))
		fail_msg("%s is '%s' (%d) instead of '%s'", path, err < 0 ? "" : value, err,
			 expected ? expected : "away");
}

void check_state(struct rig *rig, const char *expected)
{
	check_key(rig, BACKEND "/state", expected);
}

void put(struct rig *rig, const char *key, const char *value)
{
	char path[128];

	snprintf(path, sizeof(path), FRONTEND "/%s", key);
	if (value)
		assert_int_equal(store_write(rig->domu, 0, path, value, strlen(value)), 0);
	else
		assert_int_equal(store_remove(rig->domu, 0, path), 0);
}

void put_number(struct rig *rig, const char *key, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", value);
	put(rig, key, text);
}

void put_state(struct rig *rig, const char *state)
{
	put(rig, "state", state);
	settle(rig);
}

void put_keys(struct rig *rig)
{
	put_number(rig, "tx-ring-ref", rig->guest.tx_ring_ref);
	put_number(rig, "rx-ring-ref", rig->guest.rx_ring_ref);
	put_number(rig, "event-channel-tx", rig->guest.tx_channel.port);
	put_number(rig, "event-channel-rx", rig->guest.rx_channel.port);
	put(rig, "request-rx-copy", "1");
	put(rig, "feature-sg", "1");
	put(rig, "feature-rx-notify", "1");
}

struct rig *connected_rig(void)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	create_vif(rig, &created);
	put_keys(rig);
	put_state(rig, "4");
	check_state(rig, "4");
	return rig;
}

struct device *device(struct rig *rig)
{
	return devices_find(rig->devices, "guest.0");
}

void check_carries(struct rig *rig)
{
	struct guest_answers answers = { 0 };

	guest_put_frame(&rig->guest, 1, 60, 1);
	guest_kick_tx(&rig->guest);
	for (int i = 0; i < 10000 && ring_pending(&rig->guest.tx) < 1; i++)
		poll(NULL, 0, 1);
	guest_take_answers(&rig->guest, &answers);
	assert_int_equal(answers.okay, 1);
}

void reset_rings(struct rig *rig)
{
	ring_init_front(&rig->guest.tx, rig->guest.tx.page, TX_RING_ENTRIES);
	ring_init_front(&rig->guest.rx, rig->guest.rx.page, RX_RING_ENTRIES);
}

void check_comes_back(struct rig *rig)
{
	put_state(rig, "1");
	check_state(rig, "2");
	put_keys(rig);
	put_state(rig, "4");
	check_state(rig, "4");
	check_key(rig, ERROR_NODE, NULL);
	assert_false(device(rig)->broken);
}
