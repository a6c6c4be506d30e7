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
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/store_socket.h"
#include "store/client.h"
#include "store/server.h"

enum { MOST_DOORS = 4 };

struct door {
	struct store_sockets *sockets;
	struct event *event;
	uint16_t domid;
};

struct standalone {
	struct event_base *base;
	struct store_server *server;
	struct store_sockets *sockets;
	struct door doors[MOST_DOORS];
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

static void accept_client(evutil_socket_t fd, short events, void *arg)
{
	const struct door *door = arg;
	int client = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

	(void)events;
	if (client < 0 || store_sockets_serve(door->sockets, client, door->domid))
		die("accept");
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
	all->doors[all->nr] = (struct door){ .sockets = all->sockets, .domid = (uint16_t)domid };
	all->doors[all->nr].event =
		event_new(all->base, fd, EV_READ | EV_PERSIST, accept_client, &all->doors[all->nr]);
	event_add(all->doors[all->nr++].event, NULL);
	return path;
}

static void command_ended(evutil_socket_t number, short events, void *arg)
{
	(void)number;
	(void)events;
	event_base_loopbreak(arg);
}

int main(int argc, char **argv)
{
	static struct standalone all;
	const char *first = NULL;
	struct event *ended;
	int at = 1, status;
	pid_t child;

	all.base = event_base_new();
	all.server = store_server_create();
	all.sockets = store_sockets_create(all.base, all.server);
	ended = evsignal_new(all.base, SIGCHLD, command_ended, all.base);
	if (!all.sockets || !ended || event_add(ended, NULL))
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
	if (child < 0)
		die("fork");
	if (child == 0) {
		execvp(argv[at + 1], argv + at + 1);
		die(argv[at + 1]);
	}
	event_base_dispatch(all.base);
	if (waitpid(child, &status, 0) < 0)
		die("wait");
	while (all.nr)
		event_free(all.doors[--all.nr].event);
	event_free(ended);
	store_sockets_destroy(all.sockets);
	store_server_destroy(all.server);
	event_base_free(all.base);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
