#include "backend/domain_record.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/store_socket.h"
#include "io/log.h"
#include "io/state.h"

struct domain *domain_introduced(const struct domains *domains, uint16_t domid)
{
	struct domain *domain = domains->first;

	while (domain && (domain->member || domain->info.domid != domid))
		domain = domain->next;
	return domid ? domain : NULL;
}

struct domain *domain_member(const struct domains *domains, uint16_t domid, int64_t devid)
{
	struct domain *domain = domains->first;

	while (domain && (!domain->member || domain->info.domid != domid ||
			  (devid >= 0 && domain->devid != devid)))
		domain = domain->next;
	return domain;
}

struct domain *domain_named(const struct domains *domains, const char *name)
{
	for (struct domain *domain = domains->first; domain; domain = domain->next)
		if (domain->info.domid && !domain->member && !strcmp(domain->name, name))
			return domain;
	return NULL;
}

/* Its vif lets go of its memory, and its channels are closed. */
static void member_end(struct domain *domain)
{
	struct domains_config *config = &domain->domains->config;
	uint16_t domid = domain->info.domid;

	config->vif_gone(config->arg, domid, domain->devid);
	for (evtchn_port_t port = 1; port <= EVTCHN_PORTS_PER_DOMAIN; port++)
		if (domain->ports[port])
			evtchn_close(config->evtchns, domid, port);
	hypervisor_domain_fini(&domain->foreign);
	log_info("domain", "%s.%u left domid=%u", domain->name, domain->devid, domid);
}

static void domain_end(struct domain *domain);

static void introduced_end(struct domain *domain)
{
	struct domains *domains = domain->domains;
	uint16_t domid = domain->info.domid;
	struct domain *member;

	while ((member = domain_member(domains, domid, -1)) != NULL)
		domain_end(member);
	domains->config.gone(domains->config.arg, domid);
	store_sockets_close_domain(domains->config.store_sockets, domid);
	store_server_release(domains->config.store_server, domid);
	evtchn_domain_destroy(domains->config.evtchns, domid);
	hypervisor_domain_fini(&domain->foreign);
	log_info("domain", "%s left domid=%u", domain->name, domid);
}

/* Ends the connection, and with it everything that it stood for. */
static void domain_end(struct domain *domain)
{
	struct domain **link = &domain->domains->first;

	if (domain->member)
		member_end(domain);
	else if (domain->info.domid)
		introduced_end(domain);
	while (*link != domain)
		link = &(*link)->next;
	*link = domain->next;
	event_free(domain->readable);
	event_free(domain->deadline);
	close(domain->fd);
	free(domain);
}

/* Told so, without taking the descriptors that may have come along. */
static void domain_refuse(struct domain *domain)
{
	struct hypercall_header header;

	if (recv(domain->fd, &header, sizeof(header), 0) == sizeof(header))
		hypercall_reply(domain->fd, &header, -EPERM, NULL, 0, NULL, 0);
	domain_end(domain);
}

static void domain_readable(evutil_socket_t fd, short events, void *arg)
{
	struct domain *domain = arg;
	struct hypercall message;
	int err;

	(void)events;
	if (domain->forbidden) {
		domain_refuse(domain);
		return;
	}
	err = hypercall_receive(fd, &message);
	if (err == -EAGAIN || err == -EINTR)
		return;
	if (err == -EPROTO) /* another version: told so, then as any broken peer */
		hypercall_reply(fd, &message.header, -EPROTO, NULL, 0, NULL, 0);
	if (err == 1) {
		err = domain_handle(domain, &message) ? 0 : 1;
		hypercall_close_fds(&message);
	}
	if (err < 0)
		log_warning("domain", "%s: broken message pid=%d",
			    domain->info.domid ? domain->name : "a stranger",
			    (int)domain->info.pid);
	if (err <= 0)
		domain_end(domain);
}

static void domain_deadline(evutil_socket_t fd, short events, void *arg)
{
	struct domain *domain = arg;

	(void)fd;
	(void)events;
	log_warning("domain", "no introduction within %d s pid=%d uid=%u", DOMAINS_HANDSHAKE_S,
		    (int)domain->info.pid, domain->info.uid);
	domain_end(domain);
}

static bool uid_has_room(const struct domains *domains, uid_t uid)
{
	unsigned int strangers = 0, introduced = 0;

	for (const struct domain *domain = domains->first; domain; domain = domain->next) {
		if (domain->info.uid != uid)
			continue;
		strangers += !domain->info.domid;
		introduced += domain->info.domid != 0;
	}
	return strangers < DOMAINS_STRANGERS_MAX && introduced < DOMAINS_PER_UID_MAX;
}

