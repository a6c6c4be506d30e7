#include "ring/hypercall.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "ring/foreign_fd.h"

static int packet_send(int socket, struct iovec *iov, size_t iovcnt, const int *fds,
		       unsigned int nr_fds)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(HYPERCALL_MAX_FDS * sizeof(int))] = { 0 };
	struct msghdr packet = { .msg_iov = iov, .msg_iovlen = iovcnt };
	struct cmsghdr *cmsg;

	if (nr_fds > HYPERCALL_MAX_FDS)
		return -EINVAL;
	if (nr_fds) {
		packet.msg_control = control;
		packet.msg_controllen = CMSG_SPACE(nr_fds * sizeof(int));
		cmsg = CMSG_FIRSTHDR(&packet);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(nr_fds * sizeof(int));
		memcpy(CMSG_DATA(cmsg), fds, nr_fds * sizeof(int));
	}
	return sendmsg(socket, &packet, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int hypercall_send(int socket, uint16_t type, uint32_t seq, const void *body, size_t length,
		   const int *fds, unsigned int nr_fds)
{
	struct hypercall_header header = { type, HYPERCALL_VERSION, seq };
	struct iovec iov[] = { { &header, sizeof(header) }, { (void *)body, length } };

	return packet_send(socket, iov, length ? 2 : 1, fds, nr_fds);
}

int hypercall_reply(int socket, const struct hypercall_header *request, int32_t status,
		    const void *body, size_t length, const int *fds, unsigned int nr_fds)
{
	struct hypercall_header header = { request->type | HYPERCALL_REPLY, HYPERCALL_VERSION,
					   request->seq };
	struct iovec iov[] = {
		{ &header, sizeof(header) },
		{ &status, sizeof(status) },
		{ (void *)body, length },
	};

	if (status)
		return packet_send(socket, iov, 2, NULL, 0);
	return packet_send(socket, iov, length ? 3 : 2, fds, nr_fds);
}

static void take_fds(struct hypercall *message, struct msghdr *packet)
{
	for (struct cmsghdr *cmsg = CMSG_FIRSTHDR(packet); cmsg; cmsg = CMSG_NXTHDR(packet, cmsg)) {
		if (cmsg->cmsg_level != SOL_SOCKET || cmsg->cmsg_type != SCM_RIGHTS)
			continue;
		message->nr_fds = (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(message->fds, CMSG_DATA(cmsg), message->nr_fds * sizeof(int));
	}
}

void hypercall_close_fds(struct hypercall *message)
{
	for (unsigned int i = 0; i < message->nr_fds; i++)
		foreign_fd_close(message->fds[i]);
	message->nr_fds = 0;
}

/* Header, then (in replies) the status, then the body. */
static int message_parse(struct hypercall *message, const uint8_t *bytes, size_t length)
{
	size_t at = sizeof(message->header);

	if (length < at)
		return -EBADMSG;
	memcpy(&message->header, bytes, at);
	if (message->header.version != HYPERCALL_VERSION)
		return -EPROTO;
	if (message->header.type & HYPERCALL_REPLY) {
		if (length < at + sizeof(message->status))
			return -EBADMSG;
		memcpy(&message->status, bytes + at, sizeof(message->status));
		at += sizeof(message->status);
	}
	message->length = length - at;
	memcpy(message->body, bytes + at, message->length);
	return 1;
}

int hypercall_receive(int socket, struct hypercall *message)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(HYPERCALL_MAX_FDS * sizeof(int))];
	uint8_t bytes[HYPERCALL_MAX_BYTES];
	struct iovec iov = { bytes, sizeof(bytes) };
	struct msghdr packet = { .msg_iov = &iov,
				 .msg_iovlen = 1,
				 .msg_control = control,
				 .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(socket, &packet, MSG_CMSG_CLOEXEC);
	int result;

	*message = (struct hypercall){ 0 };
	if (n < 0)
		return errno == ECONNRESET ? 0 : -errno;
	take_fds(message, &packet);
	if (n == 0 && !message->nr_fds)
		return 0;
	result = packet.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? -EBADMSG :
							       message_parse(message, bytes, n);
	if (result < 0)
		hypercall_close_fds(message);
	return result;
}
