/*
 * Whole TCP and UDP frames from a description, byte by byte and with right
 * checksums: plain and slow, the second opinion on what segment and merge do.
 * What describes a big frame describes its segments too (packet_segment).
 */
#ifndef SUPPORT_PACKET_H
#define SUPPORT_PACKET_H

#include <stdbool.h>
#include <stdint.h>

enum {
	PACKET_MAX_BYTES = 66000,
	PACKET_FIN = 0x01,
	PACKET_SYN = 0x02,
	PACKET_RST = 0x04,
	PACKET_PSH = 0x08,
	PACKET_ACK = 0x10,
	PACKET_URG = 0x20,
	PACKET_ECE = 0x40,
	PACKET_CWR = 0x80,
};

struct packet {
	unsigned int tags;	 /* VLAN tags: 0, 1, 2 */
	unsigned int version;	 /* 4 or 6 */
	unsigned int ip_options; /* IPv4: bytes, a multiple of 4 */
	unsigned int extensions; /* IPv6: headers of 8 bytes */
	bool udp;
	unsigned int tcp_options; /* bytes, a multiple of 4 */
	uint8_t mac, vlan;	  /* the last byte of the source's address; the tag's number */
	uint8_t host;		  /* the last byte of the source's IP address */
	uint16_t port;		  /* the source's */
	uint8_t ttl, tos;
	uint32_t flow_label;
	bool df, fixed_id;
	uint16_t id;
	uint32_t seq, ack;
	uint16_t window, urgent;
	uint8_t flags;
	uint8_t option_byte; /* what the options are filled with */
	bool blank;	     /* only the pseudo-header's sum in the field */
	const uint8_t *payload;
	uint32_t payload_bytes;
};

/* Writes the frame; its length. */
uint32_t packet_write(const struct packet *packet, uint8_t *bytes);
uint32_t packet_network(const struct packet *packet);	/* the IP header's offset */
uint32_t packet_transport(const struct packet *packet); /* TCP's or UDP's */
uint32_t packet_headers(const struct packet *packet);	/* bytes of all headers */

/* The i-th of the frames that a big one stands for. False beyond the last. */
bool packet_segment(const struct packet *big, uint32_t gso_size, uint32_t i,
		    struct packet *segment);

/* A random one that Linux might send; `payload` must have PACKET_MAX_BYTES. */
void packet_random(struct packet *packet, uint64_t *state, const uint8_t *payload);

#endif
