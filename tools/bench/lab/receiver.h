/*
 * The guest of the laboratory: a thread F that stands for a driver's interrupts
 * and polling, and a thread A that stands for the application behind it.
 *
 *     event channel -> F: irq -> poll rounds of at most `weight` frames
 *                         -> bounded queue (late drops) -> A: a cost per frame
 *
 * "Interrupt" is a wake-up of F by the vif's descriptor that found an event;
 * "round" a turn of the poll state machine. What rounds and frames cost beyond
 * what they cost here is burnt by counted turns, so a thread that is preempted
 * still owes them.
 *
 * A soft interrupt goes before every process: where F and A share a processor, A
 * runs as SCHED_IDLE. Handed over (after POLL_RESTARTS passes that left work, as
 * Linux hands over to ksoftirqd), F is a thread like A: it leaves A as much time as
 * it takes itself, until it has no more work. Apart from F, A is SCHED_IDLE as well,
 * for it shares with the generator and the backend then, which must be on time.
 *
 * The vif's handle is F's from start to stop. F polls only; it sends nothing. It
 * calls splitvif_process() at each wake-up, and every few ms while it polls.
 */
#ifndef LAB_RECEIVER_H
#define LAB_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "bench/lab/histogram.h"
#include "frontend/splitvif.h"

enum receiver_mode {
	RECEIVER_IRQ_PER_FRAME, /* armed again after each frame: no polling at all */
	RECEIVER_NAPI,		/* polls, always before A */
	RECEIVER_NAPI_HANDOVER, /* and is handed over where it never ends, as in Linux */
	RECEIVER_NAPI_FEEDBACK, /* and stops, masked, while A's queue is full: early drops;
				 * goes on when it is half empty */
	RECEIVER_POLL,		/* never sleeps, never armed */
	RECEIVER_MODES
};

/* When a series of rounds ends and interrupts are on again. */
enum receiver_complete {
	RECEIVER_COMPLETE_EMPTY,  /* the ring is empty */
	RECEIVER_COMPLETE_BUDGET, /* a round took less than the weight, as NAPI's rule is */
};

enum { RECEIVER_WEIGHT_MAX = 256, RECEIVER_QUEUE_MAX = 65536 };

struct receiver_config {
	enum receiver_mode mode;
	enum receiver_complete complete;
	unsigned int weight;	   /* 1 to RECEIVER_WEIGHT_MAX: the limit of a round */
	unsigned int ring_frames;  /* buffers that the backend may fill; 0: all that there are.
				     * The rest is kept back as frames not yet released */
	uint64_t round_cost_ns;	   /* burnt by F each round, empty ones included */
	uint64_t app_cost_ns;	   /* burnt by A each frame */
	unsigned int queue_frames; /* of A's queue, 1 to RECEIVER_QUEUE_MAX */
	uint64_t spin_ns;	   /* F looks so long again before it arms */
	bool spins_adaptively;	   /* only where frames come so close that it pays */
	uint64_t defer_ns;	   /* poll_tuning's */
	uint32_t defer_rounds;
	bool copies;	       /* F copies each frame's bytes out of the shared pages */
	int cpu_poll, cpu_app; /* of F and of A */
};

/* Since the start. At rest: what was received = delivered + drop_queue + strangers. */
struct receiver_counters {
	uint64_t irq;	   /* wake-ups of F that found an event */
	uint64_t merged;   /* events beyond the first of such a wake-up */
	uint64_t spurious; /* of irq, those that brought no frame */
	uint64_t rounds, empty_rounds;
	uint64_t per_round[RECEIVER_WEIGHT_MAX + 1]; /* rounds by their frames */
	uint64_t handovers;
	uint64_t pauses;     /* times that F stopped for a full queue */
	uint64_t drop_queue; /* late drops */
	uint64_t queued;     /* in A's queue now */
	uint64_t delivered;  /* A is done with them */
	uint64_t strangers;  /* frames without a stamp: neither delivered nor dropped */
	uint64_t downs;	     /* times that the vif went down: the run is void */
	uint64_t cpu_poll_ns, cpu_app_ns;		   /* CLOCK_THREAD_CPUTIME_ID */
	uint64_t switches_voluntary, switches_involuntary; /* of both threads */
	struct histogram latency; /* ns from when a frame was due until A is done with it;
				   * of those that receiver_time() says */
};

struct receiver;

/* Starts both threads, after burn_calibrate(). 0, or -errno and nothing is started. */
int receiver_start(struct receiver **receiver, struct splitvif *vif,
		   const struct receiver_config *config);

/* From the thread that started it, at any time; cheap but for the histogram. */
void receiver_read(struct receiver *receiver, struct receiver_counters *counters);

/* From now on only frames that were due at that time or later, and before that other one,
 * are counted as latencies; until this is called all are. Whenever they come: who is late
 * does not drop out. */
void receiver_time(struct receiver *receiver, int64_t from_ns, int64_t until_ns);

/* Nothing is measured any more: A is a thread like any other, so that what is in its
 * queue comes to an end on a busy machine, too (where we may change it). */
void receiver_hurry(struct receiver *receiver);

/* Ends both threads, after A has done what is in its queue, and frees. Frames that F
 * kept back are released; the last count. */
void receiver_stop(struct receiver *receiver, struct receiver_counters *counters);

#endif
