#include "bridge/merge.h"

#include <assert.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <string.h>

#include "bridge/counters.h"
#include "bridge/csum.h"
#include "bridge/headers.h"
#include "bridge/segment.h"

enum {
	/* The whole frame, and not IP's part of it alone: the first slot of a Xen
	 * ring names it in 16 bits. */
	LENGTH_MAX = 65535,
};
static_assert(BATCH_FRAMES <= 256, "a frame's place in the list is one byte");

enum state {
	FLOW_OPEN,
	FLOW_CLOSED, /* nothing can follow, and LRO would end here as well */
	FLOW_ENDED,  /* nothing can follow, where LRO would go on */
};

/* The latest frame of a flow, with those that will be merged into it. */
struct flow {
	struct merge_tcp first;
	uint8_t state;	     /* enum state */
	uint8_t ended_by;    /* FLOW_ENDED: enum merge_loss */
	uint8_t index, last; /* places in the list of the first and the last */
	uint8_t count;	     /* frames */
	bool fixed_id;
	bool checked;	    /* the first one's checksum is right */
	uint32_t size;	    /* payload of each but the last */
	uint32_t length;    /* of the merged frame, */
	uint32_t fragments; /* and in how many fragments it will lie */
	uint32_t next_seq;
};

/* One list being merged. */
struct work {
	struct merge *merge;
	struct frame **list;
	struct merge_counters *counters;
	unsigned int nr_merged, nr_fragments; /* used up of merge's memory */
	unsigned int promised;		      /* fragments of what is still growing */
	unsigned int versions;
	unsigned int nr_flows;
	struct flow flows[BATCH_FRAMES];
	uint8_t next[BATCH_FRAMES]; /* the next of the same merged frame */
};

static struct flow *find_flow(struct work *work, const struct merge_tcp *tcp)
{
	for (unsigned int i = 0; i < work->nr_flows; i++)
		if (merge_rules_same_flow(&work->flows[i].first, tcp))
			return &work->flows[i];
	return NULL;
}

static bool is_behind(const struct fragment *fragment, const struct fragment *last)
{
	return last->data + last->length == fragment->data;
}

/* Adds a fragment, or lengthens the last one by it. */
static uint32_t append(struct fragment *fragments, uint32_t nr, struct fragment fragment)
{
	if (!fragment.length)
		return nr;
	if (nr && is_behind(&fragment, &fragments[nr - 1])) {
		fragments[nr - 1].length += fragment.length;
		return nr;
	}
	fragments[nr] = fragment;
	return nr + 1;
}

static uint32_t append_frame(struct fragment *fragments, uint32_t nr, const struct frame *frame,
			     uint32_t from)
{
	nr = append(fragments, nr, (struct fragment){ frame->bytes + from, frame->head - from });
	for (unsigned int i = 0; i < frame->nr_frags; i++)
		nr = append(fragments, nr, frame->frags[i]);
	return nr;
}

static void edit_headers(const struct flow *flow, const struct frame *last, struct frame *out)
{
	struct csum_place place = flow->first.place;
	uint8_t *ip = out->bytes + place.network;

	if (place.version == 4) {
		put16(ip + IPV4_TOTAL_AT, out->length - place.network);
		put16(ip + IPV4_CSUM_AT, 0);
		put16(ip + IPV4_CSUM_AT, csum_fold(csum_add(0, ip, IPV4_BYTES)));
	} else {
		put16(ip + IPV6_PAYLOAD_AT, out->length - place.network - IPV6_BYTES);
	}
	out->bytes[place.transport + TCP_FLAGS_AT] |= last->bytes[place.transport + TCP_FLAGS_AT] &
						      (TCP_FIN | TCP_PSH);
	place.end = out->length;
	csum_blank(out, &place);
}

/* The merged frame takes the first one's place in the list. */
static void build(struct work *work, const struct flow *flow)
{
	struct frame *out = &work->merge->frames[work->nr_merged++];
	struct fragment *fragments = &work->merge->fragments[work->nr_fragments];
	uint32_t nr = append_frame(fragments, 0, flow->first.frame, flow->first.frame->head);
	uint8_t i = flow->index;

	memcpy(out->bytes, flow->first.frame->bytes, flow->first.frame->head);
	out->length = flow->length;
	out->head = flow->first.frame->head;
	out->source = flow->first.frame->source;
	out->gso_type = flow->first.place.version == 4 ? GSO_TCPV4 : GSO_TCPV6;
	out->gso_size = (uint16_t)flow->size;
	out->gso_fixed_id = flow->fixed_id;
	edit_headers(flow, work->list[flow->last], out);
	while (i != flow->last) {
		i = work->next[i];
		nr = append_frame(fragments, nr, work->list[i], flow->first.place.payload);
		work->list[i] = NULL;
	}
	out->frags = fragments;
	out->nr_frags = (uint16_t)nr;
	work->list[flow->index] = out;
	work->nr_fragments += nr;
	counter_add(&work->counters->segments, flow->count);
	counter_add(&work->counters->merged, 1);
}

static void finish(struct work *work, struct flow *flow)
{
	if (flow->count > 1) {
		work->promised -= flow->fragments;
		build(work, flow);
	}
	flow->count = 0;
	flow->state = FLOW_CLOSED;
}

/* Only where no order can be kept otherwise. */
static void finish_all(struct work *work)
{
	for (unsigned int i = 0; i < work->nr_flows; i++)
		finish(work, &work->flows[i]);
	work->nr_flows = 0;
}

