#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/daemon_parts.h"
#include "backend/manager.h"
#include "io/log.h"
#include "io/rundir.h"

enum { TAKEOVER_ASK_S = 2 };

static bool uid_is_operator(uid_t uid)
{
	return uid == 0 || uid == geteuid();
}

bool daemon_may_connect(void *arg, uid_t uid)
{
	const struct options *options = ((struct daemon *)arg)->options;

	for (unsigned int i = 0; i < options->nr_uids; i++)
		if (options->uids[i] == uid)
			return true;
	return uid_is_operator(uid);
}

static void accept_domain(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	domains_accept(daemon->domains, fd, uid, pid);
}

static void accept_store(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	(void)pid;
	if (uid_is_operator(uid))
		store_sockets_serve(daemon->store_sockets, fd, 0);
	else
		close(fd);
}

static void accept_control(void *arg, int fd, uid_t uid, pid_t pid)
{
	struct daemon *daemon = arg;

	(void)pid;
	if (uid_is_operator(uid))
		control_accept(daemon->control, fd);
	else
		close(fd);
}

static void asked_to_give_way(evutil_socket_t fd, short events, void *arg)
{
	if (events & EV_READ)
		daemon_give_way(arg, fd);
	close(fd);
}

/* Who is heard in a moment, or never. */
static void accept_takeover(void *arg, int fd, uid_t uid, pid_t pid)
{
	const struct timeval longest = { .tv_sec = TAKEOVER_ASK_S };
	struct daemon *daemon = arg;

	(void)pid;
	if (!uid_is_operator(uid) ||
	    event_base_once(daemon->base, fd, EV_READ, asked_to_give_way, daemon, &longest))
		close(fd);
}

void daemon_close_sockets(struct daemon *daemon)
{
	for (unsigned int i = LISTENERS; i--;)
		if (daemon->listeners[i])
			listener_close(daemon->listeners[i]);
	memset(daemon->listeners, 0, sizeof(daemon->listeners));
}

const struct daemon_socket *daemon_socket(unsigned int listener)
{
	static const struct daemon_socket sockets[LISTENERS] = {
		[LISTEN_STORE] = { "store.sock", SOCK_STREAM, 0660, accept_store },
		[LISTEN_CONTROL] = { "ctl.sock", SOCK_STREAM, 0660, accept_control },
		[LISTEN_DOMAIN] = { "domain.sock", SOCK_SEQPACKET, 0660, accept_domain },
		[LISTEN_TAKEOVER] = { "takeover.sock", SOCK_SEQPACKET, 0600, accept_takeover },
	};

	return &sockets[listener];
}

/* One that a service manager kept for us, or -1; its path. */
static int kept_socket(struct daemon *daemon, char path[RUNDIR_PATH_BYTES], const char *file,
		       int type)
{
	rundir_path(path, RUNDIR_PATH_BYTES, file);
	return manager_take_socket(daemon->privileged->manager, path, type);
}

/* Nobody is to be asked for what he has when there is no daemon. */
void daemon_keep_socket(struct daemon *daemon, unsigned int listener)
{
	if (daemon->privileged->manager->there && listener != LISTEN_TAKEOVER)
		privileged_keep(daemon->privileged, daemon_socket(listener)->file,
				listener_share(daemon->listeners[listener]));
}

/* Last: whoever finds the sockets finds everything behind them. */
int daemon_open_sockets(struct daemon *daemon)
{
	char path[RUNDIR_PATH_BYTES];

	for (unsigned int i = 0; i < LISTENERS; i++) {
		const struct daemon_socket *socket = daemon_socket(i);
		bool open_to_all = i == LISTEN_DOMAIN && daemon->options->nr_uids;
		int kept = kept_socket(daemon, path, socket->file, socket->type);
		int err = listener_open(&daemon->listeners[i], daemon->base, kept, socket->file,
					socket->type, open_to_all ? 0666 : socket->mode,
					socket->accepted, daemon);

		if (!err) {
			daemon_keep_socket(daemon, i);
			continue;
		}
		log_complain("cannot listen: %s: %s; name another directory with --rundir", path,
			     strerror(-err));
		return err;
	}
	return 0;
}
