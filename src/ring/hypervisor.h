/*
 * What a hypervisor does for the backend, and all of it: a foreign domain's
 * memory by grant reference, its event channels, its end. Implemented here
 * over memfds and eventfds; a second implementation over libxengnttab and
 * libxenevtchn fits behind the same calls.
 *
 * Hence the shape: work is gathered and executed once per batch, one direct
 * call each; nothing above may assume that guest memory is mapped for longer
 * than the batch (but for ring pages, mapped by name), and pointers from
 * hypervisor_borrow() die at hypervisor_return().
 */
#ifndef RING_HYPERVISOR_H
#define RING_HYPERVISOR_H

#include <stdbool.h>
#include <stdint.h>

#include "ring/evtchn.h"
#include "ring/grant.h"

struct foreign_domain {
	domid_t domid;
	struct arena arena;
	struct grant_view grants;
	struct evtchn_table *evtchns;
};

/* One fragment lent for reading. */
struct grant_borrow {
	grant_ref_t ref;
	uint16_t offset;
	uint16_t length;
	int16_t status;	     /* out: GNTST_* */
	const uint8_t *data; /* out: valid until hypervisor_return() */
};

/* One fragment to be written. */
struct grant_copy {
	grant_ref_t ref;
	uint16_t offset;
	uint16_t length;
	int16_t status; /* out: GNTST_* */
	const uint8_t *source;
};

/* Takes the domain's memory over from its introduction (arena_accept). */
void hypervisor_domain_init(struct foreign_domain *domain, domid_t domid, struct arena *arena,
			    uint32_t table_pages, struct evtchn_table *evtchns);
void hypervisor_domain_fini(struct foreign_domain *domain);

struct state;

/* Saves it, or takes it over from the process before us. */
void hypervisor_domain_carry(struct foreign_domain *domain, domid_t domid,
			     struct evtchn_table *evtchns, struct state *state);

void hypervisor_borrow(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n);
void hypervisor_return(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n);
/* How many were refused. */
unsigned int hypervisor_copy(struct foreign_domain *domain, struct grant_copy *list,
			     unsigned int n);

/* A ring page, read-write, with in-use bits set. NULL with a GNTST_* status. */
union ring_page;
union ring_page *hypervisor_map_ring(struct foreign_domain *domain, grant_ref_t ref,
				     int16_t *status);
void hypervisor_unmap_ring(struct foreign_domain *domain, grant_ref_t ref);

/* Event channels of domain 0 towards that domain: -errno as evtchn.h says. */
int hypervisor_bind_evtchn(struct foreign_domain *domain, evtchn_port_t remote_port,
			   struct evtchn *end);
/* Our end of a channel that the process before us bound, by our port. */
int hypervisor_regain_evtchn(struct foreign_domain *domain, evtchn_port_t port, struct evtchn *end);
void hypervisor_close_evtchn(struct foreign_domain *domain, struct evtchn *end);

#endif
