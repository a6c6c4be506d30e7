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

/* IPv4 checksums have no key of ours: every backend takes blank ones. */
static int features_write(struct store_client *store, uint32_t transaction,
			  const struct device *device)
{
	bool sg = device->offloads & 1 << OFFLOAD_SG;
	bool csum = device->offloads & 1 << OFFLOAD_TX_CSUM;
	bool tso = sg && csum && device->offloads & 1 << OFFLOAD_TSO;
	const struct {
		const char *key;
		bool value;
	} features[] = {
		{ XENBUS_KEY_SG, sg },
		{ XENBUS_KEY_GSO_TCPV4, tso },
		{ XENBUS_KEY_GSO_TCPV6, tso },
		{ XENBUS_KEY_IPV6_CSUM, csum },
		{ XENBUS_KEY_RX_COPY, true },
		{ XENBUS_KEY_RX_FLIP, false },
		{ XENBUS_KEY_SPLIT_EVTCHN, true },
	};
	char path[XENBUS_PATH_BYTES + 40];
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(features) / sizeof(features[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", device->backend_path, features[i].key);
		err = store_write(store, transaction, path, features[i].value ? "1" : "0", 1);
	}
	if (err)
		return err;
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_MAX_QUEUES, device->backend_path);
	return store_printf(store, transaction, path, "%u", device->max_queues);
}

static int state_body(struct store_client *store, uint32_t transaction, void *arg)
{
	const struct state_call *call = arg;
	char path[XENBUS_PATH_BYTES + 40], value[16];
	int err;

	err = store_read(store, transaction, call->device->backend_path, value, sizeof(value));
	if (err < 0)
		return err;
	snprintf(path, sizeof(path), "%s/" XENBUS_KEY_STATE, call->device->backend_path);
	err = store_printf(store, transaction, path, "%d", call->state);
	return !err && call->features ? features_write(store, transaction, call->device) : err;
}

/* Told as long as it is of use: what a frontend reads before it connects. */
bool device_key_is_told(const struct device *device, const char *key)
{
	bool is_feature = !strncmp(key, "feature-", strlen("feature-")) ||
			  !strcmp(key, XENBUS_KEY_MAX_QUEUES);

	return !strcmp(key, XENBUS_KEY_STATE) ||
	       (is_feature && device->state == XenbusStateInitWait);
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

static void guest_read(struct store_client *store, const char *dir, struct offload_guest *guest)
{
	*guest = (struct offload_guest){
		.sg = device_key_number(store, dir, XENBUS_KEY_SG, 0) == 1,
		.gso_tcpv4 = device_key_number(store, dir, XENBUS_KEY_GSO_TCPV4, 0) == 1,
		.gso_tcpv6 = device_key_number(store, dir, XENBUS_KEY_GSO_TCPV6, 0) == 1,
		.no_csum = device_key_number(store, dir, XENBUS_KEY_NO_CSUM, 0) == 1,
		.ipv6_csum = device_key_number(store, dir, XENBUS_KEY_IPV6_CSUM, 0) == 1,
	};
}

static int queue_read(struct store_client *store, const char *dir, struct vif_queue_config *config,
		      const char **why)
{
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
	*config = (struct vif_queue_config){
		.tx_ring_ref = (grant_ref_t)tx_ring,
		.rx_ring_ref = (grant_ref_t)rx_ring,
		.tx_port = (evtchn_port_t)(tx_port && rx_port ? tx_port : single),
		.rx_port = (evtchn_port_t)(tx_port && rx_port ? rx_port : single),
	};
	return 0;
}

/* The keys of a single queue stand with the others, those of several below
 * "queue-N/"; whatever else is there is not looked at (netif.h). */
static int queues_read(struct store_client *store, const struct device *device,
		       struct vif_config *config, const char **why)
{
	char dir[XENBUS_PATH_BYTES + 32];
	int err = 0;

	if (config->nr_queues == 1)
		return queue_read(store, device->frontend_path, &config->queues[0], why);
	for (unsigned int i = 0; i < config->nr_queues && !err; i++) {
		snprintf(dir, sizeof(dir), "%s/" XENBUS_QUEUE_DIR, device->frontend_path, i);
		err = queue_read(store, dir, &config->queues[i], why);
	}
	return err;
}

int device_config_read(struct store_client *store, const struct device *device,
		       struct vif_config *config, const char **why)
{
	const char *dir = device->frontend_path;
	uint64_t queues = device_key_number(store, dir, XENBUS_KEY_NUM_QUEUES, 1);

	*why = "multi-queue-num-queues is 0, or more than multi-queue-max-queues";
	if (!queues || queues > device->max_queues)
		return -EINVAL;
	*config = (struct vif_config){
		.mtu = device->mtu,
		.nr_queues = (unsigned int)queues,
		.offloads = device->offloads,
		.rx_notify = device_key_number(store, dir, XENBUS_KEY_RX_NOTIFY, 0) == 1,
	};
	*why = "request-rx-copy is not 1: page flipping is not supported";
	if (device_key_number(store, dir, XENBUS_KEY_REQUEST_RX_COPY, 0) != 1)
		return -EOPNOTSUPP;
	guest_read(store, dir, &config->guest);
	memcpy(config->name, device->name, sizeof(config->name));
	return queues_read(store, device, config, why);
}

uint32_t device_offloads_read(struct store_client *store, const struct device *device)
{
	char key[32];
	uint32_t offloads = 0;

	for (int i = 0; i < OFFLOADS; i++) {
		snprintf(key, sizeof(key), "offload/%s", offload_key(i));
		if (device_key_number(store, device->backend_path, key, 1))
			offloads |= 1u << i;
	}
	return offloads;
}

void device_offloads_write(struct store_client *store, const struct device *device)
{
	char path[XENBUS_PATH_BYTES + 40];

	for (int i = 0; i < OFFLOADS; i++) {
		snprintf(path, sizeof(path), "%s/offload/%s", device->backend_path, offload_key(i));
		store_write(store, STORE_NO_TRANSACTION, path,
			    device->offloads & 1u << i ? "1" : "0", 1);
	}
}

int device_rate_read(struct store_client *store, const struct device *device, struct rate *rate)
{
	char text[48];
	int length =
		device_key_text(store, device->backend_path, XENBUS_KEY_RATE, text, sizeof(text));

	if (length == -ENOENT)
		*rate = (struct rate){ 0 };
	if (length == -ENOENT || (length >= 0 && rate_parse(text, rate)))
		return 0;
	log_warning("vif",
		    "%s: rate '%s' in the store: BYTES,USECS, neither 0, is wanted; it stays as "
		    "it was",
		    device->name, text);
	return -EINVAL;
}

void device_domain_clear(struct store_client *store, uint16_t domid)
{
	static const char *const roots[] = { "backend", "error/backend" };
	char path[XENBUS_PATH_BYTES];

	for (size_t i = 0; i < sizeof(roots) / sizeof(roots[0]); i++) {
		snprintf(path, sizeof(path), "/local/domain/0/%s/vif/%u", roots[i], domid);
		store_remove(store, STORE_NO_TRANSACTION, path);
	}
}
