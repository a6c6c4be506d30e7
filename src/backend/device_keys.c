#include "backend/device_keys.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "io/log.h"

uint64_t device_key_number(struct store_client *store, const char *dir, const char *key,
			   uint64_t otherwise)
{
	uint64_t number;
	int err = store_read_number(store, STORE_NO_TRANSACTION, dir, key, UINT32_MAX, &number);

	return err ? otherwise : number;
}

int device_key_text(struct store_client *store, const char *dir, const char *key, char *text,
		    size_t size)
{
	char path[XENBUS_PATH_BYTES + 32];

	text[0] = '\0';
	snprintf(path, sizeof(path), "%s/%s", dir, key);
	return store_read(store, STORE_NO_TRANSACTION, path, text, size);
}

struct state_call {
	const struct device *device;
	enum xenbus_state state;
	bool features;
};

static int state_body(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct state_call *call = arg;
	const char *dir = call->device->backend_path;
	static const struct {
		const char *key;
		const char *value;
	} features[] = {
		{ XENBUS_KEY_SG, "1" },
		{ XENBUS_KEY_RX_COPY, "1" },
		{ XENBUS_KEY_RX_FLIP, "0" },
		{ XENBUS_KEY_SPLIT_EVTCHN, "1" },
	};
	char path[XENBUS_PATH_BYTES + 40], now[16];
	int err;

	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_STATE, dir);
	err = store_read(store, transaction, path, now, sizeof(now));
	if (err < 0)
		return err;
	err = store_printf(store, transaction, path, "%d", call->state);
	for (size_t i = 0; !err && call->features && i < sizeof(features) / sizeof(features[0]);
	     i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, features[i].key);
		err = store_write(store, transaction, path, features[i].value, 1);
	}
	return err;
}

void device_state_write(struct store_client *store, const struct device *device,
			enum xenbus_state state, bool features)
{
	struct state_call call = { device, state, features };

	store_transact(store, state_body, &call);
	log_debug("xenbus", "%s is %s", device->name, xenbus_state_name(state));
}

static void error_path(const struct device *device, char *path, size_t size)
{
	snprintf(path, size, "/local/domain/0/error/%s/error",
		 device->backend_path + strlen("/local/domain/0/"));
}

void device_error_write(struct store_client *store, const struct device *device, int err)
{
	char path[XENBUS_PATH_BYTES + 40], permissions[16];
	int length;

	error_path(device, path, sizeof(path));
	store_printf(store, STORE_NO_TRANSACTION, path, "%d %s", err, device->reason);
	length = snprintf(permissions, sizeof(permissions), "n0%cr%u", '\0', device->domid);
	store_set_permissions(store, STORE_NO_TRANSACTION, path, permissions, (size_t)length + 1);
}

void device_error_clear(struct store_client *store, const struct device *device)
{
	char path[XENBUS_PATH_BYTES + 40];

	error_path(device, path, sizeof(path));
	*strrchr(path, '/') = '\0';
	store_remove(store, STORE_NO_TRANSACTION, path);
}

int device_config_read(struct store_client *store, const struct device *device,
		       struct vif_config *config, const char **why)
{
	const char *dir = device->frontend_path;
	uint64_t tx_ring = device_key_number(store, dir, XENBUS_KEY_TX_RING_REF, 0);
	uint64_t rx_ring = device_key_number(store, dir, XENBUS_KEY_RX_RING_REF, 0);
	uint64_t single = device_key_number(store, dir, XENBUS_KEY_EVTCHN, 0);
	uint64_t tx_port = device_key_number(store, dir, XENBUS_KEY_EVTCHN_TX, 0);
	uint64_t rx_port = device_key_number(store, dir, XENBUS_KEY_EVTCHN_RX, 0);

	*why = "tx-ring-ref or rx-ring-ref is missing or no reference";
	if (!tx_ring || !rx_ring)
		return -EINVAL;
	*why = "event-channel is missing or no port";
	if (!(tx_port && rx_port) && !single)
		return -EINVAL;
	*why = "request-rx-copy is not 1: page flipping is not supported";
	if (device_key_number(store, dir, XENBUS_KEY_REQUEST_RX_COPY, 0) != 1)
		return -EOPNOTSUPP;
	*why = "multi-queue-num-queues asks for more than the one queue that is offered";
	if (device_key_number(store, dir, "multi-queue-num-queues", 1) != 1)
		return -EINVAL;
	*config = (struct vif_config){
		.mtu = device->mtu,
		.tx_ring_ref = (grant_ref_t)tx_ring,
		.rx_ring_ref = (grant_ref_t)rx_ring,
		.tx_port = (evtchn_port_t)(tx_port && rx_port ? tx_port : single),
		.rx_port = (evtchn_port_t)(tx_port && rx_port ? rx_port : single),
		.sg = device_key_number(store, dir, XENBUS_KEY_SG, 0) == 1,
		.rx_notify = device_key_number(store, dir, XENBUS_KEY_RX_NOTIFY, 0) == 1,
	};
	memcpy(config->name, device->name, sizeof(config->name));
	return 0;
}
