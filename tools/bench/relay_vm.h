/*
 * One VM of a relay: a vif of its own by libsplitvif, which sends to the others
 * and takes what they send.
 *
 * What the VMs do is written on a board that all of them see, whichever process
 * each one runs in: nobody writes a seat but the VM that sits there. Senders take
 * their credit from it: frames go out only if the receiver has buffers posted for
 * them, so that none may get lost (closed), or regardless of it (open).
 */
#ifndef BENCH_RELAY_VM_H
#define BENCH_RELAY_VM_H

#include "bench/options.h"
#include "bench/relay_flows.h"
#include "bench/relay_frame.h"
#include "bridge/counters.h"
#include "frontend/splitvif.h"

enum {
	RELAY_BATCH = 64,
	RELAY_CREDIT = 192, /* buffers' worth under way to one receiver; it posts more */
	RELAY_VMS_MAX = 64,
	RELAY_TEXT_BYTES = 256,
	RELAY_HERE_BYTES = 64,
};

enum relay_count {
	RELAY_SENT,	/* copies: a flooded frame counts for each receiver */
	RELAY_RECEIVED, /* good ones, each number once */
	RELAY_CORRUPTED,
	RELAY_STRANGERS,
	RELAY_DUPLICATES,
	RELAY_REORDERED,
	RELAY_STRAYED, /* on another queue than its flow's */
	RELAY_UNSENT,  /* due by the rate, but the ring was full */
	RELAY_ERRORS,
	RELAY_KICKS,
	RELAY_IRQS,
	RELAY_COUNTS
};

/* Written by one VM, read by all. */
struct relay_seat {
	_Alignas(64) uint64_t counts[RELAY_COUNTS];
	uint64_t sent_to[RELAY_VMS_MAX]; /* by the receiver's number */
	uint64_t got_from[RELAY_VMS_MAX];
	uint64_t got_on[SPLITVIF_QUEUES_MAX];
	uint64_t heard;	   /* of whom: bits */
	uint64_t in_time;  /* good frames until the run's end */
	uint64_t moved_ns; /* when the last frame came or went */
	uint32_t finished; /* the last run that is over for this VM; after all else */
	uint32_t failed;   /* errno; then nothing more is to be expected of it */
};

/* What is to be done in a run. */
struct relay_plan {
	uint32_t run; /* its number; written last */
	uint32_t size;
	enum relay_depth depth;
	uint64_t count; /* frames of each sender; 0: until the end */
	int64_t start_ns, end_ns;
};

struct relay_board {
	unsigned int nr; /* VMs */
	const struct options *options;
	struct relay_plan plan;
	char error[RELAY_TEXT_BYTES]; /* of whoever failed */
	struct relay_seat seats[RELAY_VMS_MAX];
};

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

/* Whether that VM sends, or only receives. */
static inline bool relay_vm_sends(const struct relay_board *board, unsigned int vm)
{
	return board->options->vms || !vm;
}

/* Whether others send to it. */
static inline bool relay_vm_receives(const struct relay_board *board, unsigned int vm)
{
	return board->options->vms || vm == 1;
}

/* "gen" and "sink", or "vm0", ...; "gen.0" is the vif. */
void relay_vm_name(const struct relay_board *board, unsigned int vm, char name[16]);

/* Connects. 0, or -errno with one line in `error`. */
int relay_vm_open(struct relay_vm *vm, struct relay_board *board, unsigned int self, uint16_t mtu,
		  char error[RELAY_TEXT_BYTES]);
void relay_vm_close(struct relay_vm *vm);

/* Says to all where it is; and whether all have heard all. */
void relay_vm_call(struct relay_vm *vm);
/* Shows the bridge some of its addresses, from that one on; the next one's number. */
uint32_t relay_vm_show(struct relay_vm *vm, uint32_t first);
bool relay_vm_all_met(const struct relay_board *board);

/* A new run, as the board has it. */
void relay_vm_begin(struct relay_vm *vm);
/* One turn: takes what has come and, if it still may, sends what it can; true if
 * a frame moved. */
bool relay_vm_turn(struct relay_vm *vm, bool may_send, int64_t now);
/* Frames that were sent and have neither arrived nor been given up. */
uint64_t relay_vm_under_way(const struct relay_vm *vm);
/* It has sent what it was to send. */
bool relay_vm_has_sent(const struct relay_vm *vm);
/* The run is over: gives up what has not arrived, and counts. */
void relay_vm_end(struct relay_vm *vm);

/* Before sleeping; false: do not. */
bool relay_vm_arm(struct relay_vm *vm, bool may_send);
/* To be called every few milliseconds; false if the vif went down. */
bool relay_vm_process(struct relay_vm *vm);

#endif
