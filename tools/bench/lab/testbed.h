/*
 * What a rig of one guest begins with: the real daemon, and a generator's vif on it.
 */
#ifndef LAB_TESTBED_H
#define LAB_TESTBED_H

#include "bench/lab/backend.h"
#include "frontend/splitvif.h"

struct testbed {
	const struct lab_context *context;
	struct backend backend;
	struct splitvif *gen;
	uint8_t gen_mac[6];
};

/* `gen`: the vif's name. 0, or -errno with a line, and nothing is left behind. */
int testbed_open(struct testbed *bed, const struct lab_context *context, const char *gen,
		 char error[LAB_ERROR_BYTES]);
void testbed_close(struct testbed *bed);

/* A vif more, and its address; NULL: errno, and a line. `single`: one channel for both
 * directions. */
struct splitvif *testbed_open_vif(const struct testbed *bed, const char *name, bool single,
				  uint8_t mac[6], char error[LAB_ERROR_BYTES]);

#endif
