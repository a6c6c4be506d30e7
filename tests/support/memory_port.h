/*
 * A port that records what it is handed: whole copies, in order. It can be
 * told to take only so many more frames.
 */
#ifndef TESTS_MEMORY_PORT_H
#define TESTS_MEMORY_PORT_H

#include "bridge/port.h"

enum { MEMORY_PORT_FRAMES = 1024, MEMORY_PORT_BYTES = 2048 };

struct memory_port {
	struct port port;
	unsigned int room;   /* how many more it takes */
	unsigned int visits; /* calls of transmit */
	unsigned int n;
	uint32_t lengths[MEMORY_PORT_FRAMES];
	uint32_t sources[MEMORY_PORT_FRAMES]; /* the frames' own marks */
	uint16_t gso_sizes[MEMORY_PORT_FRAMES]; /* 0: no GSO frame */
	uint8_t csums[MEMORY_PORT_FRAMES];	/* enum frame_csum */
	uint8_t bytes[MEMORY_PORT_FRAMES][MEMORY_PORT_BYTES];
};

void memory_port_init(struct memory_port *memory, const char *name, uint32_t mtu);

/* Forgets what was recorded, and keeps the counters. */
void memory_port_clear(struct memory_port *memory);

#endif
