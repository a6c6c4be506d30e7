#include "bench/lab/herd_frame.h"

#include <arpa/inet.h>
#include <string.h>

#include "bridge/csum.h"
#include "bridge/headers.h"

enum {
	IP_AT = 14,
	UDP_AT = IP_AT + IPV4_BYTES,
	UDP_DISCARD = 9,
	ICMP_ECHO_REQUEST = 8, /* RFC 792; its checksum stands behind type and code */
	ICMP_CSUM = 2,
	FLOW_SHIFT = 48, /* of the number, as it is written */
};

void herd_mac(const struct herd *herd, unsigned int vm, uint8_t mac[6])
{
	memcpy(mac, (uint8_t[6]){ 0x02, 0x73, 0x76, 0x4c, herd->number, (uint8_t)(vm + 1) }, 6);
}

uint32_t herd_ip(const struct herd *herd, unsigned int vm)
{
	return htonl(0x0a5a0000 + ((uint32_t)herd->number << 8) + vm + 2);
}

void herd_flow_direct(struct herd_flow *flow, const uint8_t mac[6], uint32_t ip)
{
	uint8_t *head = flow->head;

	memcpy(head, mac, 6);
	memcpy(head + IP_AT + IPV4_ADDRESSES_AT + 4, &ip, 4);
	put16(head + IP_AT + IPV4_CSUM_AT, 0);
	put16(head + IP_AT + IPV4_CSUM_AT, csum_fold(csum_add(0, head + IP_AT, IPV4_BYTES)));
}

void herd_flow_echo(struct herd_flow *flow, const uint8_t mac[6], uint32_t ip)
{
	flow->echoes = true;
	flow->to = flow->from;
	flow->head[IP_AT + IPV4_PROTOCOL_AT] = IPPROTO_ICMP;
	memset(flow->head + UDP_AT, 0, HERD_HEAD - UDP_AT);
	flow->head[UDP_AT] = ICMP_ECHO_REQUEST;
	herd_flow_direct(flow, mac, ip);
}

struct herd_flow *herd_flow(struct herd *herd, unsigned int from, unsigned int to, uint32_t size,
			    uint64_t rate)
{
	struct herd_flow *flow = &herd->flows[herd->nr_flows++];
	uint8_t *ip = flow->head + IP_AT, *udp = flow->head + UDP_AT;
	uint8_t mac[6];

	*flow = (struct herd_flow){ .from = from, .to = to, .size = size, .rate = rate };
	memcpy(flow->head + 6, herd->vms[from].mac, 6);
	put16(flow->head + 12, 0x0800);
	ip[0] = 0x45;
	put16(ip + IPV4_TOTAL_AT, size - IP_AT);
	ip[IPV4_TTL_AT] = 64;
	ip[IPV4_PROTOCOL_AT] = IPPROTO_UDP;
	memcpy(ip + IPV4_ADDRESSES_AT, &herd->vms[from].ip, 4);
	put16(udp, UDP_DISCARD);
	put16(udp + 2, UDP_DISCARD);
	put16(udp + UDP_LENGTH_AT, size - UDP_AT);
	herd_mac(herd, to, mac);
	herd_flow_direct(flow, mac, herd_ip(herd, to));
	return flow;
}

void herd_frame_write(const struct herd_flow *flow, const struct herd_stamp *stamp,
		      struct splitvif_frame *frame)
{
	uint64_t words[2] = { stamp->number | (uint64_t)stamp->flow << FLOW_SHIFT,
			      (uint64_t)stamp->due_ns };
	uint8_t *data = frame->parts[0].iov_base;

	memcpy(data, flow->head, HERD_HEAD);
	memcpy(data + HERD_HEAD, words, sizeof(words));
	frame->length = flow->size;
	if (!flow->echoes)
		return;
	put16(data + UDP_AT + ICMP_CSUM,
	      csum_fold(csum_add(0, data + UDP_AT, flow->size - UDP_AT)));
}

bool herd_frame_read(const struct splitvif_frame *frame, struct herd_stamp *stamp)
{
	const uint8_t *data = frame->parts[0].iov_base;
	uint64_t words[2];
	uint8_t type[2];

	if (frame->length < HERD_FRAME_MIN || frame->parts[0].iov_len < HERD_FRAME_MIN)
		return false;
	memcpy(type, data + 12, 2);
	memcpy(words, data + HERD_HEAD, sizeof(words));
	stamp->flow = (unsigned int)(words[0] >> FLOW_SHIFT);
	stamp->number = words[0] & ((UINT64_C(1) << FLOW_SHIFT) - 1);
	stamp->due_ns = (int64_t)words[1];
	return type[0] == 8 && type[1] == 0;
}

void herd_frame_call(const struct herd_vm *vm, struct splitvif_frame *frame)
{
	static const uint8_t request[8] = { 0, 1, 8, 0, 6, 4, 0, 1 };
	uint8_t *data = frame->parts[0].iov_base;

	memset(data, 0, HERD_FRAME_MIN);
	memset(data, 0xff, 6);
	memcpy(data + 6, vm->mac, 6);
	put16(data + 12, 0x0806);
	memcpy(data + 14, request, sizeof(request));
	memcpy(data + 22, vm->mac, 6);
	memcpy(data + 28, &vm->ip, 4);
	memcpy(data + 38, &vm->ip, 4);
	frame->length = HERD_FRAME_MIN;
}
