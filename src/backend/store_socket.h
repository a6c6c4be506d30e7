/*
 * The store's descriptors: the operator's socket, and one stream pair for each
 * connection that a domain was given. Moves bytes between them and the server;
 * knows no message. Control thread, libevent.
 */
#ifndef BACKEND_STORE_SOCKET_H
#define BACKEND_STORE_SOCKET_H

#include <stdint.h>

#include "store/server.h"

struct event_base;
struct store_sockets;

/* NULL: out of memory. */
struct store_sockets *store_sockets_create(struct event_base *base, struct store_server *server);
void store_sockets_destroy(struct store_sockets *sockets);

/* Serves an open descriptor as that domain; takes it over. 0 or -ENOMEM. */
int store_sockets_serve(struct store_sockets *sockets, int fd, uint16_t domid);

/* A new connection for the domain: the end to be sent to it, or -errno. */
int store_sockets_pair(struct store_sockets *sockets, uint16_t domid);

/* Connections that the domain has now. */
unsigned int store_sockets_count(const struct store_sockets *sockets, uint16_t domid);

void store_sockets_close_domain(struct store_sockets *sockets, uint16_t domid);

struct state;

/* Saves the store with all its connections and their descriptors, or has an empty
 * one go on with them. */
void store_sockets_carry(struct store_sockets *sockets, struct state *state);

#endif
