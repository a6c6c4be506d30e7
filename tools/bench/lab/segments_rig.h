/*
 * A TCP connection from one VM to another, each with a kernel of its own, over devices
 * of several sizes. One pair's kernels take their eth0 for a device of 9000 bytes, and it
 * is one of 1500: as behind a bridge whose uplink is smaller than what it connects.
 */
#ifndef LAB_SEGMENTS_RIG_H
#define LAB_SEGMENTS_RIG_H

#include "bench/lab/experiment.h"

enum segments_merging {
	SEGMENTS_OFF,
	SEGMENTS_GSO, /* the sender's eth0 takes up to 64 KiB as one frame (TSO, GSO) */
	SEGMENTS_GRO, /* the backend merges what it forwards to the receiver */
	SEGMENTS_BOTH
};
extern const char *const segments_mergings[];

enum { SEGMENTS_MTU_BIG = 65521 };

struct segments_setup {
	uint32_t merging;    /* enum segments_merging */
	uint32_t mtu;	     /* 1500, 9000 or SEGMENTS_MTU_BIG */
	uint32_t device_mtu; /* 0: the same; 1500 below 9000 */
};

/* Columns: Gbit/s, and frames, events and processor time a Gbit. */
extern const struct lab_rig segments_rig;

#endif
