#include "backend/vif_tx.h"

#include "backend/vif.h"

/* Reads one chain; false when the vif must stop, or wait for credit. */
static bool chain_take(struct vif_queue *queue, struct batch *batch, uint32_t available)
{
	struct slots_chain *chain = &batch->chains[batch->nr_chains];
	netif_tx_request_t *slots = &batch->slots[batch->nr_slots];

	slots_read(&queue->tx, queue->tx.in_cons, available, chain, slots);
	if (chain->verdict == SLOTS_FATAL) {
		vif_queue_fault(queue, slots_reason_text(chain->reason));
		return false;
	}
	if (credit_is_limited(&queue->vif->credit) && !vif_queue_may_send(queue, chain->total))
		return false;
	for (unsigned int i = 0; i < chain->nr_data; i++) {
		struct grant_borrow *borrow = &batch->borrows[batch->nr_slots + i];

		borrow->ref = slots[i].gref;
		borrow->offset = slots[i].offset;
		borrow->length = slots[i].size;
	}
	ring_consume(&queue->tx, chain->nr_data + chain->nr_extras);
	batch->first[batch->nr_chains++] = batch->nr_slots;
	batch->nr_slots += chain->nr_data;
	return true;
}

static void chain_drop(struct vif_queue *queue, struct slots_chain *chain, enum drop_reason reason)
{
	struct port_counters *counters = port_counters(&queue->vif->port, &queue->worker->lane);

	chain->verdict = SLOTS_ERROR;
	chain->plain = false;
	counter_add(&counters->from.frames, 1);
	counter_add(&counters->from.bytes, chain->total);
	counter_add(&counters->from.drops[reason], 1);
}

/* Of an empty slot nothing is read: its reference does not matter. */
static bool chain_is_granted(const struct batch *batch, unsigned int i)
{
	const struct grant_borrow *borrow = &batch->borrows[batch->first[i]];
	int16_t refused = 0;

	for (unsigned int k = 0; k < batch->chains[i].nr_data; k++)
		if (borrow[k].length)
			refused |= borrow[k].status;
	return !refused;
}

/* Frames that a chain stands for, if somebody must cut it. */
static unsigned int segments_of(const struct slots_chain *chain)
{
	return chain->gso_size ? chain->total / chain->gso_size + 1 : 1;
}

static unsigned int weight_of(const struct slots_chain *chain)
{
	return 1 + segments_of(chain) / VIF_TX_SEGMENTS_WEIGHT;
}

/* What the flags of the first slot say of the checksum. */
static uint8_t csum_of(uint16_t flags)
{
	static const uint8_t csums[] = {
		[NETTXF_csum_blank] = CSUM_BLANK,
		[NETTXF_data_validated] = CSUM_VALID,
		[NETTXF_csum_blank | NETTXF_data_validated] = CSUM_BLANK,
	};

	return csums[flags & (NETTXF_csum_blank | NETTXF_data_validated)];
}

static uint8_t gso_of(uint8_t type)
{
	if (type == XEN_NETIF_GSO_TYPE_TCPV4)
		return GSO_TCPV4;
	return type == XEN_NETIF_GSO_TYPE_TCPV6 ? GSO_TCPV6 : GSO_NONE;
}

/* A GSO frame's checksums are the segments', whatever the flags forget to say
 * (as netback's checksum_setup has it). */
static void chain_build(struct batch *batch, unsigned int i, struct fragment *rest)
{
	const struct grant_borrow *borrow = &batch->borrows[batch->first[i]];
	const struct slots_chain *chain = &batch->chains[i];
	struct frame *frame = &batch->frames[batch->nr_frames++];
	struct fragment parts[SLOTS_DATA_TOLERATED];

	for (unsigned int k = 0; k < chain->nr_data; k++)
		parts[k] = (struct fragment){ borrow[k].data, borrow[k].length };
	frame_build(frame, parts, chain->nr_data, rest);
	frame->csum = chain->gso_type ? CSUM_BLANK : csum_of(chain->flags);
	frame->gso_type = gso_of(chain->gso_type);
	frame->gso_size = chain->gso_size;
}

/* A frame that has more slots than one, or something wrong with it. */
static void chain_judge(struct vif_queue *queue, struct batch *batch, unsigned int i,
			struct fragment *rest)
{
	struct slots_chain *chain = &batch->chains[i];

	if (chain->verdict == SLOTS_ERROR)
		chain_drop(queue, chain,
			   chain->reason == SLOTS_NOT_OFFERED ? DROP_BAD_EXTRA : DROP_BAD_SLOT);
	else if (!chain_is_granted(batch, i))
		chain_drop(queue, chain, DROP_BAD_GREF);
	else if (segments_of(chain) > VIF_TX_SEGMENTS_MAX)
		chain_drop(queue, chain, DROP_BAD_EXTRA);
	else
		chain_build(batch, i, rest);
}

