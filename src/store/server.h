/*
 * The store's server, without sockets: bytes of one connection in, bytes out.
 *
 * Whoever owns the descriptors (backend/store_socket, or a test) feeds what it
 * read and sends what stands in the output. The identity of a connection is
 * fixed when it is opened. One thread.
 *
 * Protocol: xen/io/xs_wire.h and Xen's docs/misc/xenstore.txt.
 */
#ifndef STORE_SERVER_H
#define STORE_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_server;
struct store_connection;

struct store_server *store_server_create(void); /* NULL: out of memory */
void store_server_destroy(struct store_server *server);

/* Domain 0 has all rights and no quota. `wants_output` is called (also from
 * within calls for other connections) when output is there to be sent; it must
 * not call back into the server. */
struct store_connection *store_server_open(struct store_server *server, uint16_t domid,
					   void (*wants_output)(void *arg), void *arg);
/* Drops its watches and transactions. */
void store_server_close(struct store_connection *connection);

/* Any number of bytes, cut anywhere. 0, or -EPROTO: the connection must be
 * closed (a message longer than the protocol allows, or output that the client
 * does not read beyond its bound: 1 MiB for a guest, 16 MiB for domain 0). An
 * owner that feeds nothing while output waits lets a slow client wait instead. */
int store_server_input(struct store_connection *connection, const void *bytes, size_t length);

/* Whether the connection must be closed. Events can make it so without input:
 * look when wants_output was called. */
bool store_server_has_failed(const struct store_connection *connection);

/* What waits to be sent: its address and length; store_server_sent() takes
 * bytes off its front. */
size_t store_server_output(const struct store_connection *connection, const void **bytes);
void store_server_sent(struct store_connection *connection, size_t length);

/* Tells the time, by a clock that never goes back. A guest that lets output lie
 * for 20 s (or up to 40: it is looked at now and then) has failed. Whether any
 * guest's output waits, so that it is worth telling the time again in a second
 * or so; once it is not, tell it when wants_output is called. */
bool store_server_tick(struct store_server *server, uint64_t now_ms);

struct node_book;

/* Saves the store but for its connections, or has it restored in place of an
 * empty one; then each connection the same way, by whoever owns them. Connections
 * that are not saved (of the same process) set their watches anew. */
void store_server_carry(struct store_server *server, struct node_book *book);
void store_connection_carry(struct store_connection *connection, struct node_book *book);

/* A domain comes or goes: fires @introduceDomain and @releaseDomain. Coming
 * creates no node (a domain's home is the toolstack's to write, before): 0,
 * -EEXIST, or, when memory was too short to remove all traces of an earlier
 * domain of that number, -ENOMEM (still too short) or -EAGAIN (removed now, and
 * the home with them: write it again). Going removes /local/domain/<domid> and
 * all nodes that belong to the domid, strips it from every permission list and
 * target, makes open transactions end in EAGAIN, and fails its connections; it
 * may be told of a domain that never came, whose home was written. Domain 0 may
 * say both by message, too. */
int store_server_introduce(struct store_server *server, uint16_t domid);
void store_server_release(struct store_server *server, uint16_t domid);
bool store_server_is_introduced(const struct store_server *server, uint16_t domid);

#endif
