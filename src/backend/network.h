/*
 * The bridges of the driver domain, as the operator named them: each with its
 * MTU, its uplink and the addresses that it may give to guests.
 */
#ifndef BACKEND_NETWORK_H
#define BACKEND_NETWORK_H

#include <stdbool.h>
#include <stdint.h>

#include "backend/privileged.h"
#include "backend/uplink.h"

enum {
	NETWORKS_MAX = 16,
	NETWORK_FDB_ENTRIES = 4096, /* or as many as one port may have */
	NETWORK_FDB_ENTRIES_MAX = 65536,
	NETWORK_MACS_PER_PORT = 64,
	NETWORK_AGEING_MS = 300000
};

struct network_config {
	char name[16];
	char tap[16]; /* empty: no uplink */
	uint32_t mtu;
	uint32_t macs; /* that one port may have */
	uint32_t ip;   /* of the uplink, network order; 0: none */
	uint8_t prefix;
	bool own_tap;	/* of one vif: new, and gone with it */
	bool left_down; /* for a script to bring up */
};

struct network {
	struct network_config config;
	struct bridge *bridge;
	struct uplink uplink;
	struct workers *workers;
};

struct networks {
	struct network list[NETWORKS_MAX];
	unsigned int nr;
};

/* Makes the bridge and its uplink. 0, or -errno with one line in `error`. */
int network_open(struct network *network, const struct network_config *config,
		 struct workers *workers, struct privileged *privileged, char *error,
		 size_t error_size);
void network_close(struct network *network);

/* Brings the uplink back when its device was deleted under us. */
void network_revive(struct network *network, struct privileged *privileged);

/* Looks at what the workers have to say of the uplinks: frames beyond their MTU. */
void networks_handle_alarm(struct networks *networks);

struct network *network_find(struct networks *networks, const char *name);

/* The lowest free address of the subnet, network order; 0: none. */
uint32_t network_free_ip(const struct network *network, bool (*taken)(void *arg, uint32_t ip),
			 void *arg);
/* May a guest have it: within the subnet, neither its ends nor the uplink's? */
bool network_has_ip(const struct network *network, uint32_t ip);

#endif
