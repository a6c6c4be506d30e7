#include "frontend/guest_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "frontend/announce.h"
#include "frontend/guest_loop.h"
#include "io/log.h"
#include "io/stream_socket.h"

enum { RETRY_NS = 200000000, PIECES = 1 + SPLITVIF_FRAME_PARTS };

struct guest_stream {
	struct guest_loop loop;
	struct splitvif *vif;
	const char *path;
	bool connects; /* or else listens */
	int signal_fd, listener;
	struct stream_socket socket; /* fd -1: no peer */
	/* From the peer, and not in the ring yet for lack of room. */
	const uint8_t *waiting;
	uint32_t waiting_length;
	/* From the ring, and not taken by the peer yet. */
	unsigned int held;
	bool full; /* the socket did not take them: until half of what it keeps is gone */
	bool left; /* the last turn stopped short of something that no event tells of */
	struct splitvif_frame frames[SPLITVIF_SLOTS];
	struct stream_frame sent[SPLITVIF_SLOTS];
	struct iovec pieces[SPLITVIF_SLOTS][PIECES];
	uint8_t mac[6];
	uint64_t dropped; /* came for a peer that was not there, or have no legal length */
};

static int make_address(const char *path, struct sockaddr_un *address)
{
	*address = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(address->sun_path))
		return -ENAMETOOLONG;
	strcpy(address->sun_path, path);
	return 0;
}

static int connect_to(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int err;

	if (fd < 0)
		return -errno;
	if (!connect(fd, (const struct sockaddr *)address, sizeof(*address)))
		return fd;
	err = -errno;
	close(fd);
	return err;
}

/* Where a socket is left that nobody listens at, its owner was killed. */
static int listen_at(const struct sockaddr_un *address)
{
	int err, fd = connect_to(address);
	mode_t mask;

	if (fd >= 0 || fd == -EAGAIN) {
		if (fd >= 0)
			close(fd);
		return -EADDRINUSE;
	}
	if (fd == -ECONNREFUSED)
		unlink(address->sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0077); /* whoever connects is the guest */
	err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;
	umask(mask);
	if (!err && listen(fd, 1))
		err = -errno;
	if (!err)
		return fd;
	close(fd);
	return err;
}

static int stream_open(struct guest_stream *s)
{
	struct sockaddr_un address;
	int err = make_address(s->path, &address);

	if (!err && !s->connects) {
		s->listener = listen_at(&address);
		err = s->listener < 0 ? s->listener : 0;
	}
	if (!err)
		err = stream_socket_init(&s->socket, -1);
	if (err)
		log_complain("cannot listen: %.120s: %s; name another socket", s->path,
			     err == -ENAMETOOLONG ? "longer than the 107 bytes of a socket's path"
						  : strerror(-err));
	return err;
}

static void stream_close(struct guest_stream *s)
{
	stream_socket_fini(&s->socket);
	if (s->listener < 0)
		return;
	unlink(s->path);
	close(s->listener);
}

static bool has_peer(const struct guest_stream *s)
{
	return s->socket.fd >= 0;
}

