#include "ring/hypervisor.h"

#include <string.h>

#include "io/state.h"
#include "ring/ring.h"

enum { SMALL_BYTES = 64, COPIES_AHEAD = 16 };

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

void hypervisor_domain_carry(struct foreign_domain *domain, domid_t domid,
			     struct evtchn_table *evtchns, struct state *state)
{
	uint32_t table_pages = domain->grants.entries / GRANTS_PER_PAGE;
	struct arena arena = domain->arena;

	state_u32(state, &table_pages);
	arena_carry(&arena, state);
	if (state->restores && !state->fault)
		hypervisor_domain_init(domain, domid, &arena, table_pages, evtchns);
}

/* What will be read first is fetched while the others are looked up: the guest's
 * processor had it last. */
void hypervisor_borrow(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n)
{
	for (unsigned int i = 0; i < n; i++) {
		list[i].data = grant_resolve(&domain->grants, list[i].ref, list[i].offset,
					     list[i].length, false, &list[i].status);
		__builtin_prefetch(list[i].data);
	}
}

/* The whole arena stays mapped here, so there is nothing to give back: an
 * implementation that maps page by page unmaps here. */
void hypervisor_return(struct foreign_domain *domain, struct grant_borrow *list, unsigned int n)
{
	(void)domain;
	(void)list;
	(void)n;
}

/* The sizes of small frames, without a call. */
static void copy(uint8_t *to, const uint8_t *from, uint32_t length)
{
	if (length < SMALL_BYTES || length > 2 * SMALL_BYTES) {
		memcpy(to, from, length);
		return;
	}
	memcpy(to, from, SMALL_BYTES);
	memcpy(to + length - SMALL_BYTES, from + length - SMALL_BYTES, SMALL_BYTES);
}

/* Pieces that follow one another in a page are one use of it. */
static bool follows(const struct grant_copy *copy, const struct grant_copy *before)
{
	return copy->ref == before->ref && copy->offset == before->offset + before->length &&
	       copy->offset + copy->length <= PAGE_BYTES;
}

/* Where a copy goes, called for as our own line; NULL: refused. `before` is where the
 * one before it goes, NULL for the first. */
static inline uint8_t *target(struct foreign_domain *domain, struct grant_copy *copy,
			      const uint8_t *before)
{
	uint8_t *to;

	if (before && follows(copy, copy - 1)) {
		copy->status = GNTST_okay;
		return (uint8_t *)before + copy[-1].length;
	}
	to = grant_resolve(&domain->grants, copy->ref, copy->offset, copy->length, true,
			   &copy->status);
	prefetch_for_write(to);
	return to;
}

/* Targets are looked up, and called for, so many copies ahead as a processor waits
 * for at once: they are on their way while those before them are written. */
unsigned int hypervisor_copy(struct foreign_domain *domain, struct grant_copy *list, unsigned int n)
{
	uint8_t *to[COPIES_AHEAD], *latest = NULL;
	unsigned int refused = 0, ahead = 0;

	for (; ahead < n && ahead < COPIES_AHEAD; ahead++)
		to[ahead] = latest = target(domain, &list[ahead], latest);
	for (unsigned int i = 0; i < n; i++) {
		uint8_t **place = &to[i % COPIES_AHEAD];

		if (*place)
			copy(*place, list[i].source, list[i].length);
		else
			refused++;
		if (ahead < n)
			*place = latest = target(domain, &list[ahead++], latest);
	}
	return refused;
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

int hypervisor_regain_evtchn(struct foreign_domain *domain, evtchn_port_t port, struct evtchn *end)
{
	return evtchn_regain(domain->evtchns, 0, port, end);
}

void hypervisor_close_evtchn(struct foreign_domain *domain, struct evtchn *end)
{
	if (end->port)
		evtchn_close(domain->evtchns, 0, end->port);
	evtchn_fini(end);
}
