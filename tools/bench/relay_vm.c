#include "bench/relay_vm.h"

#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "bench/host.h"
#include "support/random.h"

static_assert((int)RELAY_CREDIT < (int)SPLITVIF_SLOTS, "nothing is dropped for want of a buffer");

void relay_vm_name(const struct relay_board *board, unsigned int vm, char name[16])
{
	if (board->options->vms)
		snprintf(name, 16, "vm%u", vm);
	else
		snprintf(name, 16, "%s", vm ? "sink" : "gen");
}

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
	relay_vm_name(board, self, name);
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

bool relay_vm_all_met(const struct relay_board *board)
{
	uint64_t all = board->nr < 64 ? (1ull << board->nr) - 1 : UINT64_MAX;

	for (unsigned int i = 0; i < board->nr; i++)
		if ((counter_read(&board->seats[i].heard) | 1ull << i) != all)
			return false;
	return true;
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
	vm->to_send = !relay_vm_sends(vm->board, vm->self) ? 0
		      : plan->count			   ? plan->count
							   : UINT64_MAX;
	vm->buffers = (plan->size + 4095) / 4096;
	vm->seat->in_time = 0;
	vm->seat->moved_ns = (uint64_t)plan->start_ns;
}

static void count(struct relay_vm *vm, enum relay_count what, uint64_t n)
{
	counter_add(&vm->seat->counts[what], n);
}

/* The bookkeeping of a frame from that VM; whether there is such a flow. */
static bool note(struct relay_vm *vm, unsigned int from, unsigned int queue, uint64_t number)
{
	unsigned int what = relay_flows_arrived(&vm->flows, from, queue, number);

	if (what & RELAY_UNKNOWN) {
		count(vm, RELAY_STRANGERS, 1);
		return false;
	}
	counter_add(&vm->seat->got_from[from], !(what & RELAY_AGAIN));
	if (what == RELAY_NEW)
		return true;
	count(vm, RELAY_DUPLICATES, (what & RELAY_AGAIN) != 0);
	count(vm, RELAY_REORDERED, (what & RELAY_LATE) != 0);
	count(vm, RELAY_STRAYED, (what & RELAY_ASTRAY) != 0);
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
		count(vm, RELAY_STRANGERS, 1);
		return false;
	}
	if (verdict == RELAY_HERE) {
		if (!(vm->seat->heard >> (from - 1) & 1))
			counter_add(&vm->seat->heard, 1ull << (from - 1));
		return false;
	}
	if (verdict == RELAY_CORRUPT) {
		counter_add(&vm->seat->got_from[from - 1], 1);
		count(vm, RELAY_CORRUPTED, 1);
		return false;
	}
	return note(vm, from - 1, queue, number);
}

/* How many frames are due by a rate and have not been dealt with. */
static uint64_t due(const struct relay_vm *vm, uint64_t rate, uint64_t dealt, int64_t now)
{
	double seconds = (double)(now - vm->board->plan.start_ns) / 1e9;
	uint64_t frames = (uint64_t)(seconds * (double)rate);

	return frames > dealt ? frames - dealt : 0;
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
	count(vm, RELAY_RECEIVED, good);
	counter_add(&vm->seat->got_on[queue], good);
	if (now <= vm->board->plan.end_ns || vm->board->plan.count)
		vm->seat->in_time += good;
	return n;
}

/* A slow sink is quick when nothing more is sent. */
static unsigned int take(struct relay_vm *vm, bool may_send, int64_t now)
{
	uint64_t limit = UINT64_MAX;
	unsigned int n = 0;

	if (vm->board->options->sink_rate && may_send)
		limit = due(vm, vm->board->options->sink_rate, vm->paced_sink, now);
	for (unsigned int queue = 0; queue < vm->flows.queues; queue++)
		n += take_on(vm, queue, limit - n, now);
	vm->paced_sink += n;
	return n;
}

static uint64_t under_way_to(const struct relay_vm *vm, unsigned int to)
{
	uint64_t arrived = counter_read(&vm->board->seats[to].got_from[vm->self]) + vm->lost[to];
	uint64_t sent = vm->seat->sent_to[to];

	return sent > arrived ? sent - arrived : 0;
}

uint64_t relay_vm_under_way(const struct relay_vm *vm)
{
	uint64_t sum = 0;

	for (unsigned int i = 0; i < vm->board->nr; i++)
		sum += under_way_to(vm, i);
	return sum;
}

bool relay_vm_has_sent(const struct relay_vm *vm)
{
	return !vm->to_send;
}

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
	return i != vm->self && relay_vm_receives(vm->board, i);
}

/* The credit with each receiver, and what it makes in all; flooded frames take
 * from all at once. */
static uint64_t look_up_credit(const struct relay_vm *vm, uint64_t *credit)
{
	bool open = vm->board->options->mode == RELAY_OPEN, flood = vm->board->options->flood;
	uint64_t each = credit_each(vm), sum = 0, least = UINT64_MAX;

	for (unsigned int i = 0; i < vm->board->nr; i++) {
		uint64_t used = open ? 0 : under_way_to(vm, i);

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
		uint64_t limit = due(vm, rate, vm->paced, now);

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

/* To one of that receiver's addresses: number_mac() on a word. */
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
	count(vm, RELAY_SENT, n);
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
	count(vm, RELAY_SENT, n * receivers(vm));
}

static unsigned int give(struct relay_vm *vm, int64_t now)
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
		count(vm, RELAY_UNSENT, want - n);
	}
	return n;
}

bool relay_vm_turn(struct relay_vm *vm, bool may_send, int64_t now)
{
	unsigned int moved = take(vm, may_send, now);

	if (may_send && vm->to_send)
		moved += give(vm, now);
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
		vm->lost[i] += under_way_to(vm, i);
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