void domains_accept(struct domains *domains, int fd, uid_t uid, pid_t pid)
{
	struct timeval deadline = { .tv_sec = DOMAINS_HANDSHAKE_S };
	struct domain *domain;

	if (!uid_has_room(domains, uid)) {
		log_warning("domain", "too many connections uid=%u", uid);
		close(fd);
		return;
	}
	domain = calloc(1, sizeof(*domain));
	if (!domain) {
		close(fd);
		return;
	}
	domain->info = (struct domain_info){ .name = domain->name, .uid = uid, .pid = pid };
	domain->domains = domains;
	domain->fd = fd;
	domain->forbidden = !domains->config.may_connect(domains->config.arg, uid);
	domain->readable =
		event_new(domains->config.base, fd, EV_READ | EV_PERSIST, domain_readable, domain);
	domain->deadline = event_new(domains->config.base, -1, 0, domain_deadline, domain);
	if (!domain->readable || !domain->deadline)
		goto free_domain;
	event_add(domain->readable, NULL);
	event_add(domain->deadline, &deadline);
	domain->next = domains->first;
	domains->first = domain;
	return;

free_domain:
	if (domain->readable)
		event_free(domain->readable);
	if (domain->deadline)
		event_free(domain->deadline);
	free(domain);
	close(fd);
}

struct foreign_domain *domains_find(struct domains *domains, uint16_t domid, uint32_t devid)
{
	struct domain *domain = domain_member(domains, domid, devid);

	if (!domain)
		domain = domain_introduced(domains, domid);
	return domain ? &domain->foreign : NULL;
}

const struct domain_info *domains_named(struct domains *domains, const char *name)
{
	struct domain *domain = domain_named(domains, name);
	char *end;
	unsigned long domid = strtoul(name, &end, 10);

	if (!domain && end != name && !*end && domid < DOMID_FIRST_RESERVED)
		domain = domain_introduced(domains, (uint16_t)domid);
	return domain ? &domain->info : NULL;
}

const struct domain_info *domains_next(struct domains *domains, const struct domain_info *after)
{
	struct domain *domain = domains->first;

	if (after)
		domain = ((struct domain *)((char *)after - offsetof(struct domain, info)))->next;
	while (domain && (!domain->info.domid || domain->member))
		domain = domain->next;
	return domain ? &domain->info : NULL;
}

struct domains *domains_create(const struct domains_config *config)
{
	struct domains *domains = calloc(1, sizeof(*domains));

	if (domains)
		domains->config = *config;
	return domains;
}

void domains_destroy(struct domains *domains)
{
	while (domains->first)
		domain_end(domains->first);
	free(domains);
}

enum { RECORD_DOMAIN = 0x444f4d4e };

static void carry_connection(struct domain *domain, struct state *state)
{
	size_t mark = state_open(state, RECORD_DOMAIN);

	state_u16(state, &domain->info.domid);
	state_text(state, domain->name, sizeof(domain->name));
	state_bool(state, &domain->forbidden);
	state_bool(state, &domain->member);
	state_u32(state, &domain->devid);
	for (size_t i = 0; i < sizeof(domain->ports) / sizeof(domain->ports[0]); i++)
		state_bool(state, &domain->ports[i]);
	if (domain->info.domid)
		hypervisor_domain_carry(&domain->foreign, domain->info.domid,
					domain->domains->config.evtchns, state);
	if (state->restores && domain->info.domid)
		event_del(domain->deadline);
	state_close(state, mark);
}

static void carry_peer(int *fd, uid_t *uid, pid_t *pid, struct state *state)
{
	uint32_t process = (uint32_t)*pid;

	state_fd(state, fd);
	state_u32(state, uid);
	state_u32(state, &process);
	*pid = (pid_t)process;
}

static void restore_connection(struct domains *domains, struct state *state)
{
	const struct domain *before = domains->first;
	uid_t uid = 0;
	pid_t pid = 0;
	int fd = -1;

	carry_peer(&fd, &uid, &pid, state);
	if (fd >= 0)
		domains_accept(domains, fd, uid, pid);
	if (domains->first == before)
		state_refuse(state, "a domain has no descriptor, or no room");
	else
		carry_connection(domains->first, state);
}

/* Each was put before the others. */
static void reverse(struct domains *domains)
{
	struct domain *rest = domains->first, *next;

	domains->first = NULL;
	for (; rest; rest = next) {
		next = rest->next;
		rest->next = domains->first;
		domains->first = rest;
	}
}

void domains_carry(struct domains *domains, struct state *state)
{
	state_u16(state, &domains->last_domid);
	for (struct domain *domain = domains->first; !state->restores && domain;
	     domain = domain->next) {
		state_more(state, true);
		carry_peer(&domain->fd, &domain->info.uid, &domain->info.pid, state);
		carry_connection(domain, state);
	}
	while (state_more(state, false))
		restore_connection(domains, state);
	if (state->restores)
		reverse(domains);
}
