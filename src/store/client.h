/*
 * A client of the store: xs_wire over a transport.
 *
 * Two transports: a stream socket (frontends, tools), and a connection of the
 * server in the same thread (the backend). Calls are synchronous; watch events
 * that arrive meanwhile are kept in order for store_next_event().
 *
 * Errors are -errno as the server names them (-ENOENT, -EACCES, -EAGAIN,
 * -EEXIST, ...); -ECONNRESET when the connection is gone, -ETIMEDOUT when the
 * answer does not come (sockets only).
 */
#ifndef STORE_CLIENT_H
#define STORE_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct store_client;
struct store_server;

enum { STORE_NO_TRANSACTION = 0, STORE_VALUE_BYTES = 4096, STORE_PATH_BYTES = 3072 };

/* Takes the socket over. timeout_ms bounds each answer. NULL: out of memory. */
struct store_client *store_client_socket(int fd, int timeout_ms);
/* From now on; a local client's answers are there at once. */
void store_client_set_timeout(struct store_client *client, int timeout_ms);
/* A connection of that server, as that domain. */
struct store_client *store_client_local(struct store_server *server, uint16_t domid);
/* Connects to a store's socket by path. 0 or -errno. */
int store_client_connect(const char *path, int timeout_ms, struct store_client **client);
void store_client_close(struct store_client *client);

/* Readable when events may be waiting; -1 for a local client, which tells by
 * the callback below. An event that came with a call's answer is kept already
 * and makes nothing readable: look with store_next_event() after calls, too. */
int store_client_fd(const struct store_client *client);
/* Local client: called when an event arrived, from within whatever call made
 * it; must only take note. */
void store_client_notify(struct store_client *client, void (*event)(void *arg), void *arg);

/* The value, NUL-terminated, cut at size - 1; its whole length or -errno. */
int store_read(struct store_client *client, uint32_t transaction, const char *path, char *value,
	       size_t size);
int store_write(struct store_client *client, uint32_t transaction, const char *path,
		const void *value, size_t length);
int store_printf(struct store_client *client, uint32_t transaction, const char *path,
		 const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Reads "dir/key" as a decimal number: 0 with *number, -ENOENT, -EINVAL (no
 * number, or beyond `max`). */
int store_read_number(struct store_client *client, uint32_t transaction, const char *dir,
		      const char *key, uint64_t max, uint64_t *number);
int store_mkdir(struct store_client *client, uint32_t transaction, const char *path);
int store_remove(struct store_client *client, uint32_t transaction, const char *path);
/* The children's names, NUL after NUL, in `names`; their number or -errno
 * (-E2BIG: they do not fit). */
int store_directory(struct store_client *client, uint32_t transaction, const char *path,
		    char *names, size_t size);
/* Permissions as "n0", "r5", ... NUL after NUL, `length` bytes of them. */
int store_set_permissions(struct store_client *client, uint32_t transaction, const char *path,
			  const char *permissions, size_t length);
/* The same text, in `permissions`: its length, or -errno (-E2BIG: too long). */
int store_get_permissions(struct store_client *client, uint32_t transaction, const char *path,
			  char *permissions, size_t size);
int store_watch(struct store_client *client, const char *path, const char *token);
int store_unwatch(struct store_client *client, const char *path, const char *token);

/* Runs `body` in a transaction, again on conflict (bounded), and commits it if
 * it returns 0. What body returned, or why the commit failed. */
int store_transact(struct store_client *client,
		   int (*body)(struct store_client *client, uint32_t transaction, void *arg),
		   void *arg);

/* Runs `body` in a transaction that is thrown away: what it reads is one moment's.
 * What body returned, or why there could be none. */
int store_snapshot(struct store_client *client,
		   int (*body)(struct store_client *client, uint32_t transaction, void *arg),
		   void *arg);

/* The next watch event: 1 taken, 0 none, -errno. Does not wait. */
int store_next_event(struct store_client *client, char *path, size_t path_size, char *token,
		     size_t token_size);

#endif
