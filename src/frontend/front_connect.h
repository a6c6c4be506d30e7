/*
 * How a vif comes up, stays up and comes back: the domain's introduction, the
 * store's keys and xenbus' states around a netfront.
 *
 *	DOWN ──introduce, ask for the vif──> WAIT_BACKEND ──InitWait: rings,
 *	grants, channels, keys, Connected──> WAIT_CONNECTED ──> UP
 *
 *	UP ──the daemon hangs up──> DOWN (its mappings are gone: bury)
 *	UP ──backend closing, or its fault──> LEAVING (own state Closing) ──it let
 *	go: revoke──> PAUSE ──own state Initialising──> WAIT_BACKEND
 *	LEAVING, and the toolstack takes the vif away ──> AWAY ──it attaches it
 *	again──> WAIT_BACKEND
 *	told to suspend: LEAVING ──> SUSPENDED ──told to resume──> WAIT_BACKEND
 *	told to migrate, and let in there: LEAVING ──> WAIT_BACKEND at another daemon
 *
 * Name, MAC, MTU, bridge and address that the first connection had are asked
 * for again by the later ones. After a daemon's death attempts come every 10 ms
 * for two seconds, then they back off to 200 ms, as they do at once after a
 * broken connection; each reason is told once. A vif that was taken away is not
 * asked for again, whatever happens to the daemon.
 *
 * A further vif of a domain joins it instead of introducing one (splitvif.h). It
 * goes with the first one when that migrates: suspended before, resumed there.
 */
#ifndef FRONTEND_FRONT_CONNECT_H
#define FRONTEND_FRONT_CONNECT_H

#include "frontend/front_device.h"
#include "frontend/front_domain.h"
#include "frontend/front_home.h"
#include "frontend/netfront.h"
#include "frontend/splitvif.h"

enum connect_phase {
	CONNECT_DOWN,
	CONNECT_WAIT_BACKEND,
	CONNECT_WAIT_CONNECTED,
	CONNECT_UP,
	CONNECT_LEAVING,
	CONNECT_PAUSE,
	CONNECT_AWAY,
	CONNECT_SUSPENDED,
};

enum {
	CONNECT_RETRY_MIN_MS = 10,
	CONNECT_RETRY_MAX_MS = 200,
	CONNECT_STATE_MS = 5000,
	/* At a daemon that was just migrated to, each answer; and each state. The VM is
	 * without a network meanwhile, and knows where it had one. */
	CONNECT_ARRIVE_ANSWER_MS = 250,
	CONNECT_ARRIVE_STATE_MS = 1000,
};

/* A daemon, and what the VM is there. */
struct front_place {
	struct front_domain domain;
	struct front_device device;
	struct splitvif_status status;
};

struct front_attempt;

struct front_connect {
	struct netfront *front;
	struct front_domain domain;
	struct front_device device;
	struct splitvif_config config;
	char *rundir; /* ours; config.rundir points to it */
	struct splitvif_status status;
	enum connect_phase phase;
	int epoll_fd, timer_fd;
	int flush_fd;	   /* a timer: for what is to be told later */
	uint64_t flush_ns; /* when it fires; UINT64_MAX: not at all */
	unsigned int retry_ms;
	int64_t down_since_ns;
	int64_t up_since_ns;
	bool away;		       /* the toolstack took the vif */
	bool suspended;		       /* and this is what it wants */
	bool was_suspended;	       /* since the last connection */
	bool moving;		       /* on the way to another daemon: `next` */
	bool arriving;		       /* there, and never up yet */
	struct front_attempt *attempt; /* NULL: none is under way */
	struct front_home home;	       /* for further vifs */
	struct front_home *host;       /* of a further vif: the first one's; else NULL */
	struct front_place next;
	char *next_rundir, *home_rundir;
	char home_bridge[16];
	char homecoming[400]; /* why it could not stay there, to be said at home */
	unsigned int events;  /* enum splitvif_event, not reported yet */
	int error;	      /* the last failure, until the next connection */
	char reason[256];     /* and in words */
	uint64_t connections, violations, last_outage_ns;
};

void front_place_close(struct front_place *place);

/* Copies the configuration. Nothing is connected yet. 0 or -errno. */
int front_connect_init(struct front_connect *connect, struct netfront *front,
		       const struct splitvif_config *config);
void front_connect_fini(struct front_connect *connect);

/* One attempt to introduce ourselves. 0 or -errno with reason; whether to try
 * again is the caller's, later attempts come by themselves. */
int front_connect_start(struct front_connect *connect);

/* Whatever the descriptors say is to be done. */
void front_connect_process(struct front_connect *connect);

/* Announces Closing, waits up to timeout_ms for the backend's Closed. */
void front_connect_leave(struct front_connect *connect, int timeout_ms);

/* The backend broke the protocol: wakes whoever sleeps on the descriptor. */
void front_connect_alarm(struct front_connect *connect);

#endif
