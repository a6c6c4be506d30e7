#include "backend/listener.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <event2/event.h>

#include "io/log.h"
#include "io/rundir.h"
#include "io/state.h"

enum { OVERFLOW_UID = 65534, BACKLOG = 128 };

struct listener {
	struct sockaddr_un address;
	struct event *readable;
	struct event *resume;
	int fd;
	bool shared;
	void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid);
	void *arg;
};

/* Level-triggered accept at the descriptor limit would spin. */
static void pause_listening(struct listener *listener)
{
	struct timeval pause = { .tv_usec = 100000 };

	log_warning("daemon", "%s: out of descriptors, pausing", listener->address.sun_path);
	event_del(listener->readable);
	event_add(listener->resume, &pause);
}

static void listener_resume(evutil_socket_t fd, short events, void *arg)
{
	struct listener *listener = arg;

	(void)fd;
	(void)events;
	event_add(listener->readable, NULL);
}

static void listener_readable(evutil_socket_t fd, short events, void *arg)
{
	struct listener *listener = arg;
	struct ucred peer;
	socklen_t length = sizeof(peer);
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)events;
	if (client < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			pause_listening(listener);
		return;
	}
	/* 65534 is what anybody looks like whose user namespace is not ours. */
	if (getsockopt(client, SOL_SOCKET, SO_PEERCRED, &peer, &length) ||
	    peer.uid == OVERFLOW_UID) {
		log_warning("daemon", "%s: refused a peer without a uid of its own",
			    listener->address.sun_path);
		close(client);
		return;
	}
	listener->accepted(listener->arg, client, peer.uid, peer.pid);
}

static int socket_bind(struct listener *listener, int type, mode_t mode)
{
	unlink(listener->address.sun_path);
	listener->fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (listener->fd < 0)
		return -errno;
	if (bind(listener->fd, (struct sockaddr *)&listener->address, sizeof(listener->address)))
		return -errno;
	if (chmod(listener->address.sun_path, mode) || listen(listener->fd, BACKLOG))
		return -errno;
	return 0;
}

static void listener_free(struct listener *listener)
{
	if (listener->readable)
		event_free(listener->readable);
	if (listener->resume)
		event_free(listener->resume);
	if (listener->fd >= 0)
		close(listener->fd);
	free(listener);
}

/* With its address; fd -1: no socket yet. 0 or -errno. */
static int listener_create(struct listener **out, int fd, const char *file,
			   void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid), void *arg)
{
	struct listener *listener = calloc(1, sizeof(*listener));
	int err;

	if (!listener)
		return -ENOMEM;
	*listener = (struct listener){ .fd = fd, .accepted = accepted, .arg = arg };
	listener->address.sun_family = AF_UNIX;
	err = rundir_path(listener->address.sun_path, sizeof(listener->address.sun_path), file);
	if (err)
		free(listener);
	else
		*out = listener;
	return err;
}

static int listener_begin(struct listener *listener, struct event_base *base)
{
	listener->readable =
		event_new(base, listener->fd, EV_READ | EV_PERSIST, listener_readable, listener);
	listener->resume = event_new(base, -1, 0, listener_resume, listener);
	if (!listener->readable || !listener->resume)
		return -ENOMEM;
	event_add(listener->readable, NULL);
	return 0;
}

int listener_open(struct listener **out, struct event_base *base, int fd, const char *file,
		  int type, mode_t mode, void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid),
		  void *arg)
{
	struct listener *listener;
	int err = listener_create(&listener, fd, file, accepted, arg);

	if (err)
		return err;
	err = fd < 0 ? socket_bind(listener, type, mode) : 0;
	if (!err)
		err = listener_begin(listener, base);
	if (!err) {
		*out = listener;
		return 0;
	}
	if (fd >= 0)
		listener->fd = -1; /* the caller's still */
	listener_free(listener);
	return err;
}

void listener_carry(struct listener **out, struct event_base *base, const char *file,
		    void (*accepted)(void *arg, int fd, uid_t uid, pid_t pid), void *arg,
		    struct state *state)
{
	if (state->restores && listener_create(out, -1, file, accepted, arg)) {
		state_refuse(state, "out of memory");
		return;
	}
	state_fd(state, &(*out)->fd);
	if (state->restores && ((*out)->fd < 0 || listener_begin(*out, base)))
		state_refuse(state, "a socket to listen on is missing");
}

void listener_close(struct listener *listener)
{
	if (!listener->shared)
		unlink(listener->address.sun_path);
	listener_free(listener);
}

int listener_share(struct listener *listener)
{
	listener->shared = true;
	return listener->fd;
}
