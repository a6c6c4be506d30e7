/*
 * What may be left to the other side, by ethtool's words, as the guest sees
 * its eth0: what it may send (tx-checksumming, sg, tso) is offered to it in the
 * store when it connects; what it is sent (rx-checksumming, gso, gro) is
 * decided on the way to it. Pure; a set is a mask of 1 << enum offload.
 */
#ifndef BACKEND_OFFLOAD_H
#define BACKEND_OFFLOAD_H

#include <stdbool.h>
#include <stdint.h>

enum offload {
	OFFLOAD_RX_CSUM, /* blank checksums to the guest */
	OFFLOAD_TX_CSUM, /* blank checksums from it */
	OFFLOAD_SG,	 /* frames of several slots from it */
	OFFLOAD_TSO,	 /* GSO frames from it */
	OFFLOAD_GSO,	 /* GSO frames to it */
	OFFLOAD_GRO,	 /* segments to it merged to GSO frames */
	OFFLOADS
};

enum {
	OFFLOADS_ALL = (1 << OFFLOADS) - 1,
	/* These take a new connection. */
	OFFLOADS_OFFERED = 1 << OFFLOAD_TX_CSUM | 1 << OFFLOAD_SG | 1 << OFFLOAD_TSO,
};

/* "rx-checksumming", "scatter-gather", ...: as ethtool -k lists them. */
const char *offload_name(enum offload offload);
/* "rx", "sg", "tso", ...: as -K and the store's keys have them. */
const char *offload_key(enum offload offload);
/* By either name; -1. */
int offload_parse(const char *word);

/* The guest's own words on what it takes, as its keys have them. */
struct offload_guest {
	bool sg, gso_tcpv4, gso_tcpv6, no_csum, ipv6_csum;
};

/* What its port takes (enum port_takes), of what it says and what is on. */
uint8_t offload_takes(const struct offload_guest *guest, uint32_t offloads);

#endif
