/*
 * Attaching and detaching, with a real store and the backend's half, and no
 * guest but what is written to the store.
 */
#include "support/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "backend/device.h"
#include "backend/guest.h"
#include "backend/toolstack.h"
#include "store/server.h"

#define BACKEND "/local/domain/0/backend/vif/1/%u/%s"
#define FRONTEND "/local/domain/1/device/vif/%u/%s"

struct rig {
	struct world world;
	struct networks networks;
	struct store_server *server;
	struct store_client *dom0;
	struct devices *devices;
	struct toolstack toolstack;
	unsigned int later_ms;
};

static const struct domain_info domain = { .domid = 1, .name = "guest", .pid = 100 };

static struct foreign_domain *find_domain(void *arg, uint16_t domid, uint32_t devid)
{
	return NULL;
}

static void call_later(void *arg, unsigned int ms)
{
	((struct rig *)arg)->later_ms = ms;
}

static struct rig *rig_open(void)
{
	struct rig *rig = lines_alloc(sizeof(*rig));
	struct devices_config config = { .networks = &rig->networks,
					 .find_domain = find_domain,
					 .later = call_later,
					 .arg = rig };

	world_open(&rig->world, ENGINE_EPOLL);
	world_start_thread(&rig->world);
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
	assert_int_equal(store_server_introduce(rig->server, 1), 0);
	store_printf(rig->dom0, 0, "/local/domain/1/name", "guest");
	config.workers = &rig->world.workers;
	rig->devices = devices_create(&config);
	assert_non_null(rig->devices);
	rig->toolstack.store = rig->dom0;
	rig->toolstack.networks = &rig->networks;
	rig->toolstack.devices = rig->devices;
	rig->toolstack.scripts = "/scripts";
	return rig;
}

static void rig_close(struct rig *rig)
{
	devices_destroy(rig->devices);
	attachments_fini(&rig->toolstack.attachments);
	store_client_close(rig->dom0);
	store_server_destroy(rig->server);
	world_close(&rig->world);
	free(rig);
}

static int attach(struct rig *rig, const char *text, struct vifspec *spec, char *error)
{
	if (vifspec_parse(spec, text, error))
		fail_msg("'%s': %s", text, error);
	error[0] = '\0';
	return toolstack_attach(&rig->toolstack, &domain, spec, error);
}

static struct vifspec attached(struct rig *rig, const char *text)
{
	char error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec;

	if (attach(rig, text, &spec, error))
		fail_msg("'%s': %s", text, error);
	return spec;
}

static struct device *device(struct rig *rig, uint32_t devid)
{
	char name[32];

	snprintf(name, sizeof(name), "vif1.%u", devid);
	return devices_find(rig->devices, name);
}

static void check(struct rig *rig, const char *form, uint32_t devid, const char *key,
		  const char *expected)
{
	char path[128], value[128];
	int err;

	snprintf(path, sizeof(path), form, devid, key);
	err = store_read(rig->dom0, 0, path, value, sizeof(value));
	if (expected ? err < 0 || strcmp(value, expected) : err != -ENOENT)
		fail_msg("%s is '%s' (%d) instead of '%s'", path, err < 0 ? "" : value, err,
			 expected ? expected : "away");
}

static void frontend_is(struct rig *rig, uint32_t devid, const char *state)
{
	char path[128];

	snprintf(path, sizeof(path), FRONTEND, devid, "state");
	assert_int_equal(store_write(rig->dom0, 0, path, state, strlen(state)), 0);
	devices_handle_events(rig->devices);
}

/* As libxl has them; what was not asked for and has no default is not there. */
static void test_keys(void **state)
{
	static const struct {
		const char *form, *key, *value;
	} keys[] = {
		{ BACKEND, "frontend", "/local/domain/1/device/vif/2" },
		{ BACKEND, "frontend-id", "1" },
		{ BACKEND, "online", "1" },
		{ BACKEND, "handle", "2" },
		{ BACKEND, "type", "vif" },
		{ BACKEND, "bridge", "xenbr0" },
		{ BACKEND, "mac", "00:16:3e:01:02:03" },
		{ BACKEND, "mtu", "1400" },
		{ BACKEND, "ip", "10.77.0.6/29" },
		{ BACKEND, "rate", "62500,50000" },
		{ BACKEND, "vifname", "named" },
		{ BACKEND, "gatewaydev", "eth0" },
		{ BACKEND, "script", "s" },
		{ BACKEND, "hotplug-status", "" },
		{ FRONTEND, "backend", "/local/domain/0/backend/vif/1/2" },
		{ FRONTEND, "backend-id", "0" },
		{ FRONTEND, "handle", "2" },
		{ FRONTEND, "mac", "00:16:3e:01:02:03" },
		{ FRONTEND, "mtu", "1400" },
		{ FRONTEND, "trusted", "0" },
		{ FRONTEND, "state", "1" },
	};
	static const char *const absent[] = { "rate",	"vifname",	  "gatewaydev",
					      "script", "hotplug-status", "hotplug-error" };
	struct rig *rig = rig_open();

	attached(rig, "devid=2,mac=00:16:3e:01:02:03,mtu=1400,ip=10.77.0.6/29,rate=10Mb/s,"
		      "vifname=named,gatewaydev=eth0,script=s,untrusted");
	for (size_t i = 0; i < COUNT_OF(keys); i++)
		check(rig, keys[i].form, 2, keys[i].key, keys[i].value);
	attached(rig, "");
	for (size_t i = 0; i < COUNT_OF(absent); i++)
		check(rig, BACKEND, 0, absent[i], NULL);
	check(rig, FRONTEND, 0, "trusted", "1");
	check(rig, BACKEND, 0, "ip", "10.77.0.2");
	rig_close(rig);
}

