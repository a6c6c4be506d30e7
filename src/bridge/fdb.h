/*
 * The forwarding database: which port a MAC address was last seen on.
 *
 * Bounded, hashed with a secret so that addresses cannot be chosen to collide,
 * four entries a cache line, two lines at most for a look-up. A port may hold
 * only so many addresses. Entries age by the clock that is handed in; knows
 * neither ports nor frames. Time in milliseconds.
 *
 * Any thread may call anything at any time. Looking up takes no lock, nor does
 * learning what is known already; changes are made under one.
 */
#ifndef BRIDGE_FDB_H
#define BRIDGE_FDB_H

#include <stdbool.h>
#include <stdint.h>

struct fdb;

struct fdb_config {
	uint32_t entries;      /* capacity, rounded up to a power of two */
	uint32_t max_per_port; /* 0: no limit */
	uint32_t ageing_ms;
	uint64_t secret[2];
};

struct fdb_stats {
	uint64_t learned, moved, aged, refused; /* refused: table or port limit */
	uint32_t entries;
};

struct fdb *fdb_create(const struct fdb_config *config); /* NULL: out of memory */
void fdb_destroy(struct fdb *fdb);

/* For a look-up some 100 ns later. */
void fdb_prefetch(const struct fdb *fdb, const uint8_t mac[6]);

/* The port, or PORT_NONE. */
uint16_t fdb_lookup(const struct fdb *fdb, const uint8_t mac[6], uint64_t now_ms);

/* Notes that `mac` was seen on `port`. False if refused. A port's thread must
 * have stopped learning when it is to be forgotten. */
bool fdb_learn(struct fdb *fdb, const uint8_t mac[6], uint16_t port, uint64_t now_ms);

void fdb_forget_port(struct fdb *fdb, uint16_t port);
void fdb_flush(struct fdb *fdb);
void fdb_stats(struct fdb *fdb, struct fdb_stats *stats);

struct state;

/* Saves who lives where and since when, or learns it anew: ports[] has the port of
 * now for each of then, or PORT_NONE. */
void fdb_carry(struct fdb *fdb, struct state *state, const uint16_t *ports);

struct fdb_entry {
	uint8_t mac[6];
	uint16_t port;
	uint64_t age_ms;
};

/* Up to `max` living entries, in no order; how many. */
uint32_t fdb_list(struct fdb *fdb, uint64_t now_ms, struct fdb_entry *list, uint32_t max);

#endif
