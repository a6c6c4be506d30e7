#include "io/stream_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

int stream_socket_init(struct stream_socket *s, int fd)
{
	*s = (struct stream_socket){ .fd = -1 };
	s->reader.room = STREAM_SOCKET_READ;
	s->writer.room = 2 * STREAM_SOCKET_KEPT;
	s->writer.most = STREAM_SOCKET_KEPT;
	s->reader.bytes = malloc(s->reader.room);
	s->writer.bytes = malloc(s->writer.room);
	if (!s->reader.bytes || !s->writer.bytes) {
		stream_socket_fini(s);
		return -ENOMEM;
	}
	s->fd = fd;
	return 0;
}

void stream_socket_fini(struct stream_socket *s)
{
	if (s->fd >= 0)
		close(s->fd);
	free(s->reader.bytes);
	free(s->writer.bytes);
}

void stream_socket_renew(struct stream_socket *s, int fd)
{
	if (s->fd >= 0)
		close(s->fd);
	s->fd = fd;
	s->reader.start = s->reader.end = 0;
	s->reader.fault = FRAMING_SOUND;
	s->writer.start = s->writer.end = s->writer.begun = 0;
}

int stream_socket_read(struct stream_socket *s)
{
	size_t room;
	uint8_t *bytes = framing_room(&s->reader, &room);
	ssize_t n = recv(s->fd, bytes, room, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0
		       : errno == ECONNRESET		 ? -EPIPE
							 : -errno;
	if (!n)
		return -EPIPE;
	framing_filled(&s->reader, (size_t)n);
	return (int)n;
}

/* How many bytes; 0: it takes none now. */
static ssize_t send_pieces(struct stream_socket *s, struct iovec *pieces, unsigned int n)
{
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = n };
	ssize_t sent = sendmsg(s->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent >= 0)
		return sent;
	return errno == EAGAIN || errno == EINTR || errno == ENOBUFS ? 0 : -EPIPE;
}

bool stream_socket_is_blocked(const struct stream_socket *s)
{
	size_t length;

	return framing_kept(&s->writer, &length) != NULL;
}

bool stream_socket_is_low(const struct stream_socket *s)
{
	return s->writer.end - s->writer.start <= STREAM_SOCKET_KEPT / 2;
}

int stream_socket_flush(struct stream_socket *s)
{
	const uint8_t *bytes;
	size_t length;

	while ((bytes = framing_kept(&s->writer, &length))) {
		struct iovec piece = { (void *)bytes, length };
		ssize_t sent = send_pieces(s, &piece, 1);

		if (sent <= 0)
			return (int)sent;
		framing_sent(&s->writer, (size_t)sent);
	}
	return 0;
}

static void put_length(struct stream_frame *frame)
{
	framing_put_length(frame->header, frame->length);
	frame->pieces[0] = (struct iovec){ frame->header, FRAMING_HEADER_BYTES };
}

/* As many frames as one call takes wholly; how many. */
static unsigned int gather(struct stream_socket *s, const struct stream_frame *frames,
			   unsigned int n, unsigned int *nr_pieces)
{
	size_t bytes = 0;
	unsigned int i;

	*nr_pieces = 0;
	for (i = 0; i < n && *nr_pieces + frames[i].nr_pieces <= STREAM_SOCKET_PIECES; i++) {
		bytes += FRAMING_HEADER_BYTES + frames[i].length;
		if (i && bytes > FRAMING_CHUNK)
			break;
		memcpy(s->pieces + *nr_pieces, frames[i].pieces,
		       frames[i].nr_pieces * sizeof(s->pieces[0]));
		*nr_pieces += frames[i].nr_pieces;
	}
	return i;
}

/* Frames of which so many bytes were sent together: how many are sent wholly, or
 * have their rest kept. */
static unsigned int settle(struct stream_socket *s, const struct stream_frame *frames,
			   unsigned int n, size_t sent)
{
	unsigned int i;

	for (i = 0; i < n; i++) {
		size_t whole = FRAMING_HEADER_BYTES + frames[i].length;

		if (sent >= whole) {
			sent -= whole;
			continue;
		}
		if (!framing_keep(&s->writer, frames[i].pieces, frames[i].nr_pieces, sent))
			break;
		sent = 0;
	}
	return i;
}

int stream_socket_send(struct stream_socket *s, struct stream_frame *frames, unsigned int n)
{
	unsigned int done = 0;
	int err = stream_socket_flush(s);

	for (unsigned int i = 0; i < n; i++)
		put_length(&frames[i]);
	while (!err && done < n && !stream_socket_is_blocked(s)) {
		unsigned int nr_pieces, nr = gather(s, frames + done, n - done, &nr_pieces);
		ssize_t sent = send_pieces(s, s->pieces, nr_pieces);

		if (sent < 0)
			return (int)sent;
		done += settle(s, frames + done, nr, (size_t)sent);
	}
	if (err)
		return err;
	return (int)(done + settle(s, frames + done, n - done, 0));
}
