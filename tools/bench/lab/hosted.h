/*
 * Herds in a network namespace of their own, whose frames pass through the kernel of
 * the driver domain: over a TAP of each vif's, or one bridge's.
 */
#ifndef LAB_HOSTED_H
#define LAB_HOSTED_H

#include "bench/lab/apart.h"
#include "bench/lab/herd.h"

enum { HOSTED_HERDS_MAX = 3, HOSTED_VMS_MAX = 8, HOSTED_CONFIG_BYTES = 4096 };

/* What a herd's vifs are. */
struct hosted_kind {
	const char *prefix; /* of the VMs' names, and of their TAPs' */
	const char *bridge; /* one of ours; NULL: each has its own TAP */
	bool uplink;	    /* that bridge has a TAP of its own, <bridge>0 */
};

struct hosted {
	const struct lab_context *context;
	struct apart apart;
	unsigned int nr;
	struct herd herds[HOSTED_HERDS_MAX];
	bool silent[HOSTED_HERDS_MAX]; /* given up: its frames get nowhere any more */
};

/* Herds of so many VMs; the number of each is its place. NULL-terminated kinds. */
int hosted_open(struct hosted **hosted, const struct lab_context *context, unsigned int vms,
		const struct hosted_kind *kinds, char error[LAB_ERROR_BYTES]);
void hosted_close(void *hosted);

/* The MAC that that interface is given, by a number of our choice. */
int hosted_set_mac(const struct hosted *hosted, const char *interface, uint8_t number,
		   uint8_t mac[6], char error[LAB_ERROR_BYTES]);

/* The host reaches that VM by that interface, without asking for its MAC. */
int hosted_route(const struct hosted *hosted, unsigned int herd, unsigned int vm,
		 const char *interface, char error[LAB_ERROR_BYTES]);

/* herd_run() from the VMs' processor, with the line that says what failed. */
int hosted_run(struct hosted *hosted, unsigned int herd, const struct lab_window *window,
	       struct herd_result *result, char error[LAB_ERROR_BYTES]);

#endif
