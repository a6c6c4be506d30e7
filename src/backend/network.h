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
#include "backend/uplink_stream.h"
#include "io/rundir.h"

enum {
	NETWORKS_MAX = 16,
	NETWORK_FDB_ENTRIES = 4096, /* or as many as one port may have */
	NETWORK_FDB_ENTRIES_MAX = 65536,
	NETWORK_MACS_PER_PORT = 64,
	NETWORK_AGEING_MS = 300000,
	NETWORK_UPLINK_BYTES = RUNDIR_PATH_BYTES + 8,
};

struct network_config {
	char name[16];
	char tap[16];			/* the uplink's; empty: none */
	char stream[RUNDIR_PATH_BYTES]; /* or the socket of whoever serves it */
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
	struct uplink uplink;	     /* a TAP, */
	struct uplink_stream stream; /* or a socket */
	struct workers *workers;
	bool told_away;
	uint16_t *ports; /* while its state is restored: the port of now for each of then */
};

struct networks {
	struct network list[NETWORKS_MAX];
	unsigned int nr;
};

/* Makes the bridge and its uplink. A stream that nobody serves yet is no error: it
 * is lacking. 0, or -errno with one line in `error`. */
int network_open(struct network *network, const struct network_config *config,
		 struct workers *workers, struct privileged *privileged, char *error,
		 size_t error_size);
void network_close(struct network *network);

struct state;

/* While no worker has turns: takes the uplink off the workers, and back. */
void network_suspend(struct network *network);
void network_resume(struct network *network);

/* Saves a suspended one with its TAP's descriptors, or opens it as it was; then,
 * when all its ports are there again, what the bridge knows. Nothing may have a
 * turn meanwhile. A stream's connection is not carried: it is lacking then. */
void network_carry(struct network *network, struct workers *workers, struct state *state);
void network_bridge_carry(struct network *network, struct state *state);
/* The port that a vif had, and has now. */
void network_port_carry(struct network *network, const struct port *port, struct state *state);

/* What it has for an uplink, in a word: "tap0", "stream:PATH"; NULL: none. */
const char *network_uplink_name(const struct network_config *config,
				char name[NETWORK_UPLINK_BYTES]);
/* NULL: there is none now. */
const struct port *network_uplink_port(const struct network *network);

/* Whether there should be an uplink that is not there: its device was deleted
 * under us, or whoever served it is gone. */
bool network_lacks_uplink(const struct network *network);
/* Brings it back; whether it is there is to be seen again. */
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
