/*
 * Test support: the store's server alone, on sockets, around one command.
 *
 *     store_standalone DOMID=PATH... -- COMMAND [ARGUMENT...]
 *
 * Whoever connects to PATH speaks as domain DOMID. Every DOMID but 0 is
 * introduced and owns its home. COMMAND runs with XENSTORED_PATH set to the
 * first path; its end is the end of the program, its exit code ours.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/client.h"
#include "store/server.h"

enum { MOST_DOORS = 4, MOST_GUESTS = 64 };

struct peer {
	int fd;
	uint16_t domid;
	struct store_connection *connection; /* NULL: a listening socket */
};

struct standalone {
	struct store_server *server;
	struct peer peers[MOST_DOORS + MOST_GUESTS];
	unsigned int nr;
};

static void die(const char *what)
{
	fprintf(stderr, "store_standalone: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void give_home(struct standalone *all, uint16_t domid)
{
	struct store_client *client = store_client_local(all->server, 0);
	char path[64], permissions[16];
	int length;

	if (!client || store_server_introduce(all->server, domid))
		die("domain");
	snprintf(path, sizeof(path), "/local/domain/%u", domid);
	length = snprintf(permissions, sizeof(permissions), "n%u", domid);
	if (store_mkdir(client, 0, path) ||
	    store_set_permissions(client, 0, path, permissions, (size_t)length + 1))
		die(path);
	store_client_close(client);
}

/* "5=/tmp/x/guest.sock" */
static const char *open_door(struct standalone *all, const char *door)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char *path;
	unsigned long domid = strtoul(door, &path, 10);
	int fd;

	if (*path++ != '=' || strlen(path) >= sizeof(address.sun_path) || all->nr == MOST_DOORS) {
		fprintf(stderr, "store_standalone: %s: not DOMID=PATH\n", door);
		exit(2);
	}
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) || listen(fd, 16))
		die(path);
	if (domid)
		give_home(all, (uint16_t)domid);
	all->peers[all->nr++] = (struct peer){ .fd = fd, .domid = (uint16_t)domid };
	return path;
}

static void accept_peer(struct standalone *all, const struct peer *door)
{
	int fd = accept4(door->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0 || all->nr == MOST_DOORS + MOST_GUESTS)
		die("accept");
	all->peers[all->nr++] = (struct peer){
		.fd = fd,
		.domid = door->domid,
		.connection = store_server_open(all->server, door->domid, NULL, NULL),
	};
}

/* False: the peer is gone. */
static bool serve_peer(const struct peer *peer, short events)
{
	char input[4096];
	const void *output;
	size_t waiting;
	ssize_t length;

	if (events & (POLLIN | POLLHUP)) {
		length = read(peer->fd, input, sizeof(input));
		if (length == 0 || (length < 0 && errno != EAGAIN))
			return false;
		if (length > 0 && store_server_input(peer->connection, input, (size_t)length))
			return false;
	}
	waiting = store_server_output(peer->connection, &output);
	length = waiting ? send(peer->fd, output, waiting, MSG_NOSIGNAL) : 0;
	if (length > 0)
		store_server_sent(peer->connection, (size_t)length);
	return length >= 0 || errno == EAGAIN;
}

static void drop_peer(struct standalone *all, unsigned int index)
{
	store_server_close(all->peers[index].connection);
	close(all->peers[index].fd);
	all->peers[index] = all->peers[--all->nr];
}

/* Serves until `command` (a pidfd) ends. */
static void serve(struct standalone *all, int command)
{
	struct pollfd fds[MOST_DOORS + MOST_GUESTS + 1];

	for (;;) {
		unsigned int nr = all->nr;
		const void *output;

		for (unsigned int i = 0; i < nr; i++) {
			struct store_connection *connection = all->peers[i].connection;
			bool waiting = connection && store_server_output(connection, &output);

			fds[i] = (struct pollfd){ .fd = all->peers[i].fd,
						  .events = waiting ? POLLIN | POLLOUT : POLLIN };
		}
		fds[nr] = (struct pollfd){ .fd = command, .events = POLLIN };
		if (poll(fds, nr + 1, -1) < 0)
			die("poll");
		if (fds[nr].revents)
			return;
		for (unsigned int i = nr; i-- > 0;) {
			if (!fds[i].revents)
				continue;
			if (!all->peers[i].connection)
				accept_peer(all, &all->peers[i]);
			else if (!serve_peer(&all->peers[i], fds[i].revents))
				drop_peer(all, i);
		}
	}
}

int main(int argc, char **argv)
{
	static struct standalone all;
	const char *first = NULL;
	int at = 1, status, command;
	pid_t child;

	all.server = store_server_create();
	if (!all.server)
		die("store");
	for (; at < argc && strcmp(argv[at], "--"); at++) {
		const char *path = open_door(&all, argv[at]);

		first = first ? first : path;
	}
	if (!first || at + 1 >= argc) {
		fprintf(stderr, "usage: store_standalone DOMID=PATH... -- COMMAND [ARGUMENT...]\n");
		return 2;
	}
	setenv("XENSTORED_PATH", first, 1);
	child = fork();
	if (child == 0) {
		execvp(argv[at + 1], argv + at + 1);
		die(argv[at + 1]);
	}
	command = child < 0 ? -1 : (int)syscall(SYS_pidfd_open, child, 0);
	if (command < 0)
		die("fork");
	serve(&all, command);
	waitpid(child, &status, 0);
	store_server_destroy(all.server);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