static void look_for_peer(struct guest_stream *s)
{
	struct sockaddr_un address;
	int fd;

	if (s->connects)
		fd = make_address(s->path, &address) ? -1 : connect_to(&address);
	else
		fd = accept4(s->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return;
	stream_socket_renew(&s->socket, fd);
	log_info("guest", "%s: the guest is there", s->path);
}

static void lose_peer(struct guest_stream *s, const char *why)
{
	log_notice("guest", "%s: %s; waiting for the next one", s->path, why);
	stream_socket_renew(&s->socket, -1);
	s->waiting = NULL;
	s->full = false;
}

/* The next frame of the peer's, be it one that found no room before. */
static bool next_frame(struct guest_stream *s)
{
	int got;

	while (has_peer(s) && !s->waiting) {
		if (framing_next(&s->socket.reader, &s->waiting, &s->waiting_length))
			break;
		if (s->socket.reader.fault) {
			lose_peer(s, framing_fault_text(s->socket.reader.fault));
			break;
		}
		got = stream_socket_read(&s->socket);
		if (got < 0)
			lose_peer(s, "the guest hung up");
		if (got <= 0)
			break;
	}
	return s->waiting != NULL;
}

/* Guest to ring. How many frames. */
static unsigned int pump_out(struct guest_stream *s)
{
	unsigned int n = 0;

	while (n < GUEST_BATCH && next_frame(s)) {
		struct iovec whole = { (void *)s->waiting, s->waiting_length };

		if (!splitvif_transmit(s->vif, &(struct splitvif_output){ &whole, 1 }, 1))
			break;
		memcpy(s->mac, s->waiting + 6, sizeof(s->mac));
		s->waiting = NULL;
		n++;
	}
	return n;
}

static bool is_legal(const struct splitvif_frame *frame)
{
	return frame->length >= FRAMING_FRAME_MIN && frame->length <= FRAMING_FRAME_MAX &&
	       frame->nr_parts < PIECES;
}

/* Lines held frames up as far as they are legal: how many. */
static unsigned int gather(struct guest_stream *s)
{
	unsigned int n;

	for (n = 0; n < s->held && is_legal(&s->frames[n]); n++) {
		const struct splitvif_frame *frame = &s->frames[n];

		memcpy(&s->pieces[n][1], frame->parts, frame->nr_parts * sizeof(s->pieces[n][0]));
		s->sent[n].pieces = s->pieces[n];
		s->sent[n].nr_pieces = frame->nr_parts + 1;
		s->sent[n].length = frame->length;
	}
	return n;
}

static void release(struct guest_stream *s, unsigned int n)
{
	splitvif_release(s->vif, n);
	s->held -= n;
	memmove(s->frames, s->frames + n, s->held * sizeof(s->frames[0]));
}

/* Ring to guest, a turn. How many frames left the ring. */
static unsigned int pump_in(struct guest_stream *s, unsigned int weight)
{
	unsigned int legal;
	int sent;

	if (s->full && !stream_socket_is_low(&s->socket))
		return 0;
	s->full = false;
	if (!s->held)
		s->held = splitvif_receive(s->vif, s->frames, weight);
	if (!s->held)
		return 0;
	legal = gather(s);
	if (!has_peer(s) || !legal) {
		unsigned int n = has_peer(s) ? 1 : s->held;

		s->dropped += n;
		release(s, n);
		return n;
	}
	sent = stream_socket_send(&s->socket, s->sent, legal);
	if (sent < 0) {
		lose_peer(s, "the guest hung up");
		return 0;
	}
	s->full = (unsigned int)sent < legal;
	release(s, (unsigned int)sent);
	return (unsigned int)sent;
}

/* Whoever is behind the socket has an address of his own, perhaps. */
static void announce(struct guest_stream *s)
{
	static const uint8_t unknown[6];
	uint8_t bytes[ANNOUNCE_BYTES];
	struct iovec whole = { bytes, 0 };

	if (!memcmp(s->mac, unknown, sizeof(unknown)))
		return;
	whole.iov_len = announce_mac(bytes, s->mac);
	splitvif_transmit(s->vif, &(struct splitvif_output){ &whole, 1 }, 1);
	splitvif_flush(s->vif);
}

static void serve_vif(struct guest_stream *s)
{
	unsigned int events = splitvif_process(s->vif);
	struct splitvif_status status;

	if (!(events & (SPLITVIF_WENT_UP | SPLITVIF_WENT_DOWN)))
		return;
	if (events & SPLITVIF_WENT_DOWN)
		s->held = 0; /* they are gone */
	splitvif_status(s->vif, &status);
	if (status.up)
		announce(s);
}

static void wait(void *guest, int64_t timeout_ns)
{
	struct guest_stream *s = guest;
	struct timespec timeout = { timeout_ns / 1000000000, timeout_ns % 1000000000 };
	bool blocked = stream_socket_is_blocked(&s->socket);
	short wanted = (s->waiting ? 0 : POLLIN) | (blocked ? POLLOUT : 0);
	struct pollfd ready[] = {
		{ .fd = splitvif_fd(s->vif), .events = POLLIN },
		{ .fd = s->signal_fd, .events = POLLIN },
		{ .fd = has_peer(s) ? -1 : s->listener, .events = POLLIN },
		{ .fd = wanted ? s->socket.fd : -1, .events = wanted },
	};

	if (s->connects && !has_peer(s) && timeout_ns < 0) {
		timeout_ns = RETRY_NS;
		timeout = (struct timespec){ .tv_nsec = RETRY_NS };
	}
	ppoll(ready, 4, timeout_ns < 0 ? NULL : &timeout, NULL);
	if (ready[0].revents)
		serve_vif(s);
	s->loop.stopped = ready[1].revents != 0;
	if (!has_peer(s))
		look_for_peer(s);
	else if (blocked && stream_socket_flush(&s->socket) < 0)
		lose_peer(s, "the guest hung up");
}

static void report(const struct guest_stream *s)
{
	struct splitvif_stats stats;

	splitvif_stats(s->vif, &stats);
	log_debug("guest",
		  "sent %" PRIu64 " frames, %" PRIu64 " bytes (%" PRIu64
		  " refused), received %" PRIu64 " frames, %" PRIu64 " bytes (%" PRIu64
		  " for no guest), waited %" PRIu64 " times for the guest to take more",
		  stats.tx_frames, stats.tx_bytes, stats.tx_refused, stats.rx_frames,
		  stats.rx_bytes, s->dropped, stats.rx_waits);
}

static uint32_t room_wanted(const struct guest_stream *s)
{
	return s->waiting ? s->waiting_length : 0;
}

/* A full socket holds the ring back: its frames are not to wake us meanwhile. */
static unsigned int turn(void *guest, unsigned int weight)
{
	struct guest_stream *s = guest;
	unsigned int out = pump_out(s), moved = pump_in(s, weight) + out;

	s->left = out == GUEST_BATCH || (s->held && !s->full);
	splitvif_flush(s->vif);
	if (!moved && s->full && splitvif_wait(s->vif, room_wanted(s)))
		guest_loop_await_room(&s->loop);
	return moved;
}

static bool arm(void *guest)
{
	struct guest_stream *s = guest;

	return !s->left && splitvif_arm(s->vif, room_wanted(s));
}

int guest_stream_run(struct splitvif *vif, int signal_fd, const struct front_options *options)
{
	static const struct guest_loop_ops ops = { .turn = turn, .arm = arm, .wait = wait };
	static struct guest_stream stream;
	struct guest_stream *s = &stream;

	*s = (struct guest_stream){ .vif = vif,
				    .path = options->path,
				    .connects = options->connect,
				    .signal_fd = signal_fd,
				    .listener = -1 };
	if (stream_open(s))
		return 1;
	guest_loop_init(&s->loop, vif, &ops, s, 0);
	wait(s, 0);
	guest_loop_run(&s->loop);
	report(s);
	stream_close(s);
	return 0;
}
