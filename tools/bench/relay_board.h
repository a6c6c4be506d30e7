/*
 * What the VMs of a relay do, on a board that all of them see, whichever process
 * each one runs in: nobody writes a seat but the VM that sits there. Senders take
 * their credit from it: frames go out only if the receiver has buffers posted for
 * them, so that none may get lost (closed), or regardless of it (open).
 */
#ifndef BENCH_RELAY_BOARD_H
#define BENCH_RELAY_BOARD_H

#include "bench/options.h"
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

/* Whether that VM sends, or only receives. */
static inline bool relay_board_sends(const struct relay_board *board, unsigned int vm)
{
	return board->options->vms || !vm;
}

/* Whether others send to it. */
static inline bool relay_board_receives(const struct relay_board *board, unsigned int vm)
{
	return board->options->vms || vm == 1;
}

/* "gen" and "sink", or "vm0", ...; "gen.0" is the vif. */
void relay_board_name(const struct relay_board *board, unsigned int vm, char name[16]);

/* Whether all have heard all. */
bool relay_board_all_met(const struct relay_board *board);

#endif
