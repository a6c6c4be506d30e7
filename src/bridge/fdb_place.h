/*
 * Who gets a place in the forwarding database, and for how long: limits, ageing, and
 * room where both of an address' buckets are full. The caller holds the lock.
 */
#ifndef BRIDGE_FDB_PLACE_H
#define BRIDGE_FDB_PLACE_H

#include "bridge/fdb_table.h"

/* Without the lock, too. Whether no address more is taken from that port, but for what
 * a sweep would find; and whether one was just made. */
bool fdb_place_is_full(const struct fdb *fdb, uint16_t port);
bool fdb_place_is_swept(const struct fdb *fdb, uint64_t now_ms);
/* Counts a refusal; false. */
bool fdb_place_refuse(struct fdb *fdb);

/* Notes that the address was seen there. False if refused. */
bool fdb_place_learn(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t now_ms);
/* An address that is not there yet, as seen at that time. False if refused. */
bool fdb_place_insert(struct fdb *fdb, uint64_t address, uint16_t port, uint64_t seen_ms);
void fdb_place_remove(struct fdb *fdb, struct entry *entry);

#endif
