#include "support/packet.h"

#include <string.h>

#include "support/random.h"

static uint8_t *put8(uint8_t *at, unsigned int value)
{
	*at = (uint8_t)value;
	return at + 1;
}

static uint8_t *put16(uint8_t *at, unsigned int value)
{
	return put8(put8(at, value >> 8), value & 0xff);
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static uint8_t *fill(uint8_t *at, uint8_t value, unsigned int bytes)
{
	memset(at, value, bytes);
	return at + bytes;
}

/* RFC 1071 as it stands there. `sum` is folded. */
static uint32_t add(uint32_t sum, const uint8_t *data, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++) {
		sum += i & 1 ? data[i] : (uint32_t)data[i] << 8;
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

uint32_t packet_network(const struct packet *packet)
{
	return 14 + 4 * packet->tags;
}

uint32_t packet_transport(const struct packet *packet)
{
	return packet_network(packet) + (packet->version == 4 ? 20 + packet->ip_options :
								40 + 8 * packet->extensions);
}

uint32_t packet_headers(const struct packet *packet)
{
	return packet_transport(packet) + (packet->udp ? 8 : 20 + packet->tcp_options);
}

static uint8_t *write_ethernet(const struct packet *packet, uint8_t *at)
{
	at = put32(put16(at, 0x0200), 1);
	at = put32(put16(at, 0x0200), 0x100u + packet->mac);
	for (unsigned int i = 0; i < packet->tags; i++)
		at = put16(put16(at, i + 1 < packet->tags ? 0x88a8 : 0x8100), packet->vlan + i);
	return put16(at, packet->version == 4 ? 0x0800 : 0x86dd);
}

static unsigned int protocol_of(const struct packet *packet)
{
	return packet->udp ? 17 : 6;
}

static uint8_t *write_ipv4(const struct packet *packet, uint8_t *ip, uint32_t total)
{
	unsigned int header = 20 + packet->ip_options;
	uint8_t *at = ip;

	at = put8(put8(at, 0x40 | header / 4), packet->tos);
	at = put16(put16(put16(at, total), packet->id), packet->df ? 0x4000 : 0);
	at = put16(put8(put8(at, packet->ttl), protocol_of(packet)), 0);
	at = put32(put32(at, 0x0a000000u + packet->host), 0x0a0000feu);
	at = fill(at, 1, packet->ip_options); /* no operation */
	put16(ip + 10, (uint16_t)~add(0, ip, header));
	return at;
}

static uint8_t *write_ipv6(const struct packet *packet, uint8_t *at, uint32_t total)
{
	at = put32(at, 6u << 28 | (uint32_t)packet->tos << 20 | packet->flow_label);
	at = put16(at, total - 40);
	at = put8(put8(at, packet->extensions ? 60 : protocol_of(packet)), packet->ttl);
	at = put32(fill(put32(at, 0xfd000000), 0, 8), packet->host);
	at = put32(fill(put32(at, 0xfd000000), 0, 8), 254);
	for (unsigned int i = packet->extensions; i > 0; i--) {
		at = put8(put8(at, i > 1 ? 60 : protocol_of(packet)), 0);
		at = fill(put8(put8(at, 1), 4), 0, 4); /* destination options: PadN */
	}
	return at;
}

static uint8_t *write_transport(const struct packet *packet, uint8_t *at)
{
	at = put16(put16(at, packet->port), 5001);
	if (packet->udp)
		return put16(put16(at, 8 + packet->payload_bytes), 0);
	at = put32(put32(at, packet->seq), packet->ack);
	at = put8(put8(at, (20 + packet->tcp_options) / 4 << 4), packet->flags);
	at = put16(put16(put16(at, packet->window), 0), packet->urgent);
	return fill(at, packet->option_byte, packet->tcp_options);
}

static void write_csum(const struct packet *packet, uint8_t *bytes, uint32_t length)
{
	uint8_t *ip = bytes + packet_network(packet);
	uint8_t *transport = bytes + packet_transport(packet);
	uint8_t *field = transport + (packet->udp ? 6 : 16);
	uint32_t covered = length - packet_transport(packet);
	uint8_t pseudo[4];
	uint32_t sum;

	put16(put16(pseudo, protocol_of(packet)), covered);
	sum = add(0, pseudo, 4);
	sum = packet->version == 4 ? add(sum, ip + 12, 8) : add(sum, ip + 8, 32);
	if (!packet->blank) {
		sum = (uint16_t)~add(sum, transport, covered);
		if (packet->udp && !sum)
			sum = 0xffff;
	}
	put16(field, sum);
}

uint32_t packet_write(const struct packet *packet, uint8_t *bytes)
{
	uint32_t total = packet_headers(packet) - packet_network(packet) + packet->payload_bytes;
	uint8_t *at = write_ethernet(packet, bytes);

	at = packet->version == 4 ? write_ipv4(packet, at, total) : write_ipv6(packet, at, total);
	at = write_transport(packet, at);
	if (packet->payload_bytes)
		memcpy(at, packet->payload, packet->payload_bytes);
	write_csum(packet, bytes, packet_network(packet) + total);
	return packet_network(packet) + total;
}

bool packet_segment(const struct packet *big, uint32_t gso_size, uint32_t i,
		    struct packet *segment)
{
	uint32_t offset = i * gso_size;
	uint32_t left = big->payload_bytes - offset;

	if (i && offset >= big->payload_bytes)
		return false;
	*segment = *big;
	segment->payload = big->payload + offset;
	segment->payload_bytes = left < gso_size ? left : gso_size;
	segment->seq += offset;
	if (!big->fixed_id)
		segment->id = (uint16_t)(big->id + i);
	if (left > gso_size)
		segment->flags &= (uint8_t)~(PACKET_FIN | PACKET_PSH);
	if (i)
		segment->flags &= (uint8_t)~PACKET_CWR;
	return true;
}

static bool one_in(uint64_t *state, uint32_t n)
{
	return random_below(state, n) == 0;
}

static void random_network(struct packet *packet, uint64_t *state)
{
	packet->tags = one_in(state, 3) ? random_below(state, 3) : 0;
	packet->version = one_in(state, 2) ? 4 : 6;
	if (packet->version == 4 && one_in(state, 4))
		packet->ip_options = random_below(state, 4) * 4;
	if (packet->version == 6 && one_in(state, 4))
		packet->extensions = random_below(state, 3);
	packet->ttl = (uint8_t)(1 + random_below(state, 255));
	packet->tos = (uint8_t)random_next(state);
	packet->flow_label = random_below(state, 1 << 20);
	packet->df = packet->version == 4 && !one_in(state, 4);
	packet->id = (uint16_t)random_next(state);
	packet->mac = (uint8_t)random_next(state);
	packet->vlan = (uint8_t)random_next(state);
	packet->host = (uint8_t)(1 + random_below(state, 250));
}

void packet_random(struct packet *packet, uint64_t *state, const uint8_t *payload)
{
	static const uint32_t most[] = { 4, 200, 1500, 9000, 65000 };

	memset(packet, 0, sizeof(*packet));
	random_network(packet, state);
	packet->port = (uint16_t)random_next(state);
	packet->tcp_options = one_in(state, 2) ? 12 : random_below(state, 6) * 4;
	packet->option_byte = 1;
	packet->seq = one_in(state, 4) ? UINT32_MAX - random_below(state, 70000) :
					 random_next(state);
	packet->ack = random_next(state);
	packet->window = (uint16_t)random_next(state);
	packet->flags = PACKET_ACK | (one_in(state, 3) ? PACKET_PSH : 0) |
			(one_in(state, 8) ? PACKET_FIN : 0) | (one_in(state, 8) ? PACKET_CWR : 0) |
			(one_in(state, 8) ? PACKET_ECE : 0);
	packet->payload = payload + random_below(state, 500);
	packet->payload_bytes = 1 + random_below(state, most[random_below(state, 5)]);
}
