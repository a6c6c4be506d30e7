/*
 * The domain socket: what a guest asks of its hypervisor, as messages.
 *
 * AF_UNIX SOCK_SEQPACKET, little endian, one message a packet:
 *     request  { u16 type, u16 version = 1, u32 seq, body }
 *     reply    { u16 type | 0x8000, u16 version = 1, u32 seq, s32 status, body }
 * Descriptors travel by SCM_RIGHTS with exactly the message that names them.
 * The version is checked first; unknown types get -ENOSYS and the connection
 * lives. A body follows only a status of 0. docs/protocol.md tells it to those
 * who write foreign frontends.
 */
#ifndef RING_HYPERCALL_H
#define RING_HYPERCALL_H

#include <stddef.h>
#include <stdint.h>

enum hypercall_type {
	HYPERCALL_INTRODUCE = 1,
	HYPERCALL_EVTCHN_ALLOC_UNBOUND = 2,
	HYPERCALL_EVTCHN_BIND_INTERDOMAIN = 3,
	HYPERCALL_EVTCHN_CLOSE = 4,
	HYPERCALL_STORE_OPEN = 5,
	/* The toolstack's stand-in: asks that one vif be written to the store. */
	HYPERCALL_VIF_CREATE = 6,
	/* Instead of INTRODUCE: memory for one further vif of a domain of this process. */
	HYPERCALL_JOIN = 7,
	HYPERCALL_REPLY = 0x8000,
};

enum { HYPERCALL_VERSION = 1, HYPERCALL_MAX_BYTES = 256, HYPERCALL_MAX_FDS = 4 };

struct hypercall_header {
	uint16_t type;
	uint16_t version;
	uint32_t seq;
};

/* fds: shared region, tx region. */
struct hypercall_introduce {
	char name[64]; /* NUL-terminated: [A-Za-z0-9._-] */
	uint32_t shared_pages;
	uint32_t tx_pages;
	uint32_t gnttab_pages;
};

struct hypercall_introduced { /* fds: one store connection */
	uint16_t domid;
};

struct hypercall_evtchn_alloc { /* reply: struct hypercall_evtchn, fds wait and signal */
	uint16_t remote;
};

struct hypercall_evtchn_bind { /* reply as above */
	uint16_t remote;
	uint16_t pad;
	uint32_t remote_port;
};

struct hypercall_evtchn { /* reply to both; body of CLOSE */
	uint32_t port;
};

/* All zero: whatever the daemon's defaults are. Addresses in network order. */
struct hypercall_vif_create {
	char bridge[16];
	uint8_t mac[6];
	uint16_t mtu;
	uint32_t ip; /* 0: choose one from the bridge's subnet, if it has one */
};

struct hypercall_vif_created {
	uint32_t devid;
	uint32_t ip;	  /* 0: the bridge has no subnet and none was asked for */
	uint32_t gateway; /* 0: none */
	uint8_t mac[6];
	uint16_t mtu;
	uint8_t prefix;
	uint8_t pad[3];
	char bridge[16];
};

/* fds as INTRODUCE's. The vif is there, as the toolstack wrote it. */
struct hypercall_join {
	char name[64];
	uint32_t devid;
	uint32_t shared_pages;
	uint32_t tx_pages;
	uint32_t gnttab_pages;
};

struct hypercall_joined { /* fds: one store connection */
	uint32_t domid;
	struct hypercall_vif_created vif;
};

/* A message as received: header, body, descriptors. */
struct hypercall {
	struct hypercall_header header;
	int32_t status; /* replies only */
	uint8_t body[HYPERCALL_MAX_BYTES];
	size_t length; /* of the body */
	int fds[HYPERCALL_MAX_FDS];
	unsigned int nr_fds;
};

/* Sends a request. 0 or -errno. */
int hypercall_send(int socket, uint16_t type, uint32_t seq, const void *body, size_t length,
		   const int *fds, unsigned int nr_fds);

/* Sends a reply; a body and fds only with status 0. 0 or -errno. */
int hypercall_reply(int socket, const struct hypercall_header *request, int32_t status,
		    const void *body, size_t length, const int *fds, unsigned int nr_fds);

/* Takes one message without blocking beyond the socket's own flags. 1 taken;
 * 0 the peer hung up; -EAGAIN; -EBADMSG too short, too long, truncated or with
 * more descriptors than fit (all closed); -EPROTO wrong version. */
int hypercall_receive(int socket, struct hypercall *message);

/* Closes the descriptors that were not taken out (set to -1). Lingering
 * sockets are disarmed first. */
void hypercall_close_fds(struct hypercall *message);

#endif
