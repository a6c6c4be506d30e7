/*
 * A VM made of namespaces, or a namespace that is served as one.
 *
 * guest_spawn() makes, without privileges, two nested user namespaces. The
 * outer one lays an empty read-only tmpfs over the run directory; the inner
 * one owns new mount, network, process and host name namespaces, in which the
 * outer one's mounts are locked: the VM cannot lift the tmpfs, whatever it is
 * allowed inside, and cannot look past it through /proc of processes that it
 * does not see. Process 1 of the inner one is a small init (guest_init.h).
 *
 * guest_enter() sends a helper into a namespace that exists.
 *
 * Either way the TAP and a netlink socket are made inside and come out by
 * SCM_RIGHTS; this process itself stays where it is. Call these before there
 * are threads, rings or connections, since children are forked. What serves the
 * namespace then, init or the helper, makes further interfaces for guest_add().
 */
#ifndef FRONTEND_GUEST_H
#define FRONTEND_GUEST_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "frontend/netlink.h"
#include "frontend/splitvif.h"

enum { GUEST_ERROR_BYTES = 200 };

struct guest {
	pid_t pid;   /* init, a child of ours; or the helper, which ends by itself */
	int control; /* SOCK_SEQPACKET to it; its end is the VM's end */
	int tap_fds[SPLITVIF_QUEUES_MAX]; /* of eth0's queues */
	unsigned int nr_taps;
	struct netlink netlink; /* the VM's namespace */
	unsigned int ifindex;	/* of the interface there */
};

#define GUEST_NONE ((struct guest){ .control = -1 })

enum { GUEST_DEVICE_BYTES = 16 };

/* What the interface gets; addresses in network order, 0: none. */
struct guest_setup {
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t ip, gateway;
	uint8_t prefix;
	uint8_t queues;			 /* of it; 0: one */
	char device[GUEST_DEVICE_BYTES]; /* "eth0" */
};

/* All: 0, or -errno with one line in `error` (GUEST_ERROR_BYTES). */
int guest_spawn(struct guest *guest, const char *name, const char *hidden_dir, char **command,
		char *error);
int guest_enter(struct guest *guest, const char *netns, char *error);
int guest_configure(struct guest *guest, const struct guest_setup *setup, char *error);

/* A further interface of a guest that is configured, and started if it was to
 * be: `further` gets its descriptors, and nothing else of a guest. One call at a
 * time. */
int guest_add(struct guest *guest, const struct guest_setup *setup, struct guest *further,
	      char *error);

/* Lets init start the command. */
int guest_start(struct guest *guest);

/* Ends what is left of the VM, and waits for that. */
void guest_end(struct guest *guest);

#endif
