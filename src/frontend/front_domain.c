#include "frontend/front_domain.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void front_domain_set_patience(struct front_domain *domain, unsigned int ms)
{
	struct timeval limit = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	setsockopt(domain->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	setsockopt(domain->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
}

int front_domain_open(struct front_domain *domain, const char *dir)
{
	/* Non-blocking to connect: a full backlog is -EAGAIN and no wait. */
	domain->seq = 0;
	domain->domid = 0;
	domain->fd =
		rundir_connect_in(domain->path, dir, "domain.sock", SOCK_SEQPACKET | SOCK_NONBLOCK);
	if (domain->fd < 0)
		return domain->fd;
	fcntl(domain->fd, F_SETFL, 0);
	front_domain_set_patience(domain, FRONT_DOMAIN_TIMEOUT_MS);
	return 0;
}

void front_domain_close(struct front_domain *domain)
{
	if (domain->fd >= 0)
		close(domain->fd);
	domain->fd = -1;
}

/* Requests have as many reply descriptors, and as long a reply, as their type
 * says; anything else is no answer. */
static int call(struct front_domain *domain, uint16_t type, const void *body, size_t length,
		const int *fds, unsigned int nr_fds, struct hypercall *reply, size_t reply_length,
		unsigned int reply_fds)
{
	int err = hypercall_send(domain->fd, type, ++domain->seq, body, length, fds, nr_fds);

	if (err)
		return err == -EPIPE ? -ECONNRESET : err == -EAGAIN ? -ETIMEDOUT : err;
	do {
		err = hypercall_receive(domain->fd, reply);
	} while (err == -EINTR);
	if (err <= 0)
		return err == 0 ? -ECONNRESET : err == -EAGAIN ? -ETIMEDOUT : err;
	if (reply->header.type != (type | HYPERCALL_REPLY) || reply->header.seq != domain->seq)
		err = -EBADMSG;
	else if (reply->status)
		err = reply->status < 0 ? reply->status : -EBADMSG;
	else if (reply->length != reply_length || reply->nr_fds != reply_fds)
		err = -EBADMSG;
	else
		return 0;
	hypercall_close_fds(reply);
	return err;
}

int front_domain_introduce(struct front_domain *domain, const char *name, const struct arena *arena,
			   uint32_t table_pages, int *store_fd)
{
	struct hypercall_introduce body = { .shared_pages = arena->shared.pages,
					    .tx_pages = arena->tx.pages,
					    .gnttab_pages = table_pages };
	const int fds[] = { arena->shared.fd, arena->tx.fd };
	struct hypercall_introduced answer;
	struct hypercall reply;
	int err;

	strncpy(body.name, name, sizeof(body.name) - 1);
	err = call(domain, HYPERCALL_INTRODUCE, &body, sizeof(body), fds, 2, &reply, sizeof(answer),
		   1);
	if (err)
		return err;
	memcpy(&answer, reply.body, sizeof(answer));
	domain->domid = answer.domid;
	*store_fd = reply.fds[0];
	return 0;
}

int front_domain_join(struct front_domain *domain, const char *name, uint32_t devid,
		      const struct arena *arena, uint32_t table_pages,
		      struct hypercall_vif_created *created, int *store_fd)
{
	struct hypercall_join body = { .devid = devid,
				       .shared_pages = arena->shared.pages,
				       .tx_pages = arena->tx.pages,
				       .gnttab_pages = table_pages };
	const int fds[] = { arena->shared.fd, arena->tx.fd };
	struct hypercall_joined answer;
	struct hypercall reply;
	int err;

	strncpy(body.name, name, sizeof(body.name) - 1);
	err = call(domain, HYPERCALL_JOIN, &body, sizeof(body), fds, 2, &reply, sizeof(answer), 1);
	if (err)
		return err;
	memcpy(&answer, reply.body, sizeof(answer));
	domain->domid = (uint16_t)answer.domid;
	*created = answer.vif;
	created->bridge[sizeof(created->bridge) - 1] = '\0';
	*store_fd = reply.fds[0];
	return 0;
}

int front_domain_create_vif(struct front_domain *domain, const struct hypercall_vif_create *wanted,
			    struct hypercall_vif_created *created)
{
	struct hypercall reply;
	int err = call(domain, HYPERCALL_VIF_CREATE, wanted, sizeof(*wanted), NULL, 0, &reply,
		       sizeof(*created), 0);

	if (err)
		return err;
	memcpy(created, reply.body, sizeof(*created));
	created->bridge[sizeof(created->bridge) - 1] = '\0';
	return 0;
}

int front_domain_alloc_channel(struct front_domain *domain, domid_t remote, struct evtchn *end)
{
	struct hypercall_evtchn_alloc body = { .remote = remote };
	struct hypercall_evtchn answer;
	struct hypercall reply;
	int err = call(domain, HYPERCALL_EVTCHN_ALLOC_UNBOUND, &body, sizeof(body), NULL, 0, &reply,
		       sizeof(answer), 2);

	if (err)
		return err;
	memcpy(&answer, reply.body, sizeof(answer));
	*end = (struct evtchn){ .port = answer.port,
				.wait_fd = reply.fds[0],
				.signal_fd = reply.fds[1] };
	return 0;
}

int front_domain_close_channel(struct front_domain *domain, evtchn_port_t port)
{
	struct hypercall_evtchn body = { .port = port };
	struct hypercall reply;

	return call(domain, HYPERCALL_EVTCHN_CLOSE, &body, sizeof(body), NULL, 0, &reply, 0, 0);
}

bool front_domain_is_dead(const struct front_domain *domain, int timeout_ms)
{
	struct pollfd poll_fd = { .fd = domain->fd, .events = POLLRDHUP };

	return domain->fd >= 0 && poll(&poll_fd, 1, timeout_ms) == 1;
}
