/*
 * Within domain.c and domain_calls.c: what is known of one connection, and all
 * of them. domain.c has their lives, domain_calls.c answers what they ask.
 */
#ifndef BACKEND_DOMAIN_RECORD_H
#define BACKEND_DOMAIN_RECORD_H

#include "backend/domain.h"

struct domain {
	struct domain_info info; /* domid 0: not introduced */
	char name[sizeof(((struct hypercall_introduce *)0)->name)];
	struct domains *domains;
	struct foreign_domain foreign;
	struct event *readable;
	struct event *deadline;
	int fd;
	bool forbidden;
	bool member; /* of the domain with that domid, for its vif `devid` */
	uint32_t devid;
	bool ports[EVTCHN_PORTS_PER_DOMAIN + 1]; /* that a member has open */
	struct domain *next;
};

struct domains {
	struct domains_config config;
	struct domain *first;
	uint16_t last_domid;
};

/* The introduced one, not its members. NULL: none. */
struct domain *domain_introduced(const struct domains *domains, uint16_t domid);
struct domain *domain_named(const struct domains *domains, const char *name);
/* Of that domain, for that vif, or for any where devid is -1. */
struct domain *domain_member(const struct domains *domains, uint16_t domid, int64_t devid);

/* Answers one message. An error here is one of the connection. */
int domain_handle(struct domain *domain, struct hypercall *message);

#endif
