#include "ring/evtchn_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/uio.h>
#include <unistd.h>

bool evtchn_take(struct evtchn *evtchn)
{
	uint64_t count;
	struct iovec iov = { &count, sizeof(count) };

	/* NOWAIT whatever O_NONBLOCK says: the peer can change that flag. */
	if (preadv2(evtchn->wait_fd, &iov, 1, -1, RWF_NOWAIT) != sizeof(count))
		return false;
	count_up(&evtchn->received, 1);
	count_up(&evtchn->merged, count - 1);
	return true;
}

void evtchn_fini(struct evtchn *evtchn)
{
	if (evtchn->wait_fd >= 0)
		close(evtchn->wait_fd);
	if (evtchn->signal_fd >= 0)
		close(evtchn->signal_fd);
	*evtchn = EVTCHN_NONE;
}

static void channel_destroy(struct channel *channel)
{
	for (int i = 0; i < 2; i++)
		if (channel->fds[i] >= 0)
			close(channel->fds[i]);
	free(channel);
}

struct channel *channel_adopt(const int fds[2])
{
	struct channel *channel = malloc(sizeof(*channel));

	for (int i = 0; !channel && i < 2; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	if (!channel)
		return NULL;
	memcpy(channel->fds, fds, sizeof(channel->fds));
	if (channel->fds[0] >= 0 && channel->fds[1] >= 0)
		return channel;
	channel_destroy(channel);
	return NULL;
}

static struct channel *channel_create(void)
{
	int fds[2];

	for (int i = 0; i < 2; i++)
		fds[i] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return channel_adopt(fds);
}

/* Duplicates for the one who asked; the table keeps its own. */
static int channel_dup(const struct channel *channel, unsigned int end, evtchn_port_t port,
		       struct evtchn *out)
{
	*out = EVTCHN_NONE;
	out->wait_fd = fcntl(channel->fds[end], F_DUPFD_CLOEXEC, 0);
	out->signal_fd = fcntl(channel->fds[!end], F_DUPFD_CLOEXEC, 0);
	if (out->wait_fd < 0 || out->signal_fd < 0) {
		evtchn_fini(out);
		return -EMFILE;
	}
	out->port = port;
	return 0;
}

struct evtchn_table *evtchn_table_create(void)
{
	struct evtchn_table *table = calloc(1, sizeof(*table));

	if (table && signaller_init(&table->signaller)) {
		free(table);
		return NULL;
	}
	return table;
}

void evtchn_table_destroy(struct evtchn_table *table)
{
	for (unsigned int i = 0; i < DOMID_FIRST_RESERVED; i++)
		evtchn_domain_destroy(table, (domid_t)i);
	signaller_fini(&table->signaller);
	free(table);
}

static struct evtchn_domain *domain_find(const struct evtchn_table *table, domid_t domid)
{
	return domid < DOMID_FIRST_RESERVED ? table->domains[domid] : NULL;
}

struct port_entry *evtchn_port_find(const struct evtchn_table *table, domid_t domid,
				    evtchn_port_t port)
{
	struct evtchn_domain *domain = domain_find(table, domid);

	if (!domain || !port || port >= domain->nr_ports || !domain->ports[port].channel)
		return NULL;
	return &domain->ports[port];
}

int evtchn_domain_create(struct evtchn_table *table, domid_t domid)
{
	struct evtchn_domain *domain;

	if (domid >= DOMID_FIRST_RESERVED)
		return -EINVAL;
	if (table->domains[domid])
		return -EEXIST;
	domain = calloc(1, sizeof(*domain));
	if (!domain)
		return -ENOMEM;
	/* Domain 0 has an end in every guest's channels: only guests are bounded. */
	domain->limit = domid ? EVTCHN_PORTS_PER_DOMAIN
			      : EVTCHN_PORTS_PER_DOMAIN * DOMID_FIRST_RESERVED;
	table->domains[domid] = domain;
	return 0;
}

static void port_close(struct evtchn_table *table, domid_t domid, struct port_entry *port)
{
	struct port_entry *peer = NULL;

	if (port->bound)
		peer = evtchn_port_find(table, port->remote, port->remote_port);
	if (peer) { /* it stays open, unbound, meant for the one who left */
		peer->bound = false;
		peer->remote = domid;
	} else {
		channel_destroy(port->channel);
	}
	*port = (struct port_entry){ 0 };
}

void evtchn_domain_destroy(struct evtchn_table *table, domid_t domid)
{
	struct evtchn_domain *domain = domain_find(table, domid);

	if (!domain)
		return;
	for (evtchn_port_t port = 1; port < domain->nr_ports; port++)
		if (domain->ports[port].channel)
			port_close(table, domid, &domain->ports[port]);
	table->domains[domid] = NULL;
	free(domain->ports);
	free(domain);
}

int evtchn_ports_reserve(struct evtchn_domain *domain, evtchn_port_t nr)
{
	evtchn_port_t more = domain->nr_ports ? domain->nr_ports : 8;
	struct port_entry *ports;

	if (nr <= domain->nr_ports)
		return 0;
	while (more < nr)
		more *= 2;
	if (more > domain->limit)
		return -ENOSPC;
	ports = realloc(domain->ports, more * sizeof(*ports));
	if (!ports)
		return -ENOMEM;
	for (evtchn_port_t i = domain->nr_ports; i < more; i++)
		ports[i] = (struct port_entry){ 0 };
	domain->ports = ports;
	domain->nr_ports = more;
	return 0;
}

/* A closed entry of the domain's, with its number. */
static int port_open(struct evtchn_domain *domain, evtchn_port_t *port)
{
	for (*port = 1; *port < domain->nr_ports; (*port)++)
		if (!domain->ports[*port].channel)
			return 0;
	return evtchn_ports_reserve(domain, *port + 1);
}

int evtchn_alloc_unbound(struct evtchn_table *table, domid_t domid, domid_t remote,
			 struct evtchn *end)
{
	struct evtchn_domain *domain = domain_find(table, domid);
	struct channel *channel;
	evtchn_port_t port;
	int err;

