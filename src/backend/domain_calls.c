#include "backend/domain_record.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <event2/event.h>

#include "backend/store_socket.h"
#include "io/log.h"
#include "store/xenbus.h"

static void store_path(const struct domain *domain, const char *key, char path[64])
{
	snprintf(path, 64, "/local/domain/%u%s", domain->info.domid, key);
}

static bool domid_is_taken(struct domains *domains, uint16_t domid)
{
	return domain_introduced(domains, domid) ||
	       store_server_is_introduced(domains->config.store_server, domid);
}

/* Not re-used before they wrap. 0: all taken. */
static uint16_t domid_next(struct domains *domains)
{
	for (unsigned int i = 1; i < DOMID_FIRST_RESERVED; i++) {
		domains->last_domid = domains->last_domid % (DOMID_FIRST_RESERVED - 1) + 1;
		if (!domid_is_taken(domains, domains->last_domid))
			return domains->last_domid;
	}
	return 0;
}

/* "vif7" and "a.0" are names of vifs: no domain may have one, or it would be
 * taken for another's. */
static bool name_is_a_vifs(const char *name)
{
	const char *end = name + strlen(name);
	const char *number = end;

	while (number > name && number[-1] >= '0' && number[-1] <= '9')
		number--;
	return number < end && number > name &&
	       (number[-1] == '.' || (number - name == 3 && !strncmp(name, "vif", 3)));
}

static bool name_is_valid(const char name[64])
{
	size_t length = strnlen(name, 64);

	return length && length < 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
		       length &&
	       !name_is_a_vifs(name);
}

/* The domain's home in the store, as libxl lays it out: the domain may read it,
 * and write in two places and the words of control/. What it is called is not its
 * own to say. */
static int home_write(struct store_client *store, uint32_t transaction, void *arg)
{
	static const struct {
		const char *dir;
		bool own;
	} dirs[] = {
		{ "", false },
		{ "/device", false },
		{ "/data", true },
		{ "/error", true },
		{ "/" XENBUS_CONTROL_DIR, false },
		{ "/" XENBUS_CONTROL_SHUTDOWN, true },
		{ "/" XENBUS_CONTROL_FEATURE_SUSPEND, true },
		{ "/" XENBUS_CONTROL_SUSPENDED, true },
		{ "/" XENBUS_CONTROL_ERROR, true },
		{ "/" XENBUS_CONTROL_MIGRATE_TO, true },
		{ "/" XENBUS_CONTROL_MIGRATE_BRIDGE, true },
		{ "/" XENBUS_CONTROL_MIGRATING, true },
	};
	struct domain *domain = arg;
	char path[64], permissions[24];
	int err = 0;

	for (size_t i = 0; !err && i < sizeof(dirs) / sizeof(dirs[0]); i++) {
		int length = dirs[i].own ? snprintf(permissions, sizeof(permissions), "n%u",
						    domain->info.domid)
					 : snprintf(permissions, sizeof(permissions), "n0%cr%u",
						    '\0', domain->info.domid);

		store_path(domain, dirs[i].dir, path);
		err = store_mkdir(store, transaction, path);
		if (!err)
			err = store_set_permissions(store, transaction, path, permissions,
						    (size_t)length + 1);
	}
	store_path(domain, "/name", path);
	if (!err)
		err = store_printf(store, transaction, path, "%s", domain->name);
	store_path(domain, "/domid", path);
	if (!err)
		err = store_printf(store, transaction, path, "%u", domain->info.domid);
	return err;
}

static int table_check(uint32_t gnttab_pages, uint32_t shared_pages, const char **why)
{
	*why = "grant table is empty, or larger than 32 pages or than its region";
	return !gnttab_pages || gnttab_pages > DOMAIN_GNTTAB_PAGES_MAX ||
			       gnttab_pages > shared_pages
		       ? -EINVAL
		       : 0;
}

static int introduce_check(struct domain *domain, const struct hypercall_introduce *body,
			   const char **why)
{
	*why = "introduced already";
	if (domain->info.domid)
		return -EALREADY;
	*why = "name is empty, too long, has a character outside [A-Za-z0-9._-], or is "
	       "that of a vif";
	if (!name_is_valid(body->name))
		return -EINVAL;
	*why = "a domain of that name is alive";
	if (domain_named(domain->domains, body->name))
		return -EEXIST;
	return table_check(body->gnttab_pages, body->shared_pages, why);
}

/* Gives the domain its number, its memory, its channels and its home. The
 * descriptor of its store connection, or -errno with *why. */