static void batch_build(struct vif_queue *queue, struct batch *batch)
{
	struct fragment *rest = batch->rest;

	for (unsigned int i = 0; i < batch->nr_chains; i++) {
		const struct slots_chain *chain = &batch->chains[i];
		const struct grant_borrow *borrow = &batch->borrows[batch->first[i]];

		if (chain->plain && borrow->data) {
			struct frame *frame = &batch->frames[batch->nr_frames++];

			frame_build_plain(frame, borrow->data, borrow->length, rest);
			frame->csum = csum_of(chain->flags);
		} else {
			chain_judge(queue, batch, i, rest);
		}
		rest += chain->nr_data + 1;
	}
}

unsigned int vif_tx_receive(struct vif_queue *queue, struct batch *batch, unsigned int weight)
{
	uint32_t start = queue->tx.in_cons;
	int pending = ring_pending(&queue->tx);
	unsigned int used = 0;

	batch->nr_chains = batch->nr_slots = batch->nr_frames = 0;
	if (pending < 0) {
		vif_queue_fault(queue, "tx request index out of the ring");
		return 0;
	}
	ring_prefetch(&queue->tx, (uint32_t)pending < weight ? (uint32_t)pending : weight,
		      sizeof(netif_tx_request_t));
	while (used < weight && queue->tx.in_cons - start < (uint32_t)pending) {
		if (!chain_take(queue, batch, (uint32_t)pending - (queue->tx.in_cons - start)))
			break;
		used += weight_of(&batch->chains[batch->nr_chains - 1]);
	}
	counter_add(&queue->stats.tx_requests, queue->tx.in_cons - start);
	counter_add(&queue->stats.borrows, batch->nr_slots);
	hypervisor_borrow(queue->vif->domain, batch->borrows, batch->nr_slots);
	batch_build(queue, batch);
	return used < weight ? used : weight;
}

/* Extra infos are answered too: with "no response", in their places. */
static void chain_answer(struct vif_queue *queue, const struct batch *batch, unsigned int i)
{
	const struct slots_chain *chain = &batch->chains[i];
	const netif_tx_request_t *slots = &batch->slots[batch->first[i]];
	netif_tx_response_t response = { .status = chain->verdict == SLOTS_FRAME
							   ? NETIF_RSP_OKAY
							   : NETIF_RSP_ERROR };
	netif_tx_response_t null = { .status = NETIF_RSP_NULL };

	for (unsigned int k = 0; k < chain->nr_data; k++) {
		response.id = slots[k].id;
		ring_produce_tx_response(&queue->tx, &response);
		for (unsigned int e = 0; !k && e < chain->nr_extras; e++)
			ring_produce_tx_response(&queue->tx, &null);
	}
	if (chain->verdict != SLOTS_FRAME)
		counter_add(&queue->stats.tx_errors, 1);
}

void vif_tx_complete(struct vif_queue *queue, struct batch *batch)
{
	uint32_t start = queue->tx.produced;

	ring_prefetch_indices(&queue->tx);
	hypervisor_return(queue->vif->domain, batch->borrows, batch->nr_slots);
	for (unsigned int i = 0; i < batch->nr_chains; i++) {
		netif_tx_response_t okay = { .id = batch->slots[batch->first[i]].id,
					     .status = NETIF_RSP_OKAY };

		if (batch->chains[i].plain)
			ring_produce_tx_response(&queue->tx, &okay);
		else
			chain_answer(queue, batch, i);
	}
	counter_add(&queue->stats.tx_responses, queue->tx.produced - start);
	/* With the last answer there is nothing more to wait for. */
	notifier_publish(&queue->tx_edge, queue->worker, batch->nr_chains,
			 queue->tx.in_seen == queue->tx.produced);
}

void vif_tx_refuse_old(struct vif_queue *queue)
{
	netif_tx_response_t response = { .status = NETIF_RSP_ERROR };
	netif_tx_request_t request;
	int pending = queue->tx.in_cons ? ring_pending(&queue->tx) : 0;

	if (pending < 0) {
		vif_queue_fault(queue, "tx request index out of the ring");
		return;
	}
	for (int i = 0; i < pending; i++) {
		ring_copy_tx_request(&queue->tx, queue->tx.in_cons, &request);
		ring_consume(&queue->tx, 1);
		response.id = request.id;
		ring_produce_tx_response(&queue->tx, &response);
	}
	counter_add(&queue->stats.tx_requests, (uint64_t)pending);
	counter_add(&queue->stats.tx_responses, (uint64_t)pending);
	notifier_publish(&queue->tx_edge, queue->worker, (uint32_t)pending, true);
}
