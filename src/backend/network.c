#include "backend/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "backend/mtu.h"
#include "io/state.h"
#include "io/log.h"

static int tap_uplink_open(struct network *network, struct privileged *privileged, char *error,
			   size_t error_size)
{
	struct workers *workers = network->workers;
	int fds[LANES_MAX];
	int n = privileged_open_tap(privileged, &network->config, fds, workers->nr, error,
				    error_size);
	int err;

	if (n < 0)
		return n;
	err = uplink_attach(&network->uplink, network->config.tap, fds, (unsigned int)n,
			    network->config.mtu, workers, network->bridge);
	if (err)
		snprintf(error, error_size, "cannot use tap %s: %s", network->config.tap,
			 strerror(-err));
	return err;
}

static int stream_uplink_open(struct network *network, struct privileged *privileged, char *error,
			      size_t error_size)
{
	const struct network_config *config = &network->config;
	char name[NETWORK_UPLINK_BYTES];
	int fd = privileged_open_stream(privileged, config, error, error_size);
	int err;

	if (fd < 0)
		return fd;
	err = uplink_stream_attach(&network->stream, network_uplink_name(config, name), fd,
				   config->mtu, network->workers, network->bridge);
	if (err)
		snprintf(error, error_size, "cannot use %s: %s", name, strerror(-err));
	return err;
}

static int uplink_open(struct network *network, struct privileged *privileged, char *error,
		       size_t error_size)
{
	return network->config.stream[0]
		       ? stream_uplink_open(network, privileged, error, error_size)
		       : tap_uplink_open(network, privileged, error, error_size);
}

const char *network_uplink_name(const struct network_config *config,
				char name[NETWORK_UPLINK_BYTES])
{
	if (!config->stream[0])
		return config->tap[0] ? config->tap : NULL;
	snprintf(name, NETWORK_UPLINK_BYTES, "stream:%s", config->stream);
	return name;
}

const struct port *network_uplink_port(const struct network *network)
{
	if (network->stream.workers)
		return &network->stream.stream.port;
	return network->uplink.workers ? &network->uplink.tap.port : NULL;
}

bool network_lacks_uplink(const struct network *network)
{
	const struct network_config *config = &network->config;

	if (config->stream[0])
		return !network->stream.workers || uplink_stream_trouble(&network->stream);
	return config->tap[0] && (!network->uplink.workers ||
				  __atomic_load_n(&network->uplink.lost, __ATOMIC_RELAXED));
}

static void uplink_close(struct network *network)
{
	if (network->uplink.workers)
		uplink_detach(&network->uplink);
	if (network->stream.workers)
		uplink_stream_detach(&network->stream);
}

/* Once for each time it goes. */
static void tell_away(struct network *network, const char *why)
{
	if (!network->told_away)
		log_warning("bridge", "uplink of %s is away: %s", network->config.name, why);
	network->told_away = true;
}

/* The bridge, with nothing on it. */
static int bridge_open(struct network *network, const struct network_config *config,
		       struct workers *workers)
{
	struct fdb_config fdb = { .entries = config->macs > NETWORK_FDB_ENTRIES
						     ? config->macs
						     : NETWORK_FDB_ENTRIES,
				  .max_per_port = config->macs,
				  .ageing_ms = NETWORK_AGEING_MS };

	*network = (struct network){ .config = *config, .workers = workers };
	if (getrandom(fdb.secret, sizeof(fdb.secret), 0) < 0)
		return -errno;
	network->bridge = bridge_create(config->name, config->mtu, &fdb);
	return network->bridge ? 0 : -ENOMEM;
}

int network_open(struct network *network, const struct network_config *config,
		 struct workers *workers, struct privileged *privileged, char *error,
		 size_t error_size)
{
	int err = bridge_open(network, config, workers);

	if (err)
		snprintf(error, error_size, "cannot create bridge %s: %s", config->name,
			 strerror(-err));
	if (err || (!config->tap[0] && !config->stream[0]))
		return err;
	err = uplink_open(network, privileged, error, error_size);
	if (err && config->stream[0]) {
		tell_away(network, error);
		return 0;
	}
	if (err)
		bridge_destroy(network->bridge);
	return err;
}

void network_close(struct network *network)
{
	uplink_close(network);
	bridge_destroy(network->bridge);
}

void network_revive(struct network *network, struct privileged *privileged)
{
	char error[256], name[NETWORK_UPLINK_BYTES];

	if (network->stream.workers)
		tell_away(network, uplink_stream_trouble(&network->stream));
	uplink_close(network);
	if (uplink_open(network, privileged, error, sizeof(error))) {
		tell_away(network, error);
		return;
	}
	network->told_away = false;
	log_info("bridge", "uplink of %s is back: %s", network->config.name,
		 network_uplink_name(&network->config, name));
}

