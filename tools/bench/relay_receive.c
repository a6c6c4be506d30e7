#include "bench/relay_receive.h"

/* The bookkeeping of a frame from that VM; whether there is such a flow. */
static bool note(struct relay_vm *vm, unsigned int from, unsigned int queue, uint64_t number)
{
	unsigned int what = relay_flows_arrived(&vm->flows, from, queue, number);

	if (what & RELAY_UNKNOWN) {
		relay_vm_count(vm, RELAY_STRANGERS, 1);
		return false;
	}
	counter_add(&vm->seat->got_from[from], !(what & RELAY_AGAIN));
	if (what == RELAY_NEW)
		return true;
	relay_vm_count(vm, RELAY_DUPLICATES, (what & RELAY_AGAIN) != 0);
	relay_vm_count(vm, RELAY_REORDERED, (what & RELAY_LATE) != 0);
	relay_vm_count(vm, RELAY_STRAYED, (what & RELAY_ASTRAY) != 0);
	return true;
}

/* The other side can still write to shared pages: each byte is read once. */
static bool take_frame(struct relay_vm *vm, unsigned int queue, const struct splitvif_frame *frame)
{
	const struct relay_plan *plan = &vm->board->plan;
	uint64_t number;
	uint8_t from = 0;
	enum relay_verdict verdict = relay_frame_read(frame->parts, frame->length, plan->size,
						      plan->depth, &number, &from);

	if (verdict == RELAY_FOREIGN || !from || from > vm->board->nr) {
		relay_vm_count(vm, RELAY_STRANGERS, 1);
		return false;
	}
	if (verdict == RELAY_HERE) {
		if (!(vm->seat->heard >> (from - 1) & 1))
			counter_add(&vm->seat->heard, 1ull << (from - 1));
		return false;
	}
	if (verdict == RELAY_CORRUPT) {
		counter_add(&vm->seat->got_from[from - 1], 1);
		relay_vm_count(vm, RELAY_CORRUPTED, 1);
		return false;
	}
	return note(vm, from - 1, queue, number);
}

static unsigned int take_on(struct relay_vm *vm, unsigned int queue, uint64_t limit, int64_t now)
{
	struct splitvif_frame frames[RELAY_BATCH];
	uint64_t good = 0;
	unsigned int n = splitvif_queue_receive(
		vm->vif, queue, frames, (unsigned int)(limit < RELAY_BATCH ? limit : RELAY_BATCH));

	for (unsigned int i = 0; i < n; i++)
		good += take_frame(vm, queue, &frames[i]);
	splitvif_queue_release(vm->vif, queue, n);
	relay_vm_count(vm, RELAY_RECEIVED, good);
	counter_add(&vm->seat->got_on[queue], good);
	if (now <= vm->board->plan.end_ns || vm->board->plan.count)
		vm->seat->in_time += good;
	return n;
}

/* A slow sink is quick when nothing more is sent. */
unsigned int relay_receive(struct relay_vm *vm, bool may_send, int64_t now)
{
	uint64_t limit = UINT64_MAX;
	unsigned int n = 0;

	if (vm->board->options->sink_rate && may_send)
		limit = relay_vm_due(vm, vm->board->options->sink_rate, vm->paced_sink, now);
	for (unsigned int queue = 0; queue < vm->flows.queues; queue++)
		n += take_on(vm, queue, limit - n, now);
	vm->paced_sink += n;
	return n;
}
