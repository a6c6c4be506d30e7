#include "backend/answer.h"

#include <stdlib.h>
#include <string.h>

struct ring_call {
	unsigned int number;
	struct vif_queue *queue;
	struct ring tx, rx;
	uint32_t tx_shared[4], rx_shared[4]; /* req_prod, req_event, rsp_prod, rsp_event */
	struct poll_item item;
	struct credit credit;
	bool out_of_credit;
	uint32_t backlog;
	uint64_t now_ms;
};

static void ring_on_worker(void *arg)
{
	struct ring_call *call = arg;

	pthread_mutex_lock(&call->queue->lock);
	call->tx = call->queue->tx;
	call->rx = call->queue->rx;
	memcpy(call->tx_shared, call->tx.page, sizeof(call->tx_shared));
	memcpy(call->rx_shared, call->rx.page, sizeof(call->rx_shared));
	call->item = call->queue->item;
	call->credit = call->queue->vif->credit;
	call->out_of_credit = call->queue->out_of_credit;
	call->backlog = load_relaxed(&call->queue->backlog.frames);
	call->now_ms = call->queue->worker->now_ms;
	pthread_mutex_unlock(&call->queue->lock);
}

/* The lines of netback's io_ring_q0, and the same as an object. */
static void tell_ring(struct table *table, const char *key, const struct ring *ring,
		      const uint32_t shared[4])
{
	uint32_t req_prod = shared[0], req_event = shared[1];
	uint32_t rsp_prod = shared[2], rsp_event = shared[3];

	table_line(table, "req prod %u (%d) cons %u (%d) event %u (%d)", req_prod,
		   (int)(req_prod - rsp_prod), ring->in_cons, (int)(ring->in_cons - ring->produced),
		   req_event, (int)(req_event - rsp_prod));
	table_line(table, "rsp prod %u (base) pvt %u (%d) event %u (%d)", rsp_prod, ring->produced,
		   (int)(ring->produced - rsp_prod), rsp_event, (int)(rsp_event - rsp_prod));
	table_object(table, key, NULL, TABLE_FIELDS);
	table_number(table, "nr_ents", NULL, ring->mask + 1);
	table_number(table, "req_prod", NULL, req_prod);
	table_number(table, "req_cons", NULL, ring->in_cons);
	table_number(table, "req_event", NULL, req_event);
	table_number(table, "rsp_prod", NULL, rsp_prod);
	table_number(table, "rsp_prod_pvt", NULL, ring->produced);
	table_number(table, "rsp_event", NULL, rsp_event);
	table_end(table);
}

/* As netback has it: without a limit there is as much as a long holds. */
static void tell_credit(struct table *table, const struct ring_call *call)
{
	const struct credit *credit = &call->credit;
	bool limited = credit_is_limited(credit);

	table_line(table, "Credit timer_pending: %d, credit: %lu, usec: %lu", call->out_of_credit,
		   limited ? (unsigned long)credit->rate.bytes : ~0ul,
		   (unsigned long)credit->rate.usecs);
	table_line(table, "remaining: %lu, expires: %lu, now: %lu",
		   limited ? (unsigned long)credit->left : ~0ul,
		   limited ? (unsigned long)(credit_due_ns(credit) / 1000000) : 0,
		   (unsigned long)call->now_ms);
	table_object(table, "credit", NULL, TABLE_FIELDS);
	table_number(table, "bytes", NULL, credit->rate.bytes);
	table_number(table, "usecs", NULL, credit->rate.usecs);
	table_number(table, "remaining", NULL, credit->left);
	table_bool(table, "waits", NULL, call->out_of_credit);
	table_end(table);
}

static void tell_rings(struct table *table, const struct ring_call *call)
{
	const struct ring *tx = &call->tx;

	table_object(table, NULL, NULL, TABLE_FIELDS);
	table_line(table, "Queue %u", call->number);
	table_line(table, "TX: nr_ents %u", tx->mask + 1);
	tell_ring(table, "tx", tx, call->tx_shared);
	table_line(table, "pending prod %u pending cons %u nr_pending_reqs %u", tx->produced,
		   tx->in_cons, tx->in_cons - tx->produced);
	table_line(table, "dealloc prod %u dealloc cons %u dealloc_queue %u", tx->produced,
		   tx->produced, 0);
	table_line(table, "%s", "");
	table_line(table, "RX: nr_ents %u", call->rx.mask + 1);
	tell_ring(table, "rx", &call->rx, call->rx_shared);
	table_line(table, "%s", "");
	table_line(table, "NAPI state: %lx NAPI weight: %d TX queue len %u",
		   (unsigned long)call->item.state, (int)call->item.tuning.weight, call->backlog);
	tell_credit(table, call);
	table_number(table, "queue", NULL, call->number);
	table_number(table, "queues", NULL, call->queue->vif->nr_queues);
	table_number(table, "napi_weight", NULL, call->item.tuning.weight);
	table_number(table, "queued", NULL, call->backlog);
	table_end(table);
}

/* "VIF [QUEUE]": -1 if it has no such queue. */
static int queue_wanted(const struct answer *answer, const struct vif *vif)
{
	char *end = NULL;
	unsigned long number = answer->argc > 1 ? strtoul(answer->argv[1], &end, 10) : 0;

	return (end && (*end || end == answer->argv[1])) || number >= vif->nr_queues ? -1
										     : (int)number;
}

int report_ring(struct answer *answer)
{
	const struct device *device;
	struct ring_call call;
	int code, number;

	if (answer->argc != 1 && answer->argc != 2)
		return answer_complain(answer, EXIT_WORDS, "usage: ring VIF [QUEUE]");
	device = answer_connected_vif(answer, answer->argv[0], &code);
	if (!device)
		return code;
	number = queue_wanted(answer, device->vif);
	if (number < 0)
		return answer_complain(answer, EXIT_UNKNOWN, "no such queue: %s: %s has %u",
				       answer->argv[1], device->name, device->vif->nr_queues);
	call.number = (unsigned int)number;
	call.queue = &device->vif->queues[number];
	worker_call(call.queue->worker, ring_on_worker, &call);
	tell_rings(answer->table, &call);
	return 0;
}
