#include "bridge/merge_rules.h"

#include <assert.h>
#include <string.h>

#include "bridge/headers.h"

static const char *const loss_names[] = {
	[MERGE_LOSS_TOS] = "tos",
	[MERGE_LOSS_TTL] = "ttl",
	[MERGE_LOSS_DF] = "df",
	[MERGE_LOSS_ID] = "ip_id",
	[MERGE_LOSS_FLOW_LABEL] = "flow_label",
	[MERGE_LOSS_EXTENSIONS] = "extensions",
	[MERGE_LOSS_ACK] = "ack",
	[MERGE_LOSS_WINDOW] = "window",
	[MERGE_LOSS_FLAGS] = "flags",
	[MERGE_LOSS_URGENT] = "urgent",
	[MERGE_LOSS_OPTIONS] = "options",
	[MERGE_LOSS_PUSH] = "push",
	[MERGE_LOSS_SIZE] = "size",
};
static_assert(sizeof(loss_names) / sizeof(loss_names[0]) == MERGE_LOSSES, "a name each");

const char *merge_loss_name(enum merge_loss loss)
{
	return loss_names[loss];
}

static const uint8_t *addresses(const struct merge_tcp *tcp, unsigned int *bytes)
{
	bool v4 = tcp->place.version == 4;

	*bytes = v4 ? 8 : 32;
	return tcp->ip + (v4 ? IPV4_ADDRESSES_AT : IPV6_ADDRESSES_AT);
}

void merge_rules_look(struct merge_tcp *tcp, const struct frame *frame)
{
	const uint8_t *last;
	unsigned int bytes;

	tcp->frame = frame;
	tcp->ip = frame->bytes + tcp->place.network;
	tcp->tcp = frame->bytes + tcp->place.transport;
	tcp->payload = tcp->place.end - tcp->place.payload;
	tcp->seq = get32(tcp->tcp + TCP_SEQ_AT);
	tcp->flags = tcp->tcp[TCP_FLAGS_AT];
	last = addresses(tcp, &bytes) + bytes / 2 - 4;
	tcp->key = get32(tcp->tcp) ^ get32(last) * 31 ^ get32(last + bytes / 2) * 37;
}

bool merge_rules_same_flow(const struct merge_tcp *a, const struct merge_tcp *b)
{
	unsigned int bytes;
	const uint8_t *others = addresses(b, &bytes);

	return a->key == b->key && a->place.network == b->place.network &&
	       memcmp(a->frame->bytes, b->frame->bytes, a->place.network) == 0 &&
	       memcmp(addresses(a, &bytes), others, bytes) == 0 &&
	       get32(a->tcp) == get32(b->tcp); /* the ports */
}

/* A plain header, with nothing in it that would be put right on the way. */
static bool is_plain_ipv4(const struct merge_tcp *tcp)
{
	return tcp->place.transport - tcp->place.network == IPV4_BYTES &&
	       !(get16(tcp->ip + IPV4_FRAGMENT_AT) & ~IPV4_DF) &&
	       csum_fold(csum_add(0, tcp->ip, IPV4_BYTES)) == 0;
}

bool merge_rules_allow(const struct merge_tcp *tcp)
{
	const struct frame *frame = tcp->frame;

	return frame->gso_type == GSO_NONE && tcp->payload && tcp->place.payload <= frame->head &&
	       tcp->place.end == frame->length &&
	       (tcp->flags & (TCP_SYN | TCP_RST | TCP_ACK | TCP_URG)) == TCP_ACK &&
	       (tcp->place.version == 6 || is_plain_ipv4(tcp));
}

/* The second segment says which of the two ways ids go (RFC 6864: under DF they
 * mean nothing, and some senders leave them equal). */
static bool is_id_in_step(const struct merge_tcp *first, unsigned int count, bool fixed_id,
			  const struct merge_tcp *tcp)
{
	uint16_t step = (uint16_t)(get16(tcp->ip + IPV4_ID_AT) - get16(first->ip + IPV4_ID_AT));

	if (step == 0)
		return get16(first->ip + IPV4_FRAGMENT_AT) == IPV4_DF && (fixed_id || count == 1);
	return step == count && !fixed_id;
}