static int introduce(struct domain *domain, const struct hypercall_introduce *body, int fds[2],
		     const char **why)
{
	struct domains_config *config = &domain->domains->config;
	struct arena arena;
	uint16_t domid;
	int err = arena_accept(&arena, fds[0], body->shared_pages, fds[1], body->tx_pages,
			       config->quota_pages, why);

	if (err)
		return err;
	*why = "out of domids or memory";
	err = -EAGAIN;
	domid = domid_next(domain->domains);
	if (!domid || (err = evtchn_domain_create(config->evtchns, domid)))
		goto close_arena;
	memcpy(domain->name, body->name, sizeof(domain->name));
	domain->info.domid = domid;
	err = store_transact(config->store, home_write, domain);
	if (!err)
		err = store_server_introduce(config->store_server, domid);
	if (!err)
		err = store_sockets_pair(config->store_sockets, domid);
	if (err < 0)
		goto forget;
	hypervisor_domain_init(&domain->foreign, domid, &arena, body->gnttab_pages,
			       config->evtchns);
	config->introduced(config->arg, &domain->info);
	return err;

forget:
	domain->info.domid = 0;
	store_server_release(config->store_server, domid);
	evtchn_domain_destroy(config->evtchns, domid);
close_arena:
	arena_close(&arena);
	return err;
}

static int handle_introduce(struct domain *domain, struct hypercall *message)
{
	struct hypercall_introduced reply = { 0 };
	struct hypercall_introduce body;
	const char *why = "message is cut, or without exactly two memfds";
	int err = -EBADMSG, fd, sent;

	if (message->length == sizeof(body) && message->nr_fds == 2) {
		memcpy(&body, message->body, sizeof(body));
		err = introduce_check(domain, &body, &why);
	}
	if (!err) {
		message->nr_fds = 0; /* introduce() has them now */
		err = introduce(domain, &body, message->fds, &why);
	}
	if (err < 0) {
		log_warning("domain", "introduction refused pid=%d uid=%u: %s",
			    (int)domain->info.pid, domain->info.uid, why);
		return hypercall_reply(domain->fd, &message->header, err, NULL, 0, NULL, 0);
	}
	fd = err;
	event_del(domain->deadline);
	log_info("domain", "%s introduced domid=%u pid=%d uid=%u pages=%u", domain->name,
		 domain->info.domid, (int)domain->info.pid, domain->info.uid,
		 arena_pages(&domain->foreign.arena));
	reply.domid = domain->info.domid;
	sent = hypercall_reply(domain->fd, &message->header, 0, &reply, sizeof(reply), &fd, 1);
	close(fd);
	return sent;
}

/* Both connections must be of one process, as the kernel says: else whoever may
 * connect could take another's vif. */
static int join_check(struct domain *domain, const struct hypercall_join *body,
		      struct domain **host, const char **why)
{
	*why = "introduced already";
	if (domain->info.domid)
		return -EALREADY;
	*why = "no such domain";
	if (!memchr(body->name, '\0', sizeof(body->name)))
		return -ESRCH;
	*host = domain_named(domain->domains, body->name);
	if (!*host)
		return -ESRCH;
	*why = "the domain is another process'";
	if ((*host)->info.pid != domain->info.pid || (*host)->info.uid != domain->info.uid)
		return -EPERM;
	*why = "another connection serves that vif";
	if (domain_member(domain->domains, (*host)->info.domid, body->devid))
		return -EBUSY;
	return table_check(body->gnttab_pages, body->shared_pages, why);
}

/* The descriptor of the member's store connection, or -errno with *why. */
static int join(struct domain *domain, const struct hypercall_join *body, int fds[2],
		struct hypercall_joined *joined, const char **why)
{
	struct domains_config *config = &domain->domains->config;
	struct domain *host = NULL;
	struct arena arena;
	int err = join_check(domain, body, &host, why);

	if (err) {
		close(fds[0]);
		close(fds[1]);
		return err;
	}
	err = arena_accept(&arena, fds[0], body->shared_pages, fds[1], body->tx_pages,
			   config->quota_pages, why);
	if (err)
		return err;
	*why = "no such vif, or it is served already";
	err = config->vif_join(config->arg, &host->info, body->devid, &joined->vif);
	if (!err)
		err = store_sockets_pair(config->store_sockets, host->info.domid);
	if (err < 0) {
		arena_close(&arena);
		return err;
	}
	memcpy(domain->name, host->name, sizeof(domain->name));
	domain->info.domid = host->info.domid;
	domain->member = true;
	domain->devid = body->devid;
	joined->domid = host->info.domid;
	hypervisor_domain_init(&domain->foreign, host->info.domid, &arena, body->gnttab_pages,
			       config->evtchns);
	return err;
}

static int handle_join(struct domain *domain, struct hypercall *message)
{
	const char *why = "message is cut, or without exactly two memfds";
	struct hypercall_joined reply = { 0 };
	struct hypercall_join body;
	int err = -EBADMSG, fd, sent;

	if (message->length == sizeof(body) && message->nr_fds == 2) {
		memcpy(&body, message->body, sizeof(body));
		message->nr_fds = 0; /* join() has them now */
		err = join(domain, &body, message->fds, &reply, &why);
	}
	if (err < 0) {
		log_debug("domain", "joining refused pid=%d uid=%u: %s", (int)domain->info.pid,
			  domain->info.uid, why);
		return hypercall_reply(domain->fd, &message->header, err, NULL, 0, NULL, 0);
	}
	fd = err;
	event_del(domain->deadline);
	log_info("domain", "%s.%u joined domid=%u pages=%u", domain->name, domain->devid,
		 domain->info.domid, arena_pages(&domain->foreign.arena));
	sent = hypercall_reply(domain->fd, &message->header, 0, &reply, sizeof(reply), &fd, 1);
	close(fd);
	return sent;
}

