/*
 * "Here I am": the frames that make bridges and neighbours learn where an
 * address lives after a vif connected anew. Pure: bytes in, bytes out.
 *
 * IPv4: an ARP announcement (RFC 5227 section 2.3). IPv6: an unsolicited
 * neighbour advertisement (RFC 4861 section 7.2.6). Where no address is known,
 * a reverse ARP request (RFC 903), as hypervisors send it after a migration.
 */
#ifndef FRONTEND_ANNOUNCE_H
#define FRONTEND_ANNOUNCE_H

#include <stdint.h>

enum { ANNOUNCE_BYTES = 86 }; /* the longest of them */

/* Each writes a whole frame and returns its length. Addresses in network
 * order. */
unsigned int announce_ipv4(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6],
			   const uint8_t ip[4]);
unsigned int announce_ipv6(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6],
			   const uint8_t ip[16]);
unsigned int announce_mac(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6]);

#endif
