#include "backend/store_socket.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "io/state.h"
#include "store/node_state.h"

enum {
	TICK_S = 1,
	/* A turn of one client, as much as a guest's ring on Xen holds: whoever
	 * floods keeps others waiting for that long only. And its answers, however
	 * long, are less than a guest may let lie: nobody who asks before he reads
	 * is dropped for it. */
	INPUT_BYTES = 1024,
};

struct peer {
	struct store_sockets *sockets;
	struct store_connection *connection;
	struct event *readable;
	struct event *writable;
	int fd;
	uint16_t domid;
	bool closing; /* what is left to send is sent, nothing more is read */
	struct peer *next;
};

struct store_sockets {
	struct event_base *base;
	struct store_server *server;
	struct event *tick; /* pending while a guest's output waits */
	struct peer *peers;
};

static void peer_close(struct peer *peer)
{
	struct peer **link = &peer->sockets->peers;

	while (*link != peer)
		link = &(*link)->next;
	*link = peer->next;
	store_server_close(peer->connection);
	event_free(peer->readable);
	event_free(peer->writable);
	close(peer->fd);
	free(peer);
}

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void tick_later(struct store_sockets *sockets)
{
	const struct timeval later = { .tv_sec = TICK_S };

	if (!event_pending(sockets->tick, EV_TIMEOUT, NULL))
		event_add(sockets->tick, &later);
}

static void on_tick(evutil_socket_t fd, short events, void *arg)
{
	struct store_sockets *sockets = arg;

	(void)fd;
	(void)events;
	if (store_server_tick(sockets->server, now_ms()))
		tick_later(sockets);
}

/* The server has output: sent from the loop, in the same turn of it, never from
 * within its calls. It is tried before it is waited for: a request and its answer
 * are two system calls. */
static void peer_wants_output(void *arg)
{
	struct peer *peer = arg;

	event_active(peer->writable, EV_WRITE, 0);
}

/* What the socket takes; 0, -EAGAIN or another -errno. */
static int peer_send(struct peer *peer)
{
	const void *bytes;
	size_t length;
	ssize_t n;

	while ((length = store_server_output(peer->connection, &bytes))) {
		n = send(peer->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n < 0)
			return -errno;
		store_server_sent(peer->connection, (size_t)n);
	}
	return 0;
}

/* Until all is out nothing more is read: a client that does not take its answers
 * waits for itself. One that has failed gets what its socket takes, and is not
 * waited for. */
static void peer_writable(evutil_socket_t fd, short events, void *arg)
{
	struct peer *peer = arg;
	int err = peer_send(peer);

	(void)fd;
	(void)events;
	if (err == -EAGAIN && !store_server_has_failed(peer->connection)) {
		event_del(peer->readable);
		event_add(peer->writable, NULL);
		tick_later(peer->sockets);
		return;
	}
	if (err || peer->closing || store_server_has_failed(peer->connection)) {
		peer_close(peer);
		return;
	}
	event_del(peer->writable);
	event_add(peer->readable, NULL);
}

static void peer_readable(evutil_socket_t fd, short events, void *arg)
{
	struct peer *peer = arg;
	char bytes[INPUT_BYTES];
	ssize_t n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);

	(void)events;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n > 0 && !store_server_input(peer->connection, bytes, (size_t)n))
		return;
	if (n < 0) {
		peer_close(peer);
		return;
	}
	/* End of input, or a broken protocol: the answers so far still go out. */
	event_del(peer->readable);
	peer->closing = true;
	event_add(peer->writable, NULL);
}

struct store_sockets *store_sockets_create(struct event_base *base, struct store_server *server)
{
	struct store_sockets *sockets = calloc(1, sizeof(*sockets));

	if (!sockets)
		return NULL;
	*sockets = (struct store_sockets){ .base = base, .server = server };
	sockets->tick = event_new(base, -1, 0, on_tick, sockets);
	if (sockets->tick)
		return sockets;
	free(sockets);
	return NULL;
}

void store_sockets_destroy(struct store_sockets *sockets)
{
	while (sockets->peers)
		peer_close(sockets->peers);
	event_free(sockets->tick);
	free(sockets);
}

int store_sockets_serve(struct store_sockets *sockets, int fd, uint16_t domid)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (!peer)
		goto close_fd;
	*peer = (struct peer){ .sockets = sockets, .fd = fd, .domid = domid };
	peer->readable = event_new(sockets->base, fd, EV_READ | EV_PERSIST, peer_readable, peer);
	peer->writable = event_new(sockets->base, fd, EV_WRITE | EV_PERSIST, peer_writable, peer);
	if (!peer->readable || !peer->writable)
		goto free_events;
	peer->connection = store_server_open(sockets->server, domid, peer_wants_output, peer);
	if (!peer->connection)
		goto free_events;
	peer->next = sockets->peers;
	sockets->peers = peer;
	event_add(peer->readable, NULL);
	return 0;

free_events:
	if (peer->readable)
		event_free(peer->readable);
	if (peer->writable)
		event_free(peer->writable);
	free(peer);
close_fd:
	close(fd);
	return -ENOMEM;
}

int store_sockets_pair(struct store_sockets *sockets, uint16_t domid)
{
	int pair[2], err;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		return -errno;
	err = store_sockets_serve(sockets, pair[0], domid);
	if (!err)
		return pair[1];
	close(pair[1]);
	return err;
}

unsigned int store_sockets_count(const struct store_sockets *sockets, uint16_t domid)
{
	unsigned int n = 0;

	for (const struct peer *peer = sockets->peers; peer; peer = peer->next)
		n += peer->domid == domid;
	return n;
}

void store_sockets_close_domain(struct store_sockets *sockets, uint16_t domid)
{
	struct peer *next;

	for (struct peer *peer = sockets->peers; peer; peer = next) {
		next = peer->next;
		if (peer->domid == domid)
			peer_close(peer);
	}
}

static void save_peer(struct peer *peer, struct node_book *book)
{
	state_fd(book->state, &peer->fd);
	state_u16(book->state, &peer->domid);
	state_bool(book->state, &peer->closing);
	store_connection_carry(peer->connection, book);
}

/* What is waited for is what was: that answers go out, or that requests come. */
static void restore_peer(struct store_sockets *sockets, struct node_book *book)
{
	struct state *state = book->state;
	const void *bytes;
	uint16_t domid;
	bool closing;
	int fd;

	state_fd(state, &fd);
	state_u16(state, &domid);
	state_bool(state, &closing);
	if (!state->fault && (fd < 0 || store_sockets_serve(sockets, fd, domid)))
		state_refuse(state, "a connection to the store has no descriptor, or no room");
	if (state->fault)
		return;
	sockets->peers->closing = closing;
	store_connection_carry(sockets->peers->connection, book);
	if (closing || store_server_output(sockets->peers->connection, &bytes) ||
	    store_server_has_failed(sockets->peers->connection)) {
		peer_wants_output(sockets->peers);
		tick_later(sockets);
	}
}

void store_sockets_carry(struct store_sockets *sockets, struct state *state)
{
	struct node_book book;

	node_book_init(&book, state);
	store_server_carry(sockets->server, &book);
	for (struct peer *peer = sockets->peers; !state->restores && peer; peer = peer->next) {
		state_more(state, true);
		save_peer(peer, &book);
	}
	while (state_more(state, false))
		restore_peer(sockets, &book);
	node_book_fini(&book);
}