	if (!domain || !domain_find(table, remote))
		return -ESRCH;
	err = port_open(domain, &port);
	if (err)
		return err;
	channel = channel_create();
	if (!channel)
		return -EMFILE;
	err = channel_dup(channel, 0, port, end);
	if (err) {
		channel_destroy(channel);
		return err;
	}
	domain->ports[port] = (struct port_entry){ .channel = channel, .remote = remote };
	return 0;
}

int evtchn_bind_interdomain(struct evtchn_table *table, domid_t domid, domid_t remote,
			    evtchn_port_t remote_port, struct evtchn *end)
{
	struct evtchn_domain *domain = domain_find(table, domid);
	struct port_entry *peer;
	evtchn_port_t port;
	int err;

	if (!domain || !domain_find(table, remote))
		return -ESRCH;
	err = port_open(domain, &port); /* first: it may move the peer's entry */
	if (err)
		return err;
	peer = evtchn_port_find(table, remote, remote_port);
	if (!peer || peer->bound || peer->remote != domid || peer == &domain->ports[port])
		return -EINVAL;
	err = channel_dup(peer->channel, !peer->end, port, end);
	if (err)
		return err;
	domain->ports[port] = (struct port_entry){
		.channel = peer->channel,
		.bound = true,
		.end = !peer->end,
		.remote = remote,
		.remote_port = remote_port,
	};
	peer->bound = true;
	peer->remote_port = port;
	/* The binder's own port is pending, so that nothing sent before is lost.
	 * By the kernel's hand: the guest already holds this eventfd. */
	signaller_add(&table->signaller, peer->channel->fds[!peer->end]);
	signaller_flush(&table->signaller);
	return 0;
}

int evtchn_regain(struct evtchn_table *table, domid_t domid, evtchn_port_t port, struct evtchn *end)
{
	const struct port_entry *entry = evtchn_port_find(table, domid, port);

	return entry ? channel_dup(entry->channel, entry->end, port, end) : -EINVAL;
}

int evtchn_close(struct evtchn_table *table, domid_t domid, evtchn_port_t port)
{
	struct port_entry *entry = evtchn_port_find(table, domid, port);

	if (!entry)
		return -EINVAL;
	port_close(table, domid, entry);
	return 0;
}

struct evtchn_binding evtchn_query(const struct evtchn_table *table, domid_t domid,
				   evtchn_port_t port)
{
	const struct port_entry *entry = evtchn_port_find(table, domid, port);

	if (!entry)
		return (struct evtchn_binding){ .state = EVTCHN_CLOSED };
	return (struct evtchn_binding){
		.state = entry->bound ? EVTCHN_INTERDOMAIN : EVTCHN_UNBOUND,
		.remote = entry->remote,
		.remote_port = entry->bound ? entry->remote_port : 0,
	};
}
