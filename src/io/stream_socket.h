/*
 * A connected stream socket over which frames go in io/framing.h's way: to QEMU,
 * or to passt. Never waits. What the socket does not take is kept up to
 * STREAM_SOCKET_KEPT bytes, and a frame that was begun is always finished.
 *
 * One thread reads; writers take turns by the caller's lock.
 */
#ifndef IO_STREAM_SOCKET_H
#define IO_STREAM_SOCKET_H

#include "io/framing.h"

enum {
	STREAM_SOCKET_READ = 256 << 10,
	/* A window of TCP, or some: passt of 2023 keeps nothing that comes behind a
	 * frame that was lost, so that each one lost costs its sender a timeout. */
	STREAM_SOCKET_KEPT = 8 << 20,
	STREAM_SOCKET_PIECES = 1024, /* of one system call (IOV_MAX) */
};

/* A frame: its pieces in order, the first of which is left to the length. */
struct stream_frame {
	struct iovec *pieces;
	unsigned int nr_pieces; /* at most STREAM_SOCKET_PIECES */
	uint32_t length;	/* without that */
	uint8_t header[FRAMING_HEADER_BYTES];
};

struct stream_socket {
	int fd;
	struct framing_reader reader;
	struct framing_writer writer;
	struct iovec pieces[STREAM_SOCKET_PIECES];
};

/* Takes the descriptor over on success. 0 or -ENOMEM. */
int stream_socket_init(struct stream_socket *socket, int fd);
void stream_socket_fini(struct stream_socket *socket);

/* Another connection; what is left of the last one goes. Closes that. */
void stream_socket_renew(struct stream_socket *socket, int fd);

/* Reads once; framing_next() on socket->reader has the frames. How many bytes, 0:
 * there are none, -EPIPE: the other side hung up, or another -errno. Only while
 * framing_next() says false. */
int stream_socket_read(struct stream_socket *socket);

/* Sends or keeps the first of n frames: how many, or -errno (-EPIPE) when there
 * is nobody any more. */
int stream_socket_send(struct stream_socket *socket, struct stream_frame *frames, unsigned int n);

/* Sends what was kept. 0, or -errno. */
int stream_socket_flush(struct stream_socket *socket);
/* Whether something is kept: to be flushed when the socket is writable. */
bool stream_socket_is_blocked(const struct stream_socket *socket);
/* Whether so little is kept that it is worth giving it more, after it was full. */
bool stream_socket_is_low(const struct stream_socket *socket);

#endif
