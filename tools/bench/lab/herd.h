/*
 * Several VMs in one thread that send each other frames, by flows: from whom, to
 * whom, how many a second. For experiments in which the number of VMs, or what one
 * of them does to the others, matters, and not what goes on inside a guest.
 *
 * A frame is a UDP datagram with its number and the time at which it was due, so it
 * may be bridged or routed on its way. A flow with a rate is an open loop: frames
 * are due by the clock, and latency counts from then. One without has HERD_CREDIT
 * frames under way, so that nothing need be dropped.
 *
 * Conservation, when a run is over: offered = unsent + delivered + lost, and what is
 * lost is what the backend, or a kernel on the way, dropped.
 */
#ifndef LAB_HERD_H
#define LAB_HERD_H

#include <stdbool.h>

#include "bench/lab/histogram.h"
#include "frontend/splitvif.h"

enum {
	HERD_VMS_MAX = 64,
	HERD_FLOWS_MAX = 2 * HERD_VMS_MAX,
	HERD_CREDIT = 128,
	HERD_HEAD = 44, /* Ethernet, IPv4, UDP, and 2 bytes of no meaning */
	HERD_FRAME_MIN = 64,
	HERD_TEXT_BYTES = 256,
	HERD_OUTSIDE = HERD_VMS_MAX, /* a receiver who is none of ours */
};

struct herd_flow {
	unsigned int from, to; /* numbers of VMs, or HERD_OUTSIDE */
	uint8_t head[HERD_HEAD];
	bool echoes;
	uint32_t size;
	uint64_t rate; /* frames a second; 0: as many as get through */

	/* Of the run. */
	uint64_t offered, unsent; /* due; of them, those that found no room in the ring */
	uint64_t sent, got, lost;
	uint64_t in_window; /* delivered within the window */
	int64_t moved_ns;
};

struct herd_vm {
	struct splitvif *vif;
	uint8_t mac[6];
	uint32_t ip; /* network order */
};

struct herd {
	const char *rundir, *bridge; /* the daemon's; NULL: its first one */
	uint8_t number;		     /* of the herd, where a daemon has several */
	unsigned int nr_vms, nr_flows;
	struct herd_vm vms[HERD_VMS_MAX];
	struct herd_flow flows[HERD_FLOWS_MAX];
	bool sleeps; /* when there is nothing to do; else it polls */
	bool yields; /* who polls shares his processor */
	uint8_t run;
	int64_t processed_ns, window_ns, end_ns;
	uint64_t strangers;
	struct histogram latency, lateness; /* ns; of what the window had */
};

struct herd_result {
	uint64_t offered, unsent, delivered, lost; /* of the whole run, of flows among us */
	uint64_t outside;			   /* sent to others */
	uint64_t in_window;
	int64_t window_ns;
	uint64_t kicks, irqs; /* in the window, of all VMs */
	uint64_t cpu_ns;      /* of this thread, in the window */
	uint64_t daemon_ns;   /* of the daemon */
	double jain;	      /* over the flows between VMs */
};

/* A VM more, its name being "<prefix><number>"; its MAC and address follow from the
 * number. 0, or -errno with one line in `error`. */
int herd_add(struct herd *herd, const char *prefix, char error[HERD_TEXT_BYTES]);
void herd_close(struct herd *herd);

/* 02:73:76:4c:HERD:VM+1, and 10.90.HERD.VM+2 in network order. */
void herd_mac(const struct herd *herd, unsigned int vm, uint8_t mac[6]);
uint32_t herd_ip(const struct herd *herd, unsigned int vm);

/* A flow between two VMs of ours. It may be given another `head` by the next. */
struct herd_flow *herd_flow(struct herd *herd, unsigned int from, unsigned int to, uint32_t size,
			    uint64_t rate);
/* Makes it one of echo requests (ICMP) to that host, whose answers come back to the
 * sender: a frame is delivered when its answer is. Of at most a page. */
void herd_flow_echo(struct herd_flow *flow, const uint8_t mac[6], uint32_t ip);
/* Sends it by way of that MAC, to that address. */
void herd_flow_direct(struct herd_flow *flow, const uint8_t mac[6], uint32_t ip);

/* Until the bridge, or whatever is between them, has learnt where they are: each
 * says so until the flows have each delivered one. 0 or -ETIMEDOUT. */
int herd_meet(struct herd *herd);

/* `pid`: the daemon, whose time is looked up; 0: none. 0, -ENETDOWN a vif went down,
 * -EINTR. */
int herd_run(struct herd *herd, double warmup_s, double seconds, int pid,
	     struct herd_result *result);

#endif
