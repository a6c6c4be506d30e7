#include "backend/takeover.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/rundir.h"
#include "io/state.h"

enum { FDS_A_PACKET = 250, BUSY_PAUSE_US = 20000, FDS_MAX = 1 << 20 }; /* SCM_MAX_FD is 253 */

static const char magic[8] = "splitvif";

struct ask {
	char magic[8];
	uint32_t version;
	int32_t pid;
};

struct answer {
	int32_t err;
	uint32_t nr_fds;
	uint64_t length;
	int32_t pid;
	char reason[160];
};

enum word { READY = 0x52454459, GO = 0x474f474f };

/* Room for one packet's descriptors. */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(FDS_A_PACKET * sizeof(int))];
};

static int packet_send(int socket, const void *bytes, size_t length, const int *fds, uint32_t n)
{
	struct iovec iov = { (void *)bytes, length };
	struct msghdr packet = { .msg_iov = &iov, .msg_iovlen = 1 };
	union control control = { 0 };
	struct cmsghdr *cmsg;

	if (n) {
		packet.msg_control = control.bytes;
		packet.msg_controllen = CMSG_SPACE(n * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&packet);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, n * sizeof(int));
	}
	return sendmsg(socket, &packet, MSG_NOSIGNAL) == (ssize_t)length ? 0 : -errno;
}

/* Exactly so many bytes. How many descriptors came with them, or -errno. */
static int packet_receive(int socket, void *bytes, size_t length, int fds[FDS_A_PACKET])
{
	struct iovec iov = { bytes, length };
	union control control;
	struct msghdr packet = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control.bytes,
				 .msg_controllen = sizeof(control.bytes) };
	ssize_t n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	const struct cmsghdr *cmsg = CMSG_FIRSTHDR(&packet);
	int nr = 0;

	if (n < 0)
		return errno == EAGAIN ? -ETIMEDOUT : -errno;
	if (n == 0)
		return -ECONNRESET;
	if (cmsg && cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_RIGHTS) {
		nr = (int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(fds, CMSG_DATA(cmsg), (size_t)nr * sizeof(int));
	}
	return (size_t)n == length && !(packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? nr
										     : -EBADMSG;
}

static int word_send(int socket, uint32_t word)
{
	return packet_send(socket, &word, sizeof(word), NULL, 0);
}

static int word_expect(int socket, uint32_t word)
{
	int fds[FDS_A_PACKET];
	uint32_t said;
	int n = packet_receive(socket, &said, sizeof(said), fds);

	if (n < 0)
		return n;
	return n == 0 && said == word ? 0 : -EBADMSG;
}

/* Blocks from now on, for so long at a time. */
static int be_patient(int socket, int ms)
{
	struct timeval timeout = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	return fcntl(socket, F_SETFL,
		     0) || setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) ||
			       setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &timeout,
					  sizeof(timeout))
		       ? -errno
		       : 0;
}

static int dial(char reason[TAKEOVER_REASON_BYTES])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int err = rundir_path(address.sun_path, sizeof(address.sun_path), "takeover.sock");
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	if (!err && fd < 0)
		err = -errno;
	if (!err && connect(fd, (struct sockaddr *)&address, sizeof(address)))
		err = -errno;
	if (!err)
		err = be_patient(fd, TAKEOVER_BUSY_MS);
	if (!err)
		return fd;
	snprintf(reason, TAKEOVER_REASON_BYTES,
		 "%.107s: %.48s; if no splitvifd runs there, start one without --takeover",
		 address.sun_path, strerror(-err));
	if (fd >= 0)
		close(fd);
	return err;
}

/* The memfd that holds the state, mapped. */
static int map_state(struct takeover *takeover, int fd, size_t length)
{
	takeover->bytes = mmap(NULL, length, PROT_READ, MAP_PRIVATE, fd, 0);
	takeover->length = length;
	close(fd);
	return takeover->bytes == MAP_FAILED ? -errno : 0;
}

static int receive_fds(struct takeover *takeover, uint32_t nr)
{
	uint32_t word;
	int n;

	takeover->fds = calloc(nr + FDS_A_PACKET, sizeof(*takeover->fds));
	if (!takeover->fds)
		return -ENOMEM;
	for (takeover->nr_fds = 0; takeover->nr_fds < nr; takeover->nr_fds += (uint32_t)n) {
		n = packet_receive(takeover->socket, &word, sizeof(word),
				   takeover->fds + takeover->nr_fds);
		if (n <= 0)
			return n ? n : -EBADMSG;
	}
	return takeover->nr_fds == nr ? 0 : -EBADMSG;
}

