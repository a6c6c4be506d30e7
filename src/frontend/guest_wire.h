/*
 * Messages between the frontend and its helper inside a guest's namespaces:
 * one socketpair, SOCK_SEQPACKET. The frontend sends a struct guest_setup, the
 * helper answers with a struct guest_reply and, if that is good, descriptors:
 * netlink, and the interface's queues. An empty guest_setup-sized go follows for
 * init; then further setups may, each answered likewise.
 */
#ifndef FRONTEND_GUEST_WIRE_H
#define FRONTEND_GUEST_WIRE_H

#include "frontend/guest.h"

enum { GUEST_FDS_MAX = 1 + SPLITVIF_QUEUES_MAX };

struct guest_reply {
	int32_t err; /* 0 or -errno */
	int32_t pid; /* of init, in the first reply */
	uint32_t ifindex;
	uint32_t nr_fds;
	char text[GUEST_ERROR_BYTES];
};

int guest_send(int socket, struct guest_reply *reply, const int *fds, unsigned int nr_fds);
/* Waits up to timeout_ms; fds[] has room for GUEST_FDS_MAX. 0 or -errno, the reply's own
 * err included. */
int guest_receive(int socket, struct guest_reply *reply, int *fds, int timeout_ms);

/* The helper's part: waits for a setup, makes lo and the interface in the
 * namespace it is in, answers. 0 or -errno (also answered); -ECONNRESET: the
 * frontend is gone. */
int guest_serve_setup(int socket);

#endif
