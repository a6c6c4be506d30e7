/*
 * A stream socket as a port of the bridge: frames behind their lengths
 * (io/framing.h), as passt and QEMU have them. Beside a TAP it has no facts of a
 * frame: so it takes no blank checksum and no segmented frame, and the bridge
 * completes and cuts them.
 *
 * One thread receives. Any may transmit, under the stream's own lock, taken once
 * a list; what the socket does not take is kept within bounds, the rest dropped.
 */
#ifndef BRIDGE_STREAM_H
#define BRIDGE_STREAM_H

#include <pthread.h>

#include "bridge/port.h"
#include "io/stream_socket.h"

enum { STREAM_PIECES = 4096 };

struct stream {
	struct port port;
	int wait_fd; /* readable when there is something to be done */
	pthread_mutex_t lock;
	struct stream_socket socket;
	bool wants_room; /* below: under the lock */
	bool is_gone;
	struct stream_frame sent[BATCH_FRAMES];
	struct iovec pieces[STREAM_PIECES];
	struct fragment rest[BATCH_FRAMES]; /* the receiver's */
};

/* Takes the connected socket over on success. 0 or -errno. */
int stream_init(struct stream *stream, const char *name, int fd, uint32_t mtu);
void stream_fini(struct stream *stream);

/* Lays up to `max` frames (at most BATCH_FRAMES) out, in the stream's own memory,
 * until the next call. How many; 0 when dry; -EPIPE when the other side hung up,
 * -EPROTO when it sent an impossible length. */
int stream_receive(struct stream *stream, struct frame *frames, unsigned int max);

/* Sends what was kept, as far as there is room; for the receiver, when dry. */
void stream_flush(struct stream *stream);

#endif