/* MERGE_LOSSES: nothing. */
static enum merge_loss loss_of(const struct flow *flow, const struct merge_tcp *tcp)
{
	enum merge_loss loss = merge_rules_loss(&flow->first, flow->count, flow->fixed_id, tcp);

	if (loss == MERGE_LOSSES && flow->state == FLOW_ENDED)
		loss = flow->ended_by;
	if (loss == MERGE_LOSSES && tcp->payload > flow->size)
		loss = MERGE_LOSS_SIZE;
	return loss;
}

/* What this segment means for those behind it. */
static void set_state(struct flow *flow, const struct merge_tcp *tcp)
{
	flow->state = FLOW_OPEN;
	if (tcp->flags & TCP_FIN || flow->size < SEGMENT_TCP_SIZE_MIN) {
		flow->state = FLOW_CLOSED;
	} else if (tcp->payload < flow->size) {
		flow->state = FLOW_ENDED;
		flow->ended_by = MERGE_LOSS_SIZE;
	} else if (tcp->flags & TCP_PSH) {
		flow->state = FLOW_ENDED;
		flow->ended_by = MERGE_LOSS_PUSH;
	}
	flow->next_seq = tcp->seq + tcp->payload;
}

static void start(struct flow *flow, const struct merge_tcp *tcp, unsigned int index)
{
	flow->first = *tcp;
	flow->index = (uint8_t)index;
	flow->last = (uint8_t)index;
	flow->count = 1;
	flow->fixed_id = false;
	flow->checked = false;
	flow->size = tcp->payload;
	flow->length = tcp->frame->length;
	flow->fragments = tcp->frame->nr_frags;
	set_state(flow, tcp);
}

/* Vouched for, or looked at now. */
static bool is_right(const struct merge_tcp *tcp)
{
	return tcp->frame->csum == CSUM_VALID || tcp->frame->csum == CSUM_BLANK ||
	       csum_matches(tcp->frame, &tcp->place);
}

/* Room, and right checksums: what no header tells. */
static bool can_grow(struct work *work, struct flow *flow, const struct merge_tcp *tcp)
{
	uint32_t fragments = tcp->frame->nr_frags + 1u + (flow->count == 1 ? flow->fragments : 0);

	if (flow->length + tcp->payload > LENGTH_MAX)
		return false;
	if (work->nr_fragments + work->promised + fragments > MERGE_FRAGMENTS)
		return false;
	if (!flow->checked)
		flow->checked = is_right(&flow->first);
	return flow->checked && is_right(tcp);
}

static void grow(struct work *work, struct flow *flow, const struct merge_tcp *tcp,
		 unsigned int index)
{
	uint32_t fragments = tcp->frame->nr_frags + 1u;

	work->promised += fragments + (flow->count == 1 ? flow->fragments : 0);
	flow->fragments += fragments;
	if (flow->count == 1 && tcp->place.version == 4)
		flow->fixed_id = merge_rules_same_id(&flow->first, tcp);
	flow->length += tcp->payload;
	flow->count++;
	work->next[flow->last] = (uint8_t)index;
	flow->last = (uint8_t)index;
	set_state(flow, tcp);
}

/* Whether the segment became part of what the flow has. */
static bool join(struct work *work, struct flow *flow, const struct merge_tcp *tcp,
		 unsigned int index)
{
	enum merge_loss loss;

	if (flow->state == FLOW_CLOSED || tcp->seq != flow->next_seq)
		return false;
	loss = loss_of(flow, tcp);
	if (loss != MERGE_LOSSES) {
		counter_add(&work->counters->refused[loss], 1);
		return false;
	}
	if (!can_grow(work, flow, tcp))
		return false;
	grow(work, flow, tcp, index);
	return true;
}

static void merge_tcp(struct work *work, struct merge_tcp *tcp, unsigned int index)
{
	struct flow *flow;

	merge_rules_look(tcp, work->list[index]);
	flow = find_flow(work, tcp);
	if (!merge_rules_allow(tcp)) {
		if (flow)
			finish(work, flow);
		return;
	}
	if (flow && join(work, flow, tcp, index))
		return;
	if (flow)
		finish(work, flow);
	else
		flow = &work->flows[work->nr_flows++];
	start(flow, tcp, index);
}

static bool is_wanted(const struct work *work, const struct csum_place *place)
{
	return work->versions & (place->version == 4 ? MERGE_IPV4 : MERGE_IPV6);
}

static void merge_one(struct work *work, unsigned int index)
{
	const struct frame *frame = work->list[index];
	struct merge_tcp tcp;

	if (frame->gso_type != GSO_NONE && !work->nr_flows)
		return;
	if (!csum_find(frame, &tcp.place))
		finish_all(work); /* perhaps a part of any flow: an IP fragment */
	else if (tcp.place.protocol == IPPROTO_TCP && is_wanted(work, &tcp.place))
		merge_tcp(work, &tcp, index);
}

unsigned int merge_list(struct merge *merge, struct frame **list, unsigned int n,
			unsigned int versions, struct merge_counters *counters)
{
	struct work work;
	unsigned int kept = 0;

	assert(n <= BATCH_FRAMES);
	if (n < 2)
		return n;
	work.merge = merge;
	work.list = list;
	work.counters = counters;
	work.versions = versions;
	work.nr_merged = 0;
	work.nr_fragments = 0;
	work.promised = 0;
	work.nr_flows = 0;
	for (unsigned int i = 0; i < n; i++)
		merge_one(&work, i);
	finish_all(&work);
	for (unsigned int i = 0; i < n; i++)
		if (list[i])
			list[kept++] = list[i];
	return kept;
}
