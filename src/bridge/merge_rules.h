/*
 * The rules of merging TCP segments: which frames are of one flow, and what
 * would be lost if the one became part of a big frame that begins with the
 * other. Pure, and without memory: merge.h keeps the flows.
 *
 * The rules are Linux': headers equal but for lengths, IPv4 id, sequence number
 * and checksums; ids counting up, or equal under DF; all of one size, the last
 * perhaps shorter; PSH and FIN on the last alone, CWR on the first; no SYN, RST,
 * URG, no IPv4 options.
 */
#ifndef BRIDGE_MERGE_RULES_H
#define BRIDGE_MERGE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge/csum.h"
#include "bridge/frame.h"

/* The next segment of a flow was there, and this would have been lost with it. */
enum merge_loss {
	MERGE_LOSS_TOS, /* TOS, or IPv6's traffic class */
	MERGE_LOSS_TTL, /* TTL, or hop limit */
	MERGE_LOSS_DF,
	MERGE_LOSS_ID, /* an IPv4 id out of step */
	MERGE_LOSS_FLOW_LABEL,
	MERGE_LOSS_EXTENSIONS, /* IPv6 extension headers */
	MERGE_LOSS_ACK,
	MERGE_LOSS_WINDOW,
	MERGE_LOSS_FLAGS,   /* ECE, CWR, reserved bits */
	MERGE_LOSS_URGENT,  /* an urgent pointer without URG */
	MERGE_LOSS_OPTIONS, /* TCP's, the timestamp above all */
	MERGE_LOSS_PUSH,    /* PSH on a segment that is not the last */
	MERGE_LOSS_SIZE,    /* sizes that differ before the last */
	MERGE_LOSSES
};

/* "tos", "ttl", ...: the names that people read. */
const char *merge_loss_name(enum merge_loss loss);

/* A TCP frame as its headers show it. They lie in its head. */
struct merge_tcp {
	const struct frame *frame;
	struct csum_place place;
	const uint8_t *ip, *tcp;
	uint32_t key;	  /* quickly tells most flows apart */
	uint32_t payload; /* bytes */
	uint32_t seq;
	uint8_t flags;
};

/* `tcp->place` is known: csum_find() said TCP. */
void merge_rules_look(struct merge_tcp *tcp, const struct frame *frame);

/* The same Ethernet header and tags, addresses and ports. */
bool merge_rules_same_flow(const struct merge_tcp *a, const struct merge_tcp *b);

/* Whether it can be a part of a merged frame at all. */
bool merge_rules_allow(const struct merge_tcp *tcp);

/* What would be lost with `tcp` as the next segment behind `count` that begin
 * with `first`; MERGE_LOSSES: nothing. All are allowed, and of one flow. Looks
 * at no sizes and no sequence numbers. */
enum merge_loss merge_rules_loss(const struct merge_tcp *first, unsigned int count, bool fixed_id,
				 const struct merge_tcp *tcp);

/* IPv4 ids that are equal. */
bool merge_rules_same_id(const struct merge_tcp *a, const struct merge_tcp *b);

#endif
