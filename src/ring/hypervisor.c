#include "ring/hypervisor.h"

#include <string.h>

#include "ring/ring.h"

void hypervisor_domain_init(struct foreign_domain *domain, domid_t domid, struct arena *arena,
			    uint32_t table_pages, struct evtchn_table *evtchns)
{
	*domain = (struct foreign_domain){ .domid = domid, .arena = *arena, .evtchns = evtchns };
	grant_view_init(&domain->grants, &domain->arena, table_pages, 0);
}

void hypervisor_domain_fini(struct foreign_domain *domain)
{
	arena_close(&domain->arena);
}

void hypervisor_borrow(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++)
		list[i].data = grant_resolve(&domain->grants, list[i].ref, list[i].offset,
					     list[i].length, false, &list[i].status);
}

/* The whole arena stays mapped here, so there is nothing to give back: an
 * implementation that maps page by page unmaps here. */
void hypervisor_return(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n)
{
	(void)domain;
	(void)list;
	(void)n;
}

void hypervisor_copy(struct foreign_domain *domain, struct grant_copy *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		uint8_t *to = grant_resolve(&domain->grants, list[i].ref, list[i].offset,
					    list[i].length, true, &list[i].status);

		if (!to)
			continue;
		memcpy(to, list[i].source, list[i].length);
	}
}

union ring_page *hypervisor_map_ring(struct foreign_domain *domain, grant_ref_t ref,
				     int16_t *status)
{
	return (union ring_page *)grant_map(&domain->grants, ref, true, status);
}

void hypervisor_unmap_ring(struct foreign_domain *domain, grant_ref_t ref)
{
	grant_unmap(&domain->grants, ref, true);
}

int hypervisor_bind_evtchn(struct foreign_domain *domain, evtchn_port_t remote_port,
			   struct evtchn *end)
{
	return evtchn_bind_interdomain(domain->evtchns, 0, domain->domid, remote_port, end);
}

void hypervisor_close_evtchn(struct foreign_domain *domain, struct evtchn *end)
{
	if (end->port)
		evtchn_close(domain->evtchns, 0, end->port);
	evtchn_fini(end);
}