void networks_handle_alarm(struct networks *networks)
{
	for (unsigned int i = 0; i < networks->nr; i++) {
		struct network *network = &networks->list[i];

		if (network->uplink.workers)
			mtu_log_too_big(&network->uplink.tap.port, &network->uplink.told_too_big);
		if (network->stream.workers)
			mtu_log_too_big(&network->stream.stream.port,
					&network->stream.told_too_big);
	}
}

struct network *network_find(struct networks *networks, const char *name)
{
	for (unsigned int i = 0; i < networks->nr; i++)
		if (!*name || !strcmp(networks->list[i].config.name, name))
			return &networks->list[i];
	return NULL;
}

static uint32_t host_mask(const struct network *network)
{
	return network->config.prefix ? 0xffffffffu >> network->config.prefix : 0xffffffffu;
}

bool network_has_ip(const struct network *network, uint32_t ip)
{
	uint32_t own = ntohl(network->config.ip), mask = host_mask(network), host = ntohl(ip);

	return network->config.ip && (own & ~mask) == (host & ~mask) && host != own &&
	       (host & mask) != 0 && (host & mask) != mask;
}

uint32_t network_free_ip(const struct network *network, bool (*taken)(void *arg, uint32_t ip),
			 void *arg)
{
	uint32_t base = ntohl(network->config.ip) & ~host_mask(network);

	if (!network->config.ip)
		return 0;
	for (uint32_t host = 1; host < host_mask(network); host++) {
		uint32_t ip = htonl(base + host);

		if (network_has_ip(network, ip) && !taken(arg, ip))
			return ip;
	}
	return 0;
}

void network_suspend(struct network *network)
{
	if (network->uplink.workers)
		uplink_suspend(&network->uplink);
}

void network_resume(struct network *network)
{
	if (network->uplink.workers && uplink_resume(&network->uplink))
		__atomic_store_n(&network->uplink.lost, 1, __ATOMIC_RELAXED);
}

enum { RECORD_NETWORK = 0x4e455457 };

static void carry_config(struct network_config *config, struct state *state)
{
	state_text(state, config->name, sizeof(config->name));
	state_text(state, config->tap, sizeof(config->tap));
	state_text(state, config->stream, sizeof(config->stream));
	state_u32(state, &config->mtu);
	state_u32(state, &config->macs);
	state_u32(state, &config->ip);
	state_u8(state, &config->prefix);
	state_bool(state, &config->own_tap);
	state_bool(state, &config->left_down);
}

/* One descriptor for each queue that the device has. */
static unsigned int carry_fds(const struct network *network, struct state *state, int *fds)
{
	const struct uplink *uplink = &network->uplink;
	unsigned int n = (unsigned int)state_number(state, uplink->workers ? uplink->nr_queues : 0,
						    LANES_MAX);

	for (unsigned int i = 0; i < n; i++) {
		fds[i] = state->restores ? -1 : uplink->tap.lanes[i].fd;
		state_fd(state, &fds[i]);
		if (fds[i] < 0)
			state_refuse(state, "a TAP has no descriptor");
	}
	return n;
}

static void fds_close(const int *fds, unsigned int n)
{
	while (n--)
		if (fds[n] >= 0)
			close(fds[n]);
}

static void restore(struct network *network, const struct network_config *config,
		    struct workers *workers, const int *fds, unsigned int n, struct state *state)
{
	if (n > workers->nr)
		state_refuse(state, "a TAP has more queues than this daemon has workers: start "
				    "it with as many --workers as the other");
	if (state->fault || bridge_open(network, config, workers) ||
	    !(network->ports = malloc(BRIDGE_MAX_PORTS * sizeof(*network->ports)))) {
		fds_close(fds, n);
		state_refuse(state, "out of memory");
		return;
	}
	memset(network->ports, 0xff, BRIDGE_MAX_PORTS * sizeof(*network->ports));
	if (n && uplink_attach(&network->uplink, config->tap, fds, n, config->mtu, workers,
			       network->bridge))
		state_refuse(state, "a TAP cannot be taken over");
}

void network_port_carry(struct network *network, const struct port *port, struct state *state)
{
	uint16_t then = port ? port->index : PORT_NONE;

	state_u16(state, &then);
	if (state->restores && port && network->ports && then < BRIDGE_MAX_PORTS)
		network->ports[then] = port->index;
}

void network_carry(struct network *network, struct workers *workers, struct state *state)
{
	size_t mark = state_open(state, RECORD_NETWORK);
	struct network_config config = network->config;
	int fds[LANES_MAX];
	unsigned int n;

	carry_config(&config, state);
	n = carry_fds(network, state, fds);
	if (state->restores)
		restore(network, &config, workers, fds, n, state);
	if (n && !state->fault) {
		network_port_carry(network, &network->uplink.tap.port, state);
		port_carry(&network->uplink.tap.port, state);
	}
	state_close(state, mark);
}

void network_bridge_carry(struct network *network, struct state *state)
{
	bridge_carry(network->bridge, state, network->ports);
	free(network->ports);
	network->ports = NULL;
}
