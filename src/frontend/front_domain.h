/*
 * This process' domain at the daemon: the calling side of ring/hypercall.h.
 *
 * One request at a time, each answered within FRONT_DOMAIN_TIMEOUT_MS. The
 * socket's end is the domain's end; and the other way round, its hang-up
 * proves that the daemon's process is gone with all its mappings, since the
 * kernel takes a process' memory apart before it closes its files.
 */
#ifndef FRONTEND_FRONT_DOMAIN_H
#define FRONTEND_FRONT_DOMAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "io/rundir.h"
#include "ring/evtchn.h"
#include "ring/hypercall.h"
#include "ring/page.h"

enum { FRONT_DOMAIN_TIMEOUT_MS = 2000 };

struct front_domain {
	int fd; /* -1: none */
	uint32_t seq;
	uint16_t domid;
	char path[RUNDIR_PATH_BYTES]; /* for messages */
};

/* Connects; dir as rundir_connect_in(). 0 or -errno. */
int front_domain_open(struct front_domain *domain, const char *dir);
/* How long each answer is waited for; FRONT_DOMAIN_TIMEOUT_MS at first. */
void front_domain_set_patience(struct front_domain *domain, unsigned int ms);
void front_domain_close(struct front_domain *domain);

/* All of these: 0, the daemon's -errno, or -ECONNRESET (hung up), -ETIMEDOUT,
 * -EBADMSG (an answer that does not fit the question). */
int front_domain_introduce(struct front_domain *domain, const char *name, const struct arena *arena,
			   uint32_t table_pages, int *store_fd);
/* Instead of an introduction: memory for one further vif of the domain of that
 * name, which another connection of this process introduced. -ESRCH no such
 * domain, -ENODEV no such vif, -EBUSY it is served. */
int front_domain_join(struct front_domain *domain, const char *name, uint32_t devid,
		      const struct arena *arena, uint32_t table_pages,
		      struct hypercall_vif_created *created, int *store_fd);
int front_domain_create_vif(struct front_domain *domain, const struct hypercall_vif_create *wanted,
			    struct hypercall_vif_created *created);
int front_domain_alloc_channel(struct front_domain *domain, domid_t remote, struct evtchn *end);
int front_domain_close_channel(struct front_domain *domain, evtchn_port_t port);

/* Whether the daemon's end hung up, waiting for that up to timeout_ms. */
bool front_domain_is_dead(const struct front_domain *domain, int timeout_ms);

#endif