/* Answers with one end of a channel, whose descriptors are ours to close. */
static int reply_evtchn(struct domain *domain, const struct hypercall *message, int err,
			struct evtchn *end)
{
	struct hypercall_evtchn reply = { .port = end->port };
	int fds[2] = { end->wait_fd, end->signal_fd };
	int sent =
		hypercall_reply(domain->fd, &message->header, err, &reply, sizeof(reply), fds, 2);

	if (!err) {
		domain->ports[end->port] = true;
		evtchn_fini(end);
	}
	return sent;
}

static int handle_alloc_unbound(struct domain *domain, struct hypercall *message)
{
	struct hypercall_evtchn_alloc body;
	struct evtchn end = EVTCHN_NONE;
	int err = -EBADMSG;

	if (message->length == sizeof(body)) {
		memcpy(&body, message->body, sizeof(body));
		err = evtchn_alloc_unbound(domain->domains->config.evtchns, domain->info.domid,
					   body.remote, &end);
	}
	return reply_evtchn(domain, message, err, &end);
}

static int handle_bind_interdomain(struct domain *domain, struct hypercall *message)
{
	struct hypercall_evtchn_bind body;
	struct evtchn end = EVTCHN_NONE;
	int err = -EBADMSG;

	if (message->length == sizeof(body)) {
		memcpy(&body, message->body, sizeof(body));
		err = evtchn_bind_interdomain(domain->domains->config.evtchns, domain->info.domid,
					      body.remote, body.remote_port, &end);
	}
	return reply_evtchn(domain, message, err, &end);
}

static int handle_evtchn_close(struct domain *domain, struct hypercall *message)
{
	struct hypercall_evtchn body;
	int err = -EBADMSG;

	if (message->length == sizeof(body)) {
		memcpy(&body, message->body, sizeof(body));
		err = evtchn_close(domain->domains->config.evtchns, domain->info.domid, body.port);
		if (!err)
			domain->ports[body.port] = false;
	}
	return hypercall_reply(domain->fd, &message->header, err, NULL, 0, NULL, 0);
}

static int handle_store_open(struct domain *domain, struct hypercall *message)
{
	struct store_sockets *sockets = domain->domains->config.store_sockets;
	int fd = -ENOSPC, sent;

	if (store_sockets_count(sockets, domain->info.domid) < DOMAIN_STORE_CONNECTIONS_MAX)
		fd = store_sockets_pair(sockets, domain->info.domid);
	if (fd < 0)
		return hypercall_reply(domain->fd, &message->header, fd, NULL, 0, NULL, 0);
	sent = hypercall_reply(domain->fd, &message->header, 0, NULL, 0, &fd, 1);
	close(fd);
	return sent;
}

static int handle_vif_create(struct domain *domain, struct hypercall *message)
{
	struct domains_config *config = &domain->domains->config;
	struct hypercall_vif_created created = { 0 };
	struct hypercall_vif_create wanted;
	int err = -EBADMSG;

	if (message->length == sizeof(wanted)) {
		memcpy(&wanted, message->body, sizeof(wanted));
		err = config->vif_create(config->arg, &domain->info, &wanted, &created);
	}
	return hypercall_reply(domain->fd, &message->header, err, &created, sizeof(created), NULL,
			       0);
}

int domain_handle(struct domain *domain, struct hypercall *message)
{
	static int (*const handlers[])(struct domain * domain, struct hypercall * message) = {
		[HYPERCALL_INTRODUCE] = handle_introduce,
		[HYPERCALL_EVTCHN_ALLOC_UNBOUND] = handle_alloc_unbound,
		[HYPERCALL_EVTCHN_BIND_INTERDOMAIN] = handle_bind_interdomain,
		[HYPERCALL_EVTCHN_CLOSE] = handle_evtchn_close,
		[HYPERCALL_STORE_OPEN] = handle_store_open,
		[HYPERCALL_VIF_CREATE] = handle_vif_create,
		[HYPERCALL_JOIN] = handle_join,
	};
	uint16_t type = message->header.type;
	bool begins = type == HYPERCALL_INTRODUCE || type == HYPERCALL_JOIN;
	int err = 0;

	if (type >= sizeof(handlers) / sizeof(handlers[0]) || !handlers[type])
		err = -ENOSYS;
	else if (!begins && message->nr_fds)
		err = -EBADMSG;
	else if (!begins && !domain->info.domid)
		err = -ESRCH;
	if (err)
		return hypercall_reply(domain->fd, &message->header, err, NULL, 0, NULL, 0);
	return handlers[type](domain, message);
}
