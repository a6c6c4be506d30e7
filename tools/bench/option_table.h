/*
 * Which commands there are, which options each one knows, and what they are set
 * to if nobody says otherwise.
 */
#ifndef BENCH_OPTION_TABLE_H
#define BENCH_OPTION_TABLE_H

#include "bench/option_value.h"

enum { OPTION_SIZE_MIN = 64 };

struct option_command {
	const char *name, *help;
	uint32_t size_max; /* 0: has no sizes */
	struct sizes sizes;
	double duration_s;
};

struct option_flag {
	struct option_kind kind; /* without a parser: a switch, a bool */
	char letter;		 /* 0: none */
	unsigned int commands;	 /* that know it: 1 << enum bench_command */
	size_t at;		 /* in struct options */
	const char *argument, *help;
};

enum { OPTION_FLAGS_MAX = 56 };

const struct option_command *option_table_command(enum bench_command command);
/* The i-th flag; NULL behind the last one. */
const struct option_flag *option_table_flag(size_t i);

#endif