static enum merge_loss ipv4_loss(const struct merge_tcp *first, unsigned int count, bool fixed_id,
				 const struct merge_tcp *tcp)
{
	if (tcp->ip[IPV4_TOS_AT] != first->ip[IPV4_TOS_AT])
		return MERGE_LOSS_TOS;
	if (tcp->ip[IPV4_TTL_AT] != first->ip[IPV4_TTL_AT])
		return MERGE_LOSS_TTL;
	if (get16(tcp->ip + IPV4_FRAGMENT_AT) != get16(first->ip + IPV4_FRAGMENT_AT))
		return MERGE_LOSS_DF;
	return is_id_in_step(first, count, fixed_id, tcp) ? MERGE_LOSSES : MERGE_LOSS_ID;
}

static enum merge_loss ipv6_loss(const struct merge_tcp *first, const struct merge_tcp *tcp)
{
	uint32_t differs = get32(tcp->ip) ^ get32(first->ip);

	if (differs & IPV6_CLASS)
		return MERGE_LOSS_TOS;
	if (differs & IPV6_LABEL)
		return MERGE_LOSS_FLOW_LABEL;
	if (tcp->ip[IPV6_HOPS_AT] != first->ip[IPV6_HOPS_AT])
		return MERGE_LOSS_TTL;
	if (tcp->place.transport != first->place.transport ||
	    tcp->ip[IPV6_NEXT_AT] != first->ip[IPV6_NEXT_AT] ||
	    memcmp(tcp->ip + IPV6_BYTES, first->ip + IPV6_BYTES,
		   (size_t)(tcp->tcp - tcp->ip - IPV6_BYTES)) != 0)
		return MERGE_LOSS_EXTENSIONS;
	return MERGE_LOSSES;
}

static uint32_t header_bytes(const struct merge_tcp *tcp)
{
	return (uint32_t)(tcp->place.payload - tcp->place.transport);
}

static enum merge_loss tcp_loss(const struct merge_tcp *first, const struct merge_tcp *next)
{
	const uint8_t *a = first->tcp;
	const uint8_t *b = next->tcp;

	if (get32(a + TCP_ACK_AT) != get32(b + TCP_ACK_AT))
		return MERGE_LOSS_ACK;
	if (get16(a + TCP_WINDOW_AT) != get16(b + TCP_WINDOW_AT))
		return MERGE_LOSS_WINDOW;
	if (next->flags & TCP_CWR || (a[TCP_OFFSET_AT] ^ b[TCP_OFFSET_AT]) & 0xf ||
	    (first->flags ^ next->flags) & ~(TCP_CWR | TCP_FIN | TCP_PSH))
		return MERGE_LOSS_FLAGS;
	if (get16(a + TCP_URGENT_AT) != get16(b + TCP_URGENT_AT))
		return MERGE_LOSS_URGENT;
	if (header_bytes(first) != header_bytes(next) ||
	    memcmp(a + TCP_BYTES, b + TCP_BYTES, header_bytes(next) - TCP_BYTES) != 0)
		return MERGE_LOSS_OPTIONS;
	return MERGE_LOSSES;
}

enum merge_loss merge_rules_loss(const struct merge_tcp *first, unsigned int count, bool fixed_id,
				 const struct merge_tcp *tcp)
{
	enum merge_loss loss = tcp->place.version == 4 ? ipv4_loss(first, count, fixed_id, tcp)
						       : ipv6_loss(first, tcp);

	return loss == MERGE_LOSSES ? tcp_loss(first, tcp) : loss;
}

bool merge_rules_same_id(const struct merge_tcp *a, const struct merge_tcp *b)
{
	return get16(a->ip + IPV4_ID_AT) == get16(b->ip + IPV4_ID_AT);
}
