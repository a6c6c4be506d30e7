/*
 * The command line of `splitvif-bench`: one sub-command and its options, in
 * any order. An option that the sub-command does not know is refused rather
 * than ignored, since a figure would mean something else then.
 */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/report.h"

enum bench_command {
	BENCH_NONE,
	BENCH_RING,
	BENCH_RELAY,
	BENCH_LATENCY,
	BENCH_CEILING,
	BENCH_LOOP,
	BENCH_WAKE,
	BENCH_GRANT,
	BENCH_FDB,
	BENCH_SEGMENT,
	BENCH_TAP,
	BENCH_LAB,
	BENCH_GROWTH,
	BENCH_IDLE,
	BENCH_COMMANDS
};
enum bench_action { BENCH_RUN, BENCH_HELP, BENCH_VERSION };
enum bench_shapes { SHAPES_BOTH, SHAPES_TX, SHAPES_RX };
enum bench_rings { RINGS_XEN = 1, RINGS_SPSC = 2, RINGS_SPLIT = 4, RINGS_PACKED = 8 };
enum relay_mode { RELAY_CLOSED, RELAY_OPEN };
enum relay_payload { PAYLOAD_HEADER, PAYLOAD_WHOLE };

enum { OPTIONS_ERROR_BYTES = 256, OPTIONS_SIZES_MAX = 16 };

struct sizes {
	unsigned int nr;
	uint32_t list[OPTIONS_SIZES_MAX];
};

struct options {
	enum bench_action action;
	enum bench_command command;
	bool json, csv;
	unsigned int repeats; /* 0: 9, or 1 with a count */
	double duration_s;    /* of one repeat; 0: the command's own */
	double warmup_s;
	bool cpus_given;
	int cpus[2];
	uint64_t seed;	     /* of the order */
	const char *compare; /* NULL, or an earlier report */
	double tolerance;    /* percent, of that comparison */
	struct sizes sizes;  /* the command's own if none are given */
	bool wake;
	/* ring */
	uint32_t rings; /* enum bench_rings, together; 0: the Xen ring */
	unsigned int shapes;
	uint32_t batch;
	/* relay, latency, ceiling, loop */
	unsigned int mode;
	unsigned int payload;
	uint64_t rate;	       /* frames a second of a sender in open mode; 0: as many as fit */
	uint64_t sink_rate;    /* frames a second that a receiver takes; 0: all */
	uint64_t count;	       /* frames of a sender in one repeat, each one verified; 0: by time */
	uint32_t vms;	       /* all to all; 0: one sends to the other */
	uint32_t macs;	       /* addresses that a receiver has, all told before */
	uint32_t destinations; /* of these, frames go to so many; 0: all */
	uint32_t attached;     /* vifs in all, idle ones included; 0: none is idle */
	uint32_t workers;      /* of the daemon; 0: its own choice */
	uint32_t queues;       /* of a vif; 0: one */
	uint32_t burst;	       /* of them: frames in a row to one destination */
	bool flood, separate, ceiling;
	const char *engine;    /* NULL: the daemon's choice */
	const char *splitvifd; /* NULL: looked for */
	/* lab */
	bool smoke, quick, full, exhaustive; /* none: quick */
	const char *only, *out;		     /* NULL: all; "lab" */
	int64_t gen_ns; /* the generator's rest; 0: it spins, -1: the experiment's own */
};

/* 0, or -EINVAL with one line in `error`, without program name and newline. */
int options_parse_command(struct options *options, int argc, char **argv, char error[OPTIONS_ERROR_BYTES]);

void options_help(FILE *out);

const char *options_command_name(enum bench_command command);
enum report_format options_format(const struct options *options);

#endif
