/*
 * What was typed after "splitvif-front". Pure: words in, a struct or one line
 * of complaint out.
 */
#ifndef FRONTEND_FRONT_OPTIONS_H
#define FRONTEND_FRONT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum front_mode {
	FRONT_RUN,
	FRONT_NETNS,
	FRONT_GEN,
	FRONT_SINK,
	FRONT_ECHO,
	FRONT_STREAM,
	FRONT_HELP,
	FRONT_VERSION
};

struct front_options {
	enum front_mode mode;
	/* everywhere */
	const char *rundir, *engine; /* NULL: not given */
	bool verbose;
	/* the vif */
	const char *name, *bridge;
	uint8_t mac[6];
	uint16_t mtu;
	unsigned int queues;  /* 0: not given */
	bool single_channel;  /* for both directions */
	uint32_t ip, gateway; /* network order */
	uint8_t prefix;	      /* 0: the bridge's */
	/* run, --netns */
	const char *netns;
	bool no_offload;
	char **command; /* NULL-terminated */
	/* stream */
	const char *path;
	bool connect;
	/* gen, sink, echo */
	uint8_t dst[6];
	uint32_t size;
	uint64_t count;
	uint64_t rate;
	unsigned int window;
	bool credit, json;
	double duration;
};

/* 0, or -EINVAL with one line in `error`. `argv` is kept by reference. */
int front_options_parse(struct front_options *options, int argc, char **argv, char *error,
			size_t error_size);

extern const char front_options_usage[];

#endif
