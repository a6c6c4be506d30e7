#include "bridge/stream.h"

#include "bridge/lane.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

enum { MTU_MAX = FRAMING_FRAME_MAX - FRAME_HEADER_BYTES };

static int watch(struct stream *stream, int how, bool room)
{
	struct epoll_event event = { .events = EPOLLIN | (room ? EPOLLOUT : 0) };

	return epoll_ctl(stream->wait_fd, how, stream->socket.fd, &event) ? -errno : 0;
}

/* Under the lock, after each attempt to send. */
static void follow_room(struct stream *stream)
{
	bool blocked = !stream->is_gone && stream_socket_is_blocked(&stream->socket);

	if (blocked == stream->wants_room)
		return;
	stream->wants_room = blocked;
	watch(stream, EPOLL_CTL_MOD, blocked);
}

/* The frames of a list that can be sent at once: the first piece of each is left
 * to its length. How many were taken off the list, *nr of them to be sent. */
static unsigned int gather_list(struct stream *stream, struct port_counters *counters,
				struct frame *const *list, unsigned int n, unsigned int *nr)
{
	unsigned int used = 0;
	unsigned int i;

	*nr = 0;
	for (i = 0; i < n; i++) {
		const struct frame *frame = list[i];
		unsigned int pieces = frame->nr_frags + 2u;
		struct iovec *iov = &stream->pieces[used];

		if (pieces > STREAM_SOCKET_PIECES || frame->length > FRAMING_FRAME_MAX) {
			counter_add(&counters->to.drops[DROP_TOO_BIG], 1);
			continue;
		}
		if (used + pieces > STREAM_PIECES)
			break;
		iov[1] = (struct iovec){ (void *)frame->bytes, frame->head };
		for (unsigned int j = 0; j < frame->nr_frags; j++)
			iov[j + 2] = (struct iovec){ (void *)frame->frags[j].data,
						     frame->frags[j].length };
		stream->sent[*nr].pieces = iov;
		stream->sent[*nr].nr_pieces = pieces;
		stream->sent[(*nr)++].length = frame->length;
		used += pieces;
	}
	return i;
}

static unsigned int send_list(struct stream *stream, struct port_counters *counters,
			      unsigned int nr)
{
	int sent = stream->is_gone ? -EPIPE : stream_socket_send(&stream->socket, stream->sent, nr);
	unsigned int done = sent < 0 ? 0 : (unsigned int)sent;
	uint64_t bytes = 0;

	if (sent < 0)
		stream->is_gone = true; /* the receiver will see it */
	for (unsigned int i = 0; i < done; i++)
		bytes += stream->sent[i].length;
	counter_add(&counters->to.frames, done);
	counter_add(&counters->to.bytes, bytes);
	counter_add(&counters->to.drops[sent < 0 ? DROP_SHUTDOWN : DROP_RING_FULL], nr - done);
	return done;
}

static unsigned int stream_transmit(struct port *port, struct lane *lane, struct frame *const *list,
				    unsigned int n)
{
	struct port_counters *counters = port_counters(port, lane);
	struct stream *stream = (struct stream *)port;
	unsigned int enqueued = 0;

	pthread_mutex_lock(&stream->lock);
	while (n) {
		unsigned int nr, taken = gather_list(stream, counters, list, n, &nr);

		enqueued += send_list(stream, counters, nr);
		list += taken;
		n -= taken;
	}
	follow_room(stream);
	pthread_mutex_unlock(&stream->lock);
	return enqueued;
}

static const struct port_ops stream_ops = { .transmit = stream_transmit };

int stream_init(struct stream *stream, const char *name, int fd, uint32_t mtu)
{
	int err;

	memset(stream, 0, sizeof(*stream));
	stream->port.ops = &stream_ops;
	snprintf(stream->port.name, sizeof(stream->port.name), "%s", name);
	stream->port.index = PORT_NONE;
	stream->port.mtu = mtu < MTU_MAX ? mtu : MTU_MAX;
	stream->wait_fd = epoll_create1(EPOLL_CLOEXEC);
	if (stream->wait_fd < 0)
		return -errno;
	err = stream_socket_init(&stream->socket, fd);
	if (err)
		goto close_wait;
	err = watch(stream, EPOLL_CTL_ADD, false);
	if (err)
		goto fini_socket;
	pthread_mutex_init(&stream->lock, NULL);
	return 0;

fini_socket:
	stream->socket.fd = -1; /* the caller's still */
	stream_socket_fini(&stream->socket);
close_wait:
	close(stream->wait_fd);
	return err;
}

void stream_fini(struct stream *stream)
{
	pthread_mutex_destroy(&stream->lock);
	close(stream->wait_fd);
	stream_socket_fini(&stream->socket);
}

static unsigned int take_frames(struct stream *stream, struct frame *frames, unsigned int max)
{
	const uint8_t *bytes;
	unsigned int n = 0;
	uint32_t length;

	while (n < max && framing_next(&stream->socket.reader, &bytes, &length)) {
		frame_build_plain(&frames[n], bytes, length, &stream->rest[n]);
		n++;
	}
	return n;
}

int stream_receive(struct stream *stream, struct frame *frames, unsigned int max)
{
	unsigned int n = take_frames(stream, frames, max);

	while (!n && !stream->socket.reader.fault) {
		int got = stream_socket_read(&stream->socket);

		if (got <= 0)
			return got;
		n = take_frames(stream, frames, max);
	}
	return n ? (int)n : -EPROTO;
}

void stream_flush(struct stream *stream)
{
	pthread_mutex_lock(&stream->lock);
	if (stream_socket_flush(&stream->socket) < 0)
		stream->is_gone = true;
	follow_room(stream);
	pthread_mutex_unlock(&stream->lock);
}
