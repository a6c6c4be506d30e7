/*
 * One VM of a relay: a vif of its own by libsplitvif, which sends to the others
 * and takes what they send.
 * How it sends is in relay_send.h, how it receives in relay_receive.h.
 */
#ifndef BENCH_RELAY_VM_H
#define BENCH_RELAY_VM_H

#include "bench/relay_board.h"
#include "bench/relay_flows.h"

struct relay_vm {
	struct relay_board *board;
	struct relay_seat *seat;
	struct splitvif *vif;
	unsigned int self;
	struct relay_stream streams[RELAY_VMS_MAX]; /* by the receiver's number */
	uint64_t lost[RELAY_VMS_MAX];		    /* of what was sent, in runs that are over */
	uint64_t random;			    /* of the choice of addresses */
	unsigned int next, in_row;		    /* the receiver whose turn it is, since when */
	uint64_t to_send;			    /* left of the count */
	uint64_t paced, paced_sink; /* frames that were due, and taken, since the start */
	uint32_t buffers;	    /* of the receiver, for one frame */
	struct relay_flows flows;
};

static inline void relay_vm_count(struct relay_vm *vm, enum relay_count what, uint64_t n)
{
	counter_add(&vm->seat->counts[what], n);
}

/* How many frames are due by a rate and have not been dealt with. */
static inline uint64_t relay_vm_due(const struct relay_vm *vm, uint64_t rate, uint64_t dealt,
				    int64_t now)
{
	double seconds = (double)(now - vm->board->plan.start_ns) / 1e9;
	uint64_t frames = (uint64_t)(seconds * (double)rate);

	return frames > dealt ? frames - dealt : 0;
}

/* Connects. 0, or -errno with one line in `error`. */
int relay_vm_open(struct relay_vm *vm, struct relay_board *board, unsigned int self, uint16_t mtu,
		  char error[RELAY_TEXT_BYTES]);
void relay_vm_close(struct relay_vm *vm);

/* Says to all where it is. */
void relay_vm_call(struct relay_vm *vm);
/* Shows the bridge some of its addresses, from that one on; the next one's number. */
uint32_t relay_vm_show(struct relay_vm *vm, uint32_t first);

/* A new run, as the board has it. */
void relay_vm_begin(struct relay_vm *vm);
/* One turn: takes what has come and, if it still may, sends what it can; true if
 * a frame moved. */
bool relay_vm_turn(struct relay_vm *vm, bool may_send, int64_t now);
/* Frames that were sent and have neither arrived nor been given up. */
uint64_t relay_vm_under_way(const struct relay_vm *vm);
uint64_t relay_vm_under_way_to(const struct relay_vm *vm, unsigned int to);
/* It has sent what it was to send. */
bool relay_vm_has_sent(const struct relay_vm *vm);
/* The run is over: gives up what has not arrived, and counts. */
void relay_vm_end(struct relay_vm *vm);

/* Before sleeping; false: do not. */
bool relay_vm_arm(struct relay_vm *vm, bool may_send);
/* To be called every few milliseconds; false if the vif went down. */
bool relay_vm_process(struct relay_vm *vm);

#endif