/* Numbers go up, MACs differ and stay from one life to the next. */
static void test_what_is_chosen(void **state)
{
	struct rig *rig = rig_open();
	struct vifspec first = attached(rig, ""), second = attached(rig, ""), again;

	assert_int_equal(first.devid, 0);
	assert_int_equal(second.devid, 1);
	assert_memory_equal(first.mac, "\x00\x16\x3e", 3);
	assert_memory_equal(second.mac, "\x00\x16\x3e", 3);
	assert_memory_not_equal(first.mac, second.mac, 6);
	assert_string_equal(second.ip, "10.77.0.3");
	rig_close(rig);
	rig = rig_open();
	attached(rig, "");
	again = attached(rig, "");
	assert_memory_equal(again.mac, second.mac, 6);
	rig_close(rig);
}

static void test_refused(void **state)
{
	static const struct {
		const char *text;
		int err;
		const char *told;
	} cases[] = {
		{ "devid=0", -EEXIST, "cannot attach guest.0: there is one" },
		{ "bridge=nobr", -ENODEV, "bridge nobr: no such bridge" },
		{ "mac=00:16:3e:00:00:01", -EADDRINUSE, "another vif has it" },
		{ "ip=10.77.0.5", -EADDRINUSE, "ip 10.77.0.5" },
		{ "ip=10.77.0.1/29", -EADDRINUSE, "ip 10.77.0.1/29" },
		{ "mtu=1501", -EMSGSIZE, "more than xenbr0's 1500" },
	};
	struct rig *rig = rig_open();
	char error[VIFSPEC_ERROR_BYTES];
	struct vifspec spec;

	attached(rig, "mac=00:16:3e:00:00:01,ip=10.77.0.5");
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		int err = attach(rig, cases[i].text, &spec, error);

		if (err != cases[i].err || !strstr(error, cases[i].told))
			fail_msg("'%s': %d, '%s'", cases[i].text, err, error);
	}
	assert_null(device(rig, 1));
	rig->toolstack.scripts = NULL;
	assert_int_equal(attach(rig, "script=x", &spec, error), -EPERM);
	assert_non_null(strstr(error, "allows no scripts"));
	rig_close(rig);
}

static void test_no_more_than_eight(void **state)
{
	struct rig *rig = rig_open();
	char error[VIFSPEC_ERROR_BYTES], text[32];
	struct vifspec spec;

	for (int i = 0; i < VIFSPEC_DEVIDS; i++) {
		snprintf(text, sizeof(text), "ip=192.0.2.%d", i + 1);
		attached(rig, text);
	}
	assert_int_equal(attach(rig, "ip=192.0.2.99", &spec, error), -ENOSPC);
	rig_close(rig);
}

/* The backend lets go, waits for the frontend, and then nothing is left; the
 * address is free for the next at once. */
static void test_detach(void **state)
{
	struct rig *rig = rig_open();

	attached(rig, "mac=00:16:3e:00:00:01");
	frontend_is(rig, 0, "4"); /* with no keys: refused, and closed */
	toolstack_detach(&rig->toolstack, &domain, device(rig, 0));
	check(rig, BACKEND, 0, "online", "0");
	check(rig, BACKEND, 0, "state", "6");
	assert_true(device_is_busy(device(rig, 0)));
	assert_int_equal(rig->later_ms, DEVICE_LEAVE_MS);
	assert_false(devices_has_mac(rig->devices, (const uint8_t *)"\x00\x16\x3e\x00\x00\x01"));
	frontend_is(rig, 0, "5");
	assert_non_null(device(rig, 0));
	frontend_is(rig, 0, "6");
	assert_null(device(rig, 0));
	check(rig, BACKEND, 0, "state", NULL);
	check(rig, FRONTEND, 0, "state", NULL);
	rig_close(rig);
}

