#include "bench/relay_vm.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/relay_receive.h"
#include "bench/relay_send.h"

static_assert((int)RELAY_CREDIT < (int)SPLITVIF_SLOTS, "nothing is dropped for want of a buffer");

static void number_mac(uint8_t mac[6], uint32_t number)
{
	mac[3] = (uint8_t)(number >> 8);
	mac[4] = (uint8_t)number;
}

/* Of all addresses of a VM, the one that it sends from. */
static void mac_of(unsigned int vm, uint8_t mac[6])
{
	memcpy(mac, (uint8_t[6]){ 0x02, 0x73, 0x76, 0, 0, (uint8_t)(vm + 1) }, 6);
}

static int check_queues(const struct relay_vm *vm, char error[RELAY_TEXT_BYTES])
{
	unsigned int queues = splitvif_queues(vm->vif);

	if (queues == vm->flows.queues)
		return 0;
	snprintf(error, RELAY_TEXT_BYTES, "the daemon serves %u queues of a vif instead of %u",
		 queues, vm->flows.queues);
	return -EOPNOTSUPP;
}

int relay_vm_open(struct relay_vm *vm, struct relay_board *board, unsigned int self, uint16_t mtu,
		  char error[RELAY_TEXT_BYTES])
{
	char name[16];
	struct splitvif_config config = { .name = name,
					  .mtu = mtu,
					  .reads_whole = board->options->payload == PAYLOAD_WHOLE,
					  .queues = board->options->queues };

	memset(vm, 0, sizeof(*vm));
	vm->board = board;
	vm->seat = &board->seats[self];
	vm->self = self;
	vm->random = board->options->seed;
	if (relay_flows_init(&vm->flows, board->nr, board->options->queues)) {
		snprintf(error, RELAY_TEXT_BYTES, "out of memory; free some");
		return -ENOMEM;
	}
	relay_board_name(board, self, name);
	mac_of(self, config.mac);
	vm->vif = splitvif_open(&config, error, RELAY_TEXT_BYTES);
	if (!vm->vif) {
		relay_flows_fini(&vm->flows);
		return -errno;
	}
	return check_queues(vm, error);
}

void relay_vm_close(struct relay_vm *vm)
{
	splitvif_close(vm->vif);
	relay_flows_fini(&vm->flows);
}

void relay_vm_call(struct relay_vm *vm)
{
	static const uint8_t all[6] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff };
	struct relay_stream stream;
	struct splitvif_frame frame;
	uint8_t mac[6];

	mac_of(vm->self, mac);
	relay_stream_init(&stream, RELAY_HERE_BYTES, all, mac, RELAY_ETHERTYPE_HERE);
	if (splitvif_reserve(vm->vif, &frame, 1, stream.size) != 1)
		return;
	relay_frame_write(&stream, 0, RELAY_HEAD, frame.parts);
	frame.length = stream.size;
	splitvif_commit(vm->vif, &frame, 1);
	splitvif_flush(vm->vif);
}

/* To itself, which the bridge drops when it has learned where they came from. */
uint32_t relay_vm_show(struct relay_vm *vm, uint32_t first)
{
	struct splitvif_frame frames[RELAY_BATCH];
	struct relay_stream stream;
	uint32_t left = vm->board->options->macs - first;
	uint8_t mac[6], from[6];
	unsigned int n;

	mac_of(vm->self, mac);
	memcpy(from, mac, sizeof(from));
	n = splitvif_reserve(vm->vif, frames, left < RELAY_BATCH ? left : RELAY_BATCH,
			     RELAY_HERE_BYTES);
	for (unsigned int i = 0; i < n; i++) {
		number_mac(from, first + i);
		relay_stream_init(&stream, RELAY_HERE_BYTES, mac, from, RELAY_ETHERTYPE_HERE);
		relay_frame_write(&stream, 0, RELAY_HEAD, frames[i].parts);
		frames[i].length = stream.size;
	}
	splitvif_commit(vm->vif, frames, n);
	splitvif_flush(vm->vif);
	return first + n;
}

static void make_streams(struct relay_vm *vm)
{
	const struct relay_board *board = vm->board;
	uint8_t to[6], from[6];

	mac_of(vm->self, from);
	for (unsigned int i = 0; i < board->nr; i++) {
		mac_of(i, to);
		if (board->options->flood)
			memset(to, 0xff, sizeof(to));
		relay_stream_init(&vm->streams[i], board->plan.size, to, from, RELAY_ETHERTYPE);
	}
}

void relay_vm_begin(struct relay_vm *vm)
{
	const struct relay_plan *plan = &vm->board->plan;

	make_streams(vm);
	vm->paced = vm->paced_sink = 0;
	vm->to_send = !relay_board_sends(vm->board, vm->self) ? 0
		      : plan->count			      ? plan->count
							      : UINT64_MAX;
	vm->buffers = (plan->size + 4095) / 4096;
	vm->seat->in_time = 0;
	vm->seat->moved_ns = (uint64_t)plan->start_ns;
}

uint64_t relay_vm_under_way_to(const struct relay_vm *vm, unsigned int to)
{
	uint64_t arrived = counter_read(&vm->board->seats[to].got_from[vm->self]) + vm->lost[to];
	uint64_t sent = vm->seat->sent_to[to];

	return sent > arrived ? sent - arrived : 0;
}

uint64_t relay_vm_under_way(const struct relay_vm *vm)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < vm->board->nr; i++)
		sum += relay_vm_under_way_to(vm, i);
	return sum;
}

bool relay_vm_has_sent(const struct relay_vm *vm)
{
	return !vm->to_send;
}

bool relay_vm_turn(struct relay_vm *vm, bool may_send, int64_t now)
{
	unsigned int moved = relay_receive(vm, may_send, now);

	if (may_send && vm->to_send)
		moved += relay_send(vm, now);
	if (!moved)
		return false;
	splitvif_flush(vm->vif);
	vm->seat->moved_ns = (uint64_t)now;
	return true;
}

static void count_errors(struct relay_vm *vm)
{
	struct splitvif_stats stats;

	splitvif_stats(vm->vif, &stats);
	vm->seat->counts[RELAY_ERRORS] =
		stats.tx_errors + stats.tx_lost + stats.tx_refused + stats.rx_errors;
	vm->seat->counts[RELAY_KICKS] = stats.events_sent;
	vm->seat->counts[RELAY_IRQS] = stats.events_received;
}

void relay_vm_end(struct relay_vm *vm)
{
	for (unsigned int i = 0; i < vm->board->nr; i++)
		vm->lost[i] += relay_vm_under_way_to(vm, i);
	count_errors(vm);
}

bool relay_vm_arm(struct relay_vm *vm, bool may_send)
{
	bool waits = may_send && vm->to_send && vm->board->options->mode == RELAY_OPEN &&
		     !vm->board->options->rate;

	return splitvif_arm(vm->vif, waits ? vm->board->plan.size : 0);
}

bool relay_vm_process(struct relay_vm *vm)
{
	return !(splitvif_process(vm->vif) & SPLITVIF_WENT_DOWN);
}
