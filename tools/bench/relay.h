/*
 * The VMs of a relay together: all in one thread of ours, or each a process of its
 * own on the same processor. Runs are timed, or counted in frames, and end when
 * everything that was sent has arrived or is given up.
 */
#ifndef BENCH_RELAY_H
#define BENCH_RELAY_H

#include <sys/types.h>

#include "bench/relay_vm.h"

enum { RELAY_IDLE_MAX = 256 };

struct relay {
	struct relay_board *board;
	struct relay_vm *vms; /* our own; NULL if they are apart */
	struct splitvif *idle[RELAY_IDLE_MAX];
	unsigned int nr_idle;
	pid_t children[RELAY_VMS_MAX];
	int cpu;    /* where the VMs are */
	bool yield; /* the daemon is there, too */
};

/* Connects them all, and lets the bridge learn where they are. 0, or -errno with
 * one line in `error` and nothing left open. */
int relay_open(struct relay *relay, const struct options *options, uint16_t mtu, const int cpus[2],
	       char error[RELAY_TEXT_BYTES]);
void relay_close(struct relay *relay);

struct relay_result {
	uint64_t received; /* good frames, within the time */
	int64_t ns;
	double jain; /* how evenly those who sent got rid of it */
};

/* For so many seconds, or until each sender has sent `count` frames. 0 or -errno:
 * -ETIMEDOUT nothing moves; -ENETDOWN a vif went down; -EINTR. */
int relay_run(struct relay *relay, double seconds, uint64_t count, uint32_t size,
	      enum relay_depth depth, struct relay_result *result);

/* What all of them counted, since the beginning. */
void relay_sum(const struct relay *relay, uint64_t counts[RELAY_COUNTS]);
/* What all of them received by each of their queues, since the beginning. */
void relay_sum_queues(const struct relay *relay, uint64_t queues[SPLITVIF_QUEUES_MAX]);

#endif
