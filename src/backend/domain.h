/*
 * Domains: who is connected to the domain socket, and what each was given.
 *
 * Serves the hypercalls of ring/hypercall.h. A connection becomes a domain by
 * INTRODUCE and is one until it ends, whatever ends it: everything of the
 * domain goes with it.
 *
 * A further connection of the same process joins the domain with memory for
 * one of its vifs: a member, which may end without the domain, and ends with
 * it. Control thread, libevent.
 */
#ifndef BACKEND_DOMAIN_H
#define BACKEND_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "ring/hypercall.h"
#include "ring/hypervisor.h"
#include "store/client.h"
#include "store/server.h"

struct event_base;
struct store_sockets;
struct domains;

enum {
	DOMAINS_HANDSHAKE_S = 2,
	DOMAINS_STRANGERS_MAX = 128, /* of one uid, not introduced yet */
	DOMAINS_PER_UID_MAX = 1024,
	DOMAIN_GNTTAB_PAGES_MAX = 32,
	DOMAIN_STORE_CONNECTIONS_MAX = 8,
};

struct domain_info {
	uint16_t domid;
	const char *name;
	uid_t uid;
	pid_t pid;
};

struct domains_config {
	struct event_base *base;
	struct store_server *store_server;
	struct store_client *store;
	struct store_sockets *store_sockets;
	struct evtchn_table *evtchns;
	uint32_t quota_pages;
	bool (*may_connect)(void *arg, uid_t uid);
	/* The toolstack's: 0 with *created, or -errno. */
	int (*vif_create)(void *arg, const struct domain_info *domain,
			  const struct hypercall_vif_create *wanted,
			  struct hypercall_vif_created *created);
	/* A domain is there, with its home, and knows nothing of it yet. */
	void (*introduced)(void *arg, const struct domain_info *domain);
	/* The facts of a vif that a member wants to serve, made ready for it. 0, -ENODEV no
	 * such vif, -EBUSY somebody serves it. */
	int (*vif_join)(void *arg, const struct domain_info *domain, uint32_t devid,
			struct hypercall_vif_created *created);
	/* Before a member's memory goes. */
	void (*vif_gone)(void *arg, uint16_t domid, uint32_t devid);
	/* Before anything of the domain goes. */
	void (*gone)(void *arg, uint16_t domid);
	void *arg;
};

struct domains *domains_create(const struct domains_config *config);
void domains_destroy(struct domains *domains); /* ends all */

struct state;

/* Saves all connections with their descriptors and memory, or goes on with them;
 * event channels and the store are carried apart, and nobody is told. */
void domains_carry(struct domains *domains, struct state *state);

/* A connection that the listener accepted; takes the descriptor over. */
void domains_accept(struct domains *domains, int fd, uid_t uid, pid_t pid);

/* The memory behind a vif: its member's, or else the domain's. */
struct foreign_domain *domains_find(struct domains *domains, uint16_t domid, uint32_t devid);
/* By name, or by number. NULL: none. */
const struct domain_info *domains_named(struct domains *domains, const char *name);
/* The introduced ones, one after another; NULL starts and ends. */
const struct domain_info *domains_next(struct domains *domains, const struct domain_info *after);

#endif
