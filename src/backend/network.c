#include "backend/network.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "backend/mtu.h"
#include "io/log.h"

static int uplink_open(struct network *network, struct privileged *privileged, char *error,
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

int network_open(struct network *network, const struct network_config *config,
		 struct workers *workers, struct privileged *privileged, char *error,
		 size_t error_size)
{
	struct fdb_config fdb = { .entries = config->macs > NETWORK_FDB_ENTRIES
						     ? config->macs
						     : NETWORK_FDB_ENTRIES,
				  .max_per_port = config->macs,
				  .ageing_ms = NETWORK_AGEING_MS };
	int err;

	*network = (struct network){ .config = *config, .workers = workers };
	if (getrandom(fdb.secret, sizeof(fdb.secret), 0) < 0)
		return -errno;
	network->bridge = bridge_create(config->name, config->mtu, &fdb);
	if (!network->bridge) {
		snprintf(error, error_size, "cannot create bridge %s: out of memory", config->name);
		return -ENOMEM;
	}
	if (!config->tap[0])
		return 0;
	err = uplink_open(network, privileged, error, error_size);
	if (err)
		bridge_destroy(network->bridge);
	return err;
}

void network_close(struct network *network)
{
	if (network->uplink.workers)
		uplink_detach(&network->uplink);
	bridge_destroy(network->bridge);
}

void network_revive(struct network *network, struct privileged *privileged)
{
	char error[256];

	if (network->uplink.workers)
		uplink_detach(&network->uplink);
	if (uplink_open(network, privileged, error, sizeof(error)))
		log_warning("bridge", "uplink of %s is away: %s", network->config.name, error);
	else
		log_info("bridge", "uplink of %s is back tap=%s", network->config.name,
			 network->config.tap);
}

void networks_handle_alarm(struct networks *networks)
{
	for (unsigned int i = 0; i < networks->nr; i++) {
		struct uplink *uplink = &networks->list[i].uplink;

		if (uplink->workers)
			mtu_log_too_big(&uplink->tap.port, &uplink->told_too_big);
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
