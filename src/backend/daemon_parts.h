/*
 * Within daemon*.c: all parts of the data process.
 *
 *	daemon.c	 builds them and takes them down
 *	daemon_events.c	 what wakes the control thread: signals, timers, the workers' alarm
 *	daemon_sockets.c what it listens on, and who may speak there
 *	daemon_state.c	 gives them to another data process, or takes them over from one
 */
#ifndef BACKEND_DAEMON_PARTS_H
#define BACKEND_DAEMON_PARTS_H

#include "backend/arrivals.h"
#include "backend/control.h"
#include "backend/device.h"
#include "backend/domain.h"
#include "backend/hotplug.h"
#include "backend/listener.h"
#include "backend/options.h"
#include "backend/privileged.h"
#include "backend/reload.h"
#include "backend/report.h"
#include "backend/service.h"
#include "backend/store_socket.h"
#include "backend/toolstack.h"

enum daemon_listener {
	LISTEN_STORE,
	LISTEN_CONTROL,
	LISTEN_DOMAIN,
	LISTEN_TAKEOVER,
	LISTENERS,
};

struct daemon {
	const struct options *options;
	struct privileged *privileged;
	struct event_base *base;
	struct event *alarm, *store_event, *term, *interrupt, *hangup, *revive, *later;
	int alarm_fd;
	struct workers workers;
	struct networks networks;
	struct store_server *store_server;
	struct store_client *store;
	struct evtchn_table *evtchns;
	struct store_sockets *store_sockets;
	struct domains *domains;
	struct devices *devices;
	struct hotplug *hotplug;
	struct toolstack toolstack;
	struct arrivals *arrivals;
	struct reload *reload;
	struct reporter reporter;
	struct service service;
	bool stopping; /* for scripts only */
	struct control *control;
	struct listener *listeners[LISTENERS];
};

/* All or -errno; closing is for halves too. */
int daemon_open_events(struct daemon *daemon);
void daemon_close_events(struct daemon *daemon);

/* For those parts that are told of something, or tell: with the daemon as `arg`. */
void daemon_note_store_event(void *arg);
void daemon_call_later(void *arg, unsigned int ms);
void daemon_script_done(void *arg, const struct script_request *request,
			const struct script_result *result);

/* A socket that the daemon listens on. */
struct daemon_socket {
	const char *file;
	int type;
	mode_t mode;
	void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid);
};

/* By enum daemon_listener. */
const struct daemon_socket *daemon_socket(unsigned int listener);

/* Listens on all; what cannot be is told. */
int daemon_open_sockets(struct daemon *daemon);
void daemon_close_sockets(struct daemon *daemon);
/* Has the service manager keep one, if there is a manager. */
void daemon_keep_socket(struct daemon *daemon, unsigned int listener);
/* Operators, and the users whom they named, may introduce a domain. */
bool daemon_may_connect(void *arg, uid_t uid);

/* Somebody wants to go on in our place. The process ends if he does. */
void daemon_give_way(struct daemon *daemon, int socket);

/* Takes all over from the daemon that runs, into parts that are there and empty.
 * 0: nobody else serves any more, and frames move; or -errno, which was told. */
int daemon_take_over(struct daemon *daemon);

#endif