/* -EBUSY: to be asked again. */
static int ask_once(struct takeover *takeover, char reason[TAKEOVER_REASON_BYTES])
{
	struct ask ask = { .version = STATE_VERSION, .pid = (int32_t)getppid() };
	struct answer answer;
	int fds[FDS_A_PACKET], n, err;

	memcpy(ask.magic, magic, sizeof(magic));
	err = packet_send(takeover->socket, &ask, sizeof(ask), NULL, 0);
	n = err ? err : packet_receive(takeover->socket, &answer, sizeof(answer), fds);
	snprintf(reason, TAKEOVER_REASON_BYTES, "no sound answer: %s", n < 0 ? strerror(-n) : "");
	if (n < 0)
		return n;
	snprintf(reason, TAKEOVER_REASON_BYTES, "%.*s", (int)sizeof(answer.reason) - 1,
		 answer.reason);
	if (answer.err)
		return answer.err < 0 ? answer.err : -EPROTO;
	if (n != 1 || answer.nr_fds > FDS_MAX)
		return -EBADMSG;
	takeover->pid = answer.pid;
	err = map_state(takeover, fds[0], answer.length);
	return err ? err : receive_fds(takeover, answer.nr_fds);
}

int takeover_ask(struct takeover *takeover, char reason[TAKEOVER_REASON_BYTES])
{
	int err = -EBUSY;

	*takeover = (struct takeover){ .socket = -1 };
	for (int ms = 0; err == -EBUSY && ms < TAKEOVER_BUSY_MS; ms += BUSY_PAUSE_US / 1000) {
		if (ms)
			usleep(BUSY_PAUSE_US);
		if (takeover->socket >= 0)
			close(takeover->socket);
		takeover->socket = dial(reason);
		err = takeover->socket < 0 ? takeover->socket : ask_once(takeover, reason);
	}
	return err;
}

int takeover_claim(struct takeover *takeover)
{
	int err = word_send(takeover->socket, READY);

	return err ? err : word_expect(takeover->socket, GO);
}

void takeover_fini(struct takeover *takeover)
{
	munmap(takeover->bytes, takeover->length);
	free(takeover->fds);
	close(takeover->socket);
}

void takeover_decline(int socket, int err, const char *reason)
{
	struct answer answer = { .err = err };

	snprintf(answer.reason, sizeof(answer.reason), "%s", reason);
	packet_send(socket, &answer, sizeof(answer), NULL, 0);
}

int takeover_hear(int socket, pid_t *pid)
{
	int fds[FDS_A_PACKET];
	struct ask ask;
	int n = packet_receive(socket, &ask, sizeof(ask), fds);

	if (n >= 0 && !memcmp(ask.magic, magic, sizeof(magic)) && ask.version == STATE_VERSION) {
		*pid = ask.pid;
		return be_patient(socket, TAKEOVER_PATIENCE_MS);
	}
	while (n > 0)
		close(fds[--n]);
	takeover_decline(socket, -EPROTO,
			 "the daemon that runs speaks another version: restart it "
			 "instead");
	return -EPROTO;
}

/* A file in memory that nobody changes any more. */
static int write_state(const struct state *state)
{
	int fd = memfd_create("splitvif-state", MFD_CLOEXEC), err;
	size_t done = 0;
	ssize_t n;

	if (fd < 0)
		return -errno;
	while (done < state->at) {
		n = write(fd, state->bytes + done, state->at - done);
		if (n <= 0) {
			err = -errno;
			close(fd);
			return err ? err : -EIO;
		}
		done += (size_t)n;
	}
	return fd;
}

static int send_fds(int socket, const struct state *state)
{
	int err = 0;

	for (uint32_t sent = 0, n; !err && sent < state->nr_fds; sent += n) {
		n = state->nr_fds - sent < FDS_A_PACKET ? state->nr_fds - sent : FDS_A_PACKET;
		err = packet_send(socket, &n, sizeof(n), state->fds + sent, n);
	}
	return err;
}

int takeover_offer(int socket, const struct state *state)
{
	struct answer answer = { .nr_fds = state->nr_fds, .length = state->at, .pid = getpid() };
	int fd = write_state(state), err;

	if (fd < 0)
		return fd;
	err = packet_send(socket, &answer, sizeof(answer), &fd, 1);
	close(fd);
	if (!err)
		err = send_fds(socket, state);
	if (!err)
		err = word_expect(socket, READY);
	return err ? err : word_send(socket, GO);
}
