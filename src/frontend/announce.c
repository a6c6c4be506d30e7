#include "frontend/announce.h"

#include <string.h>

enum { ETHERNET_MIN = 60, ARP_REQUEST = 1, RARP_REQUEST = 3 };

static uint8_t *put(uint8_t *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static uint8_t *put16(uint8_t *at, unsigned int value)
{
	const uint8_t bytes[] = { (uint8_t)(value >> 8), (uint8_t)value };

	return put(at, bytes, sizeof(bytes));
}

static unsigned int arp(uint8_t *frame, unsigned int ethertype, unsigned int operation,
			const uint8_t *mac, const uint8_t *ip, const uint8_t *target_mac)
{
	uint8_t *at = frame;

	memset(frame, 0, ETHERNET_MIN);
	memset(at, 0xff, 6);
	at = put(at + 6, mac, 6);
	at = put16(at, ethertype);
	at = put16(at, 1);	/* hardware: Ethernet */
	at = put16(at, 0x0800); /* protocol: IPv4 */
	at = put16(at, 6 << 8 | 4);
	at = put16(at, operation);
	at = put(at, mac, 6);
	at = put(at, ip, 4);
	at = put(at, target_mac, 6);
	put(at, ip, 4);
	return ETHERNET_MIN;
}

unsigned int announce_ipv4(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6], const uint8_t ip[4])
{
	static const uint8_t nobody[6];

	return arp(frame, 0x0806, ARP_REQUEST, mac, ip, nobody);
}

unsigned int announce_mac(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6])
{
	static const uint8_t unknown[4];

	return arp(frame, 0x8035, RARP_REQUEST, mac, unknown, mac);
}

/* RFC 1071 over the pseudo header (RFC 8200 section 8.1) and the message. */
static unsigned int icmpv6_checksum(const uint8_t *addresses, const uint8_t *message,
				    unsigned int length)
{
	uint32_t sum = length + 58;

	for (unsigned int i = 0; i < 32; i += 2)
		sum += (uint32_t)addresses[i] << 8 | addresses[i + 1];
	for (unsigned int i = 0; i < length; i += 2)
		sum += (uint32_t)message[i] << 8 | message[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

unsigned int announce_ipv6(uint8_t frame[ANNOUNCE_BYTES], const uint8_t mac[6],
			   const uint8_t ip[16])
{
	static const uint8_t all_nodes_mac[6] = { 0x33, 0x33, 0, 0, 0, 1 };
	static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };
	enum { ETHERNET = 14, IPV6 = 40, MESSAGE = 32 };
	uint8_t *at = frame, *message = frame + ETHERNET + IPV6;

	memset(frame, 0, ANNOUNCE_BYTES);
	at = put(at, all_nodes_mac, 6);
	at = put(at, mac, 6);
	at = put16(at, 0x86dd);
	*at = 6 << 4;
	at = put16(at + 4, MESSAGE);
	*at++ = 58;  /* ICMPv6 */
	*at++ = 255; /* hop limit */
	at = put(at, ip, 16);
	at = put(at, all_nodes, 16);
	*at = 136;    /* neighbour advertisement */
	at[4] = 0x20; /* not solicited, override */
	at = put(at + 8, ip, 16);
	*at++ = 2; /* option: target link-layer address */
	*at++ = 1; /* in units of 8 bytes */
	put(at, mac, 6);
	put16(message + 2, icmpv6_checksum(frame + ETHERNET + 8, message, MESSAGE));
	return ETHERNET + IPV6 + MESSAGE;
}
