#include "bench/relay_send.h"

#include <endian.h>

#include "support/random.h"

static unsigned int receivers(const struct relay_vm *vm)
{
	return vm->board->options->vms ? vm->board->nr - 1 : 1;
}

/* Frames that may be under way to one receiver: its buffers are shared out among
 * those who send to it. */
static uint64_t credit_each(const struct relay_vm *vm)
{
	uint64_t credit = RELAY_CREDIT / vm->buffers / receivers(vm);

	return credit ? credit : 1;
}

static bool is_receiver(const struct relay_vm *vm, unsigned int i)
{
	return i != vm->self && relay_board_receives(vm->board, i);
}

/* The credit with each receiver, and what it makes in all; flooded frames take
 * from all at once. */
static uint64_t look_up_credit(const struct relay_vm *vm, uint64_t *credit)
{
	bool open = vm->board->options->mode == RELAY_OPEN, flood = vm->board->options->flood;
	uint64_t each = credit_each(vm), sum = 0, least = UINT64_MAX;

	for (unsigned int i = 0; i < vm->board->nr; i++) {
		uint64_t used = open ? 0 : relay_vm_under_way_to(vm, i);

		credit[i] = !is_receiver(vm, i) ? 0
			    : open		? RELAY_BATCH
			    : used < each	? each - used
						: 0;
		sum += credit[i];
		if (is_receiver(vm, i) && credit[i] < least)
			least = credit[i];
	}
	return flood ? least : sum;
}

/* Frames to send now: whole batches, unless these are the last ones. */
static unsigned int wanted(const struct relay_vm *vm, uint64_t credit, int64_t now)
{
	uint64_t all = credit_each(vm) * (vm->board->options->flood ? 1 : receivers(vm));
	uint64_t n = all / 3 < RELAY_BATCH ? (all + 2) / 3 : RELAY_BATCH;
	uint64_t rate = vm->board->options->rate;

	if (n > vm->to_send)
		n = vm->to_send;
	if (rate) {
		uint64_t limit = relay_vm_due(vm, rate, vm->paced, now);

		return (unsigned int)(n < limit ? n : limit);
	}
	return credit >= n ? (unsigned int)n : 0;
}

/* Without a rate, a polling sender waits for room for all of them: small
 * batches cost both sides more. */
static unsigned int fitting(const struct relay_vm *vm, unsigned int n)
{
	uint32_t slots = vm->buffers + (vm->buffers > 1);
	unsigned int used = splitvif_in_flight(vm->vif) * slots;
	unsigned int all = SPLITVIF_SLOTS * vm->flows.queues;
	unsigned int room = used < all ? (all - used) / slots : 0;

	if (room >= n)
		return n;
	return vm->board->options->rate || vm->board->options->wake || slots > 1 ? room : 0;
}

/* Goes round, `burst` frames to each that has credit. */
static unsigned int choose(struct relay_vm *vm, uint64_t *credit)
{
	while (!credit[vm->next] || vm->in_row >= vm->board->options->burst) {
		vm->next = vm->next + 1 < vm->board->nr ? vm->next + 1 : 0;
		vm->in_row = 0;
	}
	vm->in_row++;
	credit[vm->next]--;
	return vm->next;
}

/* To one of that receiver's addresses: number_mac() of relay_vm.c, on a word. */
static void aim(struct relay_vm *vm, unsigned int to, struct relay_stream *stream)
{
	uint32_t destinations = vm->board->options->destinations;
	uint32_t number = destinations > 1 ? random_below(&vm->random, destinations) : 0;
	uint64_t there = le64toh(vm->streams[to].words[0]);

	there = (there & ~UINT64_C(0xffff000000)) | (uint64_t)__builtin_bswap16((uint16_t)number)
							    << 24;
	stream->words[0] = htole64(there);
	stream->words[1] = vm->streams[to].words[1];
	if (vm->flows.nr > 1)
		stream->words[1] |= relay_flows_mark(&vm->flows);
	stream->size = vm->streams[to].size;
}

static void write_to_one(struct relay_vm *vm, struct splitvif_frame *frames, unsigned int n,
			 uint64_t *credit)
{
	for (unsigned int i = 0; i < n; i++) {
		unsigned int to = vm->board->options->vms ? choose(vm, credit) : 1;
		struct relay_stream stream;

		aim(vm, to, &stream);
		relay_frame_write(&stream, relay_flows_number(&vm->flows, to),
				  vm->board->plan.depth, frames[i].parts);
		frames[i].length = vm->board->plan.size;
		counter_add(&vm->seat->sent_to[to], 1);
	}
	relay_vm_count(vm, RELAY_SENT, n);
}

static void write_to_all(struct relay_vm *vm, struct splitvif_frame *frames, unsigned int n)
{
	unsigned int any = vm->self ? 0 : 1;
	struct relay_stream stream;

	aim(vm, any, &stream);
	for (unsigned int i = 0; i < n; i++) {
		relay_frame_write(&stream, relay_flows_number(&vm->flows, any),
				  vm->board->plan.depth, frames[i].parts);
		frames[i].length = vm->board->plan.size;
	}
	for (unsigned int i = 0; i < vm->board->nr; i++)
		if (is_receiver(vm, i))
			counter_add(&vm->seat->sent_to[i], n);
	relay_vm_count(vm, RELAY_SENT, n * receivers(vm));
}

unsigned int relay_send(struct relay_vm *vm, int64_t now)
{
	uint64_t credit[RELAY_VMS_MAX];
	unsigned int want = wanted(vm, look_up_credit(vm, credit), now);
	unsigned int fits = want ? fitting(vm, want) : 0, n = 0;
	unsigned int queue = relay_flows_queue(&vm->flows);
	struct splitvif_frame frames[RELAY_BATCH];

	if (fits)
		n = splitvif_queue_reserve(vm->vif, queue, frames, fits, vm->board->plan.size);
	if (vm->board->options->flood)
		write_to_all(vm, frames, n);
	else
		write_to_one(vm, frames, n, credit);
	if (n)
		splitvif_queue_commit(vm->vif, queue, frames, n);
	if (fits)
		relay_flows_turn(&vm->flows);
	if (vm->to_send != UINT64_MAX)
		vm->to_send -= n;
	if (vm->board->options->rate) {
		vm->paced += want;
		relay_vm_count(vm, RELAY_UNSENT, want - n);
	}
	return n;
}