static void test_a_frontend_that_does_not_let_go(void **state)
{
	struct rig *rig = rig_open();

	attached(rig, "");
	attached(rig, "");
	frontend_is(rig, 0, "4");
	toolstack_detach(&rig->toolstack, &domain, device(rig, 0));
	devices_handle_timer(rig->devices);
	assert_non_null(device(rig, 0)); /* not yet */
	device(rig, 0)->leaving_since_ms -= DEVICE_LEAVE_MS;
	frontend_is(rig, 1, "4");
	toolstack_detach(&rig->toolstack, &domain, device(rig, 1)); /* while the other is due */
	rig->later_ms = 0;
	devices_handle_timer(rig->devices);
	assert_null(device(rig, 0));
	assert_non_null(device(rig, 1));
	assert_in_range(rig->later_ms, 1, DEVICE_LEAVE_MS);
	rig_close(rig);
}

/* What a frontend asks for does not undo what the operator did. */
static void test_the_operators_word(void **state)
{
	struct attachment attachment = { .domain = "guest", .spec.has_devid = true };
	struct hypercall_vif_create wanted = { .ip = inet_addr("10.77.0.6") };
	const struct domain_info other = { .domid = 1, .name = "guest", .pid = 101 };
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	/* attached before it asks: it gets that one */
	strcpy(attachment.spec.ip, "10.77.0.3");
	assert_int_equal(attachments_put(&rig->toolstack.attachments, &attachment), 0);
	toolstack_attach_all(&rig->toolstack, &domain);
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created), 0);
	assert_int_equal(created.devid, 0);
	assert_int_equal(created.ip, inet_addr("10.77.0.3"));
	assert_int_equal(created.prefix, 29);
	assert_int_equal(created.gateway, inet_addr("10.77.0.1"));
	assert_null(device(rig, 1));
	/* detached: that process gets none, another one does */
	assert_true(attachments_remove(&rig->toolstack.attachments, "guest", 0));
	toolstack_detach(&rig->toolstack, &domain, device(rig, 0));
	assert_null(device(rig, 0));
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &domain, &wanted, &created),
			 -ESHUTDOWN);
	assert_int_equal(toolstack_vif_create(&rig->toolstack, &other, &wanted, &created), 0);
	assert_int_equal(created.ip, wanted.ip);
	rig_close(rig);
}

static void test_join(void **state)
{
	struct hypercall_vif_created created;
	struct rig *rig = rig_open();

	attached(rig, "devid=3,ip=10.77.0.4");
	assert_int_equal(toolstack_vif_join(&rig->toolstack, &domain, 2, &created), -ENODEV);
	frontend_is(rig, 3, "6"); /* what its last frontend left */
	assert_int_equal(toolstack_vif_join(&rig->toolstack, &domain, 3, &created), 0);
	assert_int_equal(created.devid, 3);
	assert_int_equal(created.ip, inet_addr("10.77.0.4"));
	check(rig, FRONTEND, 3, "state", "1");
	check(rig, BACKEND, 3, "state", "2");
	frontend_is(rig, 3, "4");
	toolstack_detach(&rig->toolstack, &domain, device(rig, 3));
	assert_int_equal(toolstack_vif_join(&rig->toolstack, &domain, 3, &created), -ENODEV);
	rig_close(rig);
}

/* Where nobody can make one: said, and not tried over and over. */
static void test_no_own_tap_here(void **state)
{
	struct rig *rig = rig_open();

	attached(rig, "type=own-tap,bridge=any");
	check(rig, BACKEND, 0, "type", "own-tap");
	check(rig, BACKEND, 0, "mtu", "1500");
	check(rig, BACKEND, 0, "ip", NULL);
	assert_true(device(rig, 0)->broken);
	assert_true(device(rig, 0)->unfit);
	assert_non_null(strstr(device(rig, 0)->reason, "TAP"));
	frontend_is(rig, 0, "6");
	assert_false(device(rig, 0)->unfit);
	frontend_is(rig, 0, "1");
	assert_true(device(rig, 0)->unfit); /* tried again */
	rig_close(rig);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_keys),
		cmocka_unit_test(test_what_is_chosen),
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_no_more_than_eight),
		cmocka_unit_test(test_detach),
		cmocka_unit_test(test_a_frontend_that_does_not_let_go),
		cmocka_unit_test(test_the_operators_word),
		cmocka_unit_test(test_join),
		cmocka_unit_test(test_no_own_tap_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
