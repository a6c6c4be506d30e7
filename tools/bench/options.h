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

enum bench_command { BENCH_NONE, BENCH_RING, BENCH_RELAY };
enum bench_action { BENCH_RUN, BENCH_HELP, BENCH_VERSION };
enum bench_shapes { SHAPES_BOTH, SHAPES_TX, SHAPES_RX };
enum relay_mode { RELAY_CLOSED, RELAY_OPEN };

enum { OPTIONS_ERROR_BYTES = 256 };

struct options {
	enum bench_action action;
	enum bench_command command;
	enum report_format format;
	unsigned int repeats; /* 0: 9, or 1 with a count */
	double duration_s;    /* of one repeat */
	double warmup_s;
	bool cpus_given;
	int cpus[2];
	uint32_t size; /* 0: 64 and 1514 */
	bool wake;
	/* ring */
	enum bench_shapes shapes;
	uint32_t batch;
	/* relay */
	enum relay_mode mode;
	uint64_t rate;	       /* frames a second in open mode; 0: as many as fit */
	uint64_t sink_rate;    /* frames a second that the sink takes; 0: all */
	uint64_t count;	       /* frames of one repeat, each one verified; 0: by time */
	const char *engine;    /* NULL: the daemon's choice */
	const char *splitvifd; /* NULL: looked for */
};

/* 0, or -EINVAL with one line in `error`, without program name and newline. */
int options_parse(struct options *options, int argc, char **argv, char error[OPTIONS_ERROR_BYTES]);

void options_help(FILE *out);

#endif
